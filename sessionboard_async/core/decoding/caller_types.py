"""The caller's own record types: msgspec structs, dataclasses and TypedDicts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import is_dataclass
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any, Final, TypeAlias, cast, get_args, get_origin, get_type_hints, is_typeddict

import msgspec
from msgspec import NODEFAULT, inspect

from sessionboard_async.models.base import Timestamp

IdType: TypeAlias = str | int | None
"""The type of an id that is read beside a record."""
TimestampType: TypeAlias = Timestamp | None
"""The type of a timestamp that is read beside a record."""

_USUAL_TIMESTAMPS: Final[tuple[object, ...]] = (datetime, datetime | None, Timestamp, TimestampType)
_JSON_TYPES: Final = (str, int, float, bool, list, dict)
_KEY_NAMES: Final = ("key_of_record", "timestamp_of_record")


class KeyedType(msgspec.Struct, frozen=True):
    """A struct with the fields of a caller's type, and those by which records are ordered.

    Attributes:
        type: The struct.
        id: The name of its attribute with the id.
        timestamp: The name of its attribute with the timestamp; ``None`` without one.
    """

    type: type[Any]
    id: str
    timestamp: str | None


def validate_record_type(type_: object) -> None:
    """Check that records can be decoded into a type.

    Raises:
        TypeError: If it is no msgspec struct, dataclass or TypedDict, or has a field of a type that JSON
            cannot be decoded into.
    """
    origin: object = get_origin(type_) or type_
    cls = cast("type[object]", origin) if isinstance(origin, type) else None
    if cls is None or not (issubclass(cls, msgspec.Struct) or is_dataclass(cls) or is_typeddict(cls)):
        hint = ": raw() returns plain dicts, and raw_json() JSON" if cls in (dict, msgspec.Raw) else ""
        raise TypeError(
            f"records are decoded into a msgspec struct, dataclass or TypedDict, not {type_!r}{hint}"
        )
    name = cls.__name__
    try:
        fields = _fields(type_)
        msgspec.json.Decoder(type_)
    except (TypeError, NameError) as error:
        raise TypeError(f"records cannot be decoded into {name}: {error}") from error
    if not fields or getattr(getattr(cls, "__struct_config__", None), "array_like", False):
        raise TypeError(f"records cannot be decoded into {name}: it is no object with fields")
    for field in fields:
        members = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for member in members:
            if isinstance(member, inspect.CustomType) and not any(
                issubclass(kind, member.cls) for kind in _JSON_TYPES
            ):
                raise TypeError(
                    f"records cannot be decoded into {name}: its field {field.name} has the type "
                    f"{member.cls.__name__}, which JSON cannot be decoded into"
                )


def sent_names(type_: Hashable, record: Hashable) -> Mapping[str, str]:
    """Return the names that the API uses for fields of a caller's type, where they differ.

    Args:
        type_: The caller's type. A field that it renames itself keeps that name.
        record: The full record, whose attributes have the usual names.

    Returns:
        The usual names by those that the API sends.
    """
    if not (isinstance(record, type) and issubclass(record, msgspec.Struct)):
        return {}
    usual = {field.name for field in _fields(type_) if field.name == field.encode_name}
    return {
        field.encode_name: field.name
        for field in _fields(record)
        if field.name != field.encode_name and field.name in usual
    }


@lru_cache(maxsize=256)
def keyed_type(type_: Hashable, timestamp: str | None) -> KeyedType | None:
    """Return a struct with the fields of a caller's type that also holds id and timestamp.

    Args:
        type_: The caller's type.
        timestamp: The API's name of the timestamp; ``None`` if it is not needed.

    Returns:
        ``None`` for a type whose records cannot be made from such a struct, or that reads id or timestamp in
        a type of its own.
    """
    if not isinstance(type_, type) or is_typeddict(type_) or _is_special(type_):
        return None
    hints = get_type_hints(type_, include_extras=True)
    names = {"id": _KEY_NAMES[0]} | ({} if timestamp is None else {timestamp: _KEY_NAMES[1]})
    missing = dict(names)
    fields: list[Any] = []
    for field in _fields(type_):
        hint = hints[field.name]
        if field.encode_name in names:
            if not _is_usual(hint, is_id=field.encode_name == "id"):
                return None
            names[field.encode_name] = field.name
            del missing[field.encode_name]
            if field.encode_name == timestamp:
                hint = TimestampType
        if field.name in _KEY_NAMES or not _has_usual_default(field, hint):
            return None
        factory = None if field.default_factory is NODEFAULT else field.default_factory
        fields.append((field.name, hint, _field(field.encode_name, field.default, factory)))
    for name, attribute in missing.items():
        hint = IdType if name == "id" else TimestampType
        fields.append((attribute, hint, _field(name, None)))
    struct = msgspec.defstruct(type_.__name__, fields, kw_only=True, gc=False)
    return KeyedType(struct, names["id"], None if timestamp is None else names[timestamp])


def _fields(type_: Hashable) -> Iterable[inspect.Field]:
    return cast("inspect.StructType", inspect.type_info(type_)).fields


def _is_special(type_: type) -> bool:
    config: msgspec.structs.StructConfig | None = getattr(type_, "__struct_config__", None)
    return config is not None and (config.tag is not None or config.forbid_unknown_fields)


def _is_usual(hint: object, *, is_id: bool) -> bool:
    if is_id:
        return {*(get_args(hint) or (hint,))} <= {str, int, NoneType, object, Any}
    return hint in _USUAL_TIMESTAMPS


def _has_usual_default(field: inspect.Field, hint: object) -> bool:
    """Return whether a field that is missing is valid where a record is made from another one."""
    if field.required or field.default_factory is not NODEFAULT:
        return True
    if field.default is NODEFAULT:  # It is UNSET.
        return False
    try:
        msgspec.convert(field.default, cast("type[object]", hint))
    except msgspec.ValidationError:
        return False
    return True


def _field(name: str, default: object, default_factory: Callable[[], object] | None = None) -> object:
    if default_factory is not None:
        return msgspec.field(default_factory=default_factory, name=name)
    return msgspec.field(name=name) if default is NODEFAULT else msgspec.field(default=default, name=name)
