"""Requests of one stream that are under way before their answers are needed."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.lifetime import end_tasks

Asked = TypeVar("Asked")


class ReadAhead(Generic[Asked]):
    """Requests under way, in the order in which their answers will be used.

    Args:
        engine: Carries them out.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: deque[tuple[Asked, asyncio.Task[Response]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, asked: Asked, request: Request) -> None:
        """Send a request; what it asks for is told again with its answer."""
        self._loop = asyncio.get_running_loop()
        self._tasks.append((asked, self._engine.start(self._engine.call(request))))

    async def next(self) -> tuple[Asked, Response]:
        """Wait for the answer to the oldest request; until it is here, ending the stream ends it too.

        Raises:
            StopAsyncIteration: If the stream was closed meanwhile.
            ClientStateError: If the session was.
        """
        asked, task = self._tasks[0]
        await _end_of(task)
        if task.cancelled() or not self._tasks:
            # Not the caller was cancelled: the session was closed, or somebody closed this stream.
            self._engine.check()
            raise StopAsyncIteration
        self._tasks.popleft()
        return asked, task.result()

    async def aclose(self) -> None:
        """Give up all that is under way, and wait until it has let go of its connections."""
        tasks, self._tasks = {task for _, task in self._tasks}, deque()
        if tasks:
            await end_tasks(tasks)

    def __del__(self) -> None:
        # Left by `break`: nobody will wait for these answers. The garbage collector may run in any thread.
        if self._tasks and self._loop is not None and not self._loop.is_closed():
            for _, task in self._tasks:
                self._loop.call_soon_threadsafe(task.cancel)


async def _end_of(task: asyncio.Task[Response]) -> None:
    """Wait for a task as ``asyncio.wait`` does, for a fraction of what that costs."""
    if task.done():
        return
    ended = asyncio.get_running_loop().create_future()

    def tell(_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    task.add_done_callback(tell)
    await ended
