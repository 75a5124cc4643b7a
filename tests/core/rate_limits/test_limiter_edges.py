"""The budgets of a token in detail: what each permit takes and gives back, and what errors say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from multidict import CIMultiDict

from sessionboard_async import DailyQuotaExceeded, RateLimits, RateLimitWaitExceeded
from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.budget import Budget
from sessionboard_async.core.rate_limits.category import Category
from sessionboard_async.core.rate_limits.daily_quota import DAILY
from sessionboard_async.core.rate_limits.limiter import Limiter, Permit
from sessionboard_async.core.rate_limits.wait_queue import WaitQueue
from sessionboard_async.errors import RateLimitStoreError
from tests.support.virtual_time import now, run

READS, WRITES = "entity-reads", "session-writes"


def call(
    limit: str | None = READS,
    priority: Priority = Priority.INTERACTIVE,
    *,
    operation: str | None = "get-a",
    daily: bool = False,
    deadline: float | None = None,
) -> Call:
    request = Request(
        "GET", "/v1/a", "/v1/a", operation=operation, limit=limit, priority=priority, daily_quota=daily
    )
    return Call(request, deadline)


def answer(
    status: int = 200,
    *,
    remaining: str | None = None,
    reset: str | None = None,
    limit: str | None = None,
    retry: str | None = None,
) -> Response:
    named = {"RateLimit-Limit": limit, "RateLimit-Remaining": remaining, "RateLimit-Reset": reset}
    headers = {name: value for name, value in {**named, "Retry-After": retry}.items() if value is not None}
    return Response(status, CIMultiDict(headers), b"")


async def make(limiter: Limiter, response: Response, one: Call | None = None) -> DailyQuotaExceeded | None:
    return limiter.report(await limiter.acquire(one or call()), response)


def about(moment: datetime | None, seconds: float) -> bool:
    assert moment is not None
    return abs(moment - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=5)


def test_a_permit_says_when_it_was_given_and_of_which_budget() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        one = call()
        permit = await limiter.acquire(one)
        assert (permit.category.name, permit.call, permit.sent, permit.at_cap) == (READS, one, now(), None)
        search = await limiter.acquire(call(None))
        assert (search.category.name, search.sent) == ("get-a", now())
        assert search.at_cap is search.admitted
        other = await limiter.acquire(call(None, operation=None))
        assert other.category.name == "other"

    run(main())


@pytest.mark.parametrize("way", ["cancel", "release", "report"])
def test_each_end_of_an_attempt_frees_its_places(way: str) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(concurrency=1), clock=now)
        await make(limiter, answer(limit="100", remaining="50", reset="60"), call(None))
        permit = await limiter.acquire(call(None))
        waiting = asyncio.ensure_future(limiter.acquire(call(None)))
        await asyncio.sleep(1)
        assert not waiting.done()
        assert limiter.snapshot()["get-a"].in_flight == 2
        if way == "cancel":
            limiter.cancel(permit)
        elif way == "release":
            limiter.release(permit, outcome_unknown=True)
        else:
            limiter.report(permit, answer(limit="100", remaining="49", reset="59"))
        began = now()
        await waiting
        assert now() - began < 1e-6
        budget = limiter.snapshot()["get-a"]
        assert (budget.in_flight, budget.remaining) == (1, 49 if way == "cancel" else 48)

    run(main())


def test_ends_of_attempts_with_a_documented_limit_count_in_its_budget() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(limit="100", remaining="50", reset="60"))
        permits: list[Permit] = [await limiter.acquire(call()) for _ in range(2)]
        assert limiter.snapshot()[READS].remaining == 48
        limiter.cancel(permits[0])
        assert limiter.snapshot()[READS].remaining == 49
        limiter.release(permits[1], outcome_unknown=True)
        budget = limiter.snapshot()[READS]
        assert (budget.remaining, budget.in_flight) == (49, 0)

    run(main())


def test_the_limits_of_the_client_apply_to_each_category() -> None:
    async def main() -> None:
        limits = RateLimits(requests=10, window=30, assume="documented", share=0.5, reserve=2)
        limiter, began = Limiter(limits, clock=now), now()
        for _ in range(3):
            await make(limiter, answer(), call(priority=Priority.BULK))
        assert now() - began < 1e-6
        await make(limiter, answer(), call(priority=Priority.BULK))
        assert now() - began == pytest.approx(15, abs=0.01)
        for _ in range(1):
            await make(limiter, answer())
        assert now() - began == pytest.approx(15, abs=0.01)
        assert limiter.snapshot()[READS].limit == 10
        await make(limiter, answer())
        assert now() - began == pytest.approx(31, abs=0.01)

    run(main())


# Waits that are too long


async def refused(limiter: Limiter, one: Call, *, max_wait: float | None) -> RateLimitWaitExceeded:
    with pytest.raises(RateLimitWaitExceeded) as caught:
        await limiter.acquire(one, max_wait=max_wait)
    return caught.value


@pytest.mark.parametrize(
    ("priority", "left", "bound"),
    [
        (Priority.INTERACTIVE, None, "RateLimits.max_wait"),
        # The time limit of the call does not count waits for the rate limit.
        (Priority.INTERACTIVE, 50.0, "RateLimits.max_wait"),
        (Priority.BULK, 50.0, "RateLimits.bulk_max_wait"),
    ],
)
def test_a_wait_that_is_too_long_names_its_bound(priority: Priority, left: float | None, bound: str) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(limit="100", remaining="0", reset="120"))
        deadline = None if left is None else now() + left
        error = await refused(limiter, call(priority=priority, deadline=deadline), max_wait=60.0)
        assert error.message == (
            f"the budget of entity-reads is used up: this call would wait 121 s, longer than {bound}; raise "
            "it, or try again later"
        )
        assert (error.category, error.limit) == (READS, 100)
        assert error.seconds == pytest.approx(121)
        assert about(error.reset, 121)
        assert (error.operation, error.route) == ("get-a", "/v1/a")

    run(main())


@pytest.mark.parametrize("priority", list(Priority))
def test_a_call_without_a_bound_waits_for_any_time(priority: Priority) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(limit="100", remaining="0", reset="120"))
        began = now()
        await limiter.acquire(call(priority=priority, deadline=now() + 10), max_wait=None)
        assert now() - began == pytest.approx(121, abs=0.01)

    run(main())


# The daily quota


@pytest.mark.parametrize(("retry", "daily"), [("1800", False), ("1801", True)])
def test_a_wait_of_more_than_two_windows_is_for_the_daily_quota(retry: str, daily: bool) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        error = await make(limiter, answer(429, retry=retry), call(WRITES, daily=True))
        assert (error is not None) is daily
        assert (DAILY in limiter.snapshot()) is daily

    run(main())


def test_a_long_wait_of_a_request_outside_the_daily_quota_is_for_the_window() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        assert await make(limiter, answer(429, retry="40000")) is None
        assert DAILY not in limiter.snapshot()
        budget = limiter.snapshot()[READS]
        assert budget.remaining == 0

    run(main())


@pytest.mark.parametrize(("reset", "seconds"), [("40000", 40_000.0), (None, None)])
def test_a_used_up_daily_quota_says_until_when(reset: str | None, seconds: float | None) -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call(WRITES, daily=True)
        used_up = answer(429, limit="10000", remaining="0", reset=reset)
        first = await make(limiter, used_up, write)
        with pytest.raises(DailyQuotaExceeded) as caught:
            await limiter.acquire(write)
        for error in (first, caught.value):
            assert error is not None
            assert error.message == "the daily quota of 10000 writes is used up"
            assert (error.status, error.retry_after, error.operation) == (429, seconds, "get-a")
            assert error.reset is None if seconds is None else about(error.reset, seconds)
        budget = limiter.snapshot()[DAILY]
        assert (budget.category, budget.limit, budget.remaining) == (DAILY, 10_000, 0)
        assert budget.resets_at is None if seconds is None else about(budget.resets_at, seconds)

    run(main())


def test_a_success_that_uses_the_quota_up_is_a_success() -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call(WRITES, daily=True)
        last = answer(limit="10000", remaining="0", reset="40000")
        assert await make(limiter, last, write) is None
        with pytest.raises(DailyQuotaExceeded):
            await limiter.acquire(write)
        # Other requests do not count against it.
        await limiter.acquire(call(WRITES))

    run(main())


def test_a_refusal_for_the_daily_quota_stops_no_other_call() -> None:
    async def main() -> None:
        limiter, began = Limiter(RateLimits(), clock=now), now()
        assert await make(limiter, answer(429, retry="40000"), call(WRITES, daily=True)) is not None
        for _ in range(5):
            assert await make(limiter, answer(), call(WRITES)) is None
        assert now() - began < 1e-6

    run(main())


# Categories that are made elsewhere


def test_a_category_is_made_once_and_knows_whether_its_limit_is_documented() -> None:
    opened: list[tuple[str, bool]] = []

    def open_category(name: str, documented: bool, on_wait: Callable[[float], None]) -> Category:
        opened.append((name, documented))
        bucket = Bucket(1, 60, documented=documented, is_assumed=True)
        return Category(name, bucket, bucket, WaitQueue(bucket, now, on_wait))

    async def main() -> None:
        limiter, began = Limiter(RateLimits(), clock=now, open_category=open_category), now()
        for one in (call(), call(), call(None)):
            await make(limiter, answer(), one)
        assert opened == [(READS, True), ("get-a", False)]
        assert now() - began == pytest.approx(61, abs=0.01)

    run(main())


def test_a_call_that_waits_for_a_store_that_fails_says_so() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        permit = await limiter.acquire(call())
        limiter.report(permit, answer(limit="100", remaining="0", reset="60"))
        waiting = asyncio.ensure_future(limiter.acquire(call()))
        await asyncio.sleep(1)
        permit.category.wait_queue.fail_all(lambda: RateLimitStoreError("the store does not answer"))
        with pytest.raises(RateLimitStoreError) as caught:
            await waiting
        assert caught.value.message == "the store does not answer"
        assert (caught.value.operation, caught.value.route) == ("get-a", "/v1/a")

    run(main())


# Snapshots


def test_a_snapshot_counts_those_under_way_and_those_that_wait() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(limit="100", remaining="2", reset="60"))
        for _ in range(2):
            await limiter.acquire(call())
        waiting = [asyncio.ensure_future(limiter.acquire(call())) for _ in range(3)]
        await asyncio.sleep(0)
        budget = limiter.snapshot()[READS]
        expected = Budget(READS, 100, 0, budget.resets_at, in_flight=2, waiting=3)
        assert budget == expected
        assert about(budget.resets_at, 61)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        assert limiter.snapshot()[READS].waiting == 0

    run(main())


def test_nothing_is_left_after_forgetting() -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call(WRITES, daily=True)
        await make(limiter, answer(429, retry="40000"), write)
        limiter.forget()
        assert limiter.snapshot() == {}
        await limiter.acquire(write)

    run(main())


def test_a_forgotten_permit_is_given_back_although_its_lock_is_held() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        permit = await limiter.acquire(call())
        # In a forked process, the thread that holds it is gone.
        with permit.category.wait_queue.lock:
            limiter.forget()
            thread = Thread(target=limiter.cancel, args=[permit], daemon=True)
            thread.start()
            thread.join(5)
            assert not thread.is_alive()

    run(main())


def test_a_limiter_is_idle_when_no_window_is_open_and_nothing_is_under_way() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        assert limiter.is_idle()
        permit = await limiter.acquire(call(None))
        assert not limiter.is_idle()
        limiter.cancel(permit)
        assert limiter.is_idle()
        await make(limiter, answer(limit="100", remaining="2", reset="60"))
        assert not limiter.is_idle()
        await asyncio.sleep(60.9)
        assert not limiter.is_idle()
        await asyncio.sleep(0.2)
        assert limiter.is_idle()

    run(main())


def test_the_budget_is_asked_only_while_no_other_thread_can_change_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One limiter serves the event loops of several threads."""
    permits: list[Permit] = []
    free: list[bool] = []
    ask = Bucket.wait

    def wait(bucket: Bucket, at: float, priority: Priority) -> float:
        def try_lock() -> None:
            free.extend(permit.category.wait_queue.lock.acquire(blocking=False) for permit in permits)

        other = Thread(target=try_lock)
        other.start()
        other.join()
        return ask(bucket, at, priority)

    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        permits.append(await limiter.acquire(call()))
        monkeypatch.setattr(Bucket, "wait", wait)
        limiter.report(permits[0], answer(429, retry="2"))
        assert permits[0].call.is_held_back

    run(main())
    assert free
    assert not any(free)
