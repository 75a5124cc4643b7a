"""JSON bodies as JavaScript reads them, within bounds."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from sessionboard_async.testing._data.errors import RequestError

MOST_LEVELS = 100
"""The greatest depth of objects and lists in a body: stored values are encoded again, recursively."""

_EXACT = 2**53
"""Whole numbers up to this one have only one spelling as a float."""

_LARGEST_INTEGER = 2**63

_object = msgspec.json.Decoder(dict[str, Any])


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object. As in JavaScript, ``100.0`` is the whole number 100, and integers are finite.

    Raises:
        RequestError: With 400 if the body is no JSON object, or too deep.
    """
    try:
        content = _object.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestError(400, "the body must be a JSON object") from None
    except RecursionError:
        raise _too_deep() from None
    return cast("dict[str, Any]", _normalized(content, MOST_LEVELS))


def _normalized(value: object, levels: int) -> object:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, int):
        return value if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else float(value)
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        raise _too_deep()
    if isinstance(value, dict):
        members = cast("dict[str, object]", value).items()
        return {name: _normalized(member, levels - 1) for name, member in members}
    return [_normalized(member, levels - 1) for member in cast("list[object]", value)]


def _too_deep() -> RequestError:
    return RequestError(400, f"the body is nested more than {MOST_LEVELS} levels deep")
