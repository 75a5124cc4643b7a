"""The budget of requests: never more than the API allows, in the order in which it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from sessionboard_async.core.limits import Limiter, TokenBucket
from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.response import Response
from tests.unit.virtual_time import now, run

READS = "entity-reads"
START = 1_000.0


def answer(status: int = 200, /, **headers: str) -> Response:
    return Response(
        status, CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}), b""
    )


# The bucket, with time passed in


def drained(bucket: TokenBucket, at: float) -> int:
    """Take all that is there."""
    taken = 0
    while bucket.take(at) == 0.0:
        taken += 1
        assert taken < 100_000
    return taken


def test_holds_what_a_window_allows_and_refills_evenly() -> None:
    bucket = TokenBucket(RateLimits(requests=100, window=900), START)
    assert drained(bucket, START) == 100
    assert bucket.take(START) == pytest.approx(9.0)
    assert bucket.take(START + 4) == pytest.approx(5.0)
    assert bucket.take(START + 9) == 0.0
    assert drained(bucket, START + 9 + 45) == 5


def test_holds_no_more_than_a_window_however_long_it_waits() -> None:
    bucket = TokenBucket(RateLimits(requests=10, window=10), START)
    drained(bucket, START)
    assert drained(bucket, START + 1_000_000) == 10


def test_a_refused_take_takes_nothing() -> None:
    bucket = TokenBucket(RateLimits(requests=1, window=10), START)
    assert bucket.take(START) == 0.0
    assert [bucket.take(START + 5) for _ in range(3)] == [pytest.approx(5.0)] * 3
    assert bucket.take(START + 10) == 0.0


def test_a_clock_that_runs_back_gives_nothing_away() -> None:
    bucket = TokenBucket(RateLimits(requests=1, window=10), START)
    assert bucket.take(START) == 0.0
    assert bucket.take(START - 100) > 0
    assert bucket.take(START + 5) == pytest.approx(5.0)


@given(
    st.integers(1, 50),
    st.floats(0.5, 2_000),
    st.lists(st.floats(0, 300), min_size=1, max_size=150),
)
@example(1, 900.0, [899.999999999, 0.000000001])
@example(3, 0.7, [0.1] * 60)
def test_no_interval_has_more_than_it_may(requests: int, window: float, pauses: list[float]) -> None:
    bucket = TokenBucket(RateLimits(requests=requests, window=window), START)
    moment, taken = START, []
    for pause in pauses:
        moment += pause
        while bucket.take(moment) == 0.0:
            taken.append(moment)
    rate = requests / window
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            allowed = requests + rate * (taken[last] - taken[first])
            assert last - first + 1 <= allowed + 1e-6


@given(st.integers(1, 50), st.floats(0.5, 2_000), st.floats(0, 5_000))
def test_waiting_as_long_as_it_says_is_enough(requests: int, window: float, pause: float) -> None:
    bucket = TokenBucket(RateLimits(requests=requests, window=window), START)
    drained(bucket, START)
    moment = START + pause
    wait = bucket.take(moment)
    if wait:
        assert bucket.take(moment + wait + 1e-6) == 0.0


# What the server says


def test_believes_a_smaller_limit_and_a_smaller_remainder() -> None:
    bucket = TokenBucket(RateLimits(requests=100, window=900), START)
    bucket.correct(START, limit=10, remaining=None)
    assert drained(bucket, START) == 10
    bucket = TokenBucket(RateLimits(requests=100, window=900), START)
    bucket.correct(START, limit=100, remaining=3)
    assert drained(bucket, START) == 3


def test_a_larger_limit_refills_faster_and_gives_no_past_back() -> None:
    bucket = TokenBucket(RateLimits(requests=100, window=900), START)
    drained(bucket, START)
    bucket.correct(START, limit=1_000, remaining=900)
    assert bucket.take(START) == pytest.approx(0.9)
    assert drained(bucket, START + 900) == 1_000


def test_a_larger_remainder_than_ours_is_not_believed() -> None:
    bucket = TokenBucket(RateLimits(requests=10, window=10), START)
    assert bucket.take(START) == 0.0
    bucket.correct(START, limit=10, remaining=10)
    assert drained(bucket, START) == 9


@pytest.mark.parametrize("limit", [0, -5, None])
def test_a_limit_that_is_none_changes_nothing(limit: int | None) -> None:
    bucket = TokenBucket(RateLimits(requests=10, window=10), START)
    bucket.correct(START, limit=limit, remaining=None)
    assert drained(bucket, START) == 10


def test_blocked_it_hands_out_nothing_and_then_refills_from_one() -> None:
    bucket = TokenBucket(RateLimits(requests=100, window=100), START)
    bucket.block(START, 30)
    assert bucket.take(START) == pytest.approx(30)
    assert bucket.take(START + 29) == pytest.approx(1)
    bucket.block(START + 10, 5)
    assert bucket.take(START + 20) == pytest.approx(10), "a shorter block does not end a longer one"
    assert bucket.take(START + 30) == 0.0


def test_a_refusal_without_a_time_leaves_one_request_to_try() -> None:
    bucket = TokenBucket(RateLimits(requests=100, window=100), START)
    bucket.block(START, 0)
    assert drained(bucket, START) == 1


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("correct"), st.none() | st.integers(0, 50), st.none() | st.integers(0, 60)),
            st.tuples(st.just("block"), st.floats(0, 100), st.none()),
            st.tuples(st.just("pass"), st.floats(0, 100), st.none()),
        ),
        max_size=30,
    )
)
def test_whatever_the_server_says_waits_stay_finite_and_the_bucket_bounded(
    steps: list[tuple[str, float | None, int | None]],
) -> None:
    bucket, moment, capacity = TokenBucket(RateLimits(requests=10, window=20), START), START, 10
    for kind, number, remaining in steps:
        if kind == "correct":
            bucket.correct(moment, limit=None if number is None else int(number), remaining=remaining)
            capacity = int(number) if number else capacity
        elif kind == "block":
            bucket.block(moment, number or 0.0)
        else:
            moment += number or 0.0
        assert drained(bucket, moment) <= capacity
        assert 0 < bucket.take(moment) <= 120


# The limiter, in virtual time


async def acquired(limiter: Limiter, category: str | None = READS, *, times: int = 1) -> float:
    """Acquire and return how long that took."""
    began = now()
    for _ in range(times):
        await limiter.acquire(category)
    return now() - began


def limited(requests: int = 2, window: float = 20.0) -> Limiter:
    return Limiter(RateLimits(requests=requests, window=window), clock=now)


def test_waits_for_what_the_budget_does_not_hold() -> None:
    async def main() -> None:
        limiter = limited()
        assert await acquired(limiter, times=2) < 1e-3
        assert await acquired(limiter) == pytest.approx(10, abs=1e-3)
        assert await acquired(limiter, times=3) == pytest.approx(30, abs=1e-3)

    run(main())


@pytest.mark.parametrize(
    ("make", "category"),
    [(lambda: Limiter(None, clock=now), READS), (lambda: Limiter(None, clock=now), None), (limited, None)],
)
def test_never_waits_where_nothing_is_limited(make: Callable[[], Limiter], category: str | None) -> None:
    async def main() -> None:
        limiter, began = make(), now()
        for _ in range(1_000):
            await limiter.acquire(category)
            limiter.report(category, answer(429, Retry_After="60", RateLimit_Remaining="0"))
        assert now() - began < 1e-3

    run(main())


def test_each_category_has_a_budget_of_its_own() -> None:
    async def main() -> None:
        limiter = limited()
        await acquired(limiter, "reads", times=2)
        assert await acquired(limiter, "writes", times=2) < 1e-3
        assert await acquired(limiter, "reads") > 9

    run(main())


def test_serves_in_the_order_of_asking() -> None:
    async def main() -> None:
        limiter, served = limited(), []

        async def ask(number: int) -> None:
            await limiter.acquire(READS)
            served.append((number, round(now() - began)))

        began = now()
        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(ask(number))
        assert served == [(0, 0), (1, 0), (2, 10), (3, 20), (4, 30), (5, 40)]

    run(main())


@pytest.mark.parametrize("victim", [2, 3, 5])
@pytest.mark.parametrize("after", [0.0, 5.0])
def test_a_cancelled_wait_takes_nothing_and_holds_nobody_up(victim: int, after: float) -> None:
    async def main() -> None:
        limiter, served = limited(), []

        async def ask(number: int) -> None:
            await limiter.acquire(READS)
            served.append((number, round(now() - began)))

        began = now()
        tasks = [asyncio.create_task(ask(number)) for number in range(6)]
        await asyncio.sleep(after)
        tasks[victim].cancel()
        await asyncio.wait(tasks)
        assert tasks[victim].cancelled()
        others = [number for number in range(6) if number != victim]
        assert served == list(zip(others, [0, 0, 10, 20, 30], strict=True))

    run(main())


def test_a_cancel_on_the_first_turn_holds_nobody_up() -> None:
    async def main() -> None:
        limiter = limited(requests=1)
        await limiter.acquire(READS)
        tasks = [asyncio.create_task(limiter.acquire(READS)) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert await acquired(limiter) == pytest.approx(20, abs=1e-3)

    run(main())


def test_learns_from_the_headers_of_an_answer() -> None:
    async def main() -> None:
        limiter = limited(requests=100, window=100)
        await limiter.acquire(READS)
        limiter.report(READS, answer(RateLimit_Limit="10", RateLimit_Remaining="2"))
        assert await acquired(limiter, times=2) < 1e-3
        assert await acquired(limiter) == pytest.approx(10, abs=1e-3)

    run(main())


def test_a_refusal_stops_everybody_for_as_long_as_the_server_asks() -> None:
    async def main() -> None:
        limiter = limited(requests=100, window=100)
        await limiter.acquire(READS)
        limiter.report(READS, answer(429, Retry_After="747"))
        assert await acquired(limiter) == pytest.approx(747, abs=1e-3)

    run(main())


def test_a_refusal_reaches_those_who_wait_already() -> None:
    async def main() -> None:
        limiter = limited(requests=1, window=10)
        await limiter.acquire(READS)
        waiting = asyncio.create_task(acquired(limiter))
        await asyncio.sleep(5)
        limiter.report(READS, answer(429, Retry_After="60"))
        assert await waiting == pytest.approx(65, abs=1e-3)

    run(main())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"RateLimit_Limit": "many", "RateLimit_Remaining": ""},
        {"RateLimit_Limit": "-1", "RateLimit_Remaining": "-1"},
        {"RateLimit_Limit": "100, 100;w=900"},
        {"RateLimit_Limit": "1.5"},
        {"RateLimit_Limit": "١٠"},
        {"RateLimit_Limit": "0"},
        {"RateLimit_Limit": "9" * 400, "RateLimit_Remaining": "9" * 400},
        {"RateLimit_Limit": "9" * 5_000, "RateLimit_Remaining": "9" * 5_000},
    ],
    ids=lambda headers: repr(headers)[:40],
)
def test_no_header_breaks_the_budget(headers: dict[str, str]) -> None:
    async def main() -> None:
        limiter = limited(requests=2, window=20)
        await limiter.acquire(READS)
        limiter.report(READS, answer(**headers))
        assert await acquired(limiter) < 1e-3

    run(main())


def test_learns_nothing_where_there_is_nothing_to_learn() -> None:
    async def main() -> None:
        limiter = limited()
        limiter.report(READS, answer(RateLimit_Remaining="0"))
        await limiter.acquire(READS)
        limiter.report(READS, None)
        limiter.report(None, answer(429, Retry_After="60"))
        assert await acquired(limiter) < 1e-3

    run(main())


def test_closed_it_starts_afresh() -> None:
    async def main() -> None:
        limiter = limited()
        await acquired(limiter, times=2)
        limiter.close()
        assert await acquired(limiter, times=2) < 1e-3

    run(main())
