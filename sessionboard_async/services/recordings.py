"""Sound recordings of sessions, step by step."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.models.uploads import Recording, RecordingUpload
from sessionboard_async.services._common.paths import session_path
from sessionboard_async.services._common.payloads import Extra, Writable
from sessionboard_async.services._common.service import Service
from sessionboard_async.services._common.upload_limits import RequiredUpload, check_size


class RecordingCreate(RequiredUpload, total=False):
    """What announces a recording or another medium; ``filename`` and ``size_bytes`` must be there.

    Attributes:
        filename: The name of the file.
        size_bytes: How many bytes will be uploaded.
        content_type: What they are, such as ``audio/mpeg``.
    """

    content_type: Writable[str]


class RecordingComplete(TypedDict, total=False):
    """What completes a recording.

    Attributes:
        duration_seconds: How long it is.
        file_size_bytes: How many bytes were uploaded.
    """

    duration_seconds: Writable[float]
    file_size_bytes: Writable[int]


_ALL = "/v1/event/{event_id}/sessions/{session_id}/recordings"
_ONE = f"{_ALL}/{{recording_id}}"
_READ = "read:transcriptions"
_WRITE = "write:transcriptions"


class Recordings(Service):
    """The sound of sessions: announce a recording, send its bytes to the address given, complete it."""

    LIST: Endpoint[Recording] = Endpoint(
        "list-session-recordings", "GET", _ALL, list_of(Recording), scope=_READ
    )
    CREATE: Endpoint[RecordingUpload] = Endpoint(
        "create-session-recording", "POST", _ALL, RecordingUpload, scope=_WRITE
    )
    GET: Endpoint[Recording] = Endpoint("get-session-recording", "GET", _ONE, Recording, scope=_READ)
    COMPLETE: Endpoint[Recording] = Endpoint(
        "complete-session-recording", "POST", f"{_ONE}/complete", Recording, scope=_WRITE
    )

    def list(
        self, event_id: EventId | None, session_id: str | None, **options: Unpack[PagerOptions]
    ) -> Pager[Recording]:
        """List the recordings of a session.

        Args:
            event_id: The event.
            session_id: The session.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of recordings. Scope ``read:transcriptions``; no limit is documented.

        Raises:
            ValueError: If an id is empty.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._pages(self.LIST, session_path(event_id, session_id), **options)

    async def create(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingCreate],
    ) -> RecordingUpload:
        """Announce a recording, and learn where its bytes go.

        Scope ``write:transcriptions``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            extra: Further properties, under the API's own names.
            **values: What will be uploaded, as in ``RecordingCreate``.

        Returns:
            The recording, with the address in ``upload``. The bytes go there with exactly its headers, and
            without the token.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is less than 1, a value is masked, or an id is empty.
        """
        check_size(values)
        path = session_path(event_id, session_id)
        return await self._write(self.CREATE, path, RecordingCreate, values, extra)

    async def get(
        self, event_id: EventId | None, session_id: str | None, recording_id: str | None
    ) -> Recording:
        """Get a recording.

        Scope ``read:transcriptions``; no limit is documented.

        Args:
            event_id: The event.
            session_id: The session.
            recording_id: Its id.

        Returns:
            The recording.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.GET, session_path(event_id, session_id, recording_id=recording_id))

    async def complete(
        self,
        event_id: EventId | None,
        session_id: str | None,
        recording_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingComplete],
    ) -> Recording:
        """Tell that all bytes of a recording are there; the API then turns it into PCM.

        Scope ``write:transcriptions``; no limit is documented; not sent again once it may have arrived.
        Calling it again for a recording that is complete changes nothing.

        Args:
            event_id: The event.
            session_id: The session.
            recording_id: Its id.
            extra: Further properties, under the API's own names.
            **values: What is known of it, as in ``RecordingComplete``.

        Returns:
            The recording as it is now; ``s3_key`` is another one.

        Raises:
            UnprocessableError: If the API cannot turn it into PCM.
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        path = session_path(event_id, session_id, recording_id=recording_id)
        return await self._write(self.COMPLETE, path, RecordingComplete, values, extra)
