"""Answers made from the schemas of the API, valid and invalid ones.

The caller's random generator decides everything, so its seed makes the same answer again. Hypothesis is
not used: it records each of the thousands of choices in a session, which takes far longer than decoding it.
"""

from __future__ import annotations

import copy
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests.contract.operations import Operation, Schema, properties_of, resolved

_MOST_ITEMS = 2
_EMPTY = 0.1
"""The share of objects without any property."""
_DEEPEST = 2
"""The most levels of an arbitrary JSON value."""

_INTEGERS = [0, 1, -1, 4630, 2**31, -(2**31), 2**53]
_LARGE = [2**63 - 1, 2**63, -(2**63) - 1, 2**64, 2**70]
_FLOATS = [0.0, -0.0, 1.5, -1e-9, 5e-324, 1.7976931348623157e308]
_TEXTS = ["", " ", "a", "null", "4630", "2026-08-01", "\x00", "\x7f", "\n", '"', "\\", "\u2028", "\U0001f600"]
_SURROGATES = range(0xD800, 0xE000)
_FIRST_YEAR, _LAST_YEAR = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)
_ODD = ["", "something new", {}, [], [None], {"id": 7}, 0, -1, 4630, 2**63, 1.5, True, "2026-08-01"]


def valid(operation: Operation, random: Random) -> Any:
    """Make an answer that the schema allows; no property of a record is required."""
    answer = operation.answer or {}
    properties = properties_of(answer)
    if operation.record is operation.answer or not properties:
        return _value(answer, random, _density(random))
    # The schema requires no envelope either, but without one there is no answer.
    return {
        name: _value(inside, random, _density(random))
        for name, inside in properties.items()
        if name != "pagination" or random.random() < 0.5
    }


def invalid(operation: Operation, random: Random) -> Any:
    """Make an answer that differs from the schema in a few places, or nearly everywhere."""
    holder = [valid(operation, random)]
    for _ in range(random.choice([1, 1, 2, 3, 8])):
        parent, key = random.choice([*_places(holder)])
        match random.choice(["other", "other", "null", "gone", "more", "as a number", "as text"]):
            case "other":
                parent[key] = (
                    copy.deepcopy(random.choice(_ODD)) if random.random() < 0.5 else _anything(random)
                )
            case "null":
                parent[key] = None
            case "gone" if isinstance(parent, dict):
                del parent[key]
            case "more" if isinstance(parent, dict):
                parent[_text(random)] = _anything(random)
            case "as a number":
                parent[key] = random.choice([random.getrandbits(64), *_INTEGERS, *_LARGE])
            case "as text" if not isinstance(parent[key], (dict, list)):
                parent[key] = str(parent[key])
            case _:
                parent[key] = [parent[key]]
    return holder[0]


def _density(random: Random) -> float:
    """Choose how probable a property is: all of them, few, or some."""
    return random.choice([1.0, 0.2, 0.5, 0.8])


def _value(schema: Schema, random: Random, density: float) -> Any:
    schema = resolved(schema)
    if "anyOf" in schema:
        return _value(random.choice(schema["anyOf"]), random, density)
    if "enum" in schema:
        return random.choice(schema["enum"])
    if properties := properties_of(schema):
        here = 0.0 if random.random() < _EMPTY else density
        return {
            name: _value(inside, random, density)
            for name, inside in properties.items()
            if random.random() < here
        }
    kinds = schema.get("type", "object")
    return _of_kind(kinds if isinstance(kinds, str) else random.choice(kinds), schema, random, density)


def _of_kind(kind: str, schema: Schema, random: Random, density: float) -> Any:
    match kind:
        case "array":
            number = random.randint(0, _MOST_ITEMS)
            return [_value(schema["items"], random, density) for _ in range(number)]
        case "object":
            return {_text(random): _anything(random) for _ in range(random.randint(0, _MOST_ITEMS))}
        case "string":
            return _string(schema.get("format", ""), random)
        case "integer":
            return random.choice([*_INTEGERS, random.randint(-(2**31), 2**53)])
        case "number":
            return _float(random)
        case "boolean":
            return random.random() < 0.5
        case _:
            assert kind == "null"
            return None


def _string(format_: str, random: Random) -> str:
    match format_:
        case "date-time":
            seconds = (_LAST_YEAR - _FIRST_YEAR) // timedelta(seconds=1)
            time = _FIRST_YEAR + timedelta(seconds=random.choice([0, seconds, random.randint(0, seconds)]))
            return time.replace(microsecond=random.choice([0, 1, 500_000, 999_999])).isoformat() + "Z"
        case "uuid":
            return str(UUID(int=random.getrandbits(128)))
        case "email":
            return f"{_text(random)}@example.org"
        case "uri":
            return f"https://example.org/{_text(random)}"
        case _:
            return _text(random)


def _text(random: Random) -> str:
    if random.random() < 0.3:
        return random.choice(_TEXTS)
    most = random.choice([0x7F, 0xFF, 0xFFFF, 0x10FFFF])
    points = [random.randint(0, most) for _ in range(random.randint(0, 12))]
    return "".join(chr(point) for point in points if point not in _SURROGATES)


def _float(random: Random) -> float:
    if random.random() < 0.3:
        return random.choice(_FLOATS)
    number: float = struct.unpack("d", random.randbytes(8))[0]
    is_finite = number - number == 0
    return number if is_finite else random.uniform(-1e6, 1e6)


def _anything(random: Random, depth: int = 0) -> Any:
    """Make a JSON value of any type."""
    match random.choice(["null", "boolean", "integer", "number", "text", "array", "object"]):
        case "integer":
            return random.choice([*_INTEGERS, *_LARGE, random.getrandbits(70)])
        case "text":
            return _text(random)
        case "array" if depth < _DEEPEST:
            return [_anything(random, depth + 1) for _ in range(random.randint(0, _MOST_ITEMS))]
        case "object" if depth < _DEEPEST:
            return {
                _text(random): _anything(random, depth + 1) for _ in range(random.randint(0, _MOST_ITEMS))
            }
        case "boolean":
            return random.random() < 0.5
        case "number":
            return _float(random)
        case _:
            return None


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    pairs = holder.items() if isinstance(holder, dict) else enumerate(holder)
    for key, inside in pairs:
        yield holder, key
        if isinstance(inside, (dict, list)):
            yield from _places(inside)
