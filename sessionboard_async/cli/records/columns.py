"""Columns of records: fields, fields of their parts, and custom fields, as texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

import msgspec

from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.models.base import Record

CUSTOM = "custom"
"""``custom.stage`` is the value of the custom field ``stage``."""

_NAMES = ("name", "full_name", "title", "value", "id")
"""The fields that stand for a whole object, the first that it has."""


def validate_columns(kind: type[Record], columns: Iterable[str]) -> None:
    """Check that records of a type can have some columns.

    Args:
        kind: The type.
        columns: Names of fields, with dots before fields of their parts: ``room.name``.

    Raises:
        ValueError: If there is no such field; names the one that was probably meant.
    """
    for column in columns:
        first, _, rest = column.partition(".")
        if first == CUSTOM and rest and "custom_fields" in kind.__struct_fields__:
            continue
        _validate(kind, column, column.split("."))


def _validate(kind: type[Record], column: str, names: list[str]) -> None:
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    first, *rest = names
    if first not in types:
        question = did_you_mean([first], types)
        raise ValueError(f"no such column: {column!r}. {kind.__name__} has {', '.join(types)}{question}")
    parts = [*_records_in(types[first])]
    if rest and parts:
        _validate(parts[0], column, rest)
    elif rest and not _may_hold_anything(types[first]):
        raise ValueError(f"no such column: {column!r}. {first} has no parts")


def _records_in(type_: Any) -> Iterator[type[Record]]:
    if isinstance(type_, type) and issubclass(type_, Record):
        yield type_
    for part in get_args(type_):
        yield from _records_in(part)


def _may_hold_anything(type_: Any) -> bool:
    return type_ is Any or type_ is dict or any(map(_may_hold_anything, get_args(type_)))


def cell(record: Record, column: str) -> str:
    """Return a column of a record as text; empty if it has no value."""
    first, *rest = column.split(".")
    if first == CUSTOM and rest:
        return _text(_custom_value(record, ".".join(rest)))
    return _text(_value(record, [first, *rest]))


def _custom_value(record: Record, name: str) -> object:
    for field in getattr(record, "custom_fields", None) or ():
        if name in (field.internal_name, field.key, field.name, field.id):
            return field.value
    return None


def _value(value: Any, names: list[str]) -> Any:
    if not names or value is None:
        return value
    if isinstance(value, list | tuple):
        return [_value(item, names) for item in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        return _value(cast("dict[str, Any]", value).get(names[0]), names[1:])
    return _value(getattr(value, names[0], None), names[1:])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return ", ".join(text for text in map(_text, cast("Sequence[Any]", value)) if text)
    if isinstance(value, Record):
        names = (getattr(value, name, None) for name in _NAMES)
        return _text(next((name for name in names if name is not None), None))
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    return str(value)
