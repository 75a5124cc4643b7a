"""Getters for the id and the timestamp of a record, in each form in which a stream delivers records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar, cast, overload

import msgspec

from sessionboard_async.core.decoding.envelopes import KeyedRecord
from sessionboard_async.core.timestamps import to_milliseconds
from sessionboard_async.models._reading.text import replace_lone_surrogates

T = TypeVar("T")

IdGetter = Callable[[Any], object]
TimestampGetter = Callable[[Any], "datetime | None"]

_DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _RecordId(msgspec.Struct, gc=False):
    id: str | int | None = None


_record_id = msgspec.json.Decoder(_RecordId)


def id_getter(record: type[Any]) -> IdGetter:
    """Return a function that returns the id of a record, or ``None`` if it has none."""
    if record is msgspec.Raw:
        return _id_of_json
    if _is_dict(record):
        return _id_of_dict
    return attrgetter("id")


def no_id(record: object) -> None:
    """Return no id, for records without unique ids."""


def id_text(id_: object) -> str:
    """Return an id as text, equal in each form of a record; empty if the value is no id."""
    return id_ if type(id_) is str else str(id_) if type(id_) is int else ""


def id_texts(ids: Sequence[object]) -> Sequence[str]:
    """Return many ids as texts."""
    if {*map(type, ids)} == {str}:
        return cast("Sequence[str]", ids)
    return [*map(id_text, ids)]


def timestamp_getter(record: type[Any], attribute: str) -> TimestampGetter:
    """Return a function that returns a timestamp of a record, or ``None`` if it is missing or not aware.

    Args:
        record: The type of the records.
        attribute: The name of the timestamp, such as ``created_at``.
    """
    if record is msgspec.Raw:
        kind = msgspec.defstruct("_RecordTimestamp", [(attribute, str | None, None)], gc=False)
        decoder = msgspec.json.Decoder(kind)

        return lambda record: _timestamp(getattr(_decoded(record, decoder), attribute, None))
    if _is_dict(record):
        return lambda record: _timestamp(record.get(attribute))
    if record is KeyedRecord:
        return attrgetter("timestamp")
    return attrgetter(attribute)


class MillisecondTimestamps(Sequence[int]):
    """A view of datetimes as whole milliseconds since 1970, each converted when it is accessed."""

    def __init__(self, timestamps: Sequence[datetime]) -> None:
        self._timestamps = timestamps

    def __len__(self) -> int:
        return len(self._timestamps)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return MillisecondTimestamps(self._timestamps[index])
        return to_milliseconds(self._timestamps[index])


def _is_dict(record: type[Any]) -> bool:
    return issubclass(getattr(record, "__origin__", record), dict)


def _id_of_json(record: msgspec.Raw) -> str | int | None:
    decoded = _decoded(record, _record_id)
    return None if decoded is None else decoded.id


def _decoded(record: msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T | None:
    with suppress(*_DECODE_ERRORS):
        return decoder.decode(record)
    # Any text of the record may have been truncated in an emoji.
    with suppress(*_DECODE_ERRORS):
        return decoder.decode(replace_lone_surrogates(bytes(record)))
    return None


def _id_of_dict(record: dict[str, Any]) -> object:
    return record.get("id")


def _timestamp(value: object) -> datetime | None:
    try:
        timestamp = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if timestamp is None or timestamp.tzinfo is None else timestamp
