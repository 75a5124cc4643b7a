"""Payloads for every model, generated from its fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import strategies as st
from msgspec.structs import FieldInfo
from msgspec.structs import fields as struct_fields

from sessionboard_async import models
from sessionboard_async.models import OpenRecord, Record, Timestamp

MODELS: list[type[Record]] = sorted(
    (
        model
        for model in (getattr(models, name) for name in models.__all__)
        if isinstance(model, type) and issubclass(model, Record) and model not in (Record, OpenRecord)
    ),
    key=lambda model: model.__name__,
)
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def fields(model: type[Record]) -> tuple[FieldInfo, ...]:
    """Return the fields of a model that the API sends, without ``as_sent``."""
    return tuple(field for field in struct_fields(model) if field.name != "as_sent")


def decode(model: type[Record], payload: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(payload), type=model)


def alternatives(type_: Any) -> list[Any]:
    """Return the types of an optional field, without ``None``."""
    if get_origin(type_) in (Annotated, dict) or type_ in (Any, str, int, float, bool):
        return [type_]
    return [option for option in get_args(type_) if option is not type(None)]


def is_record(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Record)


def filled(model: type[Record], path: str = "") -> dict[str, Any]:
    """Return a payload with every field set; each string in it names its place.

    The other spellings ``address_coutnry`` and ``eventId`` are left out: they are read into other fields.
    """

    def value(type_: Any, here: str) -> Any:
        if is_record(type_):
            return filled(type_, here)
        if get_origin(type_) is tuple:
            return [value(get_args(type_)[0], here)]
        if get_origin(type_) is dict:
            return {"key": value(str, f"{here}.key")}
        if type_ == Timestamp:
            return "2025-03-14T23:02:51.562000Z"
        return {int: 41, float: 1.5, bool: True}.get(type_, f"<{here}>")

    return {
        field.encode_name: value(alternatives(field.type)[0], f"{path}.{field.encode_name}".lstrip("."))
        for field in fields(model)
        if field.encode_name not in ("address_coutnry", "eventId")
    }


MOMENTS = st.datetimes(
    min_value=datetime(1990, 1, 1),
    max_value=datetime(2090, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=7))]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(st.text(max_size=3), inside, max_size=2),
    max_leaves=4,
)


def values(type_: Any, depth: int) -> st.SearchStrategy[Any]:
    if is_record(type_):
        return payloads(type_, depth - 1)
    if get_origin(type_) is tuple:
        return st.lists(values(get_args(type_)[0], depth), max_size=2)
    if get_origin(type_) is dict:
        return st.dictionaries(st.text(max_size=3), values(get_args(type_)[1], depth), max_size=2)
    if type_ == Timestamp:
        return MOMENTS.map(datetime.isoformat)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=5),
        int: st.integers(-(2**53), 2**53),
        float: st.floats(allow_nan=False, allow_infinity=False),
        bool: st.booleans(),
        Any: JSON,
    }
    return simple[type_]


@st.composite
def payloads(draw: st.DrawFn, model: type[Record], depth: int = 3) -> dict[str, Any]:
    """Return a strategy of payloads for a model: some of its fields, some null, and unknown fields."""
    types = {field.encode_name: field.type for field in fields(model)}
    names = draw(st.lists(st.sampled_from(sorted(types)), max_size=6, unique=True)) if depth > 0 else []
    payload = {
        name: draw(st.none() | st.one_of(*(values(option, depth) for option in alternatives(types[name]))))
        for name in names
    }
    return payload | draw(st.dictionaries(st.sampled_from(["epoch_ms", "value_raw"]), JSON, max_size=1))
