"""Calls for the same at the same time, which share one task."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from sessionboard_async.core.lifetime import Lifetime, end_tasks
from sessionboard_async.errors import SessionboardError, StatusError

V = TypeVar("V")


class SharedCall(Generic[V]):
    """A task, and the number of calls that wait for it."""

    __slots__ = ("task", "waiting")

    def __init__(self, task: asyncio.Task[V]) -> None:
        self.task: asyncio.Task[V] = task
        self.waiting: int = 0


class SharedCalls(Generic[V]):
    """The shared calls under way, by what they ask for. For the event loop of the client.

    Args:
        lifetime: The lifetime of the client, with which the tasks end.
    """

    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self._calls: dict[Hashable, SharedCall[V]] = {}

    def __len__(self) -> int:
        return len(self._calls)

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Wait for the call under way for a key, or begin it.

        A waiter that is cancelled leaves the others waiting; the last one ends the task.

        Args:
            key: The key.
            work: Makes the coroutine that does the work.

        Returns:
            The result of the work, the same object for all who waited.

        Raises:
            ClientStateError: If the client cannot be used here, or was closed meanwhile.
            SessionboardError: If the work raised it: a copy for each who waited.
        """
        call = await self._wait(key, work)
        if call.task.cancelled():
            # The client was closed, which is reported, or the task was cancelled by others than its waiters.
            call = await self._wait(key, work)
        if call.task.done() and not call.task.cancelled():
            error = call.task.exception()
            if isinstance(error, SessionboardError):
                raise _copy_of(error)
        return call.task.result()

    async def _wait(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, V]]) -> SharedCall[V]:
        """Return the call for a key when its task is done."""
        self._lifetime.check()
        call = self._calls.get(key)
        if call is None or call.task.done():
            call = self._calls[key] = SharedCall(self._lifetime.start(work()))
        call.waiting += 1
        try:
            await asyncio.wait({call.task})
        except asyncio.CancelledError:
            if call.waiting == 1:
                # Before waiting for its end: later calls begin anew.
                self._forget(key, call)
                await end_tasks({call.task})
            raise
        finally:
            call.waiting -= 1
        self._forget(key, call)
        return call

    def _forget(self, key: Hashable, call: SharedCall[V]) -> None:
        if self._calls.get(key) is call:
            del self._calls[key]


def _copy_of(error: SessionboardError) -> SessionboardError:
    """Copy an error: raising one object again and again makes its traceback grow."""
    copied = copy.copy(error)
    if isinstance(error, StatusError) and isinstance(copied, StatusError):
        # Copies made elsewhere leave the body out.
        copied._body = error.body  # pyright: ignore[reportPrivateUsage]
    if error.response is not None:
        copied.response = error.response
    copied.__context__, copied.__cause__ = error.__context__, error.__cause__
    copied.__suppress_context__ = error.__suppress_context__
    return copied.with_traceback(error.__traceback__)
