"""Values of writes, and their form in the API."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    TypeAlias,
    TypedDict,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from sessionboard_async._printable import quoted
from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.models.base import Record
from sessionboard_async.models.fields import CustomFieldValue
from sessionboard_async.services._common.datetimes import exact_iso_timestamp
from sessionboard_async.services._common.filters import listed, one_of
from sessionboard_async.services._common.ids.arguments import id_of
from sessionboard_async.services._common.masks import refuse_masked

T = TypeVar("T")

Writable: TypeAlias = T | UnsetType | None
"""A value to write: ``None`` sends null; ``UNSET``, the same as not passing the value, sends nothing."""

CustomFields = Mapping[str, Any] | Sequence[CustomFieldValue]
"""Custom fields to write: values by internal name, or the ``custom_fields`` of a record."""

Extra = Mapping[str, Any]
"""More properties to write, under the API's names: the API accepts more than its document lists."""


class RequiredName(TypedDict):
    """The name of a record, which a create requires."""

    name: str


def payload(
    kind: type[Any], values: Mapping[str, Any], extra: Extra | None = None, *, allow_masked: bool = True
) -> dict[str, object]:
    """Return the body of a write: the values that were passed, validated and in the form of the API.

    Args:
        kind: The ``TypedDict`` of the write's values.
        values: The values that were passed.
        extra: More properties.
        allow_masked: Whether masks are allowed where the API masks personal data, which few records have.

    Raises:
        TypeError: If a keyword is unknown or missing, or a value has the wrong type.
        ValueError: If a time has no offset, a number is not finite, a word is not one that the API knows, an
            id is empty, or a value is a mask.
    """
    given = validate(kind, values, advice="; what the API's document does not list goes into extra={...}")
    more = dict(extra or {})
    if odd := [name for name in more if not isinstance(name, str)]:
        raise TypeError(f"names in extra must be str, not {listed(odd)}")
    if known := more.keys() & _hints(cast("Hashable", kind)).keys():
        raise TypeError(f"pass {', '.join(sorted(known))} by keyword, not in extra")
    body = {name: _encoded(name, value) for name, value in given.items()}
    body |= {name: _encoded(name, value) for name, value in more.items() if value is not UNSET}
    if not allow_masked:
        refuse_masked(body)
    return body


def validate(kind: type[Any], values: Mapping[str, Any], *, advice: str = "") -> dict[str, Any]:
    """Return the values that were passed, without those that are ``UNSET``, if a call accepts them.

    Args:
        kind: The ``TypedDict`` of the call's values.
        values: The values that were passed; ``UNSET`` counts as not passed.
        advice: The end of the message about an unknown keyword.

    Raises:
        TypeError: If a keyword is unknown or missing, or a value has the wrong type.
        ValueError: If a word is not one that the API knows, or an id is empty.
    """
    hints = _hints(cast("Hashable", kind))
    if unknown := values.keys() - hints.keys():
        raise TypeError(f"unknown: {listed(unknown)}{advice}{did_you_mean(unknown, hints)}")
    given = {name: _checked(name, value, hints[name]) for name, value in values.items() if value is not UNSET}
    for name, value in given.items():
        _check_ids(name, value, hints[name])
    if missing := kind.__required_keys__ - given.keys():
        raise TypeError(f"missing: {', '.join(sorted(missing))}")
    return given


def with_version(record: object, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of an update, with the ``updated_at`` of the record as it was read.

    Args:
        record: The record, or its id: then the values are returned unchanged.
        values: The values that were passed; an ``updated_at`` among them has precedence.
    """
    updated_at = getattr(record, "updated_at", None) if isinstance(record, Record) else None
    return values if updated_at is None else {"updated_at": updated_at, **values}


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(cast("type[Any]", kind))


def _checked(name: str, value: object, hint: Any) -> object:
    """Return a value unchanged if it has one of the wanted types."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    words = [word for option in options if get_origin(option) is Literal for word in get_args(option)]
    if words and isinstance(value, str):
        return one_of(name, value, words)
    kinds = tuple(
        str if get_origin(option) is Literal else get_origin(option) or option for option in options
    )
    # A string is a sequence, and a boolean an integer, but neither is ever meant as one.
    is_mistaken = (isinstance(value, str) and str not in kinds) or (
        isinstance(value, bool) and bool not in kinds
    )
    if is_mistaken or not isinstance(value, (*kinds, int) if float in kinds else kinds):
        wanted = [kind.__name__ for kind in kinds if kind not in (NoneType, UnsetType)]
        raise TypeError(f"{name} must be {' or '.join(wanted)}, not {type(value).__name__}")
    return value


def _check_ids(name: str, value: object, hint: Any) -> None:
    """Refuse ids that are empty, and those in a list that have another type."""
    options = get_args(hint)
    if name.endswith("_id"):
        _refuse_empty_id(name, value, "; None clears it" if UnsetType in options else "")
    if name.endswith("_ids") and isinstance(value, Sequence):
        for id_ in cast("Sequence[object]", value):
            for option in options:
                if get_origin(option) is Sequence:
                    _checked(f"an id in {name}", id_, get_args(option)[0])
            _refuse_empty_id(f"an id in {name}", id_)


def _refuse_empty_id(name: str, value: object, hint: str = "") -> None:
    id_: object = getattr(value, "id", None) if isinstance(value, Record) else value
    if isinstance(id_, str) and not id_.strip():
        raise ValueError(f"{name} must not be empty{hint}")


def _encoded(name: str, value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and name.endswith("_at")):
        return exact_iso_timestamp(name, value)
    if name == "custom_fields" and isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        value = _by_internal_name(cast("Sequence[CustomFieldValue]", value))
    return _inner(name, value)


def _inner(name: str, value: object) -> object:
    """Return a value with datetimes, structs, sets and ids at any depth in the form of the API."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Record) and name.endswith(("_id", "_ids")):
        return id_of(name, value, Record)
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value, builtin_types=(datetime,))
    if isinstance(value, datetime):
        return exact_iso_timestamp(name, value)
    if isinstance(value, Mapping):
        return {key: _inner(name, item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_inner(name, item) for item in cast("Iterable[object]", value)]
    if isinstance(value, float) and not isfinite(value):
        # JSON would turn it into null, which clears the value.
        raise ValueError(f"{quoted(name)} must be a finite number, not {value}")
    if isinstance(value, (bytes, bytearray, memoryview)):
        kind = type(cast("object", value)).__name__
        raise TypeError(f"{quoted(name)} must be text, a number or the like, not {kind}")
    return value


def _by_internal_name(fields: Sequence[CustomFieldValue]) -> dict[str, object]:
    values: dict[str, object] = {}
    for field in fields:
        if not isinstance(field, CustomFieldValue) or field.lookup_name is None:
            raise TypeError("custom_fields must be {internal_name: value}, or the list that a record has")
        values[field.lookup_name] = field.value
    return values
