"""The lifetime of a client: its event loop, its state, and the tasks that end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from sessionboard_async.core.deadlines import Deadlines
from sessionboard_async.core.waits import Waits
from sessionboard_async.errors import ClientClosedError, WrongEventLoopError

T = TypeVar("T")


class NoClose:
    """An attribute ``close`` that does not exist, and says what to write instead.

    A ``__getattr__`` would do the same, but keeps IPython from completing the attributes of the object.
    """

    def __init__(self) -> None:
        # For help().
        self.__doc__ = "There is no such method: closing waits, so write ``await sb.aclose()``."

    def __get__(self, owner: object, kind: type[object]) -> NoReturn:
        message = (
            f"{kind.__name__!r} object has no attribute 'close': "
            "closing waits, so write `await sb.aclose()`, or `async with`"
        )
        raise AttributeError(message, name="close", obj=owner)


class ClosedByAwaiting:
    """The answer to ``close()`` where there is only ``aclose()``."""

    if not TYPE_CHECKING:
        # Hidden from type checkers, for which the class would have the attribute.
        close = NoClose()

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name != "close"]


class Lifetime:
    """The time from the first use of a client until it is closed, bound to one event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self.deadlines: Deadlines = Deadlines()
        """The deadlines of the calls under way."""
        self.waits: Waits = Waits()
        """The waits of the calls under way."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the client; ``None`` until its first use."""
        return self._loop

    @property
    def closed(self) -> bool:
        """Whether the client is closed."""
        return self._closed

    def check(self) -> None:
        """Bind to the running event loop on first use, and check it on later uses.

        Raises:
            ClientClosedError: If the client is closed.
            WrongEventLoopError: If the client was first used in another event loop, or none runs.
        """
        if self._closed:
            raise ClientClosedError("this client is closed: create a new AsyncSession")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise WrongEventLoopError(
                "no event loop runs here: use the client inside the coroutine that asyncio.run() runs, and "
                "end that before its loop is closed"
            ) from None
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise WrongEventLoopError(
                "this client was opened in another event loop: create one AsyncSession per event loop, "
                "inside the coroutine that asyncio.run() runs"
            )

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine as a task, which is cancelled when the client is closed."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # The error of a task that is no longer awaited, because its stream was abandoned, would be logged
            # by asyncio unless it is read here. An awaited task still raises it.
            task.exception()

    async def end(self) -> None:
        """Refuse further use, end the calls under way, and cancel every task that still runs."""
        self._closed = True
        self.deadlines.end_all()
        if self._tasks:
            await end_tasks(self._tasks)


async def end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have released their connections, even if cancelled meanwhile."""
    for task in tasks:
        task.cancel()
    waiting = asyncio.gather(*tasks, return_exceptions=True)
    try:
        await asyncio.shield(waiting)
    except asyncio.CancelledError:
        # The tasks are cancelled already: this only takes until they have released their connections.
        await asyncio.wait({waiting})
        raise
