"""Single transcriptions of sessions."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack, get_args

from msgspec import UNSET

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.transcriptions import Transcription
from sessionboard_async.services._common.filters import one_of
from sessionboard_async.services._common.ids.arguments import Id, filter_id, id_of
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.ids.sessions import SessionLike, part_path, session_path
from sessionboard_async.services._common.payloads import Extra, Writable
from sessionboard_async.services._common.service import Service

TranscriptionType = Literal["fragment", "summary", "insight", "translation"]
"""The kinds of transcriptions in the API's document."""


class _TranscriptionUpdate(TypedDict, total=False):
    transcription: Writable[str]


class _RequiredType(TypedDict):
    type: str


class _TranscriptionCreate(_RequiredType, _TranscriptionUpdate, total=False):
    pass


_READ = "read:transcriptions"
_WRITE = "write:transcriptions"
_ALL = "/v1/event/{event_id}/transcriptions"
_OF_SESSION = "/v1/event/{event_id}/sessions/{session_id}/transcriptions"


class Transcriptions(Service):
    """Single transcriptions of sessions; ``content`` has them combined into whole transcripts."""

    _LIST: Endpoint[Transcription] = Endpoint(
        "list-event-transcriptions", "GET", _ALL, page_of(Transcription), scope=_READ
    )
    _GET: Endpoint[Transcription] = Endpoint(
        "get-transcription", "GET", f"{_ALL}/{{transcription_id}}", Transcription, scope=_READ
    )
    _LIST_FOR_SESSION: Endpoint[Transcription] = Endpoint(
        "list-session-transcriptions", "GET", _OF_SESSION, page_of(Transcription), scope=_READ
    )
    _CREATE: Endpoint[Transcription] = Endpoint(
        "create-transcription", "POST", _OF_SESSION, Transcription, scope=_WRITE
    )
    _GET_FOR_SESSION: Endpoint[Transcription] = Endpoint(
        "get-session-transcription",
        "GET",
        f"{_OF_SESSION}/{{transcription_id}}",
        Transcription,
        scope=_READ,
    )
    _UPDATE: Endpoint[Transcription] = Endpoint(
        "update-transcription", "PUT", f"{_OF_SESSION}/{{transcription_id}}", Transcription, scope=_WRITE
    )
    _DELETE: Endpoint[None] = Endpoint(
        "delete-transcription", "DELETE", f"{_OF_SESSION}/{{transcription_id}}", None, scope=_WRITE
    )

    def list(
        self,
        event_id: EventLike,
        *,
        type: TranscriptionType | None = None,  # noqa: A002  # the API's own word
        session_id: SessionLike | None = None,
        language_code: str | None = None,
        include_partial: bool | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[Transcription]:
        """List the transcriptions of all sessions of an event.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            type: Only transcriptions of this kind.
            session_id: Only transcriptions of this session: the session, or its id.
            language_code: Only transcriptions in this language, such as ``en``.
            include_partial: Whether to include fragments that are not complete yet; by default the API leaves
                them out.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of transcriptions, each as the class of its kind.

        Raises:
            ValueError: If the kind is not one that the API knows, an option is out of bounds, or an
                id is empty.
            TypeError: If the event's id is ``None``, or a keyword is unknown.
        """
        query = {
            "type": None if type is None else one_of("type", type, get_args(TranscriptionType)),
            "session_id": filter_id("session_id", session_id, SessionLike),
            "language_code": language_code,
            "include_partial": include_partial,
        }
        return self._pages(self._LIST, event_path(event_id), query, **options)

    async def get(self, event_id: EventLike, transcription_id: Transcription | Id) -> Transcription:
        """Get a transcription of any session of an event.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            transcription_id: The transcription, or its id.

        Returns:
            The transcription, as the class of its kind.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        path = {
            **event_path(event_id),
            "transcription_id": id_of("transcription_id", transcription_id, Transcription),
        }
        return await self._record(self._GET, path)

    def list_for_session(
        self, event_id: EventLike, session_id: SessionLike, **options: Unpack[PagerOptions]
    ) -> Pager[Transcription]:
        """List the transcriptions of one session.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A pager of transcriptions, each as the class of its kind.

        Raises:
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        path = session_path(event_id, session_id)
        return self._pages(self._LIST_FOR_SESSION, path, **options)

    async def create(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        type: TranscriptionType,  # noqa: A002  # the API's own word
        transcription: Writable[str] = UNSET,
        extra: Extra | None = None,
    ) -> Transcription:
        """Create a transcription.

        Scope ``write:transcriptions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            type: The kind.
            transcription: The text.
            extra: More properties, under the API's names.

        Returns:
            The created transcription.

        Raises:
            TypeError: If a value has the wrong type, or an id is ``None``.
            ValueError: If the kind is not one that the API knows, or an id is empty.
        """
        path = session_path(event_id, session_id)
        values = {
            "type": one_of("type", type, get_args(TranscriptionType)),
            "transcription": transcription,
        }
        return await self._write(self._CREATE, path, _TranscriptionCreate, values, extra)

    async def get_for_session(
        self, event_id: EventLike, session_id: SessionLike, transcription_id: Transcription | Id
    ) -> Transcription:
        """Get a transcription of one session.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            transcription_id: The transcription, or its id.

        Returns:
            The transcription, as the class of its kind.

        Raises:
            NotFoundError: If the session has no transcription with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(
            self._GET_FOR_SESSION,
            part_path(event_id, session_id, "transcription_id", transcription_id, Transcription),
        )

    async def update(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        transcription_id: Transcription | Id,
        *,
        transcription: Writable[str] = UNSET,
        extra: Extra | None = None,
    ) -> Transcription:
        """Update a transcription. Only the fields you pass are sent.

        Scope ``write:transcriptions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            transcription_id: The transcription, or its id.
            transcription: The new text; ``None`` clears it.
            extra: More properties, under the API's names. The API's document does not say which can change.

        Returns:
            The updated transcription.

        Raises:
            NotFoundError: If the session has no transcription with this id.
            TypeError: If a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        path = part_path(event_id, session_id, "transcription_id", transcription_id, Transcription)
        return await self._write(
            self._UPDATE, path, _TranscriptionUpdate, {"transcription": transcription}, extra
        )

    async def delete(
        self, event_id: EventLike, session_id: SessionLike, transcription_id: Transcription | Id
    ) -> None:
        """Delete a transcription.

        Scope ``write:transcriptions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            transcription_id: The transcription, or its id.

        Raises:
            NotFoundError: If the session has no transcription with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(
            self._DELETE, part_path(event_id, session_id, "transcription_id", transcription_id, Transcription)
        )
