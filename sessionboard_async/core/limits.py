"""The rate limits of the API, kept on our side: a token bucket per category, corrected by the server.

The rest of the engine knows three verbs: ``acquire`` before an attempt, ``report`` after it, ``close``.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable

from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.response import Response, retry_after

logger = logging.getLogger("sessionboard_async")


class TokenBucket:
    """A budget of requests that refills evenly, as pure arithmetic: the time is passed in.

    Args:
        limits: How many requests a window holds, and how long it is.
        now: The time in seconds of a monotonic clock.
    """

    def __init__(self, limits: RateLimits, now: float) -> None:
        self._capacity = float(limits.requests)
        self._window = limits.window
        self._tokens = self._capacity
        self._as_of = now
        self._blocked_until = now

    def take(self, now: float) -> float:
        """Take a token.

        Returns:
            0.0 where one was taken; otherwise the seconds until one may be there, and none was taken.
        """
        self._refill(now)
        if now < self._blocked_until:
            return self._blocked_until - now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) * self._window / self._capacity

    def correct(self, now: float, *, limit: int | None, remaining: int | None) -> None:
        """Believe what the server says: its limit as it is, its remainder where it is less than ours."""
        self._refill(now)
        if limit is not None and limit > 0:
            self._capacity = float(limit)
        if remaining is not None:
            self._tokens = min(self._tokens, float(remaining))
        self._tokens = min(self._tokens, self._capacity)

    def block(self, now: float, seconds: float) -> None:
        """Hand out nothing for a while: the server refused a request."""
        self._refill(now)
        self._tokens = min(self._tokens, 1.0)
        self._blocked_until = max(self._blocked_until, now + seconds)

    def _refill(self, now: float) -> None:
        earned = max(0.0, now - self._as_of) * self._capacity / self._window
        self._tokens = min(self._capacity, self._tokens + earned)
        self._as_of = max(self._as_of, now)


class Limiter:
    """One bucket per category, with waiters served in the order in which they came.

    Args:
        limits: The documented budget; ``None`` limits nothing.
        clock: The seconds of a monotonic clock.
    """

    def __init__(self, limits: RateLimits | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: dict[str, tuple[TokenBucket, asyncio.Lock]] = {}

    async def acquire(self, category: str | None) -> None:
        """Wait until a request of this category may be sent. A cancelled wait takes nothing."""
        if category is None or self._limits is None:
            return
        if category not in self._buckets:
            self._buckets[category] = (TokenBucket(self._limits, self._clock()), asyncio.Lock())
        bucket, turn = self._buckets[category]
        async with turn:
            while wait := bucket.take(self._clock()):
                logger.info("waiting %.1f s for the rate limit of %s", wait, category)
                await asyncio.sleep(wait)

    def report(self, category: str | None, response: Response | None) -> None:
        """Learn from an answer what the server counted; ``None`` stands for an attempt without an answer."""
        entry = self._buckets.get(category) if category is not None else None
        if entry is None or response is None:
            return
        bucket, now = entry[0], self._clock()
        bucket.correct(
            now,
            limit=_number(response.headers.get("RateLimit-Limit")),
            remaining=_number(response.headers.get("RateLimit-Remaining")),
        )
        if response.status == 429:
            bucket.block(now, retry_after(response.headers) or 0.0)

    def close(self) -> None:
        """Forget all budgets."""
        self._buckets.clear()


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"\d{1,9}", value, re.ASCII) else None
