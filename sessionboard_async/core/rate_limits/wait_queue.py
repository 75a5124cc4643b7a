"""A line of waiting calls before something that lets in a few at a time."""

from __future__ import annotations

import asyncio
import math
import threading
from bisect import bisect_left, insort
from collections.abc import Callable
from typing import Protocol

import msgspec

from sessionboard_async.core.http.request import Priority

_SHORTEST_TIMER = 0.001
_MOMENT = 1.0


class Admission(Protocol):
    """What a wait_queue stands before."""

    def wait(self, now: float, priority: Priority) -> float:
        """Tell how long a call must wait; 0.0 where it may begin, infinite where another must end first."""
        ...

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate the seconds that a call must wait with so many before it."""
        ...

    def begin(self, now: float) -> None:
        """Let a call in."""
        ...

    def cancel(self) -> None:
        """Take back that a call was let in."""
        ...


class ConcurrencyCap:
    """Lets in so many at a time.

    Args:
        most: How many.
    """

    __slots__ = ("in_flight", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.in_flight = 0

    def wait(self, now: float, priority: Priority) -> float:  # as every gate has it
        """Tell how long a call must wait."""
        return 0.0 if self.in_flight < self.most else math.inf

    def expected_wait(self, now: float, ahead: int) -> float:  # as every gate has it
        """Estimate how long a call must wait: nobody knows how long calls take, but it is not long."""
        return 0.0

    def begin(self, now: float) -> None:  # as every gate has it
        """Let a call in."""
        self.in_flight += 1

    def cancel(self) -> None:
        """End a call."""
        self.in_flight -= 1


class WaitTooLongError(Exception):  # told as an error of the package, by who knows more
    """A call would wait longer than it can.

    Attributes:
        seconds: How long it would wait.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Waiter(msgspec.Struct, eq=False):
    place: tuple[Priority, int]
    latest: float
    future: asyncio.Future[Exception | None]
    """Ends with ``None`` where the call may go, or with what keeps it from going."""
    admitted: bool = False


class WaitQueue:
    """Lets calls through to a gate: by priority, then by their order. Event loops may share it.

    Args:
        gate: Tells who may go.
        clock: The seconds of a monotonic clock.
        on_wait: Told the seconds where those in the line must wait for longer than a moment.
    """

    def __init__(
        self,
        admission: Admission,
        clock: Callable[[], float],
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.admission = admission
        self._clock = clock
        self._on_wait = on_wait
        self._told = False
        self._impatient = 0
        self._line: list[_Waiter] = []
        self._timer: asyncio.TimerHandle | None = None
        self._timer_loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.RLock()
        """Held while the gate changes. Never across an await."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def ahead_of(self, priority: Priority, order: int) -> int:
        """Return how many wait that would go before a call."""
        return bisect_left(self._line, (priority, order), key=_place)

    def try_enter(self, priority: Priority, order: int) -> bool:
        """Let a call in if it may go now, and nobody waits that comes before it."""
        with self.lock:
            if self._line and self.ahead_of(priority, order):
                return False
            now = self._clock()
            if self.admission.wait(now, priority) > 0.0:
                return False
            self.admission.begin(now)
            return True

    async def enter(self, priority: Priority, order: int, latest: float = math.inf) -> None:
        """Wait until a call may go. A cancelled wait leaves nothing behind.

        Args:
            priority: Its priority.
            order: Its place in the priority: smaller ones go first.
            latest: The moment by which it must have gone.

        Raises:
            WaitTooLongError: As soon as it is known that it cannot go by then.
            Exception: What ``dismiss`` was given.
        """
        waiter = _Waiter((priority, order), latest, asyncio.get_running_loop().create_future())
        with self.lock:
            insort(self._line, waiter, key=_place)
            self._impatient += latest < math.inf
            self._admit()
        try:
            problem = await waiter.future
        except BaseException:
            with self.lock:
                if waiter.admitted:
                    self.admission.cancel()
                elif waiter in self._line:
                    self._leave(waiter)
                self._admit()
            raise
        if problem is not None:
            raise problem

    def admit(self) -> None:
        """Let in all who may go, after the gate changed."""
        if self._line:
            with self.lock:
                self._admit()

    def priorities(self, most: int) -> list[Priority]:
        """Return the priorities of those who would go next, the first first."""
        return [waiter.place[0] for waiter in self._line[:most]]

    def fail_all(self, problem: Callable[[], Exception]) -> None:
        """Send all who wait away, each with a problem of its own."""
        with self.lock:
            while self._line:
                waiter = self._line[0]
                self._leave(waiter)
                _resolve(waiter.future, problem())

    def _leave(self, waiter: _Waiter) -> None:
        self._line.remove(waiter)
        self._impatient -= waiter.latest < math.inf

    def _admit(self) -> None:
        while self._line:
            waiter = self._line[0]
            now = self._clock()
            wait = self.admission.wait(now, waiter.place[0])
            if wait > 0.0:
                if self._impatient and self._dismiss_who_cannot_wait(now):
                    continue
                if wait == math.inf or self._wake_after(wait, waiter.future.get_loop()):
                    return
                self._leave(waiter)
                continue
            self._leave(waiter)
            if _resolve(waiter.future):
                # Where its task was cancelled in this moment, that gives back what is taken here.
                waiter.admitted = True
                self.admission.begin(now)
                self._told = False
        self._stop_timer()

    def _dismiss_who_cannot_wait(self, now: float) -> bool:
        before = len(self._line)
        ahead = 0
        for waiter in list(self._line):
            seconds = self.admission.expected_wait(now, ahead)
            if seconds > 0.0 and now + seconds > waiter.latest:
                self._leave(waiter)
                _resolve(waiter.future, WaitTooLongError(seconds))
            else:
                ahead += 1
        return len(self._line) < before

    def _wake_after(self, seconds: float, loop: asyncio.AbstractEventLoop) -> bool:
        """Have somebody look again, in the loop of the first who waits; tell whether that still runs."""
        if seconds > _MOMENT and not self._told:
            self._told = True
            self._on_wait(seconds)
        timer = self._timer
        is_set = timer is not None and not timer.cancelled() and self._timer_loop is loop
        if timer is not None and is_set and timer.when() <= loop.time() + seconds:
            # It may wake too early, and then sets another.
            return True
        self._stop_timer()
        if not _is_running(loop):
            return _in_loop(loop, self.admit)
        self._timer_loop = loop
        self._timer = loop.call_later(max(seconds, _SHORTEST_TIMER), self._look_again)
        return True

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and self._timer_loop is not None and _is_running(self._timer_loop):
            timer.cancel()
        self._timer_loop = None

    def _look_again(self) -> None:
        with self.lock:
            self._timer = self._timer_loop = None
            self._admit()


def _place(waiter: _Waiter) -> tuple[Priority, int]:
    return waiter.place


def _resolve(future: asyncio.Future[Exception | None], problem: Exception | None = None) -> bool:
    """Wake who waits, in the loop where it waits; tell whether that loop still runs."""
    loop = future.get_loop()
    if _is_running(loop):
        _wake(future, problem)
        return True
    return _in_loop(loop, lambda: _wake(future, problem))


def _wake(future: asyncio.Future[Exception | None], problem: Exception | None) -> None:
    if not future.done():
        future.set_result(problem)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> bool:
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        # The loop was closed, and took all that waited in it along.
        return False
    return True
