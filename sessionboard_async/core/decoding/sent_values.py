"""The values of open records as they were sent, kept beside the decoded ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

import msgspec
from msgspec.structs import force_setattr

from sessionboard_async.core.decoding.lenient import is_array, is_object
from sessionboard_async.models.base import OpenRecord


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
    # Lenient decoding leaves out a null in an array of records.
    return zip(records, (value for value in sent if value is not None), strict=False)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return isinstance(value, tuple)
