"""The clocks of a run. Each of them may be wrong by years, so none of them decides alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from sessionboard_async.core.timestamps import to_milliseconds

EARLIEST = to_milliseconds(datetime(2000, 1, 1, tzinfo=UTC))
"""No record of the API is older: an earlier time, such as year 1, stands for no time."""

OVERLAP = 300_000
"""Milliseconds. The API may serve cached answers for 180 s; the rest is for writes that appear late."""

CONFIRMED_AFTER = 180_000
"""Milliseconds after which an id that is missing again is reported: no cached answer is as old."""


class RunClocks(msgspec.Struct, frozen=True):
    """The time at which a run began to read, in milliseconds since 1970.

    Attributes:
        local: The time of this computer.
        server: The ``Date`` of the first response; ``None`` if it has none.
    """

    local: int
    server: int | None

    @classmethod
    def at(cls, date: datetime | None) -> RunClocks:
        """Return the clocks at the arrival of a response with this ``Date``."""
        return cls(to_milliseconds(datetime.now(UTC)), None if date is None else to_milliseconds(date))

    @property
    def now(self) -> int:
        """The time by the API's clock, if it sends it."""
        return self.local if self.server is None else self.server

    def bounds(self, watermark: int | None) -> tuple[int, int]:
        """Return the earliest and the latest time that it may be.

        Args:
            watermark: The newest time in the data that was believed so far: a clock that is behind it is
                wrong.
        """
        clocks = [clock for clock in self._clocks if watermark is None or clock >= watermark]
        return min(clocks, default=self.latest), max(clocks, default=self.latest)

    def plausible(self, watermark: int | None) -> int:
        """Return the latest time that a record can have, as far as is known.

        Args:
            watermark: As for ``bounds``; before there is one, the local clock is believed.
        """
        return self.local if watermark is None else self.bounds(watermark)[0]

    @property
    def latest(self) -> int:
        """The later of the clocks."""
        return max(self._clocks)

    def may_be_cached(self, time: int) -> bool:
        """Return whether an older answer to the same request may still be served after a change at a time."""
        return any(abs(clock - time) <= OVERLAP for clock in self._clocks)

    def is_due(self, period: int, last: int | None, last_locally: int | None) -> bool:
        """Return whether a period has passed by any clock, or a clock went back.

        Args:
            period: Milliseconds.
            last: ``now`` of the last time.
            last_locally: ``local`` of the last time.
        """
        pairs = ((self.now, last), (self.local, last_locally))
        return any(before is not None and not 0 <= now - before < period for now, before in pairs)

    @property
    def _clocks(self) -> tuple[int, ...]:
        return (self.local,) if self.server is None else (self.local, self.server)


def newest(times: Iterable[int], limit: int) -> int | None:
    """Return the newest of some times in microseconds since 1970, in milliseconds.

    Args:
        times: The times; those before ``EARLIEST`` stand for no time.
        limit: The latest time, in milliseconds.
    """
    first, last = EARLIEST * 1000, limit * 1000
    found = max((time for time in times if first <= time <= last), default=None)
    return None if found is None else found // 1000
