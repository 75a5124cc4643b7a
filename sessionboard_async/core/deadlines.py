"""The deadlines of the calls under way, kept with one timer of the event loop."""

from __future__ import annotations

import asyncio
import math

_SHORTEST_PAUSE = 0.01
"""Seconds between two looks at all deadlines, by which the end of a call may be late."""


class Deadlines:
    """Ends calls at their deadlines. Setting a timer for each of them is a notable part of a small call."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, timeout: asyncio.Timeout, seconds: float | None) -> None:
        """End a call after some seconds.

        Args:
            timeout: The context manager around the call, without a deadline of its own.
            seconds: The seconds from now; ``None`` if only ``end_all`` ends the call.
        """
        when = math.inf if seconds is None else asyncio.get_running_loop().time() + seconds
        self._ends[timeout] = when
        if self._timer is None or when < self._timer.when():
            self._wake_at(when)

    def bring_forward(self, timeout: asyncio.Timeout, seconds: float) -> bool:
        """End a call that was added after some seconds, if it would end later; report whether it would."""
        when = asyncio.get_running_loop().time() + seconds
        if timeout not in self._ends or when >= self._ends[timeout]:
            return False
        self._ends[timeout] = when
        if self._timer is None or when < self._timer.when():
            self._wake_at(when)
        return True

    def discard(self, timeout: asyncio.Timeout) -> None:
        """Forget a call that has ended."""
        self._ends.pop(timeout, None)

    def end_all(self) -> None:
        """End every call now."""
        self._stop_timer()
        for timeout in self._ends:
            self._end(timeout)

    def _end(self, timeout: asyncio.Timeout) -> None:
        # It stays until the call discards it, but is not due a second time.
        self._ends[timeout] = math.inf
        if not timeout.expired():
            timeout.reschedule(0)

    def _wake_at(self, when: float) -> None:
        self._stop_timer()
        if when < math.inf:
            self._timer = asyncio.get_running_loop().call_at(when, self._end_those_due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_those_due(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for timeout in [timeout for timeout, when in self._ends.items() if when <= now]:
            self._end(timeout)
        self._wake_at(max(min(self._ends.values(), default=math.inf), now + _SHORTEST_PAUSE))
