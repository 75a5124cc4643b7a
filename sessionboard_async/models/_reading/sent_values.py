"""Records as plain values, field by field."""

from __future__ import annotations

from collections.abc import Callable, Set

import msgspec

from sessionboard_async.models._reading.lenient import UndecodableError
from sessionboard_async.models._reading.text import first_invalid_byte

_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def sent_value(
    body: bytes | msgspec.Raw,
    names: Set[str] | None,
    report: Callable[[UndecodableError], object],
) -> object:
    """Decode a record to plain values, field by field, so that one that cannot be decoded costs no other.

    Args:
        body: The record.
        names: The only fields to decode; ``None`` for all.
        report: Called with the error of a field that cannot be decoded, such as a number out of
            range. It is ``None`` in the result.

    Raises:
        UndecodableError: If a field is not UTF-8, or the object has none of ``names``.
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: If the record is not JSON.
    """
    try:
        parts = _raw_object.decode(body)
    except msgspec.ValidationError:
        parts = None
    if parts is None:
        return _decoded(body, "$")
    if names is not None and parts and names.isdisjoint(parts):
        raise UndecodableError("$", "a record", "an object with none of its fields")
    value: dict[str, object] = {}
    for name, part in parts.items():
        if names is not None and name not in names:
            continue
        # Names that are not of a model may be anything, and are not logged.
        path = f"$.{name if names is not None else '*'}"
        try:
            value[name] = _decoded(part, path)
        except (msgspec.DecodeError, RecursionError):
            value[name] = None
            report(UndecodableError(path, "a value", "one that is out of bounds"))
    return value


def _decoded(part: bytes | msgspec.Raw, path: str) -> object:
    place = first_invalid_byte(bytes(part))
    if place is not None:
        raise UndecodableError(path, "UTF-8", f"another encoding at byte {place} of the value")
    return msgspec.json.decode(part)
