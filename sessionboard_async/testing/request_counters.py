"""Request counters of the embedded server: pure arithmetic on a clock that the caller supplies.

The counters also work alone, as models of a server on a simulated clock: the caller passes the time to
``hit``, and it must never run backwards.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

# Tolerance in seconds for sums of floats: a client that waits exactly as long as announced is admitted.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of counting one request.

    Attributes:
        allowed: Whether the request is answered; otherwise it is refused.
        limit: Requests per window.
        window: The window's length in seconds.
        remaining: Requests that would still be answered now.
        resets_in: Seconds until ``remaining`` grows again, as this kind of counter announces it.
        retry_in: Seconds until a request would be answered; 0 if this one is.
    """

    allowed: bool
    limit: int
    window: float
    remaining: int
    resets_in: float
    retry_in: float

    @property
    def reset(self) -> int:
        """``resets_in`` in whole seconds, rounded up."""
        return _whole(self.resets_in)

    @property
    def retry_after(self) -> int:
        """``retry_in`` in whole seconds, rounded up."""
        return _whole(self.retry_in)


class RequestCounter(Protocol):
    """Counts the requests of one key: one token in one category."""

    @property
    def limit(self) -> int:
        """Requests per window."""
        ...

    @property
    def window(self) -> float:
        """The window's length in seconds."""
        ...

    def hit(self, now: float) -> Verdict:
        """Count one request.

        Args:
            now: The seconds of a monotonic clock.
        """
        ...


class FixedWindow:
    """A window that opens at the first request and ends for all of its requests at once.

    Args:
        limit: Requests per window.
        window: Its length in seconds.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._opened = -math.inf
        self._hits = 0

    def hit(self, now: float) -> Verdict:
        """Count one request, refused ones included."""
        if now - self._opened >= self.window - _ROUNDING:
            self._opened = now
            self._hits = 0
        self._hits += 1
        left = self.window - (now - self._opened)
        allowed = self._hits <= self.limit
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=max(0, self.limit - self._hits),
            resets_in=left,
            retry_in=0.0 if allowed else left,
        )


class SlidingLog:
    """A log of answered requests that never holds more than the limit in any window.

    The reset is the time at which the oldest request leaves the log.

    Args:
        limit: Requests per window.
        window: Its length in seconds.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._answered: deque[float] = deque()

    def hit(self, now: float) -> Verdict:
        """Count one request, unless it is refused."""
        while self._answered and now - self._answered[0] >= self.window - _ROUNDING:
            self._answered.popleft()
        allowed = len(self._answered) < self.limit
        if allowed:
            self._answered.append(now)
        left = self.window - (now - self._answered[0])
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=self.limit - len(self._answered),
            resets_in=left,
            retry_in=0.0 if allowed else left,
        )


class TokenBucket:
    """A bucket of tokens that refills evenly, from empty to full within one window.

    The reset is the time at which the bucket is full again.

    Args:
        limit: Capacity in tokens.
        window: Seconds in which an empty bucket fills.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._spent = 0.0
        self._as_of = -math.inf

    def hit(self, now: float) -> Verdict:
        """Count one request, unless it is refused."""
        self._spent = max(0.0, self._spent - (now - self._as_of) * self.limit / self.window)
        self._as_of = now
        seconds_per_token = self.window / self.limit
        wait = (self._spent + 1.0 - self.limit) * seconds_per_token
        allowed = wait <= _ROUNDING
        if allowed:
            self._spent += 1.0
        left = self.limit - self._spent + _ROUNDING / seconds_per_token
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=max(0, math.floor(left)),
            resets_in=self._spent * seconds_per_token,
            retry_in=0.0 if allowed else wait,
        )


class SharedCounter:
    """A counter that another client with the same token also uses, evenly, from the first request on.

    Args:
        counter: The counter that both use.
        share: The share of each window that the other client uses, more than 0 and less than 1.
    """

    def __init__(self, counter: RequestCounter, share: float) -> None:
        self._counter = counter
        self._interval = counter.window / (counter.limit * share)
        self._next: float | None = None

    @property
    def limit(self) -> int:
        """Requests per window, including those of the other client."""
        return self._counter.limit

    @property
    def window(self) -> float:
        """The window's length in seconds."""
        return self._counter.window

    def hit(self, now: float) -> Verdict:
        """Count the requests that the other client has sent since the last call, then this one."""
        if self._next is None:
            self._next = now + self._interval / 2
        # Requests from more than two windows ago no longer have an effect.
        forgotten = math.floor((now - 2 * self.window - self._next) / self._interval)
        self._next += max(0, forgotten) * self._interval
        while self._next <= now:
            self._counter.hit(self._next)
            self._next += self._interval
        return self._counter.hit(now)


def _whole(seconds: float) -> int:
    return max(0, math.ceil(seconds - _ROUNDING))
