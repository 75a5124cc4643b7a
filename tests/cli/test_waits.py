"""Waits for the rate limits: which ones are told, when, and in which words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sessionboard_async import Budget, RateLimits
from sessionboard_async.cli.waits import Wait, WaitNotices, report_waits, waits_of
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.rate_limits.limiter import Limiter, Limits
from tests.support.virtual_time import now, run

NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)


def in_seconds(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def budget(
    category: str = "insights", *, remaining: int | None = 0, waiting: int = 3, seconds: float | None = 761
) -> Budget:
    resets_at = None if seconds is None else in_seconds(seconds)
    return Budget(category, 100, remaining, resets_at, in_flight=1, waiting=waiting)


# What is a wait


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
    ],
)
def test_a_countdown_is_read_at_a_glance(seconds: float, words: str) -> None:
    assert Wait("insights", in_seconds(seconds)).time_left(NOON) == words


def test_a_wait_is_where_calls_wait_for_a_window_to_end() -> None:
    assert waits_of({"insights": budget()}, NOON) == [Wait("insights", in_seconds(761))]
    assert waits_of({"insights": budget(remaining=None)}, NOON) == [Wait("insights", in_seconds(761))]
    assert waits_of({}, NOON) == []


@pytest.mark.parametrize(
    "other",
    [
        budget(waiting=0),
        budget(remaining=1),
        budget(seconds=None),
        budget(seconds=0.9),
        budget(seconds=-1),
    ],
    ids=["nobody waits", "for another call", "for the first answer", "for a moment", "no longer"],
)
def test_everything_else_is_none(other: Budget) -> None:
    both = {"session-writes": other, "entity-reads": budget("entity-reads")}
    assert [wait.category for wait in waits_of(both, NOON)] == ["entity-reads"]


# When it is told


def test_where_nothing_is_drawn_each_wait_is_told_once() -> None:
    announcements = WaitNotices()
    reads, writes = Wait("entity-reads", in_seconds(900)), Wait("event-writes", in_seconds(905))
    assert announcements.new([]) == []
    assert announcements.new([reads]) == [reads]
    assert announcements.new([reads]) == []
    # The end is known better with every answer.
    assert announcements.new([Wait("entity-reads", in_seconds(900.4)), writes]) == [writes]
    assert announcements.new([Wait("entity-reads", in_seconds(898)), writes]) == []
    next_window = Wait("entity-reads", in_seconds(1800))
    assert announcements.new([next_window, writes]) == [next_window]


class Shown:
    """What was shown, and when."""

    def __init__(self) -> None:
        self.waits: list[list[Wait]] = []
        self.times: list[float] = []

    def show(self, waits: Sequence[Wait]) -> None:
        self.waits.append(list(waits))
        self.times.append(now())


def call() -> Call:
    request = Request("GET", "/v1/tags", "/v1/tags", operation="list-tags", limit="entity-reads")
    return Call(request, None)


def test_while_a_call_waits_it_is_told_twice_a_second() -> None:
    async def main() -> None:
        limiter, shown = Limiter(RateLimits(requests=1, window=900), clock=now), Shown()
        limiter.report(await limiter.acquire(call()), Response(200, {}, b""))
        async with report_waits(Limits(limiter), shown.show):
            await asyncio.sleep(1.1)
            assert shown.waits == [[], []]
            await limiter.acquire(call())
        assert 899.0 < shown.times[-1] - shown.times[0] < 901.0
        steps = [later - sooner for sooner, later in zip(shown.times, shown.times[1:], strict=False)]
        assert all(step == pytest.approx(0.5, abs=0.01) for step in steps)
        counted = [waits for waits in shown.waits if waits]
        assert {wait.category for (wait,) in counted} == {"entity-reads"}
        assert len(counted) == pytest.approx(2 * (901 - 1.1 - 1), abs=2)
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_where_no_limits_are_kept_there_is_nothing_to_tell() -> None:
    async def main() -> None:
        shown = Shown()
        async with report_waits(Limits(None), shown.show):
            await asyncio.sleep(2.1)
        assert shown.waits == [[]] * 4

    run(main())


@pytest.mark.parametrize("error", [ValueError("mine"), asyncio.CancelledError()], ids=type)
def test_what_ends_the_body_goes_its_way(error: BaseException) -> None:
    async def work() -> None:
        async with report_waits(Limits(None), Shown().show):
            await asyncio.sleep(0.7)
            raise error

    async def main() -> None:
        with pytest.raises(type(error)) as caught:
            await work()
        assert caught.value is error
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_what_cannot_be_shown_is_no_secret() -> None:
    def show(_: Sequence[Wait]) -> None:
        raise BrokenPipeError

    async def main() -> None:
        with pytest.raises(BrokenPipeError):
            async with report_waits(Limits(None), show):
                await asyncio.sleep(2.0)

    run(main())
