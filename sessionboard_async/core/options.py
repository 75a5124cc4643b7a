"""What a caller may set, as values that can be shared and compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


def checked_option(name: str, value: object, kind: type[T]) -> T:
    """Return an option if it is of the right kind.

    Raises:
        TypeError: If it is not: many would pass a plain number.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}(...), not {type(value).__name__}")
    return value


def _check_seconds(owner: object, name: str, *, least: float = math.ulp(0.0)) -> None:
    seconds: object = getattr(owner, name)
    if not isinstance(seconds, (int, float)) or not least <= seconds < math.inf:
        bound = "more than 0" if least else "0 or more"
        raise ValueError(f"{type(owner).__name__}.{name} must be {bound} and finite, not {seconds!r}")


def _check_count(owner: object, name: str, *, least: int = 1) -> None:
    count: object = getattr(owner, name)
    if isinstance(count, bool) or not isinstance(count, int) or count < least:
        raise ValueError(
            f"{type(owner).__name__}.{name} must be an integer of at least {least}, not {count!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """How long things may take, in seconds. ``None`` sets no bound.

    Attributes:
        connect: Making one connection.
        attempt: One attempt, from the first byte sent to the last byte read. Waiting for a free connection or
            for the rate limit does not count.
        total: The whole call: all attempts and all waits between and before them.
    """

    connect: float | None = 10.0
    attempt: float | None = 60.0
    total: float | None = 300.0

    def __post_init__(self) -> None:
        for name in ("connect", "attempt", "total"):
            if getattr(self, name) is not None:
                _check_seconds(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is tried, and how long the waits between are.

    Waits double from ``base`` up to ``longest`` and are drawn at random from zero to that bound (full
    jitter). Where the server names a time with ``Retry-After``, the wait is that time plus the jitter.

    Attributes:
        attempts: The most attempts, the first included; 1 never tries again.
        base: The bound of the first wait, in seconds.
        longest: The bound that waits grow to, in seconds. A longer ``Retry-After`` is still honoured.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0

    def __post_init__(self) -> None:
        _check_count(self, "attempts")
        _check_seconds(self, "base", least=0.0)
        _check_seconds(self, "longest", least=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How the budget of requests is kept that the API gives each token in each category.

    All sessions of a process with the same token, address and limits share their budgets; ``max_wait`` may
    differ. What the server announces replaces ``requests`` and ``window``.

    Attributes:
        requests: How many requests a window holds, in each category, as far as the server says nothing.
        window: The window's length in seconds, as far as the server says nothing.
        max_wait: The most seconds that a single call waits for its turn. One that would wait longer raises
            ``RateLimitWaitExceeded`` at once; ``None`` waits for any time. Streams and bulk work wait for as
            long as ``Timeout.total`` lets them.
        share: The part of the budget to use, more than 0 and up to 1; the rest is left to others with the
            same token.
        reserve: How many requests of a window streams and bulk work leave to single calls; in proportion to
            what remains of the window.
        concurrency: How many requests without a limit, such as searches, may be under way at a time.
    """

    requests: int = 100
    window: float = 900.0
    max_wait: float | None = 60.0
    share: float = 1.0
    reserve: int = 0
    concurrency: int = 8

    def __post_init__(self) -> None:
        _check_count(self, "requests")
        _check_seconds(self, "window")
        if self.max_wait is not None:
            _check_seconds(self, "max_wait", least=0.0)
        _check_seconds(self, "share")
        if self.share > 1:
            raise ValueError(f"RateLimits.share must be more than 0 and at most 1, not {self.share!r}")
        _check_count(self, "reserve", least=0)
        _check_count(self, "concurrency")
