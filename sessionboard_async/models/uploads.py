"""Uploads: addresses, and the recordings, media and files that are uploaded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple, TypeGuard

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp
from sessionboard_async.models.sessions import Content


class UploadAddress(Record, frozen=True, kw_only=True):
    """An upload address. It is a secret for a short time, so ``repr()`` does not show it.

    Attributes:
        url: The address. Never send the token to it.
        method: The HTTP method, ``PUT``.
        headers: The headers to send, and no others.
    """

    _shown: ClassVar[tuple[str, ...]] = ("method",)

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None


_NOWHERE = UploadAddress()


class FileUpload(Content, frozen=True, kw_only=True):
    """An announced file of a session, with its upload address."""

    upload: UploadAddress | None = None

    def __post_init__(self) -> None:
        if self.upload == _NOWHERE:
            force_setattr(self, "upload", None)


class Recording(Record, frozen=True, kw_only=True):
    """A sound recording of a session.

    Attributes:
        s3_key: The key in the API's storage; it changes when the recording is complete.
        encoding: The encoding; a complete recording is PCM.
        status: ``recording``, ``completed``, or another word.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "status")

    id: str | None = None
    type: str | None = None
    session_id: str | None = None
    s3_bucket: str | None = None
    s3_key: str | None = None
    encoding: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    status: str | None = None
    duration_seconds: float | None = None
    file_size_bytes: int | None = None
    started_at: Timestamp | None = None
    completed_at: Timestamp | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class RecordingUpload(Recording, frozen=True, kw_only=True):
    """An announced recording, with its upload address."""

    upload: UploadAddress | None = None

    def __post_init__(self) -> None:
        if self.upload == _NOWHERE:
            force_setattr(self, "upload", None)


class MediaItem(OpenRecord, frozen=True, kw_only=True):
    """A video or sound recording of a session, with the status of its transcript.

    Attributes:
        media_s3_key: The key in the API's storage.
        transcript_status: ``queued``, ``processing``, ``ready``, ``failed``, or another word.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "title", "transcript_status")

    id: str | None = None
    type: str | None = None
    title: str | None = None
    platform: str | None = None
    kind: str | None = None
    event_id: EventId | None = None
    session_id: str | None = None
    media_s3_key: str | None = None
    transcript_status: str | None = None
    duration_seconds: float | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class MediaUpload(OpenRecord, frozen=True, kw_only=True):
    """An upload in parts. The API's document does not describe it: see also ``as_sent``.

    Attributes:
        key: With ``upload_id``, the identity of the upload in the following steps.
        part_size: The size of each part but the last, in bytes.
    """

    key: str | None = None
    upload_id: str | None = None
    part_size: int | None = None


class MediaPart(NamedTuple):
    """An uploaded part; a pair of these two values is accepted too.

    Attributes:
        part_number: The number, from 1.
        etag: The ``ETag`` header of the storage's answer.
    """

    part_number: int
    etag: str


class SignedPart(OpenRecord, frozen=True, kw_only=True):
    """The upload address of one part. ``repr()`` does not show it."""

    _shown: ClassVar[tuple[str, ...]] = ("part_number",)

    part_number: int | None = None
    url: str | None = None
    headers: dict[str, str] | None = None


class SignedParts(OpenRecord, frozen=True, kw_only=True):
    """The upload addresses of parts. The API's document does not describe them: use ``addresses``."""

    parts: tuple[SignedPart, ...] | None = None

    @property
    def addresses(self) -> dict[int, UploadAddress]:
        """The upload address of each part, by its number, from any of the likely forms of the answer."""
        known = {
            part.part_number: UploadAddress(url=part.url, method="PUT", headers=part.headers)
            for part in self.parts or ()
            if part.part_number is not None and part.url is not None
        }
        return known or part_addresses(self.as_sent)


_LISTS = ("parts", "urls", "signed_parts", "signed_urls", "presigned_urls")
_NUMBERS = ("part_number", "partNumber")
_URLS = ("url", "signed_url", "signedUrl", "presigned_url", "upload_url")


def part_addresses(sent: Mapping[str, object]) -> dict[int, UploadAddress]:
    """Return the addresses of parts from an answer whose form is not documented.

    It may hold an array of objects with a number and an address, or an object of addresses by number, under
    one of several names; or be such an object.

    Args:
        sent: The answer.

    Returns:
        The addresses by the number of their part; empty if none are recognized.
    """
    for candidate in (*(sent.get(name) for name in _LISTS), sent, [sent]):
        found = {
            number: address
            for number, address in _addresses(candidate)
            if number is not None and address is not None
        }
        if found:
            return found
    return {}


def _addresses(value: object) -> Iterator[tuple[int | None, UploadAddress | None]]:
    if _is_object(value):
        yield from ((_number(key), _address(its)) for key, its in value.items())
    elif _is_array(value):
        yield from ((_number(_first(part, _NUMBERS)), _address(part)) for part in value if _is_object(part))


def _number(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _address(value: object) -> UploadAddress | None:
    url = _first(value, _URLS) if _is_object(value) else value
    if not isinstance(url, str) or not url:
        return None
    headers = value.get("headers") if _is_object(value) else None
    return UploadAddress(
        url=url,
        method="PUT",
        headers={name: str(its) for name, its in headers.items()} if _is_object(headers) else None,
    )


def _first(value: Mapping[str, object], names: Sequence[str]) -> object:
    return next((value[name] for name in names if value.get(name) is not None), None)


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, (list, tuple))
