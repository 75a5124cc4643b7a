"""The exchange with a store that does not answer for a long time, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from sessionboard_async import RateLimits, RateLimitStoreError
from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.options import SharedRateLimits
from sessionboard_async.core.rate_limits.daily_quota import DailyQuota
from sessionboard_async.core.rate_limits.shared.exchange import StoreExchange
from sessionboard_async.core.rate_limits.shared.leases import Leases
from sessionboard_async.core.rate_limits.shared.store import RateLimitStore
from tests.support.virtual_time import now, run

NOWHERE = "redis://127.0.0.1:1"


def open_exchange(
    limits: SharedRateLimits, token_digest: str = "8" * 64, *, clock: Callable[[], float] = now
) -> tuple[StoreExchange, RateLimitStore]:
    """Return an exchange and its store, whose clock is the given one."""
    store = RateLimitStore(limits.url, token_digest, timeout=limits.store_timeout, clock=clock)
    exchange = StoreExchange(
        "entity-reads",
        limits,
        store,
        daily_quota=DailyQuota(),
        documented=True,
        clock=now,
        on_wait=lambda _: None,
    )
    return exchange, store


def test_outcomes_of_windows_long_over_are_not_kept() -> None:
    async def main() -> None:
        exchange, store = open_exchange(RateLimits.shared(NOWHERE))
        for order in range(20):
            await exchange.wait_queue.enter(Priority.INTERACTIVE, order)
            exchange.bucket.unanswered(now(), now())
            exchange.wait_queue.admit()
            await asyncio.sleep(1000)
        # Two windows of 900 seconds, and the 120 seconds of a lease.
        assert 1 <= len(exchange.bucket.outcomes) <= 3
        await exchange.aclose()
        await store.aclose()

    run(main())


def test_leases_of_windows_long_over_are_not_kept() -> None:
    limits = RateLimits.shared(NOWHERE, on_store_error="raise")

    async def main() -> str:
        exchange, store = open_exchange(limits, "9" * 64)
        for order in range(20):
            with pytest.raises(RateLimitStoreError):
                await exchange.wait_queue.enter(Priority.INTERACTIVE, order)
            await asyncio.sleep(1000)
        await exchange.aclose()
        await store.aclose()
        return store.key("entity-reads")

    key = run(main())
    assert 1 <= len(Leases(f"{NOWHERE} {key}").abandoned()) <= 3


def broken_clock() -> float:
    raise ArithmeticError("planted")


def dying_exchange(limits: SharedRateLimits) -> tuple[StoreExchange, RateLimitStore]:
    """Return an exchange whose task fails as soon as it asks the store."""
    exchange, store = open_exchange(limits, clock=broken_clock)
    # asyncio reports the error of the task, which is not under test here.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return exchange, store


def test_calls_that_wait_for_a_task_that_dies_go_on_with_local_counting() -> None:
    async def main() -> None:
        exchange, store = dying_exchange(RateLimits.shared(NOWHERE))
        for order in range(2):
            async with asyncio.timeout(10):
                await exchange.wait_queue.enter(Priority.INTERACTIVE, order)
        assert exchange.wait_queue.waiting == 0
        await store.aclose()

    run(main())


def test_calls_that_wait_for_a_task_that_dies_fail_if_so_configured() -> None:
    async def main() -> None:
        exchange, store = dying_exchange(RateLimits.shared(NOWHERE, on_store_error="raise"))
        for order in range(2):
            with pytest.raises(RateLimitStoreError):
                async with asyncio.timeout(10):
                    await exchange.wait_queue.enter(Priority.INTERACTIVE, order)
        assert exchange.wait_queue.waiting == 0
        await store.aclose()

    run(main())
