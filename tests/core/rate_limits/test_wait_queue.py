"""The line before a gate: who goes next, who gives up, and what is left behind."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest

from sessionboard_async.core.http.request import Lane
from sessionboard_async.core.rate_limits.wait_queue import ConcurrencyCap, Turnstile, WaitTooLong
from tests.support.virtual_time import now, run

SINGLE, BULK = Lane.SINGLE, Lane.BULK


class Intervals:
    """Lets one in every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next = -math.inf
        self.began = 0
        self.withdrawn = 0

    def wait(self, now: float, lane: Lane) -> float:
        return max(0.0, self.next - now)

    def expected_wait(self, now: float, ahead: int) -> float:
        return self.wait(now, SINGLE) + ahead * self.seconds

    def begin(self, now: float) -> None:
        self.began += 1
        self.next = now + self.seconds

    def withdraw(self) -> None:
        self.withdrawn += 1
        self.next = -math.inf


async def line_up(turnstile: Turnstile, *places: tuple[Lane, int]) -> list[asyncio.Task[tuple[Lane, int]]]:
    """Have calls wait in the order given; each task returns its place once it went."""

    async def enter(lane: Lane, order: int) -> tuple[Lane, int]:
        await turnstile.enter(lane, order)
        return lane, order

    tasks = [asyncio.ensure_future(enter(*place)) for place in places]
    await asyncio.sleep(0)
    return tasks


async def order_of(tasks: list[asyncio.Task[tuple[Lane, int]]]) -> list[tuple[Lane, int]]:
    return [await next_one for next_one in asyncio.as_completed(tasks)]


def test_goes_by_lane_and_then_by_who_came_first() -> None:
    async def main() -> None:
        turnstile = Turnstile(Intervals(10), now)
        assert turnstile.try_enter(SINGLE, 0)
        tasks = await line_up(turnstile, (BULK, 1), (SINGLE, 4), (BULK, 2), (SINGLE, 3))
        assert turnstile.waiting == 4
        assert turnstile.lanes(3) == [SINGLE, SINGLE, BULK]
        began = now()
        assert await order_of(tasks) == [(SINGLE, 3), (SINGLE, 4), (BULK, 1), (BULK, 2)]
        assert now() - began == pytest.approx(40, abs=0.01)
        assert turnstile.waiting == 0

    run(main())


def test_who_comes_back_goes_before_those_who_came_after_it() -> None:
    async def main() -> None:
        turnstile = Turnstile(Intervals(10), now)
        assert turnstile.try_enter(SINGLE, 1)
        tasks = await line_up(turnstile, (SINGLE, 2), (SINGLE, 3), (SINGLE, 1))
        assert await order_of(tasks) == [(SINGLE, 1), (SINGLE, 2), (SINGLE, 3)]

    run(main())


def test_nobody_slips_past_those_who_wait() -> None:
    async def main() -> None:
        gate = Intervals(10)
        turnstile = Turnstile(gate, now)
        assert turnstile.try_enter(SINGLE, 0)
        tasks = await line_up(turnstile, (SINGLE, 1))
        gate.next = -math.inf
        assert not turnstile.try_enter(SINGLE, 2)
        assert not turnstile.try_enter(BULK, 0)
        assert turnstile.try_enter(SINGLE, 0), "one that came earlier may"
        assert await order_of(tasks) == [(SINGLE, 1)]

    run(main())


def test_who_gives_up_leaves_the_line() -> None:
    async def main() -> None:
        gate = Intervals(10)
        turnstile = Turnstile(gate, now)
        assert turnstile.try_enter(SINGLE, 0)
        first, second = await line_up(turnstile, (SINGLE, 1), (SINGLE, 2))
        first.cancel()
        await asyncio.wait({first})
        assert turnstile.waiting == 1
        assert await second == (SINGLE, 2)
        assert (gate.began, gate.withdrawn) == (2, 0)

    run(main())


def test_who_is_cancelled_in_the_moment_it_may_go_gives_its_turn_back() -> None:
    async def main() -> None:
        gate = Intervals(10)
        turnstile = Turnstile(gate, now)
        assert turnstile.try_enter(SINGLE, 0)
        first, second = await line_up(turnstile, (SINGLE, 1), (SINGLE, 2))
        gate.next = -math.inf
        turnstile.admit()
        # Its future is done, and its task has not run yet.
        first.cancel()
        began = now()
        assert await second == (SINGLE, 2)
        assert now() - began < 1
        assert first.cancelled()
        assert (gate.began, gate.withdrawn) == (3, 1)

    run(main())


def test_who_cannot_go_in_time_is_told_at_once() -> None:
    async def main() -> None:
        turnstile = Turnstile(Intervals(10), now)
        assert turnstile.try_enter(SINGLE, 0)
        tasks = await line_up(turnstile, (SINGLE, 1), (SINGLE, 2))
        began = now()
        with pytest.raises(WaitTooLong) as caught:
            await turnstile.enter(SINGLE, 3, latest=now() + 29)
        assert now() - began < 1
        assert caught.value.seconds == pytest.approx(30, abs=0.01)
        await turnstile.enter(SINGLE, 3, latest=now() + 31)
        assert now() - began == pytest.approx(30, abs=0.01)
        assert [task.done() for task in tasks] == [True, True]

    run(main())


def test_who_cannot_go_in_time_any_longer_is_told_when_that_is_known() -> None:
    async def main() -> None:
        gate = Intervals(10)
        turnstile = Turnstile(gate, now)
        assert turnstile.try_enter(SINGLE, 0)
        call = asyncio.ensure_future(turnstile.enter(SINGLE, 2, latest=now() + 15))
        await asyncio.sleep(5)
        (earlier,) = await line_up(turnstile, (SINGLE, 1))
        with pytest.raises(WaitTooLong):
            await call
        assert not earlier.done()
        await earlier

    run(main())


def test_all_who_wait_can_be_sent_away() -> None:
    async def main() -> None:
        gate = Intervals(10)
        turnstile = Turnstile(gate, now)
        assert turnstile.try_enter(SINGLE, 0)
        tasks = await line_up(turnstile, (SINGLE, 1), (BULK, 2))
        turnstile.dismiss(lambda: LookupError("nobody is there"))
        await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks]
        assert [type(error) for error in errors] == [LookupError, LookupError]
        assert errors[0] is not errors[1]
        assert (turnstile.waiting, gate.began) == (0, 1)

    run(main())


def test_tells_once_that_somebody_waits_longer_than_a_moment() -> None:
    async def main() -> None:
        told: list[float] = []
        turnstile = Turnstile(Intervals(100), now, told.append)
        assert turnstile.try_enter(SINGLE, 0)
        tasks = await line_up(turnstile, *((SINGLE, number) for number in range(1, 20)))
        await asyncio.sleep(50)
        assert [round(seconds) for seconds in told] == [100]
        await asyncio.sleep(100)
        assert [round(seconds) for seconds in told] == [100, 100]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(main())


def test_a_cap_lets_in_as_many_as_leave() -> None:
    async def main() -> None:
        turnstile = Turnstile(ConcurrencyCap(2), now)
        assert [turnstile.try_enter(SINGLE, number) for number in range(3)] == [True, True, False]
        (task,) = await line_up(turnstile, (SINGLE, 3))
        assert not task.done()
        turnstile.gate.withdraw()
        turnstile.admit()
        assert await task == (SINGLE, 3)

    run(main())


def test_event_loops_in_threads_share_it() -> None:
    """Each of four threads enters fifty times; never are more than three inside."""
    cap = ConcurrencyCap(3)
    turnstile = Turnstile(cap, lambda: 0.0)
    most, inside, entered, counting = 0, 0, 0, threading.Lock()

    async def enter_often(thread: int) -> None:
        nonlocal most, inside, entered
        for number in range(50):
            await turnstile.enter(SINGLE, number * 4 + thread)
            with counting:
                inside, entered = inside + 1, entered + 1
                most = max(most, inside)
            await asyncio.sleep(0)
            with counting:
                inside -= 1
            with turnstile.lock:
                cap.withdraw()
            turnstile.admit()

    threads = [threading.Thread(target=asyncio.run, args=(enter_often(thread),)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert (cap.in_flight, turnstile.waiting) == (0, 0)
    assert most <= 3
    assert entered == 200


def test_who_waited_in_a_loop_that_is_closed_does_not_keep_others() -> None:
    cap = ConcurrencyCap(1)
    turnstile = Turnstile(cap, lambda: 0.0)
    assert turnstile.try_enter(SINGLE, 0)
    forgotten = asyncio.new_event_loop()
    task = forgotten.create_task(turnstile.enter(SINGLE, 1))
    forgotten.run_until_complete(asyncio.sleep(0))
    forgotten.close()
    assert turnstile.waiting == 1

    async def main() -> None:
        waiting = asyncio.ensure_future(turnstile.enter(SINGLE, 2))
        await asyncio.sleep(0)
        with turnstile.lock:
            cap.withdraw()
        turnstile.admit()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())
    assert (cap.in_flight, turnstile.waiting) == (1, 0)
    # Nobody can end it any longer.
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # what asyncio.run uses too
