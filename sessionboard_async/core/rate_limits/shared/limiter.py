"""A limiter whose budgets are kept in a store, shared by processes and hosts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sessionboard_async.core.options import SharedRateLimits
from sessionboard_async.core.rate_limits.category import Category
from sessionboard_async.core.rate_limits.limiter import Limiter
from sessionboard_async.core.rate_limits.shared.exchange import StoreExchange
from sessionboard_async.core.rate_limits.shared.store import RateLimitStore


class SharedLimiter:
    """The budgets of one token, shared by every process that uses the same store.

    Args:
        limits: The documented limits, the part of them to use, and the address of the store.
        token_digest: A hash of the token, which the keys in the store are made of.
        clock: A monotonic clock in seconds.

    Attributes:
        limiter: The limiter to acquire permits from.

    Raises:
        ConfigurationError: If the client for Redis is not installed, or the store's URL cannot be parsed.
    """

    def __init__(
        self, limits: SharedRateLimits, token_digest: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._store = RateLimitStore(limits.url, token_digest, timeout=limits.store_timeout, clock=clock)
        self._exchanges: list[StoreExchange] = []
        self.limiter: Limiter = Limiter(limits, clock=clock, open_category=self._open_category)

    async def aclose(self) -> None:
        """Wait briefly for the calls that are ending, report them to the store, and disconnect."""
        try:
            async with asyncio.TaskGroup() as closing:
                for exchange in self._exchanges:
                    closing.create_task(exchange.aclose())
        finally:
            await self._store.aclose()

    def _open_category(self, name: str, documented: bool, on_wait: Callable[[float], None]) -> Category:
        exchange = StoreExchange(
            name,
            self._limits,
            self._store,
            daily_quota=self.limiter.daily_quota,
            documented=documented,
            clock=self._clock,
            on_wait=on_wait,
        )
        self._exchanges.append(exchange)
        return Category(name, exchange.copy, exchange.bucket, exchange.wait_queue, exchange.request)
