"""Content made from sessions and events: transcripts, summaries, insights, podcasts, documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, Unpack, cast, get_args

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.http.transfers.sink import Target
from sessionboard_async.core.http.transfers.transfer import Download
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.content import (
    BaseContentItem,
    ContentItem,
    EventContent,
    SessionContent,
)
from sessionboard_async.services._common.filters import one_of
from sessionboard_async.services._common.ids.arguments import Path, filter_id, id_of
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.ids.sessions import SessionLike
from sessionboard_async.services._common.service import Service

ContentExpansion = Literal["transcription", "summary", "insight", "podcast", "document", "items"]
"""Parts of the content of a session; ``items`` are the elements of transcriptions."""

EventContentExpansion = Literal[ContentExpansion, "recap"]
"""Parts of the content of an event."""

Variant = Literal["full", "daily", "theme"]
"""The forms of an event's report."""

Provider = Literal["claude", "openai"]
"""The provider of the model that wrote a summary."""

SessionPackLike: TypeAlias = SessionLike | SessionContent
"""A session, also as its content pack; or its id."""

ContentItemLike: TypeAlias = SessionPackLike | BaseContentItem
"""An item of content, or its id; a transcript has the id of its session."""

_SCOPE = "read:transcriptions"
_LONGEST_INTERVAL = 3600


class ContentPacks(Service):
    """Content made from sessions and events."""

    _LIST: Endpoint[SessionContent] = Endpoint(
        "list-event-content",
        "GET",
        "/v1/event/{event_id}/content",
        page_of(SessionContent),
        scope=_SCOPE,
    )
    _EVENT: Endpoint[EventContent] = Endpoint(
        "get-event-content", "GET", "/v1/event/{event_id}/content/event", EventContent, scope=_SCOPE
    )
    # Items are decoded as ContentItem, and then turned into the class of their kind.
    _ITEM: Endpoint[BaseContentItem] = Endpoint(
        "get-content-item",
        "GET",
        "/v1/event/{event_id}/content/items/{item_id}",
        ContentItem,
        scope=_SCOPE,
    )
    _SESSION: Endpoint[SessionContent] = Endpoint(
        "get-session-content",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}/content",
        SessionContent,
        scope=_SCOPE,
    )
    _DOWNLOAD_EVENT_DOCUMENT: Endpoint[None] = Endpoint(
        "download-event-content-document",
        "GET",
        "/v1/event/{event_id}/content/documents/{document_type}",
        None,
        scope=_SCOPE,
    )
    _DOWNLOAD_SESSION_DOCUMENT: Endpoint[None] = Endpoint(
        "download-session-content-document",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}/content/documents/{document_type}",
        None,
        scope=_SCOPE,
    )

    def list(
        self,
        event_id: EventLike,
        *,
        session_id: SessionPackLike | None = None,
        expand: Sequence[ContentExpansion] = (),
        interval_sec: int | None = None,
        provider: Provider | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SessionContent]:
        """List the content packs of the sessions of an event; use this to read transcripts.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: Only the content pack of this session: the session, or its id.
            expand: The content to include: ``transcription``, ``summary``, ``insight``, ``podcast``,
                ``document``. Transcriptions have elements only with ``items``.
            interval_sec: The length of an element of a transcription, in seconds: 1 to 3600.
            provider: The provider of the model that wrote the summaries: ``claude`` or ``openai``.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of content packs, one per session.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, or an id is
                empty.
            TypeError: If the event's id is ``None``, or ``expand`` is a string.
        """
        query = {
            "session_id": filter_id("session_id", session_id, SessionPackLike),
            "expand": _joined(expand, get_args(ContentExpansion)),
            "interval_sec": _interval(interval_sec, _LONGEST_INTERVAL),
            "provider": _provider(provider),
        }
        return self._pages(self._LIST, event_path(event_id), query, **options)

    async def event(
        self, event_id: EventLike, *, expand: Sequence[EventContentExpansion] = ()
    ) -> EventContent:
        """Get the content pack of an event: its report, and a recap of quotes, topics and summaries.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            expand: The content to include; by default the API sends ``document`` and ``recap``.

        Returns:
            The content pack.

        Raises:
            ValueError: If an expansion is not one that the API knows, or the id is empty.
            TypeError: If the id is ``None``, or ``expand`` is a string.
        """
        query = {"expand": _joined(expand, get_args(EventContentExpansion))}
        return await self._record(self._EVENT, event_path(event_id), query)

    async def item(
        self,
        event_id: EventLike,
        item_id: ContentItemLike,
        *,
        session_id: SessionPackLike | None = None,
        interval_sec: int | None = None,
        provider: str | None = None,
    ) -> BaseContentItem:
        """Get an item of content.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            item_id: A session, for its transcript; a summary, insight or podcast; the id of one of them; or
                ``summary_pdf``, ``summary_card``, ``event_report`` or ``recap``.
            session_id: The session, or its id; required for ``summary_pdf`` and ``summary_card``.
            interval_sec: The length of an element of a transcription, in seconds: 1 or more.
            provider: The provider of the model that wrote it, such as ``claude``.

        Returns:
            The item, as the class of its kind; ``ContentItem`` for an unknown kind.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If ``interval_sec`` is too small, or an id is empty.
            TypeError: If an id is ``None``.
        """
        query = {
            "session_id": filter_id("session_id", session_id, SessionPackLike),
            "interval_sec": _interval(interval_sec),
            "provider": provider,
        }
        path = {**event_path(event_id), "item_id": id_of("item_id", item_id, ContentItemLike)}
        return await self._record(self._ITEM, path, query)

    async def session(
        self,
        event_id: EventLike,
        session_id: SessionPackLike,
        *,
        expand: Sequence[ContentExpansion] = (),
        interval_sec: int | None = None,
        provider: Provider | None = None,
    ) -> SessionContent:
        """Get the content pack of a session.

        Content of a recording appears some time after the recording ends.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            expand: The content to include, as in ``list``.
            interval_sec: The length of an element of the transcription, in seconds: 1 or more.
            provider: The provider of the model that wrote the summaries: ``claude`` or ``openai``.

        Returns:
            The content pack.

        Raises:
            NotFoundError: If the session does not exist.
            ValueError: If a value is not one that the API knows, or an id is empty.
            TypeError: If an id is ``None``, or ``expand`` is a string.
        """
        query = {
            "expand": _joined(expand, get_args(ContentExpansion)),
            "interval_sec": _interval(interval_sec),
            "provider": _provider(provider),
        }
        return await self._record(self._SESSION, _path(event_id, session_id), query)

    async def download_event_document(
        self,
        event_id: EventLike,
        document_type: str,
        to: Target,
        *,
        variant: Variant | None = None,
    ) -> Download:
        """Download a document of an event: ``event_report``, a PDF.

        Scope ``read:transcriptions``; no rate limit is documented. The document is written in pieces as it
        arrives; ``Timeout.attempt`` limits the time without progress, and ``Timeout.total`` does not apply.
        An interrupted download is retried, unless a writer has already received data.

        Args:
            event_id: The event, or its id.
            document_type: The document.
            to: The path of a file, which appears (or is replaced) when the download is complete; or an object
                with a ``write`` method that takes bytes, sync or async. Only its owner may read a new file.
            variant: The form of the report; by default the API sends ``"full"``.

        Returns:
            The size and the content type.

        Raises:
            NotFoundError: If the document does not exist, or not yet.
            ValueError: If an id is empty, or the variant is not one that the API knows.
            TypeError: If an id is ``None``, or ``to`` cannot be written to.
            OSError: If the file cannot be written.
        """
        query = {"variant": None if variant is None else one_of("variant", variant, get_args(Variant))}
        path: Path = {**event_path(event_id), "document_type": document_type}
        return await self._download(self._DOWNLOAD_EVENT_DOCUMENT, path, to, query)

    async def download_session_document(
        self,
        event_id: EventLike,
        session_id: SessionPackLike,
        document_type: str,
        to: Target,
    ) -> Download:
        """Download a document of a session: ``summary_pdf``, or ``summary_card``, a PNG.

        Scope ``read:transcriptions``; no rate limit is documented. The document is written in pieces as it
        arrives; ``Timeout.attempt`` limits the time without progress, and ``Timeout.total`` does not apply.
        An interrupted download is retried, unless a writer has already received data.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            document_type: The document.
            to: The path of a file, which appears (or is replaced) when the download is complete; or an object
                with a ``write`` method that takes bytes, sync or async. Only its owner may read a new file.

        Returns:
            The size and the content type.

        Raises:
            NotFoundError: If the document does not exist, or not yet.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or ``to`` cannot be written to.
            OSError: If the file cannot be written.
        """
        path: Path = {**_path(event_id, session_id), "document_type": document_type}
        return await self._download(self._DOWNLOAD_SESSION_DOCUMENT, path, to)


def _joined(expand: Sequence[str], allowed: Sequence[str]) -> str | None:
    """Return expansions as one comma-separated word, which only these operations use."""
    if isinstance(expand, str):
        raise TypeError(f"expand must be a sequence of strings: write [{expand!r}]")
    return ",".join(one_of("expand", name, allowed) for name in expand) or None


def _path(event_id: EventLike, session_id: SessionPackLike) -> Path:
    return {**event_path(event_id), "session_id": id_of("session_id", session_id, SessionPackLike)}


def _interval(seconds: int | None, most: int | None = None) -> int | None:
    if seconds is None:
        return None
    if isinstance(cast("object", seconds), bool) or not isinstance(cast("object", seconds), int):
        raise TypeError(f"interval_sec must be int, not {type(seconds).__name__}")
    if seconds < 1 or (most is not None and seconds > most):
        raise ValueError("interval_sec must be 1 or more" + (f", and at most {most}" if most else ""))
    return seconds


def _provider(provider: str | None) -> str | None:
    return None if provider is None else one_of("provider", provider, get_args(Provider))
