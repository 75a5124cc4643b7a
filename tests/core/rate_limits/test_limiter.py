"""The budgets of a token: permits, waits, the daily quota, snapshots, and sharing within a process."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from multidict import CIMultiDict

from sessionboard_async import DailyQuotaExceeded, RateLimits, RateLimitWaitExceeded
from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.rate_limits.daily_quota import DAILY
from sessionboard_async.core.rate_limits.limiter import Limiter, Limits
from sessionboard_async.core.rate_limits.registry import forget_limiters, limiter_for
from tests.support.virtual_time import now, run

READS = "entity-reads"
PATIENT = RateLimits(max_wait=None)


def call(
    limit: str | None = READS,
    priority: Priority = Priority.INTERACTIVE,
    *,
    daily: bool = False,
    deadline: float | None = None,
) -> Call:
    request = Request(
        "GET",
        "/v1/a/{id}",
        "/v1/a/secret",
        operation="get-a",
        limit=limit,
        priority=priority,
        daily_quota=daily,
    )
    return Call(request, deadline)


def answer(status: int = 200, /, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, CIMultiDict(named), b"")


def window(remaining: int, reset: int = 900, limit: int = 100) -> dict[str, str]:
    return {
        "RateLimit_Limit": f"{limit}",
        "RateLimit_Remaining": f"{remaining}",
        "RateLimit_Reset": f"{reset}",
    }


async def make(limiter: Limiter, response: Response, one: Call | None = None) -> DailyQuotaExceeded | None:
    return limiter.report(await limiter.acquire(one or call()), response)


# Waits


def test_a_lone_call_does_not_wait() -> None:
    async def main() -> None:
        limiter, began = Limiter(PATIENT, clock=now), now()
        for _ in range(50):
            await make(limiter, answer())
        assert now() - began < 1e-6

    run(main())


def test_an_interactive_call_that_would_wait_too_long_fails_at_once() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(**window(0, 120)))
        began = now()
        with pytest.raises(
            RateLimitWaitExceeded, match=r"would wait 121 s, longer than RateLimits\.max_wait"
        ) as caught:
            await limiter.acquire(call(), max_wait=60)
        assert now() - began < 1
        error = caught.value
        assert (error.category, error.limit) == (READS, 100)
        assert error.seconds == pytest.approx(121)
        assert error.reset is not None
        assert error.reset - datetime.now(UTC) == pytest.approx(
            timedelta(seconds=121), abs=timedelta(seconds=2)
        )
        assert (error.method, error.route, error.operation) == ("GET", "/v1/a/{id}", "get-a")
        assert "secret" not in f"{error!r}{vars(error)}"
        await limiter.acquire(call(), max_wait=122)
        assert now() - began == pytest.approx(121, abs=0.01)

    run(main())


def test_a_refused_call_goes_first_in_the_next_window() -> None:
    async def main() -> None:
        limiter, went = Limiter(PATIENT, clock=now), list[str]()
        refused, other = call(), call()

        async def go(name: str, one: Call) -> None:
            permit = await limiter.acquire(one)
            went.append(name)
            limiter.report(permit, answer(**window(90)))

        permit = await limiter.acquire(refused)
        waiting = asyncio.ensure_future(go("other", other))
        await asyncio.sleep(0.1)
        limiter.report(permit, answer(429, Retry_After="30"))
        began = now()
        await go("refused", refused)
        await waiting
        assert went == ["refused", "other"]
        assert now() - began == pytest.approx(31, abs=0.01)

    run(main())


def test_categories_have_budgets_of_their_own() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(**window(0)))
        with pytest.raises(RateLimitWaitExceeded):
            await limiter.acquire(call(), max_wait=0)
        await make(limiter, answer(), call("session-writes"))

    run(main())


# Requests without a limit


def test_requests_without_a_limit_are_capped() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(concurrency=3), clock=now)
        permits = [await limiter.acquire(call(None)) for _ in range(3)]
        fourth = asyncio.ensure_future(limiter.acquire(call(None)))
        cancelled = asyncio.ensure_future(limiter.acquire(call(None)))
        await asyncio.sleep(1)
        assert not fourth.done()
        cancelled.cancel()
        await asyncio.wait({cancelled})
        limiter.cancel(permits[0])
        permits[0] = await fourth
        limiter.release(permits[1], outcome_unknown=True)
        limiter.report(permits[2], answer())
        limiter.report(permits[0], answer())
        for _ in range(3):
            await asyncio.wait_for(limiter.acquire(call(None)), 1)

    run(main())


def test_requests_without_a_limit_get_one_from_headers() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(**window(0, 30)), call(None))
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await limiter.acquire(call(None), max_wait=10)
        assert caught.value.category == "get-a"
        await asyncio.wait_for(limiter.acquire(call(None)), 32)

    run(main())


def test_requests_without_a_limit_are_not_in_a_snapshot() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        await make(limiter, answer(), call(None))
        assert limiter.snapshot() == {}

    run(main())


def test_a_call_cancelled_at_the_cap_gives_its_place_in_the_budget_back() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(concurrency=1), clock=now)
        await make(limiter, answer(**window(50)), call(None))
        await limiter.acquire(call(None))
        second = asyncio.ensure_future(limiter.acquire(call(None)))
        await asyncio.sleep(1)
        assert limiter.snapshot()["get-a"].in_flight == 2
        second.cancel()
        await asyncio.wait({second})
        assert limiter.snapshot()["get-a"].in_flight == 1

    run(main())


# The daily quota


def test_a_used_up_quota_fails_at_once_and_is_tried_again_after_a_minute() -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call("session-writes", daily=True)
        refused = answer(429, Retry_After="40000", **window(0, 40000, 10_000))
        error = await make(limiter, refused, write)
        assert isinstance(error, DailyQuotaExceeded)
        assert error.reset is not None
        assert error.reset - datetime.now(UTC) == pytest.approx(
            timedelta(seconds=40_000), abs=timedelta(seconds=3)
        )
        began = now()
        with pytest.raises(DailyQuotaExceeded, match="10000 writes is used up"):
            await limiter.acquire(call("contact-writes", daily=True))
        await limiter.acquire(call())
        assert now() - began < 1
        await asyncio.sleep(60)
        assert await make(limiter, answer(), write) is None

    run(main())


def test_of_several_writes_one_asks_again() -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call("session-writes", daily=True)
        await make(limiter, answer(429, Retry_After="40000"), write)
        await asyncio.sleep(60)
        asking = await limiter.acquire(write)
        with pytest.raises(DailyQuotaExceeded):
            await limiter.acquire(call("contact-writes", daily=True))
        await asyncio.sleep(0.1)
        assert limiter.report(asking, answer()) is None
        await make(limiter, answer(), call("contact-writes", daily=True))

    run(main())


def test_a_write_that_waited_while_the_quota_was_used_up_is_not_sent() -> None:
    async def main() -> None:
        limiter, write = Limiter(PATIENT, clock=now), call("session-writes", daily=True)
        await make(limiter, answer(**window(0, 30)), write)
        waiting = asyncio.ensure_future(limiter.acquire(write))
        await asyncio.sleep(0.1)
        await make(limiter, answer(429, Retry_After="40000"), call("contact-writes", daily=True))
        with pytest.raises(DailyQuotaExceeded):
            await waiting
        assert limiter.snapshot()["session-writes"].in_flight == 0

    run(main())


def test_headers_of_the_daily_quota_do_not_describe_the_window() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        write = call("session-writes", daily=True)
        await make(limiter, answer(**window(9_000, 80_000, 10_000)), write)
        budgets = limiter.snapshot()
        assert (budgets[DAILY].limit, budgets[DAILY].remaining) == (10_000, 9_000)
        assert (budgets["session-writes"].limit, budgets["session-writes"].remaining) == (100, 99)

    run(main())


def test_a_used_up_window_is_not_the_daily_quota() -> None:
    async def main() -> None:
        limiter = Limiter(PATIENT, clock=now)
        write = call("session-writes", daily=True)
        assert await make(limiter, answer(429, Retry_After="30", **window(0, 30)), write) is None
        began = now()
        await limiter.acquire(write)
        assert now() - began == pytest.approx(31, abs=0.01)

    run(main())


def test_a_refusal_for_the_daily_quota_does_not_move_the_end_of_the_window() -> None:
    async def main() -> None:
        limits = RateLimits(assume="documented")
        limiter, write = Limiter(limits, clock=now), call("session-writes", daily=True)
        assert await make(limiter, answer(429, Retry_After="40000"), write) is not None
        resets_at = limiter.snapshot()["session-writes"].resets_at
        assert resets_at is not None
        assert resets_at - datetime.now(UTC) < timedelta(seconds=902)

    run(main())


def test_a_refusal_with_some_of_the_daily_quota_left_is_for_the_window() -> None:
    async def main() -> None:
        limiter, write = Limiter(PATIENT, clock=now), call("session-writes", daily=True)
        both = {
            "RateLimit_Limit": "100, 10000",
            "RateLimit_Remaining": "0, 9000",
            "RateLimit_Reset": "30, 40000",
        }
        assert await make(limiter, answer(429, Retry_After="30", **both), write) is None
        began = now()
        await limiter.acquire(write)
        assert now() - began == pytest.approx(31, abs=0.01)

    run(main())


def test_a_limiter_that_knows_the_daily_quota_is_not_idle() -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call("session-writes", daily=True)
        await make(limiter, answer(429, Retry_After="40000", **window(0, 40_000, 10_000)), write)
        await asyncio.sleep(2000)
        assert not limiter.is_idle()
        await asyncio.sleep(40_000)
        assert limiter.is_idle()

    run(main())


# Snapshots and logs


def test_a_snapshot_has_the_rest_and_the_end_of_the_window() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        assert limiter.snapshot() == {}
        await make(limiter, answer(**window(5, 60)))
        await limiter.acquire(call())
        (budget,) = (await Limits(limiter).snapshot()).values()
        assert (budget.category, budget.limit, budget.remaining, budget.in_flight) == (READS, 100, 4, 1)
        assert budget.resets_at is not None
        assert budget.resets_at - datetime.now(UTC) == pytest.approx(
            timedelta(seconds=61), abs=timedelta(seconds=2)
        )
        await asyncio.sleep(62)
        later = limiter.snapshot()[READS]
        assert (later.remaining, later.resets_at) == (None, None)

    run(main())


def test_without_limits_a_snapshot_is_empty() -> None:
    assert asyncio.run(Limits(None).snapshot()) == {}


def test_a_server_without_headers_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        limits = RateLimits(requests=1, window=10, max_wait=None, assume="documented")
        limiter = Limiter(limits, clock=now)
        for _ in range(4):
            await make(limiter, answer())

    run(main())
    logged = [(record.levelname, record.getMessage()) for record in caplog.records]
    waits = [text for level, text in logged if level == "INFO"]
    warnings = [text for level, text in logged if level == "WARNING"]
    assert waits[1:] == ["the budget of entity-reads is used up: waiting 11 s"] * 3
    assert "the documented ones, 1 requests in 10 s, are kept by counting" in waits[0]
    assert len(warnings) == 1
    assert "AsyncSession(limits=None)" in warnings[0]


def test_a_server_that_announces_nothing_is_not_throttled_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> float:
        limiter = Limiter(RateLimits(requests=1, window=10), clock=now)
        began = now()
        for _ in range(300):
            await make(limiter, answer())
        return now() - began

    assert run(main()) < 1e-6
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert "RateLimits(assume='documented')" in record.getMessage()


def test_a_window_that_is_only_counted_shows_no_end_to_wait_for() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(requests=2, window=100), clock=now)
        for _ in range(3):
            await make(limiter, answer())
        budget = limiter.snapshot()[READS]
        assert (budget.limit, budget.remaining, budget.resets_at) == (2, 0, None)
        await make(limiter, answer(429))
        assert limiter.snapshot()[READS].resets_at is not None

    run(main())


def test_a_refusal_by_a_server_that_announces_nothing_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> RateLimitWaitExceeded:
        limiter = Limiter(RateLimits(requests=2, window=100), clock=now)
        for _ in range(2):
            await make(limiter, answer())
        await make(limiter, answer(429))
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await limiter.acquire(call(), max_wait=60)
        await make(limiter, answer())
        return caught.value

    error = run(main())
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "has refused a request" in record.getMessage()
    assert "2 requests in 100 s" in record.getMessage()
    assert error.message == (
        "the budget of entity-reads is used up (counted here, since the server announces no limits): this "
        "call would wait 101 s, longer than RateLimits.max_wait; raise it, or try again later"
    )


# Sharing within a process


BASE_URL = "http://127.0.0.1:1"


def test_the_same_token_address_and_limits_share_their_budgets() -> None:
    one = limiter_for("digest", BASE_URL, RateLimits())
    assert limiter_for("digest", BASE_URL, RateLimits(max_wait=None)) is one
    assert limiter_for("other", BASE_URL, RateLimits()) is not one
    assert limiter_for("digest", "http://127.0.0.1:2", RateLimits()) is not one
    assert limiter_for("digest", BASE_URL, RateLimits(share=0.5)) is not one


def test_a_budget_outlives_its_client() -> None:
    async def used() -> None:
        await make(limiter_for("outlives", BASE_URL, RateLimits()), answer(**window(42)))

    run(used())
    gc.collect()
    assert limiter_for("outlives", BASE_URL, RateLimits()).snapshot()[READS].remaining == 42
    forget_limiters(BASE_URL)
    assert limiter_for("outlives", BASE_URL, RateLimits()).snapshot() == {}


def test_an_unused_budget_is_forgotten_with_its_client() -> None:
    unused = weakref.ref(limiter_for("unused", BASE_URL, RateLimits()))
    limiter_for("another", BASE_URL, RateLimits())
    gc.collect()
    assert unused() is None
