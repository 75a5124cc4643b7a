"""Videos and sound recordings of sessions, uploaded in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack, cast

from msgspec import UNSET

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.models.uploads import MediaItem, MediaPart, MediaUpload, SignedParts
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.ids.sessions import SessionLike, part_path, session_path
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
    """Media of sessions. To upload one: ``initiate``, ``sign_parts``, ``sb.send_file``, ``complete``.

    The API then makes a transcript; ``get`` returns its status.
    """

    _INITIATE: Endpoint[MediaUpload] = Endpoint(
        "initiate-media-upload",
        "POST",
        f"{_UPLOAD}/initiate",
        MediaUpload,
        scope=_WRITE,
        may_be_empty=True,
    )
    # Signing only makes addresses, so it may be repeated.
    _SIGN_PARTS: Endpoint[SignedParts] = Endpoint(
        "sign-media-upload-part",
        "POST",
        f"{_UPLOAD}/sign-part",
        SignedParts,
        idempotent=True,
        scope=_WRITE,
        may_be_empty=True,
    )
    _ABORT: Endpoint[None] = Endpoint(
        "abort-media-upload", "POST", f"{_UPLOAD}/abort", None, scope=_WRITE, may_be_empty=True
    )
    _COMPLETE: Endpoint[MediaItem] = Endpoint(
        "complete-media-upload",
        "POST",
        f"{_UPLOAD}/complete",
        MediaItem,
        scope=_WRITE,
        may_be_empty=True,
    )
    _GET: Endpoint[MediaItem] = Endpoint(
        "get-media-item", "GET", f"{_MEDIA}/{{media_item_id}}", MediaItem, scope="read:media"
    )

    async def initiate(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        extra: Extra | None = None,
        **values: Unpack[RecordingCreate],
    ) -> MediaUpload:
        """Begin an upload in parts.

        Scope ``write:media``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            extra: More properties, under the API's names.
            **values: The upload, as in ``RecordingCreate``.

        Returns:
            The ``key`` and ``upload_id`` for the following steps. The API's document does not describe this
            answer.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If ``size_bytes`` is less than 1, or an id is empty.
        """
        check_size(values)
        return await self._write(
            self._INITIATE, session_path(event_id, session_id), RecordingCreate, values, extra
        )

    async def sign_parts(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        key: str,
        upload_id: str,
        part_numbers: Sequence[int],
        extra: Extra | None = None,
    ) -> SignedParts:
        """Get the addresses for the parts of an upload.

        Scope ``write:media``; no rate limit is documented; retried like a read, since it only makes
        addresses.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            key: As returned by ``initiate``.
            upload_id: As returned by ``initiate``.
            part_numbers: The numbers of the parts, from 1.
            extra: More properties, under the API's names.

        Returns:
            The addresses, in ``addresses``. The API's document does not describe this answer.

        Raises:
            TypeError: If a value has the wrong type, or an id is ``None``.
            ValueError: If there is no part, a number is less than 1, or an id is empty.
        """
        values = {"key": key, "upload_id": upload_id, "part_numbers": _numbers("part_numbers", part_numbers)}
        return await self._write(
            self._SIGN_PARTS, session_path(event_id, session_id), _SignParts, values, extra
        )

    async def abort(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        key: str,
        upload_id: str,
        extra: Extra | None = None,
    ) -> None:
        """Abort an upload and discard its parts.

        Scope ``write:media``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            key: As returned by ``initiate``.
            upload_id: As returned by ``initiate``.
            extra: More properties, under the API's names.

        Raises:
            TypeError: If a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        values = {"key": key, "upload_id": upload_id}
        await self._write(self._ABORT, session_path(event_id, session_id), _MediaUploadKey, values, extra)

    async def complete(
        self,
        event_id: EventLike,
        session_id: SessionLike,
        *,
        key: str,
        upload_id: str,
        parts: Sequence[MediaPart | tuple[int, str]],
        filename: str,
        size_bytes: int,
        duration_seconds: Writable[float] = UNSET,
        extra: Extra | None = None,
    ) -> MediaItem:
        """Complete an upload from its parts; the API then makes a transcript.

        Scope ``write:media``; no rate limit is documented; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            key: As returned by ``initiate``.
            upload_id: As returned by ``initiate``.
            parts: Each part's number and ``ETag``, in any order; they are sent in the order of their numbers.
            filename: The name of the file.
            size_bytes: The total size in bytes.
            duration_seconds: The duration in seconds.
            extra: More properties, under the API's names.

        Returns:
            The media item. The API's document does not describe this answer, so the ``id`` may be missing;
            the whole answer is in ``as_sent``.

        Raises:
            TypeError: If a value has the wrong type, or an id is ``None``.
            ValueError: If there is no part, a part occurs twice or has no ``ETag``, ``size_bytes`` is less
                than 1, or an id is empty.
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
            self._COMPLETE, session_path(event_id, session_id), _CompleteMedia, values, extra
        )

    async def get(
        self, event_id: EventLike, session_id: SessionLike, media_item_id: MediaItem | Id
    ) -> MediaItem:
        """Get a media item, with the status of its transcript.

        Scope ``read:media``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            session_id: The session, or its id.
            media_item_id: The media item, or its id.

        Returns:
            The media item.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(
            self._GET, part_path(event_id, session_id, "media_item_id", media_item_id, MediaItem)
        )


def _numbers(name: str, numbers: Sequence[int]) -> list[int]:
    """Return the numbers of parts as a list, if they are valid.

    Raises:
        TypeError: If one is not an integer.
        ValueError: If there are none, or one occurs twice or is less than 1.
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
