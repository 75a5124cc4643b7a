"""A time for the embedded server that passes only when it is told to."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_START = datetime(2026, 11, 2, 12, tzinfo=UTC)


class SimulatedTime:
    """The time of an embedded server, in the hands of whoever made it.

    ::

        time = SimulatedTime(per_request=0.2)
        async with EmbeddedServer(time=time, changes=Changes(deletes=20)) as server:
            ...  # 0.2 s pass with every request: 4 deletions
            time.advance(180)  # and now three minutes at once

    Args:
        start: When it begins; the generated records are all older than the default.
        per_request: Seconds that pass before each answer.

    Raises:
        ValueError: If the start has no offset, or the seconds are negative or not finite.
    """

    def __init__(self, start: datetime = _START, per_request: float = 0.0) -> None:
        if start.tzinfo is None:
            raise ValueError("start must have an offset, such as datetime(2026, 11, 2, tzinfo=UTC)")
        self._start = start.timestamp()
        self._passed = 0.0
        self._per_request = _validate("per_request", per_request)

    def now(self) -> float:
        """Return the seconds since 1970."""
        return self._start + self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much of it.

        Raises:
            ValueError: If it is negative or not finite.
        """
        self._passed += _validate("seconds", seconds)

    def pass_request(self) -> None:
        """Let the time pass that one request takes."""
        self._passed += self._per_request

    def __repr__(self) -> str:
        return f"<SimulatedTime {datetime.fromtimestamp(self.now(), UTC).isoformat()}>"


def _validate(name: str, seconds: float) -> float:
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} must be a number of seconds, 0 or more, not {seconds}")
    return seconds
