"""Models and readers for the tests of lenient decoding."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from sessionboard_async.core.decoding.lenient import Coercion, UndecodableError, decode_leniently

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    capacity: int | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True, rename={"is_public": "isPublic"}):
    """One field of every kind that a response may have."""

    id: str | None = None
    event_id: int | str | None = None
    capacity: int | None = None
    credits: float | None = None
    is_public: bool | None = None
    starts_at: Timestamp | None = None
    room: Room | None = None
    rooms: tuple[Room, ...] | None = None
    tags: tuple[str, ...] | None = None
    notes: list[str | None] | None = None
    weight: float | str | None = None
    labels: dict[str, str] | None = None
    value: Any = None
    subsessions: tuple[Talk, ...] | None = None


def read(value: object) -> tuple[Talk, list[Coercion]]:
    coercions: list[Coercion] = []
    return decode_leniently(value, Talk, coercions.append), coercions


def coerced(**fields: object) -> Talk:
    """Decode a value that is converted and reported."""
    talk, coercions = read(fields)
    assert coercions
    return talk


def untouched(**fields: object) -> Talk:
    """Decode a value that is neither converted nor reported."""
    talk, coercions = read(fields)
    assert coercions == []
    return talk


def undecodable_path(value: object) -> str | None:
    """Return the path of a value that cannot be decoded; ``None`` if all can."""
    try:
        read(value)
    except UndecodableError as error:
        return error.path
    return None


NULLABLE = ["capacity", "credits", "isPublic", "starts_at", "room", "rooms", "tags", "labels", "subsessions"]
