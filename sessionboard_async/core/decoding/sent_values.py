"""Records as plain values, and those of open records kept beside the decoded ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import TypeGuard

import msgspec
from msgspec.structs import force_setattr

from sessionboard_async.core.decoding.lenient import UndecodableError, is_array, is_object
from sessionboard_async.core.decoding.text import first_invalid_byte
from sessionboard_async.models.base import OpenRecord

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


def keep_as_sent(record: object, sent: object) -> None:
    """Keep the sent values in an open record, and in the records inside it."""
    if not isinstance(record, OpenRecord) or not is_object(sent):
        return
    force_setattr(record, "as_sent", sent)
    for field in msgspec.structs.fields(record):
        inner: object = getattr(record, field.name)
        for inner_record, inner_sent in _pairs(inner, sent.get(field.encode_name)):
            keep_as_sent(inner_record, inner_sent)


def _pairs(records: object, sent: object) -> Iterable[tuple[object, object]]:
    if not _is_tuple(records) or not is_array(sent):
        return ((records, sent),)
    # Lenient decoding leaves out everything else from an array of records.
    return zip(records, filter(is_object, sent), strict=False)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)
