"""When a session may be used, where, and which tasks end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sessionboard_async.errors import ClientClosedError, WrongEventLoopError

T = TypeVar("T")


class Lifetime:
    """The span from the first use of a session to its end, bound to one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deadlines: set[asyncio.Timeout] = set()
        """Of the calls under way: moving one to now ends its call, wherever that waits."""

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._closed

    def check(self) -> None:
        """Bind to the running event loop at the first use, and refuse any other later.

        Raises:
            ClientClosedError: If the session was closed.
            WrongEventLoopError: If it was first used in another event loop.
        """
        if self._closed:
            raise ClientClosedError("this session is closed: make a new AsyncSession")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongEventLoopError(
                "this session was opened in another event loop: make one AsyncSession per event loop, "
                "inside the coroutine that asyncio.run() runs"
            )

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine beside its caller, at the latest until the session ends."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Whoever awaits the task gets its error; reading it here keeps asyncio from reporting one that
            # nobody waits for any more, because the stream was left.
            task.exception()

    async def end(self) -> None:
        """Refuse further use, and end every task that still runs."""
        self._closed = True
        for deadline in self.deadlines:
            if not deadline.expired():
                deadline.reschedule(0)
        if self._tasks:
            await end_tasks(self._tasks)


async def end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until each has let go of its connection, even when cancelled meanwhile."""
    for task in tasks:
        task.cancel()
    waiting = asyncio.gather(*tasks, return_exceptions=True)
    try:
        await asyncio.shield(waiting)
    except asyncio.CancelledError:
        # The tasks are cancelled already: this takes as long as letting go of a connection does.
        await asyncio.wait({waiting})
        raise
