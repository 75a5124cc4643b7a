"""Versions of records, by which a feed recognizes what it reported before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sessionboard_async.change_feed.clocks import EARLIEST, OVERLAP
from sessionboard_async.core.pagination.checkpoints.checkpoint import digest
from sessionboard_async.core.pagination.record_keys import timestamp_getter

Version = int | str
"""The time of the last change in microseconds since 1970; or a digest of a record without a usable time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def version_getter(record: type[Any], latest: int | None) -> Callable[[Any], Version]:
    """Return a function that returns the version of a record.

    Args:
        record: The type of the records.
        latest: The latest time that it may be, in milliseconds since 1970. A time that lies further in the
            future, or in the year 1, may stay the same when the record changes. ``None`` to use no times.
    """
    if latest is None:
        return digest
    updated_at = timestamp_getter(record, "updated_at")
    first, last = EARLIEST * 1000, (latest + OVERLAP) * 1000

    def version(record: Any) -> Version:
        time = microseconds(updated_at(record))
        return time if time is not None and first <= time <= last else digest(record)

    return version


def microseconds(timestamp: object) -> int | None:
    """Return an aware datetime or ISO 8601 string as microseconds since 1970; ``None`` if it is neither."""
    if isinstance(timestamp, str):
        try:
            timestamp = datetime.fromisoformat(timestamp)
        except ValueError:
            return None
    if not isinstance(timestamp, datetime) or timestamp.tzinfo is None:
        return None
    return (timestamp - _EPOCH) // _MICROSECOND
