"""The queue of waiting calls: order, deadlines, cancellation, and several event loops."""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import threading
import time

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.admission import ConcurrencyCap
from sessionboard_async.core.rate_limits.wait_queue import Admitted, WaitQueue, WaitTooLongError
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

    def unanswered(self, now: float, sent: float) -> None:
        self.cancel()


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
        first, second, third = (wait_queue.try_enter(INTERACTIVE, number) for number in range(3))
        assert first is not None
        assert second is not None
        assert third is None
        (task,) = await start_waiting(wait_queue, (INTERACTIVE, 3))
        assert not task.done()
        wait_queue.cancel(first)
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
            admitted = await wait_queue.enter(INTERACTIVE, number * 4 + thread)
            with counting:
                inside, entered = inside + 1, entered + 1
                most = max(most, inside)
            await asyncio.sleep(0)
            with counting:
                inside -= 1
            wait_queue.cancel(admitted)

    threads = [threading.Thread(target=asyncio.run, args=(enter_often(thread),)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert (cap.in_flight, wait_queue.waiting) == (0, 0)
    assert most <= 3
    assert entered == 200


# Event loops that stop


async def hold(wait_queue: WaitQueue, order: int) -> Admitted:
    """Enter without waiting."""
    admitted = wait_queue.try_enter(INTERACTIVE, order)
    assert admitted is not None
    return admitted


class LoopLeft:
    """An event loop that was left while calls entered in it."""

    def __init__(self, wait_queue: WaitQueue, *orders: int) -> None:
        self.loop = asyncio.new_event_loop()
        # It would report that the tasks were destroyed while pending.
        self.loop.set_exception_handler(lambda *_: None)
        self.tasks = [self.loop.create_task(wait_queue.enter(INTERACTIVE, order)) for order in orders]
        self.loop.run_until_complete(asyncio.sleep(0))

    def go_on(self) -> list[Admitted]:
        """Run it until the calls are admitted, and close it."""
        try:
            return self.loop.run_until_complete(asyncio.wait_for(asyncio.gather(*self.tasks), 5))
        finally:
            self.loop.close()


def test_a_call_that_waits_in_a_closed_loop_does_not_block_others() -> None:
    cap = ConcurrencyCap(1)
    wait_queue = WaitQueue(cap, lambda: 0.0)

    async def main() -> None:
        admitted = await hold(wait_queue, 0)
        left = await asyncio.to_thread(LoopLeft, wait_queue, 1)
        left.loop.close()
        waiting = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 2))
        await asyncio.sleep(0)
        wait_queue.cancel(admitted)
        await asyncio.wait_for(waiting, 5)
        assert (cap.in_flight, wait_queue.waiting) == (1, 0)
        assert not left.tasks[0].done()

    asyncio.run(main())


def test_a_call_that_waits_in_a_stopped_loop_asks_again_when_that_goes_on() -> None:
    cap = ConcurrencyCap(1)
    wait_queue = WaitQueue(cap, lambda: 0.0)

    async def main() -> None:
        admitted = await hold(wait_queue, 0)
        left = await asyncio.to_thread(LoopLeft, wait_queue, 1)
        waiting = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 2))
        await asyncio.sleep(0)
        wait_queue.cancel(admitted)
        wait_queue.cancel(await asyncio.wait_for(waiting, 5))
        (admitted,) = await asyncio.to_thread(left.go_on)
        wait_queue.cancel(admitted)
        assert (cap.in_flight, wait_queue.waiting) == (0, 0)

    asyncio.run(main())


def test_the_admissions_of_a_closed_loop_are_free_when_the_next_call_asks() -> None:
    cap = ConcurrencyCap(2)
    wait_queue = WaitQueue(cap, time.monotonic)
    left = LoopLeft(wait_queue, 0, 1, 2, 3)
    assert (cap.in_flight, wait_queue.waiting) == (2, 2)
    left.loop.close()
    wait_queue.cancel(asyncio.run(asyncio.wait_for(wait_queue.enter(INTERACTIVE, 9), 5)))
    assert (cap.in_flight, wait_queue.waiting) == (0, 0)
    # The end of the abandoned tasks ends nothing a second time.
    del left
    gc.collect()
    assert (cap.in_flight, wait_queue.waiting) == (0, 0)


def test_the_admissions_of_a_stopped_loop_count_once_when_it_goes_on() -> None:
    cap = ConcurrencyCap(2)
    wait_queue = WaitQueue(cap, time.monotonic)
    left = LoopLeft(wait_queue, 0, 1)
    wait_queue.cancel(asyncio.run(asyncio.wait_for(wait_queue.enter(INTERACTIVE, 9), 5)))
    assert cap.in_flight == 0
    for admitted in left.go_on():
        wait_queue.cancel(admitted)
        assert cap.in_flight == 0


def test_calls_that_wait_already_go_on_when_another_loop_stops() -> None:
    ticks = itertools.count()
    cap = ConcurrencyCap(1)
    wait_queue = WaitQueue(cap, lambda: next(ticks) / 4)
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    asyncio.run_coroutine_threadsafe(wait_queue.enter(INTERACTIVE, 0), loop).result(5)

    async def main() -> None:
        waiting = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        began = now()
        await waiting
        assert now() - began < 60
        assert cap.in_flight == 1

    run(main())
    loop.close()


def test_each_loop_in_which_calls_wait_has_a_timer() -> None:
    """The first call waits for the interval in a loop that is closed, the second in one that goes on."""
    wait_queue = WaitQueue(Intervals(0.2), time.monotonic)

    async def main() -> None:
        await hold(wait_queue, 0)
        left = await asyncio.to_thread(LoopLeft, wait_queue, 1)
        waiting = asyncio.ensure_future(wait_queue.enter(INTERACTIVE, 2))
        await asyncio.sleep(0)
        left.loop.close()
        await asyncio.wait_for(waiting, 5)
        assert wait_queue.waiting == 0

    asyncio.run(main())


def test_a_call_fails_if_its_wait_cannot_be_reported_and_leaves_nothing() -> None:
    def report(_: float) -> None:
        raise LookupError("a logging filter")

    async def main() -> None:
        admission = Intervals(100)
        wait_queue = WaitQueue(admission, now, report)
        await hold(wait_queue, 0)
        with pytest.raises(LookupError):
            await wait_queue.enter(INTERACTIVE, 1)
        assert (wait_queue.waiting, admission.began, admission.cancelled) == (0, 1, 0)
        began = now()
        await wait_queue.enter(INTERACTIVE, 2)
        assert now() - began == pytest.approx(100, abs=0.01)

    run(main())
