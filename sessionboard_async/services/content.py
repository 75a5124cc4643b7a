"""What was made of sessions and events: transcripts, summaries, insights, podcasts, documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Unpack, cast, get_args

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.http.files import Download, Target
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.models.content import BaseContentItem, ContentItem, EventContent, SessionContent
from sessionboard_async.services._common.filters import one_of
from sessionboard_async.services._common.paths import session_path
from sessionboard_async.services._common.service import Service

ContentExpansion = Literal["transcription", "summary", "insight", "podcast", "document", "items"]
"""What the content of a session may hold; ``items`` stands for the elements of transcriptions."""

EventContentExpansion = Literal[ContentExpansion, "recap"]
"""What the content of an event may hold."""

Variant = Literal["full", "daily", "theme"]
"""The forms of an event's report."""

Provider = Literal["claude", "openai"]
"""Whose model wrote what there is more than one of."""

_SCOPE = "read:transcriptions"
_LONGEST_INTERVAL = 3600


class ContentPacks(Service):
    """What was made of sessions and events."""

    LIST: Endpoint[SessionContent] = Endpoint(
        "list-event-content",
        "GET",
        "/v1/event/{event_id}/content",
        page_of(SessionContent),
        scope=_SCOPE,
    )
    EVENT: Endpoint[EventContent] = Endpoint(
        "get-event-content", "GET", "/v1/event/{event_id}/content/event", EventContent, scope=_SCOPE
    )
    # Decoded as the one, and then one of the classes of the other.
    ITEM: Endpoint[BaseContentItem] = Endpoint(
        "get-content-item",
        "GET",
        "/v1/event/{event_id}/content/items/{item_id}",
        ContentItem,
        scope=_SCOPE,
    )
    SESSION: Endpoint[SessionContent] = Endpoint(
        "get-session-content",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}/content",
        SessionContent,
        scope=_SCOPE,
    )
    DOWNLOAD_EVENT_DOCUMENT: Endpoint[None] = Endpoint(
        "download-event-content-document",
        "GET",
        "/v1/event/{event_id}/content/documents/{document_type}",
        None,
        scope=_SCOPE,
    )
    DOWNLOAD_SESSION_DOCUMENT: Endpoint[None] = Endpoint(
        "download-session-content-document",
        "GET",
        "/v1/event/{event_id}/sessions/{session_id}/content/documents/{document_type}",
        None,
        scope=_SCOPE,
    )

    def list(
        self,
        event_id: EventId | None,
        *,
        session_id: str | None = None,
        expand: Sequence[ContentExpansion] = (),
        interval_sec: int | None = None,
        provider: Provider | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SessionContent]:
        """List what was made of the sessions of an event: the way to read transcripts.

        Args:
            event_id: The event.
            session_id: Only of this session.
            expand: What the packs shall hold: ``transcription``, ``summary``, ``insight``, ``podcast``,
                ``document``. Transcriptions have no elements unless ``items`` is among them.
            interval_sec: How long an element of a transcription shall be, in seconds: 1 to 3600.
            provider: Whose summaries: ``claude`` or ``openai``.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A stream of packs, one a session. Scope ``read:transcriptions``; no limit is documented.

        Raises:
            ValueError: If an argument is not one that the API knows.
            TypeError: If an id is ``None``, or ``expand`` is a string.
        """
        query = {
            "session_id": session_id,
            "expand": _joined(expand, get_args(ContentExpansion)),
            "interval_sec": _interval(interval_sec, _LONGEST_INTERVAL),
            "provider": _provider(provider),
        }
        return self._pages(self.LIST, {"event_id": event_id}, query, **options)

    async def event(
        self, event_id: EventId | None, *, expand: Sequence[EventContentExpansion] = ()
    ) -> EventContent:
        """Get what was made of a whole event: its report, and a recap of quotes, topics and summaries.

        Scope ``read:transcriptions``; no limit is documented.

        Args:
            event_id: The event.
            expand: What it shall hold; without any, the API sends ``document`` and ``recap``.

        Returns:
            The pack.

        Raises:
            ValueError: If an expansion is not one that the API knows, or the id is empty.
            TypeError: If the id is ``None``, or ``expand`` is a string.
        """
        query = {"expand": _joined(expand, get_args(EventContentExpansion))}
        return await self._record(self.EVENT, {"event_id": event_id}, query)

    async def item(
        self,
        event_id: EventId | None,
        item_id: str | None,
        *,
        session_id: str | None = None,
        interval_sec: int | None = None,
        provider: str | None = None,
    ) -> BaseContentItem:
        """Get one item of content.

        Scope ``read:transcriptions``; no limit is documented.

        Args:
            event_id: The event.
            item_id: The id of a session, for its transcript; or that of a summary, insight or podcast; or
                ``summary_pdf``, ``summary_card``, ``event_report`` or ``recap``.
            session_id: The session, which ``summary_pdf`` and ``summary_card`` need.
            interval_sec: How long an element of a transcription shall be, in seconds: 1 or more.
            provider: Whose model wrote it, such as ``claude``.

        Returns:
            The item, as the class of its kind; ``ContentItem`` for a kind that is not known.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If ``interval_sec`` is too small, or an id is empty.
            TypeError: If an id is ``None``.
        """
        query = {"session_id": session_id, "interval_sec": _interval(interval_sec), "provider": provider}
        return await self._record(self.ITEM, {"event_id": event_id, "item_id": item_id}, query)

    async def session(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        expand: Sequence[ContentExpansion] = (),
        interval_sec: int | None = None,
        provider: Provider | None = None,
    ) -> SessionContent:
        """Get what was made of one session.

        What is made of a recording appears some time after it ends.

        Scope ``read:transcriptions``; no limit is documented.

        Args:
            event_id: The event.
            session_id: The session.
            expand: What the pack shall hold, as in ``list``.
            interval_sec: How long an element of the transcription shall be, in seconds: 1 or more.
            provider: Whose summaries: ``claude`` or ``openai``.

        Returns:
            The pack.

        Raises:
            NotFoundError: If there is no such session.
            ValueError: If an argument is not one that the API knows, or an id is empty.
            TypeError: If an id is ``None``, or ``expand`` is a string.
        """
        query = {
            "expand": _joined(expand, get_args(ContentExpansion)),
            "interval_sec": _interval(interval_sec),
            "provider": _provider(provider),
        }
        return await self._record(self.SESSION, session_path(event_id, session_id), query)

    async def download_event_document(
        self,
        event_id: EventId | None,
        document_type: str | None,
        to: Target,
        *,
        variant: Variant | None = None,
    ) -> Download:
        """Download a document of an event: ``event_report``, a PDF.

        Scope ``read:transcriptions``; no limit is documented. It is written in pieces as it comes;
        ``Timeout.attempt`` bounds how long nothing may move, and ``Timeout.total`` does not apply. A download
        that breaks is begun again, unless something was given to a writer already.

        Args:
            event_id: The event.
            document_type: Which document.
            to: The path of a file, which appears when all of it is there, in place of what stood there; or
                something with a ``write`` that takes bytes, plain or async.
            variant: Which form of it; the API gives ``"full"`` unless told otherwise.

        Returns:
            How large it is, and what.

        Raises:
            NotFoundError: If there is no such document, or not yet.
            ValueError: If an id is empty, or the variant is not one that the API knows.
            TypeError: If an id is ``None``, or nothing can be written to ``to``.
            OSError: If it cannot be written.
        """
        query = {"variant": None if variant is None else one_of("variant", variant, get_args(Variant))}
        path = {"event_id": event_id, "document_type": document_type}
        return await self._download(self.DOWNLOAD_EVENT_DOCUMENT, path, to, query)

    async def download_session_document(
        self,
        event_id: EventId | None,
        session_id: str | None,
        document_type: str | None,
        to: Target,
    ) -> Download:
        """Download a document of a session: ``summary_pdf``, or ``summary_card``, a PNG.

        Scope ``read:transcriptions``; no limit is documented. It is written in pieces as it comes;
        ``Timeout.attempt`` bounds how long nothing may move, and ``Timeout.total`` does not apply. A download
        that breaks is begun again, unless something was given to a writer already.

        Args:
            event_id: The event.
            session_id: The session.
            document_type: Which document.
            to: The path of a file, which appears when all of it is there, in place of what stood there; or
                something with a ``write`` that takes bytes, plain or async.

        Returns:
            How large it is, and what.

        Raises:
            NotFoundError: If there is no such document, or not yet.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or nothing can be written to ``to``.
            OSError: If it cannot be written.
        """
        path = session_path(event_id, session_id, document_type=document_type)
        return await self._download(self.DOWNLOAD_SESSION_DOCUMENT, path, to)


def _joined(expand: Sequence[str], allowed: Sequence[str]) -> str | None:
    """Return expansions in the one word that these operations take, unlike all others."""
    if isinstance(expand, str):
        raise TypeError(f"expand must be a sequence of strings: write [{expand!r}]")
    return ",".join(one_of("expand", name, allowed) for name in expand) or None


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
