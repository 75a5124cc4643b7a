"""Calls for the same share one task, and each of them ends as it would alone."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import APIError, ClientClosedError, DeadlineExceededError, NotFoundError, ResponseInfo
from sessionboard_async.core.cache.shared_calls import SharedCalls
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.errors import RequestContext
from tests.support.virtual_time import now, run

Outcome = int | BaseException


class Work:
    """Work that takes some seconds, and as many to end when it is cancelled.

    Attributes:
        begun: How often it began.
        under_way: How many of it run.
        most_under_way: The most that ran at once.
    """

    def __init__(
        self, seconds: float = 5.0, failure: BaseException | None = None, closing: float = 0.0
    ) -> None:
        self.seconds = seconds
        self.failure = failure
        self.closing = closing
        self.begun = self.under_way = self.most_under_way = 0

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(self.closing)
            raise
        finally:
            self.under_way -= 1
        if self.failure is not None:
            raise self.failure
        return number


class Caller:
    """Calls that join, begun and cancelled at chosen times."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.lifetime = Lifetime()
        self.calls: SharedCalls[int] = SharedCalls(self.lifetime)

    async def join(
        self,
        key: str = "a",
        *,
        after: float = 0.0,
        work: Callable[[], Coroutine[Any, Any, int]] | None = None,
    ) -> int:
        await asyncio.sleep(after)
        return await self.calls.join(key, work or self.work)

    def begin(self, count: int = 1, *, after: float = 0.0) -> list[asyncio.Task[int]]:
        return [asyncio.create_task(self.join(after=after)) for _ in range(count)]


async def outcomes(tasks: list[asyncio.Task[int]]) -> list[Outcome]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def in_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def run_it() -> None:
        run(test())

    run_it.__name__ = test.__name__
    return run_it


@in_virtual_time
async def test_calls_at_the_same_time_share_one_task() -> None:
    caller = Caller(Work())
    tasks = caller.begin(3) + caller.begin(2, after=4.9)
    assert await outcomes(tasks) == [1] * 5
    assert caller.work.begun == 1
    assert len(caller.calls) == 0
    assert await caller.join() == 2


@in_virtual_time
async def test_calls_for_something_else_do_not() -> None:
    caller = Caller(Work())
    assert sorted(await asyncio.gather(caller.join("a"), caller.join("b"))) == [1, 2]


@in_virtual_time
async def test_cancelling_the_first_one_leaves_the_others() -> None:
    caller = Caller(Work())
    first, *others = caller.begin(3)
    await asyncio.sleep(1)
    first.cancel()
    assert await outcomes(others) == [1, 1]
    assert now() - 1_000 == pytest.approx(5)
    assert first.cancelled()


@in_virtual_time
async def test_cancelling_all_of_them_ends_the_work_before_they_return() -> None:
    caller = Caller(Work(closing=3))
    tasks = caller.begin(3)
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks[:2])
    assert now() - 1_000 == pytest.approx(1)
    (later,) = caller.begin()
    await asyncio.wait(tasks[2:])
    assert now() - 1_000 == pytest.approx(4)
    assert all(task.cancelled() for task in tasks)
    assert caller.work.under_way == 1
    assert await later == 2
    assert len(caller.calls) == 0


@in_virtual_time
async def test_cancelling_it_again_while_its_work_ends_does_not_leave_the_work_behind() -> None:
    caller = Caller(Work(closing=3))
    (task,) = caller.begin()
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert caller.work.under_way == 0


@in_virtual_time
async def test_each_gets_an_error_of_its_own() -> None:
    context = RequestContext("GET", "/v1/route", "get-session", attempts=2)
    failure = NotFoundError("404", status=404, body=b"planted", request_id="r", context=context)
    failure.__cause__ = cause = ValueError("the cause")
    failure.add_note("a note")
    failure.response = info = ResponseInfo(status=404)
    caller = Caller(Work(failure=failure))
    errors = await outcomes(caller.begin(4))
    assert len({id(error) for error in errors}) == 4
    for error in errors:
        assert isinstance(error, NotFoundError)
        assert error is not failure
        assert (str(error), error.args, vars(error)) == (str(failure), failure.args, vars(failure))
        assert (error.body, error.__cause__, error.__suppress_context__) == (b"planted", cause, True)
        assert error.__notes__ == ["a note"]
        assert error.response is info
    traces = [traceback.extract_tb(error.__traceback__) for error in errors if isinstance(error, APIError)]
    assert len({len(trace) for trace in traces}) == 1
    assert all(trace[-1].line == "raise self.failure" for trace in traces)
    assert await caller.join(work=Work()) == 1


@in_virtual_time
async def test_an_error_of_a_mistake_is_shared_and_its_traceback_does_not_grow() -> None:
    caller = Caller(Work(failure=ZeroDivisionError()))
    lengths: list[int] = []
    for task in caller.begin(20):
        with pytest.raises(ZeroDivisionError) as raised:
            await task
        lengths.append(len(traceback.extract_tb(raised.value.__traceback__)))
    assert max(lengths) < 10


@in_virtual_time
async def test_an_error_is_not_kept() -> None:
    caller = Caller(Work(failure=DeadlineExceededError("late")))
    with pytest.raises(DeadlineExceededError):
        await caller.join()
    caller.work.failure = None
    assert await caller.join() == 2


@in_virtual_time
async def test_a_call_does_not_join_work_that_has_just_failed() -> None:
    caller = Caller(Work())
    has_failed = asyncio.Event()

    async def fail() -> int:
        await asyncio.sleep(5)
        has_failed.set()
        raise DeadlineExceededError("late")

    first = asyncio.create_task(caller.join(work=fail))
    await has_failed.wait()
    assert not first.done()
    assert await caller.join() == 1
    with pytest.raises(DeadlineExceededError):
        await first


@in_virtual_time
async def test_closing_the_client_ends_all() -> None:
    caller = Caller(Work(closing=1))
    tasks = caller.begin(3)
    await asyncio.sleep(1)
    await caller.lifetime.end()
    for error in await outcomes(tasks):
        assert isinstance(error, ClientClosedError)
    with pytest.raises(ClientClosedError):
        await caller.join()
    assert caller.work.begun == 1


def work_of(tasks: list[asyncio.Task[int]]) -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() - {*tasks} if "Work" in repr(task.get_coro())]


@in_virtual_time
async def test_a_task_that_others_cancel_is_begun_again_once() -> None:
    caller = Caller(Work())
    tasks = caller.begin(3)
    await asyncio.sleep(1)
    for task in work_of(tasks):
        task.cancel()
    assert await outcomes(tasks) == [2] * 3

    tasks = caller.begin(3)
    for _ in range(2):
        await asyncio.sleep(1)
        for task in work_of(tasks):
            task.cancel()
    for error in await outcomes(tasks):
        assert isinstance(error, asyncio.CancelledError)
    assert caller.work.begun == 4


TIMES = st.integers(0, 120).map(lambda tenths: tenths / 10)


@given(
    calls=st.lists(st.tuples(st.sampled_from("ab"), TIMES, st.none() | TIMES), min_size=1, max_size=12),
    closing=st.integers(0, 3),
    fails=st.booleans(),
)
def test_whoever_is_cancelled_the_others_get_their_outcome(
    calls: list[tuple[str, float, float | None]], closing: int, fails: bool
) -> None:
    """Calls begin at any time, and some are cancelled after any time."""

    async def main() -> None:
        failure = NotFoundError("404", status=404) if fails else None
        works = {key: Work(5, failure) for key in "ab"}
        for work in works.values():
            work.closing = closing
        caller = Caller(works["a"])
        start = now()
        ends: dict[asyncio.Task[int], float] = {}
        tasks: list[asyncio.Task[int]] = []
        for key, after, lasts in calls:
            task = asyncio.create_task(caller.join(key, after=after, work=works[key]))
            task.add_done_callback(lambda task: ends.update({task: now() - start}))
            tasks.append(task)
            if lasts is not None:
                asyncio.get_running_loop().call_later(after + lasts, task.cancel)
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        for task, (_, after, lasts) in zip(tasks, calls, strict=True):
            if task.cancelled():
                assert lasts is not None
                # It may be the last one, which waits for the end of the work.
                assert ends[task] == pytest.approx(after + lasts, abs=closing + 0.001)
            else:
                assert isinstance(task.exception(), NotFoundError) if fails else task.exception() is None
                assert ends[task] < after + 5.001, "longer than alone"
        assert len(caller.calls) == 0
        assert all(work.under_way == 0 for work in works.values())
        if all(lasts is None for _, _, lasts in calls):
            assert all(work.most_under_way <= 1 for work in works.values())

    run(main())
