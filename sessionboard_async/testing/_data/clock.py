"""The time by which the embedded server dates what is written to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

_MILLISECOND = 1000


class Clock:
    """The present, in milliseconds since 1970; later with every reading, so that no two writes tie.

    Args:
        now: Seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self._last = 0
        self._fixed: int | None = None

    def read(self) -> int:
        """Return a moment that was never returned before."""
        return self._read(_MILLISECOND) // _MILLISECOND

    def read_precisely(self) -> float:
        """Return a moment that was never returned before, to the microsecond."""
        return self._read(1) / _MILLISECOND

    @contextmanager
    def fixed_at(self, moment: float) -> Generator[None]:
        """Return one moment with every reading: that of a write which is seen later than it was made.

        Args:
            moment: Milliseconds since 1970.
        """
        self._fixed = round(moment * _MILLISECOND)
        try:
            yield
        finally:
            self._fixed = None

    def _read(self, step: int) -> int:
        if self._fixed is not None:
            return self._fixed
        present = int(self.now() * 1_000_000) // step * step
        self._last = max((self._last // step + 1) * step, present)
        return self._last
