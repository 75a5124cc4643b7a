"""Lenient decoding: convert values of unexpected types where nothing is lost, and leave out the others.

The API's document and its responses differ in small ways: a number is sent as a string, a date is empty, an
unassigned object is ``{}``, a track is only its name. A decoded JSON value is compared with the expected
type, field by field. Each difference is converted if that loses nothing, and reported; a field that cannot be
converted is ``None``, and reported as unreadable.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, TypeGuard, TypeVar, cast

import msgspec
from msgspec import inspect

from sessionboard_async.models._reading.short_forms import object_for

T = TypeVar("T")


class Coercion(NamedTuple):
    """A value of an unexpected type that was converted.

    Attributes:
        path: The JSON path of the value, without array positions.
        expected: The expected type, such as ``a string``.
        actual: The JSON type of the value, such as ``integer``.
    """

    path: str
    expected: str
    actual: str


# Epoch times: seconds of the years 2001 to 5138 lie between these two, milliseconds above.
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e11


class UndecodableError(Exception):
    """A value that cannot be converted to the expected type.

    Attributes:
        path: The JSON path of the value in the record.
        expected: The expected type.
        actual: The JSON type of the value.
    """

    def __init__(self, path: str, expected: str, actual: str) -> None:
        super().__init__(f"unexpected type at {path}: expected {expected}, got {actual}")
        self.path = path
        self.expected = expected
        self.actual = actual


Mismatch = Coercion | UndecodableError
"""A value that was converted, or the error of one that is left out."""


def decode_leniently(
    value: object,
    type_: type[T],
    report: Callable[[Mismatch], object],
) -> T:
    """Convert a decoded JSON value to a type, with coercions where nothing is lost.

    Args:
        value: Any JSON value, as plain Python.
        type_: The expected type.
        report: Called with each coercion, and with the error of each value inside a record that cannot be
            converted: of an optional field, which becomes ``None``, or of an element of an array or object,
            which is left out.

    Raises:
        UndecodableError: If the value itself, or one that is required, cannot be converted.
    """
    coerced = _Coercer(report).coerce(value, _type_info(cast("Hashable", type_)), "$")
    try:
        return msgspec.convert(coerced, type_)
    except (msgspec.ValidationError, RecursionError) as error:
        reason = str(error)
    # Among the messages of `msgspec`, only this kind is sure to hold no value.
    raise UndecodableError(
        "$", "a record", reason if reason.startswith("Object missing") else "another value"
    )


@lru_cache(maxsize=256)
def _type_info(type_: Hashable) -> inspect.Type:
    return inspect.type_info(type_)


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Return whether a decoded JSON value is an array."""
    return isinstance(value, list)


class _Coercer:
    """Converts a value along the expected type.

    Args:
        report: Called with each coercion, and with the error of each value that is left out.
    """

    def __init__(self, report: Callable[[Mismatch], object]) -> None:
        self._report = report

    def coerce(self, value: object, expected: inspect.Type, path: str) -> object:
        match expected:
            case inspect.UnionType():
                return self._union(value, expected, path)
            case inspect.StructType():
                return self._struct(value, expected, path)
            case inspect.VarTupleType() | inspect.ListType():
                return self._array(value, expected.item_type, path)
            case inspect.DictType():
                return self._mapping(value, expected, path)
            case inspect.StrType():
                return self._string(value, path)
            case inspect.BoolType():
                return self._boolean(value, path)
            case inspect.IntType():
                return self._integer(value, path)
            case inspect.FloatType():
                return self._float(value, path)
            case inspect.DateTimeType():
                return self._datetime(value, path)
            case _:
                return value

    def _union(self, value: object, expected: inspect.UnionType, path: str) -> object:
        members = [member for member in expected.types if not isinstance(member, inspect.NoneType)]
        if _nullable(expected):
            if value is None:
                return None
            if _is_empty(value) and not _takes(members, value):
                # The API sends `{}` for an object that is not assigned: no coercion to report.
                if value != {} or not any(isinstance(member, inspect.StructType) for member in members):
                    self._reported(path, _names(members), value)
                return None
        for member in members:
            if _is_exactly(value, member):
                return self.coerce(value, member, path)
        for member in members[:-1]:
            try:
                return self.coerce(value, member, path)
            except UndecodableError:
                continue
        return self.coerce(value, members[-1], path)

    def _struct(self, value: object, expected: inspect.StructType, path: str) -> object:
        if not is_object(value):
            found = object_for(value, expected.cls)
            if found is None:
                raise UndecodableError(path, "an object", _name(value))
            self._reported(path, "an object", value)
            value = found
        coerced = dict(value)
        for field in expected.fields:
            name = field.encode_name
            if name not in value:
                continue
            try:
                coerced[name] = self.coerce(value[name], field.type, f"{path}.{name}")
            except UndecodableError as error:
                if field.required:
                    raise
                self._report(error)
                del coerced[name]
        return coerced

    def _array(self, value: object, item: inspect.Type, path: str) -> object:
        if not is_array(value):
            raise UndecodableError(path, "an array", _name(value))
        kept: list[object] = []
        for index, element in enumerate(value):
            if element is None and not _nullable(item) and not _keeps_places(item):
                # A null in an array of records holds nothing that could be lost.
                self._reported(f"{path}[]", _names([item]), element)
                continue
            try:
                kept.append(self.coerce(element, item, f"{path}[{index}]"))
            except UndecodableError as error:
                self._report(error)
                if _keeps_places(item):
                    kept.append({})
        return kept

    def _mapping(self, value: object, expected: inspect.DictType, path: str) -> object:
        if not is_object(value):
            raise UndecodableError(path, "an object", _name(value))
        kept: dict[str, object] = {}
        for key, element in value.items():
            try:
                kept[key] = self.coerce(element, expected.value_type, f"{path}.*")
            except UndecodableError as error:
                self._report(error)
        return kept

    def _string(self, value: object, path: str) -> object:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return self._reported(path, "a string", value, "true" if value else "false")
        if isinstance(value, (int, float)):
            with suppress(ValueError):  # Python does not format integers of more than 4300 digits.
                return self._reported(path, "a string", value, str(value))
        raise UndecodableError(path, "a string", _name(value))

    def _boolean(self, value: object, path: str) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            result = _BOOLEANS.get(value.strip().lower())
        else:
            result = bool(value) if value in (0, 1) else None
        if result is None:
            raise UndecodableError(path, "a boolean", _name(value))
        return self._reported(path, "a boolean", value, result)

    def _integer(self, value: object, path: str) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = _number(value)
        if number is None or not number.is_integer():
            raise UndecodableError(path, "an integer", _name(value))
        # Digits are not converted by way of a float, which would round large numbers.
        exact = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value.strip()) else int(number)
        return self._reported(path, "an integer", value, exact)

    def _float(self, value: object, path: str) -> object:
        number = _number(value)
        if number is None:
            raise UndecodableError(path, "a number", _name(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return number
        return self._reported(path, "a number", value, number)

    def _datetime(self, value: object, path: str) -> object:
        result = _date(value)
        if result is None:
            raise UndecodableError(path, "a date", _name(value))
        if result.tzinfo is None:
            # All times of the API are UTC.
            return self._reported(path, "a date", value, result.replace(tzinfo=UTC))
        is_text = isinstance(value, str) and not _EPOCH.fullmatch(value.strip())
        return result if is_text else self._reported(path, "a date", value, result)

    def _reported(self, path: str, expected: str, value: object, coerced: object = None) -> object:
        self._report(Coercion(without_positions(path), expected, _name(value)))
        return coerced


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DIGITS = re.compile(r"[+-]?\d{1,400}", re.ASCII)


def _is_empty(value: object) -> bool:
    return value in ({}, []) or (isinstance(value, str) and not value.strip())


def _takes(members: list[inspect.Type], empty: object) -> bool:
    """Return whether an empty value is a valid value of one of the types."""
    kinds: tuple[type[inspect.Type], ...]
    if isinstance(empty, str):
        kinds = (inspect.StrType, inspect.AnyType)
    elif empty == []:
        kinds = (inspect.ListType, inspect.VarTupleType, inspect.AnyType)
    else:
        kinds = (inspect.DictType, inspect.AnyType)
    return any(isinstance(member, kinds) for member in members)


def _is_exactly(value: object, member: inspect.Type) -> bool:
    if isinstance(value, bool):
        return isinstance(member, inspect.BoolType)
    match member:
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.IntType():
            return isinstance(value, int)
        case inspect.FloatType():
            return isinstance(value, float)
        case inspect.AnyType():
            return True
        case _:
            return False


def _keeps_places(item: inspect.Type) -> bool:
    return isinstance(item, inspect.StructType) and getattr(item.cls, "_keeps_places", False)


def _nullable(item: inspect.Type) -> bool:
    return isinstance(item, inspect.AnyType) or (
        isinstance(item, inspect.UnionType)
        and any(isinstance(member, inspect.NoneType) for member in item.types)
    )


_EXPECTED: dict[type[inspect.Type], str] = {
    inspect.StrType: "a string",
    inspect.IntType: "an integer",
    inspect.FloatType: "a number",
    inspect.BoolType: "a boolean",
    inspect.DateTimeType: "a date",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.ListType: "an array",
    inspect.VarTupleType: "an array",
}


def _names(members: list[inspect.Type]) -> str:
    return " or ".join(sorted({_EXPECTED.get(type(member), "a value") for member in members}))


def _name(value: object) -> str:
    if value is None:
        return "null"
    for kind, name in _JSON_NAMES:
        if isinstance(value, kind):
            return name if value or kind in {bool, int, float} else f"an empty {name}"
    return type(value).__name__


_JSON_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (dict, "object"),
    (list, "array"),
)


def _number(value: object) -> float | None:
    if not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _date(value: object) -> datetime | None:
    """Parse a date in any known form; ``None`` if the value is no date."""
    if isinstance(value, str) and not _EPOCH.fullmatch(value.strip()):
        for parse in (_rfc3339, datetime.fromisoformat):
            try:
                return parse(value.strip())
            except ValueError:
                continue
        return None
    number = None if isinstance(value, bool) else _number(value)
    return None if number is None else _epoch(number)


# `fromisoformat` takes many digit strings for dates, but only eight digits are one (20260801).
_EPOCH = re.compile(r"[+-]?(\d{1,7}|\d{9,})(\.\d*)?", re.ASCII)


def _rfc3339(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def _epoch(number: float) -> datetime | None:
    if abs(number) >= _EPOCH_MILLISECONDS:
        number /= 1000
    elif abs(number) < _EPOCH_SECONDS:
        return None
    try:
        return datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def without_positions(path: str) -> str:
    """Return a JSON path without the positions in arrays."""
    parts = path.split("[")
    return parts[0] + "".join("[" + part[part.index("]") :] for part in parts[1:])
