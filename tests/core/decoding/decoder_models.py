"""Models and decoders for the tests of decoding."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import msgspec

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.decoding.pages import PageDecoder
from sessionboard_async.core.decoding.records import RecordDecoder
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, page_of
from sessionboard_async.core.page import Page

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    capacity: int | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    title: str | None = None
    capacity: int | None = None
    starts_at: Timestamp | None = None
    rooms: tuple[Room, ...] | None = None
    value: Any = None
    subsessions: tuple[Talk, ...] | None = None


def declared(operation_id: str, answer: Any) -> Endpoint[Any]:
    """Declare an operation without adding it to the list of all operations."""
    endpoint: Endpoint[Any] = Endpoint(
        operation_id, "POST", "/v1/event/{event_id}/talks", answer, idempotent=True
    )
    del ENDPOINTS[operation_id]
    return endpoint


SEARCH = declared("test-search", page_of(Talk))
GET = declared("test-get", Talk)


def pages(type_: Any = Talk, *, strict: bool = False) -> PageDecoder[Any]:
    return Decoders(is_strict=strict).pages(SEARCH, type_)


def records() -> RecordDecoder[Talk]:
    return RecordDecoder(Talk, GET)


def page(body: object, **options: Any) -> Page[Talk]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return pages().decode(raw, page=3, **options)


class Widget(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    data: dict[str, Any] | None = None


ONE, TWO = {"id": "a", "title": "One"}, {"id": "b", "title": "Two"}

TRUNCATED_EMOJI = rb'[{"id":"a"},{"id":"b","title":"cut at 255 units \ud83d"},{"id":"c"}]'
