"""Waits for rate limits: which are reported, when, and in which form."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sessionboard_async import Budget, RateLimits
from sessionboard_async.cli.waits import (
    Wait,
    WaitNotices,
    call_waits,
    lines,
    rate_limit_waits,
    report_waits,
)
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.rate_limits.limiter import Limiter, Limits
from sessionboard_async.core.waits import CallWait, Waits
from tests.support.virtual_time import now, run

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def in_seconds(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def budget(
    category: str = "insights", *, remaining: int | None = 0, waiting: int = 3, seconds: float | None = 761
) -> Budget:
    resets_at = None if seconds is None else in_seconds(seconds)
    return Budget(category, 100, remaining, resets_at, in_flight=1, waiting=waiting)


# Waits in a snapshot


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (761, "12:41"),
        (760.001, "12:41"),
        (900, "15:00"),
        (60, "01:00"),
        (59, "00:59"),
        (0.2, "00:01"),
        (0, "00:00"),
        (-5, "00:00"),
        (3599.5, "1:00:00"),
        (3761, "1:02:41"),
        (36_061, "10:01:01"),
        (90_061, "1 day, 1:01:01"),
    ],
)
def test_the_time_left_is_minutes_and_seconds(seconds: float, words: str) -> None:
    assert Wait("insights", in_seconds(seconds)).countdown(NOON) == f"insights {words} left"


def test_a_wait_is_a_category_whose_calls_wait_for_the_next_window() -> None:
    assert rate_limit_waits({"insights": budget()}, NOON) == [Wait("insights", in_seconds(761))]
    assert rate_limit_waits({"insights": budget(remaining=None)}, NOON) == [Wait("insights", in_seconds(761))]
    assert rate_limit_waits({}, NOON) == []


@pytest.mark.parametrize(
    "other",
    [
        budget(waiting=0),
        budget(remaining=1),
        budget(seconds=None),
        budget(seconds=0.9),
        budget(seconds=-1),
    ],
    ids=["no call waits", "for another call", "for the first answer", "for less than a second", "no longer"],
)
def test_other_budgets_are_not_waits(other: Budget) -> None:
    both = {"session-writes": other, "entity-reads": budget("entity-reads")}
    assert [wait.name for wait in rate_limit_waits(both, NOON)] == ["entity-reads"]


# Reports


def test_each_wait_is_new_once() -> None:
    notices = WaitNotices()
    reads, writes = Wait("entity-reads", in_seconds(900)), Wait("event-writes", in_seconds(905))
    assert notices.new([], NOON) == []
    assert notices.new([reads], NOON) == [reads]
    assert notices.new([reads], NOON) == []
    # The end of a window becomes more precise with every answer.
    assert notices.new([Wait("entity-reads", in_seconds(900.4)), writes], NOON) == [writes]
    assert notices.new([Wait("entity-reads", in_seconds(898)), writes], NOON) == []
    next_window = Wait("entity-reads", in_seconds(1800))
    assert notices.new([next_window, writes], NOON) == [next_window]


def test_slow_answers_are_new_once_a_minute_for_each_operation() -> None:
    notices = WaitNotices()
    first, retry = Wait("list-tags", NOON, "answer"), Wait("list-tags", in_seconds(9), "retry")
    assert notices.new([first], in_seconds(3)) == [first]
    assert notices.new([first, retry], in_seconds(4)) == [retry]
    later, other = Wait("list-tags", in_seconds(50), "answer"), Wait("list-rooms", in_seconds(50), "answer")
    assert notices.new([later, other], in_seconds(60)) == [other]
    assert notices.new([later, other], in_seconds(63)) == [later]


def test_a_notice_has_the_date_unless_it_is_today() -> None:
    now = datetime(2026, 8, 1, 12).astimezone()
    later, tomorrow = now + timedelta(hours=11, minutes=59), now + timedelta(hours=12)
    assert Wait("insights", later).notice(now) == "insights until 23:59:00"
    assert Wait("insights", tomorrow).notice(now) == "insights until 2026-08-02 00:00:00"
    assert Wait("list-tags", now, "retry", "503").notice(now) == "list-tags until 12:00:00 (503)"
    before = Wait("list-tags", now - timedelta(hours=13), "answer")
    assert before.notice(now) == "list-tags since 2026-07-31 23:00:00"
    # Both times may come in any time zone.
    assert Wait("insights", tomorrow.astimezone(UTC)).notice(now.astimezone(UTC)).endswith(" 00:00:00")


def test_waits_for_the_same_are_one_line() -> None:
    waits = [
        Wait("search-tags", in_seconds(9), "retry", "503 Maintenance"),
        Wait("insights", in_seconds(761)),
        Wait("search-rooms", in_seconds(-12), "answer"),
        Wait("search-levels", in_seconds(61), "retry"),
    ]
    assert lines(waits, lambda wait: wait.countdown(NOON)) == [
        "Waiting for the rate limit: insights 12:41 left",
        "Waiting to retry: search-tags 00:09 left (503 Maintenance), search-levels 01:01 left",
        "Waiting for an answer: search-rooms for 00:12",
    ]
    assert lines([], repr) == []


def call_wait(
    operation: str = "list-tags", *, since: float = 0, until: float | None = None, cause: str = ""
) -> CallWait:
    ends = None if until is None else in_seconds(until)
    return CallWait(operation=operation, attempts=1, since=in_seconds(since), until=ends, cause=cause)


def test_waits_of_calls_of_one_operation_are_one() -> None:
    calls = [
        call_wait(until=9, cause="502"),
        call_wait(until=20, cause="503\nMaintenance"),
        call_wait(until=5),
        call_wait(since=-4),
        call_wait(since=-9),
        call_wait("list-rooms", until=3),
    ]
    assert call_waits(calls, NOON) == [
        Wait("list-tags", in_seconds(20), "retry", "503 Maintenance"),
        Wait("list-tags", in_seconds(-9), "answer"),
        Wait("list-rooms", in_seconds(3), "retry"),
    ]


def test_short_waits_of_calls_are_not_reported() -> None:
    assert call_waits([call_wait(until=1), call_wait(since=-2), call_wait(until=-1)], NOON) == []
    assert len(call_waits([call_wait(until=1.001), call_wait(since=-2.001)], NOON)) == 2


class Shown:
    """The waits shown, and the times."""

    def __init__(self) -> None:
        self.waits: list[list[Wait]] = []
        self.times: list[float] = []

    def show(self, waits: Sequence[Wait]) -> None:
        self.waits.append(list(waits))
        self.times.append(now())


def call() -> Call:
    request = Request("GET", "/v1/tags", "/v1/tags", operation="list-tags", limit="entity-reads")
    return Call(request, None)


def test_waits_are_reported_twice_a_second() -> None:
    async def main() -> None:
        limiter, shown = Limiter(RateLimits(requests=1, window=900, assume="documented"), clock=now), Shown()
        limiter.report(await limiter.acquire(call()), Response(200, {}, b""))
        async with report_waits(Limits(limiter), Waits().snapshot, shown.show):
            await asyncio.sleep(1.1)
            assert shown.waits == [[], []]
            await limiter.acquire(call())
        assert 899.0 < shown.times[-1] - shown.times[0] < 901.0
        steps = [later - sooner for sooner, later in zip(shown.times, shown.times[1:], strict=False)]
        assert all(step == pytest.approx(0.5, abs=0.01) for step in steps)
        counted = [waits for waits in shown.waits if waits]
        assert {wait.name for (wait,) in counted} == {"entity-reads"}
        assert len(counted) == pytest.approx(2 * (901 - 1.1 - 1), abs=2)
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_without_limits_there_are_no_waits() -> None:
    async def main() -> None:
        shown = Shown()
        async with report_waits(Limits(None), Waits().snapshot, shown.show):
            await asyncio.sleep(2.1)
        assert shown.waits == [[]] * 4

    run(main())


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError()], ids=type)
def test_errors_of_the_body_are_raised_unchanged(error: BaseException) -> None:
    async def work() -> None:
        async with report_waits(Limits(None), Waits().snapshot, Shown().show):
            await asyncio.sleep(0.7)
            raise error

    async def main() -> None:
        with pytest.raises(type(error)) as caught:
            await work()
        assert caught.value is error
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_errors_of_show_are_raised() -> None:
    def show(_: Sequence[Wait]) -> None:
        raise BrokenPipeError

    async def main() -> None:
        with pytest.raises(BrokenPipeError):
            async with report_waits(Limits(None), Waits().snapshot, show):
                await asyncio.sleep(2.0)

    run(main())
