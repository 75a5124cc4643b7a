"""A client is used in one event loop until it is closed, and its tasks end with it."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from sessionboard_async.core.lifetime import Lifetime, end_tasks
from sessionboard_async.errors import ClientClosedError, WrongEventLoopError
from tests.support.virtual_time import now, run

pytestmark = pytest.mark.anyio


class Connection:
    """A resource that a task must release, which takes a while."""

    def __init__(self, closing: float = 1.0) -> None:
        self.open = False
        self._closing = closing

    async def use(self) -> None:
        self.open = True
        try:
            await asyncio.sleep(3_600)
        finally:
            await asyncio.sleep(self._closing)
            self.open = False


def test_a_new_one_is_open_and_bound_to_no_loop() -> None:
    lifetime = Lifetime()
    assert not lifetime.closed
    run(_checked(lifetime))


async def _checked(lifetime: Lifetime) -> None:
    lifetime.check()


def test_belongs_to_the_loop_that_used_it_first() -> None:
    lifetime = Lifetime()
    run(_checked(lifetime))
    with pytest.raises(WrongEventLoopError, match="one AsyncSession per event loop"):
        run(_checked(lifetime))


def test_a_use_without_a_running_loop_is_named_and_binds_to_none() -> None:
    lifetime = Lifetime()
    with pytest.raises(WrongEventLoopError, match="no event loop runs here"):
        lifetime.check()
    run(_checked(lifetime))


async def test_may_be_used_again_and_again_until_it_is_closed() -> None:
    lifetime = Lifetime()
    lifetime.check()
    lifetime.check()
    await lifetime.end()
    assert lifetime.closed
    with pytest.raises(ClientClosedError, match="create a new AsyncSession"):
        lifetime.check()


def test_says_that_it_is_closed_in_any_loop() -> None:
    lifetime = Lifetime()
    run(lifetime.end())
    with pytest.raises(ClientClosedError):
        run(_checked(lifetime))


async def test_may_be_ended_twice_and_without_having_been_used() -> None:
    lifetime = Lifetime()
    await lifetime.end()
    await lifetime.end()
    assert lifetime.closed


# Tasks


def assert_forgotten(tasks: list[asyncio.Task[Any]]) -> None:
    """Check that only the caller refers to the tasks, besides its list."""
    for task in tasks:
        holders = [holder for holder in gc.get_referrers(task) if isinstance(holder, set)]
        assert holders == []


async def test_awaiting_a_task_returns_its_result_and_forgets_it() -> None:
    lifetime = Lifetime()

    async def answer() -> int:
        return 42

    task = lifetime.start(answer())
    assert await task == 42
    assert_forgotten([task])


async def test_awaiting_a_task_raises_its_error() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    task = Lifetime().start(fail())
    with pytest.raises(LookupError, match="gone"):
        await task


async def test_an_error_of_a_task_that_is_not_awaited_is_not_logged() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    async def fail() -> None:
        raise LookupError("gone")

    lifetime = Lifetime()
    lifetime.start(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
    assert reported == []


def test_the_end_waits_until_every_task_has_released_its_connection() -> None:
    async def main() -> None:
        lifetime = Lifetime()
        connections = [Connection(closing) for closing in (1.0, 2.0, 3.0)]
        tasks = [lifetime.start(connection.use()) for connection in connections]
        await asyncio.sleep(1)
        assert all(connection.open for connection in connections)
        began = now()
        await lifetime.end()
        assert now() - began == pytest.approx(3.0)
        assert not any(connection.open for connection in connections)
        assert all(task.cancelled() for task in tasks)
        await asyncio.sleep(0)
        assert_forgotten(tasks)

    run(main())


def test_no_use_is_possible_while_it_ends() -> None:
    async def main() -> None:
        lifetime = Lifetime()
        lifetime.start(Connection().use())
        await asyncio.sleep(1)
        ending = asyncio.create_task(lifetime.end())
        await asyncio.sleep(0.5)
        assert not ending.done()
        with pytest.raises(ClientClosedError):
            lifetime.check()
        await ending

    run(main())


def test_two_ends_at_once_both_wait() -> None:
    async def main() -> None:
        lifetime = Lifetime()
        connection = Connection()
        lifetime.start(connection.use())
        await asyncio.sleep(1)
        await asyncio.gather(lifetime.end(), lifetime.end())
        assert not connection.open

    run(main())


def test_a_cancelled_end_still_waits_for_the_tasks() -> None:
    async def main() -> None:
        lifetime = Lifetime()
        connection = Connection(closing=2.0)
        lifetime.start(connection.use())
        await asyncio.sleep(1)
        ending = asyncio.create_task(lifetime.end())
        await asyncio.sleep(0.5)
        ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        assert not connection.open
        assert lifetime.closed

    run(main())


def test_a_task_that_fails_as_it_is_cancelled_does_not_spoil_the_end() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            raise LookupError("while closing") from None

    async def main() -> None:
        lifetime = Lifetime()
        connection = Connection()
        lifetime.start(stubborn())
        lifetime.start(connection.use())
        await asyncio.sleep(1)
        await lifetime.end()
        assert not connection.open

    run(main())


async def test_ending_no_tasks_or_ended_ones_is_nothing() -> None:
    async def answer() -> int:
        return 42

    task = asyncio.create_task(answer())
    await task
    await end_tasks(set())
    await end_tasks({task})
    assert task.result() == 42


def test_ends_also_while_a_deadline_is_just_expiring() -> None:
    async def main() -> list[bool]:
        lifetime = Lifetime()
        ended: list[bool] = []

        def end() -> None:
            # After the timer has expired, and before its task is cancelled.
            with pytest.raises(StopIteration):
                lifetime.end().send(None)
            ended.append(lifetime.closed)

        async def wait() -> None:
            async with asyncio.timeout(0) as deadline:
                lifetime.deadlines.add(deadline, None)
                asyncio.get_running_loop().call_soon(end)
                await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            await wait()
        return ended

    assert asyncio.run(main()) == [True]
