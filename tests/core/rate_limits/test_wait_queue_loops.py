"""The wait queue between event loops: calls are woken in their own, and nothing is left in any."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.admission import ConcurrencyCap
from sessionboard_async.core.rate_limits.wait_queue import Admitted, WaitQueue, WaitTooLongError
from tests.support.virtual_time import now, run

INTERACTIVE = Priority.INTERACTIVE
SECONDS = 5.0
"""Enough for whatever happens at once."""


class Gate:
    """An admission that opens at a time, and admits every call from then on."""

    def __init__(self, opens: float = math.inf) -> None:
        self.opens = opens
        self.begun: list[float] = []
        self.estimates = 0

    def wait(self, now: float, priority: Priority) -> float:
        return max(0.0, self.opens - now)

    def expected_wait(self, now: float, ahead: int) -> float:
        self.estimates += 1
        return max(0.0, self.opens - now)

    def begin(self, now: float) -> None:
        self.begun.append(now)

    def cancel(self) -> None:
        self.begun.pop()

    def unanswered(self, now: float, sent: float) -> None:
        self.begun.pop()


@contextmanager
def loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        if loop.is_running():
            loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def begin(queue: WaitQueue, order: int, latest: float = math.inf) -> asyncio.Task[Admitted]:
    """Begin a call, which waits when this returns."""
    task = asyncio.ensure_future(queue.enter(INTERACTIVE, order, latest))
    await asyncio.sleep(0)
    return task


def begin_in(
    loop: asyncio.AbstractEventLoop, queue: WaitQueue, order: int, latest: float = math.inf
) -> asyncio.Task[Admitted]:
    """Begin a call in the loop of another thread."""
    return asyncio.run_coroutine_threadsafe(begin(queue, order, latest), loop).result(SECONDS)


def end_in(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Admitted]) -> Admitted:
    """Return the result of a call in the loop of another thread."""

    async def end() -> Admitted:
        return await asyncio.wait_for(task, SECONDS)

    return asyncio.run_coroutine_threadsafe(end(), loop).result(2 * SECONDS)


# Calls in the loop of another thread


def test_a_call_in_another_loop_is_admitted_once() -> None:
    gate = Gate()
    queue = WaitQueue(gate, lambda: 7.0)
    with loop_in_thread() as loop:
        task = begin_in(loop, queue, 1)
        gate.opens = 0.0
        queue.admit()
        admitted = end_in(loop, task)
        assert (admitted.at, admitted.loop, gate.begun) == (7.0, loop, [7.0])
        with queue.lock:
            queue.end(admitted)
        assert gate.begun == [7.0]


def test_a_call_in_another_loop_wakes_earlier_if_the_wait_becomes_shorter() -> None:
    gate = Gate(time.monotonic() + 600)
    queue = WaitQueue(gate, time.monotonic)
    with loop_in_thread() as loop:
        task = begin_in(loop, queue, 1)
        gate.opens = time.monotonic() + 0.02
        # This thread has no loop: only the other one can wake.
        queue.admit()
        assert end_in(loop, task).at >= gate.opens
        assert len(gate.begun) == 1


def test_a_call_does_not_depend_on_the_timer_of_a_loop_that_is_busy() -> None:
    gate = Gate(0.02)
    clock = 0.0
    queue = WaitQueue(gate, lambda: clock)
    free = threading.Event()

    async def main() -> None:
        nonlocal clock
        first = begin_in(loop, queue, 1)
        loop.call_soon_threadsafe(free.wait, 4 * SECONDS)
        second = await begin(queue, 2)
        # The gate opens now, however long the machine took so far.
        clock = 1.0
        try:
            await asyncio.wait_for(second, SECONDS)
            assert not first.done()
        finally:
            free.set()
        await asyncio.to_thread(end_in, loop, first)
        assert gate.begun == [1.0, 1.0]

    with loop_in_thread() as loop:
        asyncio.run(main())


def test_a_call_in_another_loop_fails_with_the_error_that_it_was_given() -> None:
    queue = WaitQueue(Gate(), lambda: 0.0)
    with loop_in_thread() as loop:
        task = begin_in(loop, queue, 1)
        queue.fail_all(lambda: LookupError("closed"))
        with pytest.raises(LookupError):
            end_in(loop, task)
        assert queue.waiting == 0


def test_a_call_in_another_loop_fails_as_soon_as_it_is_known_to_be_too_late() -> None:
    gate = Gate(10.0)
    queue = WaitQueue(gate, lambda: 0.0)
    with loop_in_thread() as loop:
        task = begin_in(loop, queue, 1, latest=20.0)
        gate.opens = 30.0
        queue.admit()
        with pytest.raises(WaitTooLongError) as caught:
            end_in(loop, task)
        assert caught.value.seconds == 30.0


def test_a_call_whose_loop_closes_as_it_is_admitted_takes_no_place() -> None:
    class Closing(asyncio.SelectorEventLoop):
        """A loop that was closed just after it was seen running."""

        def is_running(self) -> bool:
            return self.is_closed() or super().is_running()

    cap = ConcurrencyCap(1)
    queue = WaitQueue(cap, lambda: 0.0)
    loop = Closing()
    loop.set_exception_handler(lambda *_: None)
    left = loop.create_task(queue.enter(INTERACTIVE, 1))

    async def main() -> None:
        admitted = queue.try_enter(INTERACTIVE, 0)
        assert admitted is not None
        await asyncio.to_thread(loop.run_until_complete, asyncio.sleep(0))
        loop.close()
        task = await begin(queue, 2)
        assert queue.waiting == 2
        queue.cancel(admitted)
        await asyncio.wait_for(task, SECONDS)
        assert (cap.in_flight, queue.waiting) == (1, 0)

    asyncio.run(main())
    assert not left.done()


@pytest.mark.parametrize("waited", [0.0, 0.4, 10.0])
def test_the_place_of_a_loop_that_stops_is_free_within_a_second(waited: float) -> None:
    async def main() -> None:
        cap = ConcurrencyCap(1)
        queue = WaitQueue(cap, asyncio.get_running_loop().time)
        with loop_in_thread() as loop:
            end_in(loop, begin_in(loop, queue, 1))
            task = await begin(queue, 2)
            await asyncio.sleep(waited)
            assert not task.done()
        began = now()
        admitted = await task
        assert now() - began <= 1.001
        assert admitted.at == pytest.approx(now())
        assert admitted.loop is asyncio.get_running_loop()
        assert cap.in_flight == 1
        queue.cancel(admitted)
        assert cap.in_flight == 0

    run(main())


# Leftovers


async def forever() -> None:
    """Wait for nothing: where no timer is left, the loop in virtual time reports that it would hang."""
    await asyncio.get_running_loop().create_future()


def test_no_timer_is_left_when_the_last_call_has_gone() -> None:
    async def main() -> None:
        queue = WaitQueue(Gate(now() + 600), now)
        tasks = [await begin(queue, order) for order in range(3)]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        ends.append((asyncio.get_running_loop(), now()))
        await forever()

    ends: list[tuple[asyncio.AbstractEventLoop, float]] = []
    with pytest.raises(AssertionError, match="no timer is set"):
        run(main())
    ((loop, ended),) = ends
    assert loop.time() - ended < 1, "it waited for a timer first"


def test_no_timer_is_set_for_calls_that_wait_for_others_of_their_loop() -> None:
    async def main() -> None:
        queue = WaitQueue(ConcurrencyCap(1), now)
        assert queue.try_enter(INTERACTIVE, 0)
        await begin(queue, 1)
        await forever()

    with pytest.raises(AssertionError, match="no timer is set"):
        run(main())


def test_the_calls_that_remain_keep_their_timer() -> None:
    async def main() -> None:
        gate = Gate(now() + 600)
        queue = WaitQueue(gate, now)
        tasks = [await begin(queue, order) for order in range(3)]
        for number, task in enumerate(tasks[:2]):
            await asyncio.sleep(100 * number)
            task.cancel()
            await asyncio.wait([task])
        assert (await tasks[2]).at == pytest.approx(gate.opens, abs=0.01)

    run(main())


def test_a_wait_that_becomes_shorter_moves_the_timer() -> None:
    async def main() -> None:
        gate = Gate(now() + 600)
        queue = WaitQueue(gate, now)
        task = await begin(queue, 1)
        for opens in (now() + 300, now() + 5, now() + 50):
            gate.opens = opens
            queue.admit()
        assert (await task).at == pytest.approx(gate.opens, abs=0.01)
        assert len(gate.begun) == 1

    run(main())


def test_only_calls_with_a_deadline_are_looked_through_for_late_ones() -> None:
    async def main() -> None:
        gate = Gate(now() + 600)
        queue = WaitQueue(gate, now)
        endless = await begin(queue, 1)
        assert gate.estimates == 0
        limited = [await begin(queue, 2, latest=now() + 700) for _ in range(2)]
        later = await begin(queue, 3)
        seen = gate.estimates
        queue.admit()
        assert gate.estimates == seen + 4
        for task in (*limited, later):
            task.cancel()
            await asyncio.wait([task])
        seen = gate.estimates
        queue.admit()
        assert gate.estimates == seen
        await endless

    run(main())


def test_a_call_with_a_deadline_fails_also_if_those_behind_it_have_none() -> None:
    async def main() -> None:
        gate = Gate(now() + 10)
        queue = WaitQueue(gate, now)
        limited = await begin(queue, 1, latest=now() + 20)
        endless = await begin(queue, 2)
        gate.opens = now() + 30
        queue.admit()
        with pytest.raises(WaitTooLongError):
            await asyncio.wait_for(limited, 1)
        await endless

    run(main())


def test_an_admission_that_ends_after_it_was_taken_back_ends_a_request_that_begins_then() -> None:
    async def main() -> None:
        gate = Gate(0.0)
        queue = WaitQueue(gate, now)
        admitted = queue.try_enter(INTERACTIVE, 1)
        assert admitted is not None
        for _ in range(2):
            with queue.lock:
                queue.end(admitted)
        assert gate.begun == [admitted.at, pytest.approx(now())]

    run(main())
