"""Convert timestamps between datetimes, milliseconds since 1970 and the API's text form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

TimestampPrecision = Literal["auto", "seconds", "milliseconds", "microseconds"]


def to_milliseconds(timestamp: datetime) -> int:
    """Return an aware datetime as whole milliseconds since 1970, rounded down."""
    return (timestamp - _EPOCH) // _MILLISECOND


def format_utc(timestamp: datetime, precision: TimestampPrecision = "auto") -> str:
    """Return an aware datetime in UTC, in ISO 8601 with a ``Z``: ``2026-08-01T09:00:00.000Z``.

    Args:
        timestamp: The datetime.
        precision: The smallest unit to write, as in ``datetime.isoformat``; finer units are cut off.
    """
    return timestamp.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def format_milliseconds(milliseconds: int) -> str:
    """Return milliseconds since 1970 in the API's text form: ``2026-08-01T09:00:00.000Z``."""
    return format_utc(_EPOCH + milliseconds * _MILLISECOND, "milliseconds")
