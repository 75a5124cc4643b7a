"""Handlers of media."""

from __future__ import annotations

from typing import Any

import msgspec

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import refuse_unknown
from sessionboard_async.testing._data.upload_rules import UPLOAD_PROPERTIES, read_upload_request
from sessionboard_async.testing._writes.media import (
    LARGEST_PART_NUMBER,
    PART_SIZE,
    MediaLibrary,
    MultipartUpload,
)
from sessionboard_async.testing._writes.requests import (
    Handler,
    HandlerReply,
    HandlerRequest,
    event_of,
    read_values,
    session_of,
)

_UPLOAD = {"key": str, "upload_id": str}


class _Part(msgspec.Struct):
    part_number: int
    etag: str


def _library(organization: Organization, call: HandlerRequest) -> MediaLibrary:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    session_of(event, call)
    return event.part(MediaLibrary)


def _upload(
    organization: Organization, call: HandlerRequest, more: dict[str, Any] | None = None, *required: str
) -> tuple[MediaLibrary, MultipartUpload, Record]:
    library = _library(organization, call)
    values = read_values(call.json(), _UPLOAD | (more or {}), required=(*_UPLOAD, *required))
    return library, library.find(call.path["session_id"], values["key"], values["upload_id"]), values


def _initiate(organization: Organization, call: HandlerRequest) -> object:
    library = _library(organization, call)
    values = read_values(call.json(), UPLOAD_PROPERTIES, required=("filename", "size_bytes"))
    upload = library.initiate(call.path["session_id"], read_upload_request(values))
    return HandlerReply({"data": {"key": upload.key, "upload_id": upload.id, "part_size": PART_SIZE}}, 201)


def _sign_parts(organization: Organization, call: HandlerRequest) -> object:
    _, upload, values = _upload(organization, call, {"part_numbers": list}, "part_numbers")
    try:
        numbers = msgspec.convert(values["part_numbers"], list[int])
    except msgspec.ValidationError:
        raise RequestError(400, "part_numbers must be numbers") from None
    if not numbers or not all(1 <= number <= LARGEST_PART_NUMBER for number in numbers):
        raise RequestError(400, f"part_numbers must not be empty, each from 1 to {LARGEST_PART_NUMBER}")
    addresses = ((number, organization.storage.upload_address(upload.part_key(number))) for number in numbers)
    parts = [
        {"part_number": number, "url": address["url"], "headers": address["headers"]}
        for number, address in addresses
    ]
    return {"data": {"parts": parts}}


def _abort(organization: Organization, call: HandlerRequest) -> object:
    library, upload, _ = _upload(organization, call)
    library.abort(upload)
    return HandlerReply()


def _complete(organization: Organization, call: HandlerRequest) -> object:
    more = {"parts": list, "filename": str, "size_bytes": int, "duration_seconds": (int, float)}
    library, upload, values = _upload(organization, call, more, "parts", "filename", "size_bytes")
    try:
        parts = msgspec.convert(values["parts"], list[_Part])
    except msgspec.ValidationError:
        raise RequestError(400, "parts must be objects with a part_number and an etag") from None
    pairs = [(part.part_number, part.etag) for part in parts]
    return HandlerReply({"data": library.complete(upload, pairs, values)}, 201)


def _get(organization: Organization, call: HandlerRequest) -> object:
    library = _library(organization, call)
    row = session_of(event_of(organization, call), call)
    item, went_on = library.read(row, call.path["media_item_id"])
    return HandlerReply({"data": item}, changes=went_on)


OPERATIONS: dict[str, Handler] = {
    "initiate-media-upload": _initiate,
    "sign-media-upload-part": _sign_parts,
    "abort-media-upload": _abort,
    "complete-media-upload": _complete,
    "get-media-item": _get,
}
