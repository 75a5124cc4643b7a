"""The time by which the embedded server dates what is written to it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """The present, in milliseconds since 1970; later with every reading, so that no two writes tie.

    Args:
        now: Seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._last = 0

    def read(self) -> int:
        """Return a moment that was never returned before."""
        self._last = max(self._last + 1, int(self._now() * 1000))
        return self._last
