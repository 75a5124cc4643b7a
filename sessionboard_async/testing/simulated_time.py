"""A clock for the embedded server that advances only on request."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_START = datetime(2026, 11, 2, 12, tzinfo=UTC)


class SimulatedTime:
    """The time of an embedded server, controlled by the test.

    ::

        time = SimulatedTime(per_request=0.2)
        async with EmbeddedServer(time=time, changes=Changes(deletes=20)) as server:
            ...  # 0.2 s pass with every request: 4 deletions
            time.advance(180)  # three more minutes at once

    Args:
        start: The initial time, with an offset. The default is later than all generated records.
        per_request: Seconds that pass before each answer, 0 or more.

    Raises:
        ValueError: If ``start`` has no offset, or ``per_request`` is negative or not finite.
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
        """Advance the time.

        Args:
            seconds: Seconds to add, 0 or more.

        Raises:
            ValueError: If ``seconds`` is negative or not finite.
        """
        self._passed += _validate("seconds", seconds)

    def pass_request(self) -> None:
        """Advance the time by ``per_request``."""
        self._passed += self._per_request

    def __repr__(self) -> str:
        return f"<SimulatedTime {datetime.fromtimestamp(self.now(), UTC).isoformat()}>"


def _validate(name: str, seconds: float) -> float:
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{name} must be a number of seconds, 0 or more, not {seconds}")
    return seconds
