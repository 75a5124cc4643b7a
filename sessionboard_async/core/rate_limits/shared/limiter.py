"""The budgets of one token that are kept in a store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sessionboard_async.core.options import SharedRateLimits
from sessionboard_async.core.rate_limits.limiter import Category, Limiter
from sessionboard_async.core.rate_limits.shared.bucket import SharedBucket
from sessionboard_async.core.rate_limits.shared.store import RateLimitStore
from sessionboard_async.core.rate_limits.wait_queue import WaitQueue


class SharedLimiter(Limiter):
    """The budgets of one token, shared by all that use the same store.

    Args:
        limits: What is documented, how much of it to use, and where the store is.
        token_digest: A hash of the token, of which the keys in the store are made.
        clock: The seconds of a monotonic clock.

    Raises:
        ConfigurationError: If what speaks with the store is not installed, or its URL cannot be read.
    """

    def __init__(
        self, limits: SharedRateLimits, token_digest: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(limits, clock=clock)
        self._shared = limits
        self._store = RateLimitStore(limits.url, token_digest, timeout=limits.store_timeout, clock=clock)
        self._buckets: list[SharedBucket] = []

    async def aclose(self) -> None:
        """Wait a moment for the calls that were told to end, tell the store, and leave it."""
        try:
            async with asyncio.TaskGroup() as closing:
                for bucket in self._buckets:
                    closing.create_task(bucket.aclose())
        finally:
            await self._store.aclose()

    def open_category(self, name: str, documented: bool) -> Category:
        """Begin to count the requests of a category."""
        bucket = SharedBucket(name, self._shared, self._store, documented=documented, clock=self._clock)
        bucket.wait_queue = WaitQueue(bucket, self._clock, self.teller(name, bucket))
        self._buckets.append(bucket)
        return Category(name, bucket, bucket.wait_queue)
