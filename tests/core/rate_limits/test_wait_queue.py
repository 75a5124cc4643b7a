"""The queue of waiting calls: order, deadlines, cancellation, and several event loops."""

from __future__ import annotations

import asyncio
import math
import threading

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.wait_queue import ConcurrencyCap, WaitQueue, WaitTooLongError
from tests.support.virtual_time import now, run

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK


class Intervals:
    """Admits one call per interval."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.next = -math.inf
        self.began = 0
        self.cancelled = 0

    def wait(self, now: float, priority: Priority) -> float:
        return max(0.0, self.next - now)

    def expected_wait(self, now: float, ahead: int) -> float:
        return self.wait(now, INTERACTIVE) + ahead * self.seconds

    def begin(self, now: float) -> None:
        self.began += 1
        self.next = now + self.seconds

    def cancel(self) -> None:
        self.cancelled += 1
        self.next = -math.inf


async def start_waiting(
    wait_queue: WaitQueue, *places: tuple[Priority, int]
) -> list[asyncio.Task[tuple[Priority, int]]]:
    """Have calls wait in the order given; each task returns its place once admitted."""

    async def enter(priority: Priority, order: int) -> tuple[Priority, int]:
        await wait_queue.enter(priority, order)
        return priority, order

    tasks = [asyncio.ensure_future(enter(*place)) for place in places]
    await asyncio.sleep(0)
    return tasks


async def order_of(tasks: list[asyncio.Task[tuple[Priority, int]]]) -> list[tuple[Priority, int]]:
    return [await next_one for next_one in asyncio.as_completed(tasks)]


def test_calls_go_by_priority_and_then_by_order() -> None:
    async def main() -> None:
        wait_queue = WaitQueue(Intervals(10), now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        tasks = await start_waiting(wait_queue, (BULK, 1), (INTERACTIVE, 4), (BULK, 2), (INTERACTIVE, 3))
        assert wait_queue.waiting == 4
        assert wait_queue.priorities(3) == [INTERACTIVE, INTERACTIVE, BULK]
        began = now()
        assert await order_of(tasks) == [(INTERACTIVE, 3), (INTERACTIVE, 4), (BULK, 1), (BULK, 2)]
        assert now() - began == pytest.approx(40, abs=0.01)
        assert wait_queue.waiting == 0

    run(main())


def test_a_returning_call_goes_before_later_ones() -> None:
    async def main() -> None:
        wait_queue = WaitQueue(Intervals(10), now)
        assert wait_queue.try_enter(INTERACTIVE, 1)
        tasks = await start_waiting(wait_queue, (INTERACTIVE, 2), (INTERACTIVE, 3), (INTERACTIVE, 1))
        assert await order_of(tasks) == [(INTERACTIVE, 1), (INTERACTIVE, 2), (INTERACTIVE, 3)]

    run(main())


def test_no_call_overtakes_those_that_wait() -> None:
    async def main() -> None:
        admission = Intervals(10)
        wait_queue = WaitQueue(admission, now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        tasks = await start_waiting(wait_queue, (INTERACTIVE, 1))
        admission.next = -math.inf
        assert not wait_queue.try_enter(INTERACTIVE, 2)
        assert not wait_queue.try_enter(BULK, 0)
        assert wait_queue.try_enter(INTERACTIVE, 0), "an earlier call may go first"
        assert await order_of(tasks) == [(INTERACTIVE, 1)]

    run(main())


def test_a_cancelled_call_leaves_the_queue() -> None:
    async def main() -> None:
        admission = Intervals(10)
        wait_queue = WaitQueue(admission, now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        first, second = await start_waiting(wait_queue, (INTERACTIVE, 1), (INTERACTIVE, 2))
        first.cancel()
        await asyncio.wait({first})
        assert wait_queue.waiting == 1
        assert await second == (INTERACTIVE, 2)
        assert (admission.began, admission.cancelled) == (2, 0)

    run(main())


def test_a_call_cancelled_as_it_is_admitted_gives_its_place_back() -> None:
    async def main() -> None:
        admission = Intervals(10)
        wait_queue = WaitQueue(admission, now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        first, second = await start_waiting(wait_queue, (INTERACTIVE, 1), (INTERACTIVE, 2))
        admission.next = -math.inf
        wait_queue.admit()
        # Its future is done, and its task has not run yet.
        first.cancel()
        began = now()
        assert await second == (INTERACTIVE, 2)
        assert now() - began < 1
        assert first.cancelled()
        assert (admission.began, admission.cancelled) == (3, 1)

    run(main())


def test_a_call_that_cannot_go_in_time_fails_at_once() -> None:
    async def main() -> None:
        wait_queue = WaitQueue(Intervals(10), now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        tasks = await start_waiting(wait_queue, (INTERACTIVE, 1), (INTERACTIVE, 2))
        began = now()
        with pytest.raises(WaitTooLongError) as caught:
            await wait_queue.enter(INTERACTIVE, 3, latest=now() + 29)
        assert now() - began < 1
        assert caught.value.seconds == pytest.approx(30, abs=0.01)
        await wait_queue.enter(INTERACTIVE, 3, latest=now() + 31)
        assert now() - began == pytest.approx(30, abs=0.01)
        assert [task.done() for task in tasks] == [True, True]

    run(main())


def test_a_call_that_is_overtaken_fails_when_it_cannot_go_in_time() -> None:
    async def main() -> None:
        admission = Intervals(10)
        wait_queue = WaitQueue(admission, now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        call = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 2, latest=now() + 15))
        await asyncio.sleep(5)
        (earlier,) = await start_waiting(wait_queue, (INTERACTIVE, 1))
        with pytest.raises(WaitTooLongError):
            await call
        assert not earlier.done()
        await earlier

    run(main())


def test_all_waiting_calls_can_be_failed() -> None:
    async def main() -> None:
        admission = Intervals(10)
        wait_queue = WaitQueue(admission, now)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        tasks = await start_waiting(wait_queue, (INTERACTIVE, 1), (BULK, 2))
        wait_queue.fail_all(lambda: LookupError("closed"))
        await asyncio.wait(tasks)
        errors = [task.exception() for task in tasks]
        assert [type(error) for error in errors] == [LookupError, LookupError]
        assert errors[0] is not errors[1]
        assert (wait_queue.waiting, admission.began) == (0, 1)

    run(main())


def test_a_long_wait_is_reported_once() -> None:
    async def main() -> None:
        reported: list[float] = []
        wait_queue = WaitQueue(Intervals(100), now, reported.append)
        assert wait_queue.try_enter(INTERACTIVE, 0)
        tasks = await start_waiting(wait_queue, *((INTERACTIVE, number) for number in range(1, 20)))
        await asyncio.sleep(50)
        assert [round(seconds) for seconds in reported] == [100]
        await asyncio.sleep(100)
        assert [round(seconds) for seconds in reported] == [100, 100]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    run(main())


def test_a_cap_admits_one_call_for_each_that_ends() -> None:
    async def main() -> None:
        wait_queue = WaitQueue(ConcurrencyCap(2), now)
        assert [wait_queue.try_enter(INTERACTIVE, number) for number in range(3)] == [True, True, False]
        (task,) = await start_waiting(wait_queue, (INTERACTIVE, 3))
        assert not task.done()
        wait_queue.admission.cancel()
        wait_queue.admit()
        assert await task == (INTERACTIVE, 3)

    run(main())


def test_event_loops_in_threads_share_a_queue() -> None:
    """Four threads enter fifty times each, and at most three are inside at once."""
    cap = ConcurrencyCap(3)
    wait_queue = WaitQueue(cap, lambda: 0.0)
    most, inside, entered, counting = 0, 0, 0, threading.Lock()

    async def enter_often(thread: int) -> None:
        nonlocal most, inside, entered
        for number in range(50):
            await wait_queue.enter(INTERACTIVE, number * 4 + thread)
            with counting:
                inside, entered = inside + 1, entered + 1
                most = max(most, inside)
            await asyncio.sleep(0)
            with counting:
                inside -= 1
            with wait_queue.lock:
                cap.cancel()
            wait_queue.admit()

    threads = [threading.Thread(target=asyncio.run, args=(enter_often(thread),)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert (cap.in_flight, wait_queue.waiting) == (0, 0)
    assert most <= 3
    assert entered == 200


def test_a_call_in_a_closed_event_loop_does_not_block_others() -> None:
    cap = ConcurrencyCap(1)
    wait_queue = WaitQueue(cap, lambda: 0.0)
    assert wait_queue.try_enter(INTERACTIVE, 0)
    forgotten = asyncio.new_event_loop()
    # It would report that the task was destroyed while pending.
    forgotten.set_exception_handler(lambda *_: None)
    task = forgotten.create_task(wait_queue.enter(INTERACTIVE, 1))
    forgotten.run_until_complete(asyncio.sleep(0))
    forgotten.close()
    assert wait_queue.waiting == 1

    async def main() -> None:
        waiting = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 2))
        await asyncio.sleep(0)
        with wait_queue.lock:
            cap.cancel()
        wait_queue.admit()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())
    assert (cap.in_flight, wait_queue.waiting) == (1, 0)
    assert not task.done()
