"""Videos and sound recordings of sessions, uploaded in parts, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack, cast

from msgspec import UNSET

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.models.base import EventId
from sessionboard_async.models.uploads import MediaItem, MediaPart, MediaUpload, SignedParts
from sessionboard_async.services._common.paths import session_path
from sessionboard_async.services._common.payloads import Extra, Writable
from sessionboard_async.services._common.service import Service
from sessionboard_async.services._common.upload_limits import check_size
from sessionboard_async.services.recordings import RecordingCreate


class _MediaUploadKey(TypedDict):
    key: str
    upload_id: str


class _SignParts(_MediaUploadKey):
    part_numbers: Writable[list[int]]


class _RequiredParts(_MediaUploadKey):
    parts: Writable[list[dict[str, object]]]
    filename: str
    size_bytes: int


class _CompleteMedia(_RequiredParts, total=False):
    duration_seconds: Writable[float]


_MEDIA = "/v1/event/{event_id}/sessions/{session_id}/media"
_UPLOAD = f"{_MEDIA}/upload"
_WRITE = "write:media"


class Media(Service):
    """Media of sessions: begin an upload, have its parts signed, send them, complete it.

    The transcript is then made on its own: ``get`` tells how far it is.
    """

    INITIATE: Endpoint[MediaUpload] = Endpoint(
        "initiate-media-upload",
        "POST",
        f"{_UPLOAD}/initiate",
        MediaUpload,
        scope=_WRITE,
        may_be_empty=True,
    )
    # Signing makes addresses and changes nothing: doing it twice makes them twice.
    SIGN_PARTS: Endpoint[SignedParts] = Endpoint(
        "sign-media-upload-part",
        "POST",
        f"{_UPLOAD}/sign-part",
        SignedParts,
        idempotent=True,
        scope=_WRITE,
        may_be_empty=True,
    )
    ABORT: Endpoint[None] = Endpoint(
        "abort-media-upload", "POST", f"{_UPLOAD}/abort", None, scope=_WRITE, may_be_empty=True
    )
    COMPLETE: Endpoint[MediaItem] = Endpoint(
        "complete-media-upload",
        "POST",
        f"{_UPLOAD}/complete",
        MediaItem,
        scope=_WRITE,
        may_be_empty=True,
    )
    GET: Endpoint[MediaItem] = Endpoint(
        "get-media-item", "GET", f"{_MEDIA}/{{media_item_id}}", MediaItem, scope="read:media"
    )

    async def initiate(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingCreate],
    ) -> MediaUpload:
        """Begin an upload in parts.

        Scope ``write:media``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            extra: Further properties, under the API's own names.
            **values: What will be uploaded, as in ``RecordingCreate``.

        Returns:
            What names the upload in the steps that follow. The API's document does not describe this answer.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is less than 1, a value is masked, or an id is empty.
        """
        check_size(values)
        return await self._write(
            self.INITIATE, session_path(event_id, session_id), RecordingCreate, values, extra
        )

    async def sign_parts(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        key: str,
        upload_id: str,
        part_numbers: Sequence[int],
        extra: Extra | None = None,
    ) -> SignedParts:
        """Ask where parts of an upload go.

        Scope ``write:media``; no limit is documented; may be sent again, since it only makes addresses.

        Args:
            event_id: The event.
            session_id: The session.
            key: As ``initiate`` answered.
            upload_id: As ``initiate`` answered.
            part_numbers: The numbers of the parts, from 1.
            extra: Further properties, under the API's own names.

        Returns:
            Where they go: read ``addresses``. The API's document does not describe this answer.

        Raises:
            TypeError: If a value is of the wrong type, or an id is ``None``.
            ValueError: If there is no part, a number is less than 1, or an id is empty.
        """
        values = {"key": key, "upload_id": upload_id, "part_numbers": _numbers("part_numbers", part_numbers)}
        return await self._write(
            self.SIGN_PARTS, session_path(event_id, session_id), _SignParts, values, extra
        )

    async def abort(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        key: str,
        upload_id: str,
        extra: Extra | None = None,
    ) -> None:
        """Give an upload up, so that its parts are thrown away.

        Scope ``write:media``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            key: As ``initiate`` answered.
            upload_id: As ``initiate`` answered.
            extra: Further properties, under the API's own names.

        Raises:
            TypeError: If a value is of the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        values = {"key": key, "upload_id": upload_id}
        await self._write(self.ABORT, session_path(event_id, session_id), _MediaUploadKey, values, extra)

    async def complete(
        self,
        event_id: EventId | None,
        session_id: str | None,
        *,
        key: str,
        upload_id: str,
        parts: Sequence[MediaPart | tuple[int, str]],
        filename: str,
        size_bytes: int,
        duration_seconds: Writable[float] = UNSET,
        extra: Extra | None = None,
    ) -> MediaItem:
        """Put the parts of an upload together; its transcript is then made on its own.

        Scope ``write:media``; no limit is documented; not sent again once it may have arrived.

        Args:
            event_id: The event.
            session_id: The session.
            key: As ``initiate`` answered.
            upload_id: As ``initiate`` answered.
            parts: Each part's number and ``ETag``, in any order; they are sent by number, as storages want
                them.
            filename: The name of the file.
            size_bytes: How many bytes were uploaded in all.
            duration_seconds: How long the medium is.
            extra: Further properties, under the API's own names.

        Returns:
            The medium. The API's document does not describe this answer, so its ``id`` may be missing; all
            that came is in ``as_sent``.

        Raises:
            TypeError: If a value is of the wrong type, or an id is ``None``.
            ValueError: If there is no part, a part is there twice or has no ``ETag``, or an id is empty.
        """
        values = {
            "key": key,
            "upload_id": upload_id,
            "parts": _completed(parts),
            "filename": filename,
            "size_bytes": size_bytes,
            "duration_seconds": duration_seconds,
        }
        check_size(values)
        return await self._write(
            self.COMPLETE, session_path(event_id, session_id), _CompleteMedia, values, extra
        )

    async def get(
        self, event_id: EventId | None, session_id: str | None, media_item_id: str | None
    ) -> MediaItem:
        """Get a medium, and how far its transcript is.

        Scope ``read:media``; no limit is documented.

        Args:
            event_id: The event.
            session_id: The session.
            media_item_id: Its id.

        Returns:
            The medium.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.GET, session_path(event_id, session_id, media_item_id=media_item_id))


def _numbers(name: str, numbers: Sequence[int]) -> list[int]:
    """Return the numbers of parts, if they are such.

    Raises:
        TypeError: If one is no integer.
        ValueError: If there are none, or one is there twice or less than 1.
    """
    if not numbers:
        raise ValueError(f"{name} must not be empty")
    for number in cast("Sequence[object]", numbers):
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"the number of a part must be int, not {type(number).__name__}")
        if number < 1:
            raise ValueError(f"the numbers of parts begin with 1, not {number}")
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"{name} has a part twice")
    return list(numbers)


def _completed(parts: Sequence[MediaPart | tuple[int, str]]) -> list[dict[str, object]]:
    _numbers("parts", [number for number, _ in parts])
    for number, etag in cast("Sequence[tuple[int, object]]", parts):
        if not isinstance(etag, str) or not etag:
            raise ValueError(f"part {number} needs the ETag that the storage answered with")
    return [{"part_number": number, "etag": etag} for number, etag in sorted(parts)]
