"""Convert values of a record to values of columns. Any of them may be missing or of an unexpected type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from typing import Literal

import msgspec

from sessionboard_async.core.timestamps import format_utc
from sessionboard_async.models.fields import language_tag

Value = str | int | float | None

ColumnKind = Literal[
    "text", "number", "time", "local_time", "language_tag", "typed_number", "typed_boolean", "typed_time"
]

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?")
"""A number as JSON writes it: no telephone number, and no postal code with a leading zero."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def json_text(value: object) -> str:
    """Return a value as JSON."""
    return msgspec.json.encode(value).decode()


def utc_text(value: object) -> str | None:
    """Return a timestamp in UTC and of fixed length, which sorts as text; ``None`` if it is not aware."""
    time = _aware(value)
    try:
        return None if time is None else format_utc(time, "microseconds")
    except (ValueError, OverflowError):
        return None


def local_text(value: object, zone: tzinfo | None) -> str | None:
    """Return a timestamp as the time on a clock in a time zone, such as ``2026-09-14 10:00:00``."""
    time = _aware(value)
    if time is None or zone is None:
        return None
    try:
        local = time.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return local.isoformat(" ", "seconds")


def convert(value: object, kind: ColumnKind, zone: tzinfo | None = None) -> Value:
    """Return the value of a column.

    Args:
        value: The value in the record.
        kind: The kind of the column.
        zone: The time zone of the event; ``None`` if it is not known.
    """
    if kind == "local_time":
        return local_text(value, zone)
    return _CONVERTERS[kind](value)


def _aware(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if time is None or time.utcoffset() is None else time
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> Value:
    return value if value is None or isinstance(value, str) else json_text(value)


def _time(value: object) -> Value:
    return utc_text(value) or _text(value)


def _number(value: object) -> Value:
    if isinstance(value, int | float) and _SMALLEST <= value <= _LARGEST:
        return value
    return _text(value)


def _language_tag(value: object) -> Value:
    return language_tag(value) if isinstance(value, str) else None


def _typed_number(value: object) -> Value:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON may hold integers that no float can hold.
    return value if _SMALLEST <= value <= _LARGEST else None


def _typed_boolean(value: object) -> Value:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value)
    return int(value) if isinstance(value, bool) else None


def _typed_time(value: object) -> Value:
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    if _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return None
    return utc_text(value)


_CONVERTERS: dict[ColumnKind, Callable[[object], Value]] = {
    "text": _text,
    "number": _number,
    "time": _time,
    "language_tag": _language_tag,
    "typed_number": _typed_number,
    "typed_boolean": _typed_boolean,
    "typed_time": _typed_time,
}
