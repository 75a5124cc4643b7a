"""Responses that cannot be read, or whose numbers are absurd: permits come back, and waits are bounded."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from sessionboard_async import DailyQuotaExceeded, RateLimits, RateLimitWaitExceeded
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.rate_limits.daily_quota import DAILY
from sessionboard_async.core.rate_limits.limiter import Limiter
from tests.core.rate_limits.test_limiter import READS, answer, call, make, window
from tests.support.virtual_time import now, run


class Unreadable(dict[str, str]):
    """Headers whose names can be listed, and whose values raise."""

    def items(self) -> Any:
        raise LookupError("planted")

    def __getitem__(self, name: str) -> str:
        raise LookupError("planted")


@pytest.mark.parametrize("limit", [READS, None])
@pytest.mark.parametrize("status", [200, 429])
def test_the_permit_of_a_response_that_cannot_be_parsed_is_given_back(limit: str | None, status: int) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(concurrency=1), clock=now)
        await make(limiter, answer(**window(50)), call(limit))
        with pytest.raises(LookupError):
            await make(limiter, Response(status, Unreadable(), b""), call(limit))
        (budget,) = limiter.snapshot().values()
        # The server may have counted it.
        assert (budget.remaining, budget.in_flight) == (49, 0)
        await asyncio.wait_for(make(limiter, answer(), call(limit)), 1)

    run(main())


LAST_DATE = "Fri, 31 Dec 9999 23:59:59 GMT"


@pytest.mark.parametrize("seconds", [LAST_DATE, "9" * 400, "1000000000", "2000"])
@pytest.mark.parametrize("limit", [READS, None])
def test_no_retry_after_moves_a_wait_beyond_the_window(seconds: str, limit: str | None) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(), clock=now)
        assert await make(limiter, answer(429, Retry_After=seconds), call(limit)) is None
        (budget,) = limiter.snapshot().values()
        assert budget.resets_at is not None
        assert budget.resets_at - datetime.now(UTC) < timedelta(seconds=903)
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await limiter.acquire(call(limit), max_wait=60)
        assert caught.value.reset is not None
        began = now()
        await limiter.acquire(call(limit))
        assert now() - began < 903

    run(main())


@pytest.mark.parametrize("seconds", [LAST_DATE, "9" * 400])
def test_a_daily_quota_may_end_in_another_age(seconds: str) -> None:
    async def main() -> None:
        limiter, write = Limiter(RateLimits(), clock=now), call("session-writes", daily=True)
        error = await make(limiter, answer(429, Retry_After=seconds), write)
        assert isinstance(error, DailyQuotaExceeded)
        assert error.reset is not None
        assert limiter.snapshot()[DAILY].resets_at is not None
        assert limiter.snapshot()["session-writes"].in_flight == 0
        # It is asked again after a minute, as always.
        await asyncio.sleep(61)
        await make(limiter, answer(), write)

    run(main())


NAMES = [
    *(
        f"{prefix}-{word}"
        for prefix in ("RateLimit", "X-RateLimit")
        for word in ("Limit", "Remaining", "Reset")
    ),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After", "Date", "Age"),
]
PIECES = [
    *("0", "1", "100", "1.5", "-1", "1e3", "nan", "inf", "9" * 15, "9" * 400, "1700000000", "1700000000000"),
    *(
        "limit=",
        "remaining=",
        "reset=",
        '"a"',
        ";w=900",
        ";w=0.001",
        ";r=5",
        ";t=60",
        ",",
        ";",
        "=",
        '"',
        "\t",
    ),
    *(
        LAST_DATE,
        "Mon, 01 Jan 0001 00:00:00 +2359",
        "9999-12-31T23:59:59-23:59",
        "Thu, 01-Jan-70 00:00:00 GMT",
    ),
]
ANY_HEADERS = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), max_size=6
)


@given(
    st.lists(st.tuples(st.sampled_from([200, 429, 503]), ANY_HEADERS), min_size=1, max_size=4),
    st.sampled_from([READS, None]),
    st.booleans(),
)
def test_after_any_headers_no_permit_is_left_and_no_wait_outlasts_the_window(
    answers: list[tuple[int, dict[str, str]]], limit: str | None, daily: bool
) -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(max_wait=None), clock=now)
        longest = 900.0
        for status, headers in answers:
            # A policy among these headers may state a longer window than the documented one.
            lengths = re.findall(r"w=(\d+)", " ".join(headers.values()))
            longest = max([longest, *(seconds for seconds in map(float, lengths) if seconds < 1e9)])
            try:
                permit = await limiter.acquire(call(limit, daily=daily))
            except DailyQuotaExceeded:
                await asyncio.sleep(61)
                continue
            limiter.report(permit, Response(status, CIMultiDict(headers), b""))
            budgets = limiter.snapshot()
            assert not any(budget.in_flight for budget in budgets.values())
            for name, budget in budgets.items():
                if name != DAILY and budget.resets_at is not None:
                    assert budget.resets_at - datetime.now(UTC) < timedelta(seconds=longest + 3)

    run(main())


def test_a_window_that_a_caller_sets_may_be_very_long() -> None:
    async def main() -> None:
        limiter = Limiter(RateLimits(window=1e15, assume="documented"), clock=now)
        await make(limiter, answer())
        assert limiter.snapshot()[READS].resets_at is not None

    run(main())


def test_a_permit_is_given_back_though_a_wait_cannot_be_logged() -> None:
    class Broken(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise LookupError("planted")

    async def main() -> None:
        limiter = Limiter(RateLimits(max_wait=None, concurrency=2), clock=now)
        await make(limiter, answer(**window(50)), call(None))
        await asyncio.sleep(0.1)
        permits = [await limiter.acquire(call(None)) for _ in range(2)]
        # It waits for one of them, and after the refusal for the next window, which is logged.
        waiting = asyncio.ensure_future(limiter.acquire(call(None)))
        await asyncio.sleep(0)
        logger, broken = logging.getLogger("sessionboard_async"), Broken()
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addFilter(broken)
        try:
            with pytest.raises(LookupError):
                limiter.report(permits[0], answer(429, Retry_After="30"))
        finally:
            logger.removeFilter(broken)
            logger.setLevel(level)
        assert limiter.snapshot()["get-a"].in_flight == 1
        other = Call(Request("GET", "/v1/b", "/v1/b", operation="get-b"), None)
        limiter.cancel(await asyncio.wait_for(limiter.acquire(other), 1))
        began = now()
        limiter.cancel(await waiting)
        assert now() - began == pytest.approx(31, abs=0.01)

    run(main())
