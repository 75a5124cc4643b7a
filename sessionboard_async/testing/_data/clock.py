"""The clock that dates writes to the embedded server."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

_MILLISECOND = 1000


class Clock:
    """The current time in milliseconds since 1970; it grows with every reading, so no two writes are equal.

    Args:
        now: The underlying clock, in seconds since 1970.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self._last = 0
        self._fixed: int | None = None

    def read(self) -> int:
        """Return a timestamp that was never returned before."""
        return self._read(_MILLISECOND) // _MILLISECOND

    def read_precisely(self) -> float:
        """Return a timestamp that was never returned before, in microsecond precision."""
        return self._read(1) / _MILLISECOND

    @contextmanager
    def fixed_at(self, timestamp: float) -> Generator[None]:
        """Return one fixed timestamp from every reading, for a write that becomes visible later.

        Args:
            timestamp: Milliseconds since 1970.
        """
        self._fixed = round(timestamp * _MILLISECOND)
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
