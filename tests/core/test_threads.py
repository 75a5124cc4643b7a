"""A function in a thread always ends before the call that waits for it."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest

from sessionboard_async.core.threads import run_in_thread

pytestmark = pytest.mark.anyio


class Work:
    """A function that blocks until it is released."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = asyncio.Event()
        self.go_on = threading.Event()
        self.ended = False

    def __call__(self) -> str:
        self.loop.call_soon_threadsafe(self.begun.set)
        assert self.go_on.wait(10)
        self.ended = True
        return "what it made"


async def under_way(work: Work) -> asyncio.Task[str]:
    task = asyncio.create_task(run_in_thread(work))
    await work.begun.wait()
    return task


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_returns_the_result_of_the_function() -> None:
    work = Work()
    work.go_on.set()
    assert await run_in_thread(work) == "what it made"


async def test_raises_the_error_of_the_function() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await run_in_thread(lambda: int("x"))


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_task_waits_for_its_end(times: int) -> None:
    work = Work()
    task = await under_way(work)
    for _ in range(times):
        task.cancel()
        await turns()
    assert not task.done()
    work.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.ended


async def test_a_cancelled_scope_waits_for_its_end() -> None:
    work = Work()
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(run_in_thread, work)
            await work.begun.wait()
            scope.cancel()
            asyncio.get_running_loop().call_later(0.01, work.go_on.set)
    assert scope.cancelled_caught
    assert work.ended


async def test_an_error_after_cancelling_is_the_cause() -> None:
    go_on = threading.Event()

    def fail() -> None:
        assert go_on.wait(10)
        raise OSError("the disk is full")

    task = asyncio.create_task(run_in_thread(fail))
    await turns()
    task.cancel()
    await turns()
    go_on.set()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_timeout_is_still_reported_as_one() -> None:
    work = Work()
    asyncio.get_running_loop().call_later(0.01, work.go_on.set)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run_in_thread(work), 0.001)
    assert work.ended


async def test_nothing_begins_in_a_cancelled_scope() -> None:
    work = Work()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run_in_thread(work)
    assert scope.cancelled_caught
    assert not work.begun.is_set()
