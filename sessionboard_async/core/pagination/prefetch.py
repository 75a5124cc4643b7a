"""Page requests that are sent before their responses are needed, and how many of them are sent."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Literal, TypeVar

from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.lifetime import end_tasks

Label = TypeVar("Label")

PrefetchDepth = int | Literal["eager"]
"""A number of pages; or ``"eager"``, to begin after the first page, for streams that are read to the end."""

EAGER: Final = "eager"

_FEW = 4
_MANY = 8
"""Doubling from 1 would cost two more waits of the whole latency."""


class ReadAhead:
    """Decides how many pages are fetched ahead.

    Without a number of the caller's, nothing is fetched ahead of the second page: many callers stop on the
    first. Then the depth grows while a page is waited for longer than it took to decode and use the last one.

    Args:
        prefetch: The number of pages, ``"eager"``, or ``None``.
        most: The most pages, unless the caller chooses a number.
        is_saturated: Reports whether requests wait for others to end. Then a longer wait is no reason to send
            more at once.
        clock: A monotonic clock in seconds.

    Attributes:
        depth: How many pages to fetch ahead now.
    """

    def __init__(
        self,
        prefetch: PrefetchDepth | None,
        *,
        most: int = _MANY,
        is_saturated: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.depth: int = prefetch if isinstance(prefetch, int) else 0
        self._adapts = not isinstance(prefetch, int)
        self._is_eager = prefetch == EAGER
        self._most = min(_MANY, most)
        self._is_saturated = is_saturated
        self._clock = clock
        self._asked_at: float | None = None
        self._answered_at: float | None = None
        self._waited = 0.0
        self._used = 0.0
        self._has_asked_twice = False

    def asked(self, *, least: int) -> None:
        """Note that the consumer asks for the next page.

        Args:
            least: The depth from the second page on, if a page comes sooner than it is used.
        """
        if not self._adapts:
            return
        self._asked_at = self._clock()
        if self._answered_at is None:
            return
        self._used = self._asked_at - self._answered_at
        if not self._has_asked_twice:
            self._has_asked_twice = True
            self.depth = max(self.depth, min(least, self._most))
            self._grow_if_slow()

    def answered(self) -> None:
        """Note that the page is there, still to be decoded."""
        if not self._adapts:
            return
        self._answered_at = self._clock()
        if self._asked_at is not None:
            self._waited, self._asked_at = self._answered_at - self._asked_at, None
            if self._has_asked_twice:
                self._grow_if_slow()

    def counted(self) -> None:
        """Note that the first page has reported how many there are."""
        if self._is_eager:
            self.depth = max(self.depth, min(_FEW, self._most))

    def _grow_if_slow(self) -> None:
        if self._waited <= self._used or self._is_saturated():
            return
        is_much_slower = self._waited > _MANY * self._used
        self.depth = min(_MANY if is_much_slower or self.depth >= _FEW else _FEW, self._most)


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
