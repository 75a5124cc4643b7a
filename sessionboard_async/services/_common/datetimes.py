"""Timestamps as callers pass them, and their form in the API."""

from __future__ import annotations

from datetime import UTC, datetime

from sessionboard_async._printable import quoted
from sessionboard_async.core.timestamps import format_utc

Timestamp = datetime | str
"""An aware datetime, or the same as an ISO 8601 string with its offset (``2026-08-01T09:00:00Z``)."""


def iso_timestamp(name: str, value: Timestamp) -> str:
    """Return a timestamp in the form of the API: ISO 8601 in UTC.

    Raises:
        ValueError: If it has no offset from UTC, or is not a time.
        TypeError: If it is neither a datetime nor a string.
    """
    return format_utc(_in_utc(name, value))


def exact_iso_timestamp(name: str, value: Timestamp) -> str:
    """Return a timestamp exactly as it was given, since servers compare some of them by the millisecond.

    A string is returned unchanged; a datetime is written with milliseconds, or with microseconds if it has
    any.

    Raises:
        ValueError: If it has no offset from UTC, or is not a time.
        TypeError: If it is neither a datetime nor a string.
    """
    utc = _in_utc(name, value)
    if isinstance(value, str):
        return value
    return format_utc(utc, "microseconds" if utc.microsecond % 1000 else "milliseconds")


def _in_utc(name: str, value: Timestamp) -> datetime:
    name = quoted(name)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name} must be an ISO 8601 time such as 2026-08-01T09:00:00Z") from None
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime or an ISO 8601 string, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ValueError(
            f"{name} has no time zone: pass an aware datetime, such as datetime.now(timezone.utc), "
            "or a string that ends in Z or an offset"
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} lies outside of the years 1 to 9999 in UTC") from None
