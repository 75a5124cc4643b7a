"""Models and readers for the tests of lenient decoding."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from sessionboard_async.models._reading.lenient import Coercion, Mismatch, UndecodableError, decode_leniently

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


def read_all(value: object) -> tuple[Talk, list[Coercion], list[UndecodableError]]:
    """Decode a value; return also what was converted, and what could not be read."""
    mismatches: list[Mismatch] = []
    talk = decode_leniently(value, Talk, mismatches.append)
    coercions = [one for one in mismatches if isinstance(one, Coercion)]
    return talk, coercions, [one for one in mismatches if isinstance(one, UndecodableError)]


def read(value: object) -> tuple[Talk, list[Coercion]]:
    """Decode a value; return also what was converted."""
    talk, coercions, _ = read_all(value)
    return talk, coercions


def unreadable(**fields: object) -> UndecodableError:
    """Decode a record of which one value cannot be read."""
    (error,) = read_all(fields)[2]
    return error


def coerced(**fields: object) -> Talk:
    """Decode a value that is converted and reported."""
    talk, coercions = read(fields)
    assert coercions
    return talk


def untouched(**fields: object) -> Talk:
    """Decode a value that is neither converted nor reported."""
    talk, coercions, errors = read_all(fields)
    assert (coercions, errors) == ([], [])
    return talk


def unreadable_paths(value: object) -> list[str]:
    """Return the paths of the values that cannot be read."""
    try:
        return [error.path for error in read_all(value)[2]]
    except UndecodableError as error:
        return [error.path]


NULLABLE = ["capacity", "credits", "isPublic", "starts_at", "room", "rooms", "tags", "labels", "subsessions"]
