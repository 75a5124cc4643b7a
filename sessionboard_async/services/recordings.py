"""Sound recordings of sessions."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.uploads import Recording, RecordingUpload
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.ids.sessions import SessionLike, part_path, session_path
from sessionboard_async.services._common.payloads import Extra, Writable
from sessionboard_async.services._common.service import Service
from sessionboard_async.services._common.upload_limits import RequiredUpload, check_size


class RecordingCreate(RequiredUpload, total=False):
    """Values that announce a recording or another medium; ``filename`` and ``size_bytes`` are required.

    Attributes:
        filename: The name of the file.
        size_bytes: The size in bytes.
        content_type: The content type, such as ``audio/mpeg``.
    """

    content_type: Writable[str]


class RecordingComplete(TypedDict, total=False):
    """Values that complete a recording.

    Attributes:
        duration_seconds: The duration in seconds.
        file_size_bytes: The size in bytes.
    """

    duration_seconds: Writable[float]
    file_size_bytes: Writable[int]


_ALL = "/v1/event/{event_id}/sessions/{session_id}/recordings"
_ONE = f"{_ALL}/{{recording_id}}"
_READ = "read:transcriptions"
_WRITE = "write:transcriptions"


class Recordings(Service):
    """Sound recordings of sessions. To upload one: ``create`` it, ``sb.send_file``, and ``complete`` it."""

    _LIST: Endpoint[Recording] = Endpoint(
        "list-session-recordings", "GET", _ALL, list_of(Recording), scope=_READ
    )
    _CREATE: Endpoint[RecordingUpload] = Endpoint(
        "create-session-recording", "POST", _ALL, RecordingUpload, scope=_WRITE
    )
    _GET: Endpoint[Recording] = Endpoint("get-session-recording", "GET", _ONE, Recording, scope=_READ)
    _COMPLETE: Endpoint[Recording] = Endpoint(
        "complete-session-recording", "POST", f"{_ONE}/complete", Recording, scope=_WRITE
    )

    def list(
        self, event_id: EventLike, session_id: SessionLike, **options: Unpack[PagerOptions]
    ) -> Pager[Recording]:
        """List the recordings of a session.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of recordings.

        Raises:
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._pages(self._LIST, session_path(event_id, session_id), **options)

    async def create(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingCreate],
    ) -> RecordingUpload:
        """Announce a recording, and get the address for its bytes.

        Scope ``write:transcriptions``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            extra: More properties, under the API's names.
            **values: The upload, as in ``RecordingCreate``.

        Returns:
            The recording, with the address in ``upload``: pass that to ``sb.send_file``, then call
            ``complete``.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is less than 1, or an id is empty.
        """
        check_size(values)
        path = session_path(event_id, session_id)
        return await self._write(self._CREATE, path, RecordingCreate, values, extra)

    async def get(
        self, event_id: EventLike, session_id: SessionLike, recording_id: Recording | Id
    ) -> Recording:
        """Get a recording.

        Scope ``read:transcriptions``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            recording_id: The recording, or its id.

        Returns:
            The recording.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(
            self._GET, part_path(event_id, session_id, "recording_id", recording_id, Recording)
        )

    async def complete(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        recording_id: Recording | Id,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingComplete],
    ) -> Recording:
        """Complete the upload of a recording; the API then converts it to PCM.

        Scope ``write:transcriptions``; no rate limit is documented; not retried when the outcome is unknown.
        Completing a complete recording changes nothing.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            recording_id: The recording, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``RecordingComplete``.

        Returns:
            The updated recording, with another ``s3_key``.

        Raises:
            UnprocessableError: If the API cannot convert it to PCM.
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        path = part_path(event_id, session_id, "recording_id", recording_id, Recording)
        return await self._write(self._COMPLETE, path, RecordingComplete, values, extra)
