"""Answers made from the document's schemas, right and wrong."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.contract.operations import OPERATIONS, Schema, properties_of, resolved

_MOST_ITEMS = 2

_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_MOMENTS = st.datetimes(timezones=st.sampled_from([None])).map(lambda moment: moment.isoformat() + "Z")
_STRINGS = {
    "date-time": _MOMENTS,
    "uuid": st.uuids().map(str),
    "email": _TEXT.map(lambda text: f"{text}@example.org"),
    "uri": _TEXT.map(lambda text: f"https://example.org/{text}"),
}
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**31), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "null": st.none(),
}
_NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inside: st.lists(inside, max_size=2) | st.dictionaries(_TEXT, inside, max_size=2),
    max_leaves=4,
)
_ODD = ["", "something new", {}, [], [None], {"id": 7}, 0, -1, 4630, 2**63, 1.5, True, "2026-08-01"]
_WRONG = st.sampled_from(_ODD).map(copy.deepcopy) | _ANYTHING


@cache
def right(operation_id: str) -> st.SearchStrategy[Any]:
    """Make answers that the document allows; in a record it requires nothing to be there."""
    operation = OPERATIONS[operation_id]
    answer = operation.answer or {}
    properties = properties_of(answer)
    if operation.record is operation.answer or not properties:
        return _of(_Key(answer))
    # It requires no envelope either, but without one there would be no answer.
    kinds = {name: _of(_Key(inside)) for name, inside in properties.items()}
    pagination = {"pagination": kinds.pop("pagination")} if "pagination" in kinds else {}
    return st.fixed_dictionaries(kinds, optional=pagination)


class _Key:
    """A schema as a key of a cache; the document's own objects stay the same ones."""

    def __init__(self, schema: Schema) -> None:
        self.schema = resolved(schema)

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.schema is other.schema


@cache
def _of(key: _Key) -> st.SearchStrategy[Any]:
    schema = key.schema
    if "anyOf" in schema:
        return st.one_of([_of(_Key(one)) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if properties := properties_of(schema):
        return st.fixed_dictionaries(
            {}, optional={name: _of(_Key(inside)) for name, inside in properties.items()}
        )
    kinds = schema.get("type", "object")
    return st.one_of([_of_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


def _of_kind(kind: str, schema: Schema) -> st.SearchStrategy[Any]:
    match kind:
        case "array":
            return st.lists(_of(_Key(schema["items"])), max_size=_MOST_ITEMS)
        case "object":
            return st.dictionaries(_TEXT, _ANYTHING, max_size=2)
        case "string":
            return _STRINGS.get(schema.get("format", ""), _TEXT)
        case _:
            return _SCALARS[kind]


@st.composite
def wrong(draw: Callable[[st.SearchStrategy[Any]], Any], operation_id: str) -> Any:
    """Make answers that differ from the document in a few places, or nearly everywhere."""
    holder = [draw(right(operation_id))]
    for _ in range(draw(st.sampled_from([1, 1, 2, 3, 8]))):
        parent, key = draw(st.sampled_from([*_places(holder)]))
        change = draw(st.sampled_from(["other", "other", "null", "gone", "more", "as a number", "as text"]))
        match change:
            case "other":
                parent[key] = draw(_WRONG)
            case "null":
                parent[key] = None
            case "gone" if isinstance(parent, dict):
                del parent[key]
            case "more" if isinstance(parent, dict):
                parent[draw(_TEXT)] = draw(_ANYTHING)
            case "as a number":
                parent[key] = draw(st.integers(0, 2**64))
            case "as text" if not isinstance(parent[key], (dict, list)):
                parent[key] = str(parent[key])
            case _:
                parent[key] = [parent[key]]
    return holder[0]


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, inside in pairs:
        yield holder, key
        if isinstance(inside, (dict, list)):
            yield from _places(inside)
