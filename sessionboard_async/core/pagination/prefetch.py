"""Page requests that are sent before their responses are needed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.lifetime import end_tasks

Label = TypeVar("Label")


class Prefetch(Generic[Label]):
    """A queue of pending requests, in the order in which their responses are used.

    Args:
        engine: Sends the requests.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: deque[tuple[Label, Request, asyncio.Task[Response]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_unsent = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, label: Label, request: Request) -> None:
        """Send a request; its label is returned with its response."""
        self._loop = asyncio.get_running_loop()
        self._is_unsent = True
        self._tasks.append((label, request, self._engine.start(self._engine.send(request))))

    async def send(self) -> None:
        """Let the event loop send the requests that were started, before decoding or the caller blocks it."""
        if self._is_unsent:
            self._is_unsent = False
            await asyncio.sleep(0)

    async def next(self) -> tuple[Label, Request, Response]:
        """Wait for the response to the oldest request, and return both with the label.

        The request stays in the queue until the response is there, so that closing the stream ends it too.

        Raises:
            StopAsyncIteration: If the stream was closed meanwhile.
            ClientStateError: If the client was closed meanwhile.
        """
        while True:
            label, request, task = self._tasks[0]
            await _wait(task)
            if not self._tasks:
                self._engine.check()
                raise StopAsyncIteration
            if not task.cancelled():
                self._tasks.popleft()
                return label, request, task.result()
            self._engine.check()
            # Others cancelled this task alone, perhaps with all tasks of the loop: that is no end.
            self._tasks[0] = label, request, self._engine.start(self._engine.send(request))

    async def aclose(self) -> None:
        """Cancel the pending requests, and wait until they have released their connections."""
        tasks, self._tasks = {task for _, _, task in self._tasks}, deque()
        if tasks:
            await end_tasks(tasks)

    def __del__(self) -> None:
        # After a `break` nothing awaits these responses. The garbage collector may run in any thread.
        if self._tasks and self._loop is not None and not self._loop.is_closed():
            for _, _, task in self._tasks:
                self._loop.call_soon_threadsafe(task.cancel)


async def _wait(task: asyncio.Task[Response]) -> None:
    """Wait for a task without raising its error: ``asyncio.wait`` at a fraction of the cost."""
    if task.done():
        return
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(_: object) -> None:
        if not done.done():
            done.set_result(None)

    task.add_done_callback(wake)
    await done
