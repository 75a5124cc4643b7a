"""Random choices, ids and timestamps that depend only on a key: the same on every machine and Python."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import TypeVar

from sessionboard_async.core.timestamps import format_utc

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# A record is made anew for each response; these values are the same each time.
_cached = lru_cache(maxsize=65_536, typed=True)


class SeededRandom:
    """A stream of random choices for one key.

    Only ``Random.random`` is used: Python guarantees its numbers across versions.
    """

    __slots__ = ("_next",)

    def __init__(self, *key: object) -> None:
        self._next = Random("/".join(map(str, key))).random  # noqa: S311  # test data, not secrets

    def below(self, bound: int) -> int:
        """Return a number from 0 up to, but not including, ``bound``."""
        return int(self._next() * bound)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self._next() * len(options))]

    def several(self, options: Sequence[T], count: int) -> list[T]:
        """Return ``count`` neighbouring options, each once, from a random start."""
        start = self.below(len(options))
        return [options[(start + step) % len(options)] for step in range(min(count, len(options)))]

    def flag(self, share: float) -> bool:
        """Return ``True`` with the probability ``share``."""
        return self._next() < share

    def share(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        return self._next()

    def shuffle(self, items: list[T]) -> None:
        """Shuffle the items in place."""
        for last in range(len(items) - 1, 0, -1):
            other = int(self._next() * (last + 1))
            items[last], items[other] = items[other], items[last]


@_cached
def uuid_for(*key: object) -> str:
    """Return the UUID of a key."""
    digits = blake2b("/".join(map(str, key)).encode(), digest_size=16).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def milliseconds(year: int, month: int, day: int, hour: int = 0) -> int:
    """Return a time in UTC as milliseconds since 1970."""
    return (datetime(year, month, day, hour, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


@_cached
def iso_timestamp(timestamp: float) -> str:
    """Format milliseconds since 1970 as most timestamps of the API: ``2026-09-14T08:00:00.000Z``."""
    return format_utc(_EPOCH + timedelta(milliseconds=timestamp), "milliseconds")


def precise_timestamp(timestamp: float) -> str:
    """Format milliseconds since 1970 as ``iso_timestamp`` does, but with microseconds."""
    since_1970 = timedelta(microseconds=round(timestamp * 1000))
    return format_utc(_EPOCH + since_1970, "microseconds")


def optional_timestamp(timestamp: int | None) -> str | None:
    """Format a time as ``iso_timestamp`` does; ``None`` stays ``None``."""
    return None if timestamp is None else iso_timestamp(timestamp)


def offset_timestamp(timestamp: int) -> str:
    """Format milliseconds since 1970 as the API's timestamps of people: with ``+00:00``."""
    return (_EPOCH + timedelta(milliseconds=timestamp)).isoformat(timespec="milliseconds")
