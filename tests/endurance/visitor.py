"""A task of a run, what it shares with the others, and its disturbed calls."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Generic, TypeVar

from sessionboard_async import AsyncSession, RateLimits, Retry, SessionboardError, Timeout
from sessionboard_async.testing import EmbeddedServer
from tests.endurance.tally import Tally

T = TypeVar("T")

QUICK = Retry(base_delay=0.01, max_delay=0.1)
"""Retries without sleeping the run away."""

_SHORT = Timeout(attempt=2.0, total=5.0)
_HANGS = 60.0
"""Seconds without progress after which an attempt counts as hanging; each of its calls ends within 20 s."""

_MOST_TURNS = 120
_LONGEST_DEADLINE = 0.15
_DISTURBED_ATTEMPTS = 6
_MOST_ATTEMPTS = 25
_MOST_SECONDS = 150.0


def new_client(server: EmbeddedServer, **options: Any) -> AsyncSession:
    """Return a client with short bounds."""
    given = {"retry": QUICK, "timeout": Timeout(attempt=5.0, total=20.0), **options}
    return AsyncSession(server.token, base_url=server.base_url, **given)


class Clients:
    """The clients of a run: one with its views, others with limits of their own, and one that is replaced."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self.main = new_client(server)
        self.without_limits = new_client(server, limits=None)
        self.frugal = new_client(server, limits=RateLimits(share=0.5, concurrency=3), pool_size=4)
        self.replaced = new_client(server)

    @property
    def open(self) -> list[AsyncSession]:
        """The clients that are to be closed at the end."""
        return [self.main, self.without_limits, self.frugal, self.replaced]

    def choose(self, random: Random) -> AsyncSession:
        """Return the one client in most cases, and else a view or another client."""
        views: list[Callable[[], AsyncSession]] = [
            lambda: self.main.with_options(timeout=_SHORT),
            lambda: self.main.with_options(retry=Retry(attempts=2, base_delay=0.005)),
            lambda: self.main.with_options(limits=None),
            lambda: self.main.with_options(timeout=Timeout(attempt=0.3, total=random.uniform(0.02, 1.0))),
            lambda: self.without_limits,
            lambda: self.frugal,
            lambda: self.replaced,
        ]
        return self.main if random.random() < 0.5 else random.choice(views)()

    async def replace(self) -> None:
        """Close one client, which ends the calls of others under way, and open another in its place."""
        closed, self.replaced = self.replaced, new_client(self._server)
        await closed.aclose()


@dataclass
class World:
    """What all tasks of a run share.

    Attributes:
        server: The server.
        clients: The clients.
        tally: The counts.
        folder: A folder for files, empty at the end.
        ids: The ids of the event that never changes, by resource.
        settled: The ids of the other event, which never changes, by resource.
        kept: The ids of records that were created and not deleted, by resource.
        gone: The ids of records that were deleted, by resource.
    """

    server: EmbeddedServer
    clients: Clients
    tally: Tally
    folder: Path
    ids: dict[str, frozenset[str]]
    settled: dict[str, frozenset[str]]
    kept: dict[str, set[str]] = field(default_factory=lambda: {"sessions": set(), "contacts": set()})
    gone: dict[str, set[str]] = field(default_factory=lambda: {"sessions": set(), "contacts": set()})

    @property
    def event(self) -> int:
        """The event that never changes."""
        return self.server.event_ids[0]

    @property
    def changing(self) -> int:
        """The event that is written to."""
        return self.server.event_ids[1]


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The outcome of one attempt.

    Attributes:
        done: Whether the call returned.
        value: What it returned.
    """

    done: bool
    value: T | None = None


class Visitor:
    """A task of a run, with random choices of its own."""

    def __init__(self, world: World, number: int, seed: int) -> None:
        self.world = world
        self.tally = world.tally
        self.number = number
        self.random = Random(f"{seed} {number}")
        self.doing = ""
        self._marks = itertools.count()
        self._moved_at = 0.0

    def moved(self, _: object = None) -> None:
        """Note progress of the attempt under way."""
        self._moved_at = time.monotonic()

    def client(self) -> AsyncSession:
        return self.world.clients.choose(self.random)

    def mark(self) -> str:
        """Return a text that no other call sends."""
        return f"mark-{self.number}-{next(self._marks)}"

    def path(self, ending: str = "") -> Path:
        """Return a path that does not exist."""
        return self.world.folder / f"{self.mark()}{ending}"

    def fail(self, text: str) -> None:
        self.tally.fail(f"task {self.number}, {self.doing}: {text}")

    def check(self, holds: bool, text: str) -> None:
        if not holds:
            self.fail(text)

    async def until_done(self, attempt: Callable[[bool], Awaitable[bool]], *, may_fail: bool = False) -> bool:
        """Repeat an attempt until it reports to be done; a failure to get there is one of the run.

        Args:
            attempt: The attempt, which is passed whether to leave it in peace.
            may_fail: Whether giving up is fine.
        """
        began = time.monotonic()
        for number in range(_MOST_ATTEMPTS):
            if await attempt(number >= _DISTURBED_ATTEMPTS):
                return True
            if time.monotonic() - began > _MOST_SECONDS:
                break
            # The server may be away for a moment.
            await asyncio.sleep(0.02)
        if may_fail:
            self.tally.endings["given up"] += 1
        else:
            self.fail(f"not done after {number + 1} attempts and {time.monotonic() - began:.0f} s")
        return False

    async def attempt(
        self,
        work: Coroutine[Any, Any, T],
        *,
        calm: bool = False,
        also: tuple[type[SessionboardError], ...] = (),
    ) -> Outcome[T]:
        """Run a call, perhaps cancelled at a random await or given a deadline.

        Args:
            work: The call.
            calm: Leave it in peace.
            also: Errors that this call may raise besides those that the server's faults explain.
        """
        how = "calm" if calm else self.random.choices(("calm", "cancel", "deadline"), (70, 15, 15))[0]
        if how == "deadline":
            work = _within(self.random.uniform(0.0, _LONGEST_DEADLINE), work)
        task = asyncio.create_task(work)
        interrupted = False
        if how == "cancel":
            for _ in range(self.random.randrange(_MOST_TURNS)):
                await asyncio.sleep(0)
            interrupted = task.cancel()
        self.moved()
        while not task.done() and (patience := self._moved_at + _HANGS - time.monotonic()) > 0:
            await asyncio.wait({task}, timeout=patience)
        if not task.done():
            self.fail(f"hangs: {_stack(task)}")
            interrupted = task.cancel()
            await asyncio.wait({task})
        return self._outcome(task, how, interrupted, also)

    def _outcome(
        self,
        task: asyncio.Task[T],
        how: str,
        interrupted: bool,
        also: tuple[type[SessionboardError], ...],
    ) -> Outcome[T]:
        endings = self.tally.endings
        if task.cancelled():
            endings["cancelled"] += 1
            self.check(interrupted, "cancelled without a reason")
            return Outcome(False)
        error = task.exception()
        self.check(not interrupted or error is not None, "a cancellation was swallowed")
        if error is None:
            endings["done"] += 1
            return Outcome(True, task.result())
        if how == "deadline" and isinstance(error, TimeoutError) and not isinstance(error, SessionboardError):
            endings["deadline"] += 1
        else:
            endings["error"] += 1
            self.tally.error(error, f"task {self.number}, {self.doing}", also)
        return Outcome(False)


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


def _stack(task: asyncio.Task[Any]) -> str:
    """Return where a task waits, through all coroutines that wait for each other."""
    places: list[str] = []
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "ag_frame", None)
        if frame is None:
            places.append(repr(waiting))
            break
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_qualname}")
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "ag_await", None)
    return "\n".join(places)
