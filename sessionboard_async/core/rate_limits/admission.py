"""Decisions whether a queued call may start."""

from __future__ import annotations

import math
from typing import Protocol

from sessionboard_async.core.http.request import Priority


class Admission(Protocol):
    """Decides whether a queued call may start."""

    def wait(self, now: float, priority: Priority) -> float:
        """Return the seconds that a call must wait: 0.0 if it may begin, infinite if another must end."""
        ...

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate the seconds that a call must wait behind others."""
        ...

    def begin(self, now: float) -> None:
        """Admit a call."""
        ...

    def cancel(self) -> None:
        """Undo the admission of a call."""
        ...

    def unanswered(self, now: float, sent: float) -> None:
        """End a call with an unknown outcome."""
        ...


class ConcurrencyCap:
    """Admits a fixed number of calls at a time.

    Args:
        most: The number.
    """

    __slots__ = ("in_flight", "most")

    def __init__(self, most: int) -> None:
        self.most: int = most
        self.in_flight: int = 0

    def wait(self, now: float, priority: Priority) -> float:
        """Return 0.0 if a call may begin, and infinity if another must end first."""
        return 0.0 if self.in_flight < self.most else math.inf

    def expected_wait(self, now: float, ahead: int) -> float:
        """Return 0.0: the duration of calls is not known, but short."""
        return 0.0

    def begin(self, now: float) -> None:
        """Admit a call."""
        self.in_flight += 1

    def cancel(self) -> None:
        """End a call."""
        self.in_flight -= 1

    def unanswered(self, now: float, sent: float) -> None:
        """End a call."""
        self.in_flight -= 1
