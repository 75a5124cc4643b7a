"""The wait queue at its edges: exact deadlines, what is reported, and what each end leaves behind."""

from __future__ import annotations

import asyncio
import math

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.admission import ConcurrencyCap
from sessionboard_async.core.rate_limits.wait_queue import Admitted, WaitQueue, WaitTooLongError
from tests.support.virtual_time import now, run

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK


class Scripted:
    """An admission that opens at a time, admits every call then, and counts what happens to it."""

    def __init__(self, opens_after: float = 0.0, each: float = 10.0) -> None:
        self.opens = now() + opens_after
        self.each = each
        self.asked: list[tuple[float, Priority]] = []
        self.events: list[str] = []

    def wait(self, now: float, priority: Priority) -> float:
        self.asked.append((now, priority))
        return max(0.0, self.opens - now)

    def expected_wait(self, now: float, ahead: int) -> float:
        return max(0.0, self.opens - now) + self.each * ahead

    def begin(self, now: float) -> None:
        self.events.append("begin")

    def cancel(self) -> None:
        self.events.append("cancel")

    def unanswered(self, now: float, sent: float) -> None:
        self.events.append("unanswered")


async def waiting_call(
    queue: WaitQueue, priority: Priority = INTERACTIVE, order: int = 1, latest: float = math.inf
) -> asyncio.Task[Admitted]:
    task = asyncio.ensure_future(queue.enter(priority, order, latest))
    await asyncio.sleep(0)
    return task


def test_an_admission_says_when_and_in_which_loop() -> None:
    async def main() -> None:
        admission = Scripted()
        queue = WaitQueue(admission, now)
        first = queue.try_enter(BULK, 1)
        assert first is not None
        assert (first.at, first.loop) == (now(), asyncio.get_running_loop())
        assert admission.asked == [(first.at, BULK)]
        assert queue.try_enter(INTERACTIVE, 2, first) is first
        admission.opens = now() + 5
        later = await queue.enter(INTERACTIVE, 3)
        assert later.at == pytest.approx(now()) == pytest.approx(admission.opens, abs=0.01)
        assert later.loop is first.loop
        assert admission.events == ["begin"] * 3

    run(main())


@pytest.mark.parametrize(
    ("place", "ahead"),
    [((INTERACTIVE, 2), 0), ((INTERACTIVE, 4), 1), ((BULK, 0), 2), ((BULK, 6), 3), ((BULK, 5), 2)],
)
def test_a_call_counts_those_that_go_before_it(place: tuple[Priority, int], ahead: int) -> None:
    async def main() -> None:
        queue = WaitQueue(Scripted(100), now)
        tasks = [await waiting_call(queue, *at) for at in ((INTERACTIVE, 3), (INTERACTIVE, 5), (BULK, 5))]
        assert queue.ahead_of(*place) == ahead
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert queue.waiting == 0

    run(main())


def test_an_admission_without_waiting_calls_may_be_asked_at_any_place() -> None:
    async def main() -> None:
        admission = Scripted(100)
        queue = WaitQueue(admission, now)
        assert queue.try_enter(INTERACTIVE, 1) is None
        task = await waiting_call(queue, order=5)
        assert queue.try_enter(INTERACTIVE, 6) is None
        admission.opens = now()
        assert queue.try_enter(INTERACTIVE, 6) is None, "the waiting call goes first"
        assert queue.try_enter(INTERACTIVE, 4) is not None
        queue.admit()
        assert (await task).at == pytest.approx(now())

    run(main())


@pytest.mark.parametrize(("margin", "in_time"), [(0.0, True), (-0.001, False)])
def test_a_call_fails_only_if_it_would_be_admitted_after_its_deadline(margin: float, in_time: bool) -> None:
    async def main() -> None:
        queue = WaitQueue(Scripted(20), now)
        first = await waiting_call(queue, order=1)
        # The second one would wait ten seconds more than the first.
        second = await waiting_call(queue, order=2, latest=now() + 30 + margin)
        await asyncio.sleep(0)
        assert second.done() is not in_time
        if not in_time:
            with pytest.raises(WaitTooLongError) as caught:
                await second
            assert caught.value.seconds == pytest.approx(30)
            assert caught.value.args == (caught.value.seconds,)
            assert queue.waiting == 1
        await first

    run(main())


@pytest.mark.parametrize(
    ("opens", "latest", "in_time"), [(30.0, 30.0, True), (30.0, 29.9, False), (0.5, 0.4, False)]
)
def test_a_deadline_is_the_last_moment_that_is_in_time(opens: float, latest: float, in_time: bool) -> None:
    async def main() -> None:
        admission = Scripted()
        admission.opens = opens
        # The clock stands still, so that waits are exact.
        queue = WaitQueue(admission, lambda: 0.0)
        assert queue.try_enter(INTERACTIVE, 1) is None
        task = await waiting_call(queue, latest=latest)
        admission.opens = 0.0
        queue.admit()
        await asyncio.wait([task])
        assert isinstance(task.exception(), WaitTooLongError) is not in_time

    run(main())


def test_a_call_that_may_begin_at_once_never_fails_for_its_deadline() -> None:
    async def main() -> None:
        queue = WaitQueue(ConcurrencyCap(1), now)
        held = queue.try_enter(INTERACTIVE, 1)
        assert held is not None
        task = await waiting_call(queue, latest=now() - 5)
        assert not task.done(), "how long the other call takes is not known"
        queue.cancel(held)
        await task

    run(main())


def test_a_call_that_fails_makes_room_for_those_behind_it() -> None:
    async def main() -> None:
        admission = Scripted(20)
        queue = WaitQueue(admission, now)
        patient = await waiting_call(queue, BULK, order=9, latest=now() + 25)
        late = await waiting_call(queue, order=1, latest=now() + 10)
        with pytest.raises(WaitTooLongError):
            await late
        assert not patient.done()
        assert (await patient).at == pytest.approx(admission.opens, abs=0.01)

    run(main())


@pytest.mark.parametrize(("seconds", "reported"), [(1.0, []), (1.25, [1.25, 1.25])])
def test_waits_of_more_than_a_second_are_reported(seconds: float, reported: list[float]) -> None:
    async def main() -> None:
        waits: list[float] = []
        admission = Scripted()
        # The clock stands still, so that waits are exact.
        queue = WaitQueue(admission, lambda: 0.0, waits.append)
        for _ in range(2):
            admission.opens = seconds
            tasks = [await waiting_call(queue, order=order) for order in range(3)]
            admission.opens = 0.0
            queue.admit()
            await asyncio.wait(tasks)
        assert waits == reported

    run(main())


def test_a_queue_without_a_listener_reports_nothing() -> None:
    async def main() -> None:
        queue = WaitQueue(Scripted(50), now)
        began = now()
        await queue.enter(INTERACTIVE, 1)
        assert now() - began == pytest.approx(50, abs=0.01)

    run(main())


def test_cancelling_an_admission_lets_the_next_call_in() -> None:
    async def main() -> None:
        cap = ConcurrencyCap(1)
        queue = WaitQueue(cap, now)
        held = queue.try_enter(INTERACTIVE, 1)
        assert held is not None
        tasks = [await waiting_call(queue, order=order) for order in (2, 3)]
        assert (cap.in_flight, queue.waiting) == (1, 2)
        queue.cancel(held)
        next_one = await tasks[0]
        assert (cap.in_flight, queue.waiting) == (1, 1)
        with queue.lock:
            queue.end(next_one)
            cap.unanswered(now(), next_one.at)
        queue.admit()
        await tasks[1]
        assert (cap.in_flight, queue.waiting) == (1, 0)

    run(main())


def test_an_admission_that_ends_twice_is_counted_once() -> None:
    async def main() -> None:
        cap = ConcurrencyCap(2)
        queue = WaitQueue(cap, now)
        held = queue.try_enter(INTERACTIVE, 1)
        assert held is not None
        queue.cancel(held)
        queue.cancel(held)
        assert cap.in_flight == 0

    run(main())


def test_nothing_is_taken_back_from_a_loop_that_runs() -> None:
    async def main() -> None:
        admission = Scripted()
        queue = WaitQueue(admission, now)
        held = queue.try_enter(INTERACTIVE, 1)
        assert held is not None
        assert queue.take_back_abandoned() is False
        assert admission.events == ["begin"]

    run(main())


def test_the_admission_of_a_loop_that_stopped_is_taken_back_once() -> None:
    async def enter(queue: WaitQueue) -> None:
        assert queue.try_enter(INTERACTIVE, 1) is not None

    async def make() -> tuple[Scripted, WaitQueue]:
        admission = Scripted()
        return admission, WaitQueue(admission, lambda: 7.0)

    admission, queue = run(make())
    admission.opens = 0.0
    run(enter(queue))
    assert queue.take_back_abandoned() is True
    assert queue.take_back_abandoned() is False
    assert admission.events == ["begin", "unanswered"]


def test_each_failed_call_gets_an_error_of_its_own() -> None:
    class StopError(Exception):
        pass

    async def main() -> None:
        admission = Scripted(50)
        queue = WaitQueue(admission, now)
        tasks = [await waiting_call(queue, order=order, latest=now() + 500) for order in range(3)]
        queue.fail_all(StopError)
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in errors] == [StopError] * 3
        assert len({id(error) for error in errors}) == 3
        assert (queue.waiting, admission.events) == (0, [])
        assert (await queue.enter(INTERACTIVE, 1)).at == pytest.approx(admission.opens, abs=0.01)

    run(main())


def test_the_first_priorities_are_in_their_order() -> None:
    async def main() -> None:
        queue = WaitQueue(Scripted(5), now)
        tasks = [await waiting_call(queue, priority, order=1) for priority in (BULK, INTERACTIVE)]
        assert queue.priorities(1) == [INTERACTIVE]
        assert queue.priorities(9) == [INTERACTIVE, BULK]
        await asyncio.wait(tasks)
        assert queue.priorities(9) == []

    run(main())
