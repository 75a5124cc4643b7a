"""Answers of every operation with one value of another type, generated from the models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Pages
from sessionboard_async.services import load_services

load_services()

ODD: dict[str, bytes] = {
    "null": b"null",
    "false": b"false",
    "an integer": b"7",
    "a long integer": b"1" * 5_000,
    "a number out of range": b"1e999",
    "a text": b'"N/A"',
    "an empty text": b'""',
    "half a character": rb'"cut \ud83d"',
    "an object": b'{"odd":{"value":7}}',
    "an empty object": b"{}",
    "an array": b'[7,"N/A",{"odd":[7]},[],null]',
}
"""Values of every JSON type, and at the bounds of some."""

_DEPTH = 2


def record_of(endpoint: Endpoint[Any]) -> type[Any]:
    """Return the type of the records that an operation answers with; that of ``None`` if there are none."""
    answer = endpoint.answer
    return answer.record if isinstance(answer, Pages) else type(None) if answer is None else answer


def operations() -> list[Endpoint[Any]]:
    """Return an operation for each type of answer and each of its forms: one record, or a page."""
    found: dict[tuple[object, bool], Endpoint[Any]] = {}
    for endpoint in ENDPOINTS.values():
        record = record_of(endpoint)
        if isinstance(record, type) and issubclass(record, msgspec.Struct):
            found.setdefault((record, isinstance(endpoint.answer, Pages)), endpoint)
    return [*found.values()]


def example(type_: inspect.Type, depth: int = _DEPTH) -> Any:
    """Return a value of a type, with every field filled down to some depth."""
    match type_:
        case inspect.UnionType():
            return example(next(one for one in type_.types if not isinstance(one, inspect.NoneType)), depth)
        case inspect.StructType():
            if not depth:
                return {}
            return {
                field.encode_name: example(field.type, depth - 1)
                for field in type_.fields
                if field.encode_name != "as_sent"
            }
        case inspect.VarTupleType() | inspect.ListType():
            return [example(type_.item_type, depth)] if depth else []
        case inspect.DictType():
            return {"key": example(type_.value_type, depth)}
        case inspect.StrType():
            return "text"
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return 5
        case inspect.FloatType():
            return 0.5
        case inspect.DateTimeType():
            return "2026-08-01T09:00:00Z"
        case _:
            return {"any": ["value"]}


def places(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value inside another."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, its in inside:
        yield (*above, key)
        yield from places(its, (*above, key))


def with_odd(value: Any, path: tuple[str | int, ...], odd: bytes) -> bytes:
    """Return a value as JSON, with other JSON at a path."""
    changed: Any = msgspec.json.decode(msgspec.json.encode(value))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = msgspec.Raw(odd)
    return msgspec.json.encode(changed)
