"""Reading values that are not of the type that was promised, without losing what they say.

The API's document and its answers differ in small ways: a number comes as a string, a date is empty, an
unassigned object is ``{}``. Here a decoded JSON value is led along the type that was promised, and each
difference is mended where that loses nothing, and noted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeGuard, TypeVar, cast

import msgspec
from msgspec import inspect

from sessionboard_async.models.base import OpenRecord

T = TypeVar("T")

Drift = tuple[str, str, str]
"""Where (a path without positions), what was promised, and what came."""

# Epoch times: seconds of the years 2001 to 5138 lie between these, milliseconds above.
_EPOCH_SECONDS = 1e9
_EPOCH_MILLISECONDS = 1e11


class UnreadableError(Exception):
    """A value that cannot be read as what was promised, whatever is allowed.

    Attributes:
        path: The JSON path of the value in the record.
        promised: What was promised.
        came: The JSON type that came.
    """

    def __init__(self, path: str, promised: str, came: str) -> None:
        super().__init__(f"{path} promised {promised}, and {came} came")
        self.path = path
        self.promised = promised
        self.came = came


def read_leniently(value: object, type_: type[T], note: Callable[[Drift], None]) -> T:
    """Turn a decoded JSON value into a type, mending what can be mended.

    Args:
        value: Any JSON value, as plain Python.
        type_: What it should become.
        note: Told each difference that was mended.

    Raises:
        UnreadableError: If a value cannot be read at all.
    """
    mended = _Mender(note).mend(value, _type_info(cast("Hashable", type_)), "$")
    try:
        return msgspec.convert(mended, type_)
    except (msgspec.ValidationError, RecursionError) as error:
        reason = str(error)
    # Of what `msgspec` says, only this kind of sentence surely holds no value.
    raise UnreadableError("$", "a record", reason if reason.startswith("Object missing") else "another value")


@lru_cache(maxsize=256)
def _type_info(type_: Hashable) -> inspect.Type:
    return inspect.type_info(type_)


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Tell whether a decoded JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Tell whether a decoded JSON value is an array."""
    return isinstance(value, list)


class _Mender:
    def __init__(self, note: Callable[[Drift], None]) -> None:
        self._note = note

    def mend(self, value: object, promised: inspect.Type, path: str) -> object:
        match promised:
            case inspect.UnionType():
                return self._union(value, promised, path)
            case inspect.StructType():
                return self._struct(value, promised, path)
            case inspect.VarTupleType() | inspect.ListType():
                return self._array(value, promised.item_type, path)
            case inspect.DictType():
                return self._mapping(value, promised, path)
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

    def _union(self, value: object, promised: inspect.UnionType, path: str) -> object:
        members = [member for member in promised.types if not isinstance(member, inspect.NoneType)]
        if _nullable(promised):
            if value is None:
                return None
            if _is_empty(value) and not _takes(members, value):
                # `{}` for an object that is not assigned is the API's habit, and no drift.
                if value != {} or not any(isinstance(member, inspect.StructType) for member in members):
                    self._noted(path, _names(members), value)
                return None
        for member in members:
            if _is_exactly(value, member):
                return self.mend(value, member, path)
        for member in members[:-1]:
            try:
                return self.mend(value, member, path)
            except UnreadableError:
                continue
        try:
            return self.mend(value, members[-1], path)
        except UnreadableError:
            # A date that cannot be read is as good as none, unlike any other value.
            is_date = isinstance(members[-1], inspect.DateTimeType) and _nullable(promised)
            if not is_date or is_object(value) or is_array(value):
                raise
        return self._noted(path, _names(members), value)

    def _struct(self, value: object, promised: inspect.StructType, path: str) -> object:
        if not is_object(value):
            raise UnreadableError(path, "an object", _name(value))
        mended = dict(value)
        for field in promised.fields:
            name = field.encode_name
            if name not in value:
                continue
            try:
                mended[name] = self.mend(value[name], field.type, f"{path}.{name}")
            except UnreadableError as unreadable:
                if not issubclass(promised.cls, OpenRecord):
                    raise
                # Left out here, and so not lost: an open record keeps all that came as it came.
                self._note((_without_positions(unreadable.path), unreadable.promised, unreadable.came))
                del mended[name]
        return mended

    def _array(self, value: object, item: inspect.Type, path: str) -> object:
        if not is_array(value):
            raise UnreadableError(path, "an array", _name(value))
        kept: list[object] = []
        for index, element in enumerate(value):
            if element is None and not _nullable(item):
                # A null in an array of records says nothing that could be lost.
                self._noted(f"{path}[]", _names([item]), element)
            else:
                kept.append(self.mend(element, item, f"{path}[{index}]"))
        return kept

    def _mapping(self, value: object, promised: inspect.DictType, path: str) -> object:
        if not is_object(value):
            raise UnreadableError(path, "an object", _name(value))
        return {key: self.mend(element, promised.value_type, f"{path}.*") for key, element in value.items()}

    def _string(self, value: object, path: str) -> object:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return self._noted(path, "a string", value, "true" if value else "false")
        if isinstance(value, (int, float)):
            with suppress(ValueError):  # Python refuses to write out integers of more than 4300 digits.
                return self._noted(path, "a string", value, str(value))
        raise UnreadableError(path, "a string", _name(value))

    def _boolean(self, value: object, path: str) -> object:
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            read = _BOOLEANS.get(value.strip().lower())
        else:
            read = bool(value) if value in (0, 1) else None
        if read is None:
            raise UnreadableError(path, "a boolean", _name(value))
        return self._noted(path, "a boolean", value, read)

    def _integer(self, value: object, path: str) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = _number(value)
        if number is None or not number.is_integer():
            raise UnreadableError(path, "an integer", _name(value))
        # Not by way of a float where it has all its digits: that would round large ones.
        exact = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value.strip()) else int(number)
        return self._noted(path, "an integer", value, exact)

    def _float(self, value: object, path: str) -> object:
        number = _number(value)
        if number is None:
            raise UnreadableError(path, "a number", _name(value))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return number
        return self._noted(path, "a number", value, number)

    def _datetime(self, value: object, path: str) -> object:
        read = _date(value)
        if read is None:
            raise UnreadableError(path, "a date", _name(value))
        if read.tzinfo is None:
            # The API's times are UTC throughout.
            return self._noted(path, "a date", value, read.replace(tzinfo=UTC))
        is_text = isinstance(value, str) and not _EPOCH.fullmatch(value.strip())
        return read if is_text else self._noted(path, "a date", value, read)

    def _noted(self, path: str, promised: str, value: object, mended: object = None) -> object:
        self._note((_without_positions(path), promised, _name(value)))
        return mended


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DIGITS = re.compile(r"[+-]?\d{1,400}", re.ASCII)


def _is_empty(value: object) -> bool:
    return value in ({}, []) or (isinstance(value, str) and not value.strip())


def _takes(members: list[inspect.Type], empty: object) -> bool:
    """Tell whether an empty value is a right value of one of the types."""
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


def _nullable(item: inspect.Type) -> bool:
    return isinstance(item, inspect.AnyType) or (
        isinstance(item, inspect.UnionType)
        and any(isinstance(member, inspect.NoneType) for member in item.types)
    )


_PROMISES: dict[type[inspect.Type], str] = {
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
    return " or ".join(sorted({_PROMISES.get(type(member), "a value") for member in members}))


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
    """Read a date in any of the forms that were seen; ``None`` for what is none."""
    if isinstance(value, str) and not _EPOCH.fullmatch(value.strip()):
        for read in (_rfc3339, datetime.fromisoformat):
            try:
                return read(value.strip())
            except ValueError:
                continue
        return None
    number = None if isinstance(value, bool) else _number(value)
    return None if number is None else _epoch(number)


# Digits alone are no calendar, though `fromisoformat` finds one in many of them: only eight are (20260801).
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


def _without_positions(path: str) -> str:
    parts = path.split("[")
    return parts[0] + "".join("[" + part[part.index("]") :] for part in parts[1:])
