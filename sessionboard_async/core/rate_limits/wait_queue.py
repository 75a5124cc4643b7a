"""A queue of waiting calls, and the admission that decides when each may start."""

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
_REPORTED_FROM = 1.0
"""Seconds of a wait that is long enough to report."""


class Admission(Protocol):
    """Decides whether a queued call may start."""

    def wait(self, now: float, priority: Priority) -> float:
        """Return the seconds that a call must wait: 0.0 if it may begin, infinite if another must end."""
        ...

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate the seconds that a call must wait behind others."""
        ...

    def begin(self, now: float) -> None:
        """Admit a call."""
        ...

    def cancel(self) -> None:
        """Undo the admission of a call."""
        ...


class ConcurrencyCap:
    """Admits a fixed number of calls at a time.

    Args:
        most: The number.
    """

    __slots__ = ("in_flight", "most")

    def __init__(self, most: int) -> None:
        self.most: int = most
        self.in_flight: int = 0

    def wait(self, now: float, priority: Priority) -> float:
        """Return 0.0 if a call may begin, and infinity if another must end first."""
        return 0.0 if self.in_flight < self.most else math.inf

    def expected_wait(self, now: float, ahead: int) -> float:
        """Return 0.0: the duration of calls is not known, but short."""
        return 0.0

    def begin(self, now: float) -> None:
        """Admit a call."""
        self.in_flight += 1

    def cancel(self) -> None:
        """End a call."""
        self.in_flight -= 1


class WaitTooLongError(Exception):
    """A call would wait longer than it may.

    Attributes:
        seconds: How long it would wait.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds: float = seconds


class _Waiter(msgspec.Struct, eq=False):
    """A call in the queue. Its future ends with ``None`` when it is admitted, or else with an error."""

    place: tuple[Priority, int]
    latest: float
    future: asyncio.Future[Exception | None]
    admitted: bool = False


class WaitQueue:
    """Lets calls wait for an admission, by priority and then by their order. Event loops may share it.

    Args:
        admission: Decides who may start.
        clock: A monotonic clock in seconds.
        on_wait: Called with the seconds when the first call must wait for longer than a moment.

    Attributes:
        admission: Decides who may start.
        lock: Held while the admission changes, and never across an await.
    """

    def __init__(
        self,
        admission: Admission,
        clock: Callable[[], float],
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.admission: Admission = admission
        self.lock: threading.RLock = threading.RLock()
        self._clock = clock
        self._on_wait = on_wait
        self._wait_reported = False
        self._waiters: list[_Waiter] = []
        self._with_deadline = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_loop: asyncio.AbstractEventLoop | None = None

    @property
    def waiting(self) -> int:
        """Number of calls that wait."""
        return len(self._waiters)

    def ahead_of(self, priority: Priority, order: int) -> int:
        """Return the number of waiting calls that go before a call."""
        return bisect_left(self._waiters, (priority, order), key=_place)

    def try_enter(self, priority: Priority, order: int) -> bool:
        """Admit a call if it may start now and no waiting call goes before it; report whether it was."""
        with self.lock:
            if self._waiters and self.ahead_of(priority, order):
                return False
            now = self._clock()
            if self.admission.wait(now, priority) > 0.0:
                return False
            self.admission.begin(now)
            return True

    async def enter(self, priority: Priority, order: int, latest: float = math.inf) -> None:
        """Wait until a call is admitted. A cancelled wait leaves nothing behind.

        Args:
            priority: Its priority.
            order: Its place among calls of the same priority: smaller ones go first.
            latest: The time by which it must be admitted.

        Raises:
            WaitTooLongError: As soon as it is known that it cannot be admitted by then.
            Exception: The error that ``fail_all`` was given.
        """
        waiter = _Waiter((priority, order), latest, asyncio.get_running_loop().create_future())
        with self.lock:
            insort(self._waiters, waiter, key=_place)
            self._with_deadline += latest < math.inf
            self._admit()
        try:
            error = await waiter.future
        except BaseException:
            with self.lock:
                if waiter.admitted:
                    self.admission.cancel()
                elif waiter in self._waiters:
                    self._remove(waiter)
                self._admit()
            raise
        if error is not None:
            raise error

    def admit(self) -> None:
        """Admit every call that may start, after the admission changed."""
        if self._waiters:
            with self.lock:
                self._admit()

    def priorities(self, most: int) -> list[Priority]:
        """Return the priorities of the first waiting calls, in their order."""
        return [waiter.place[0] for waiter in self._waiters[:most]]

    def fail_all(self, make_error: Callable[[], Exception]) -> None:
        """Fail every waiting call, each with an error of its own."""
        with self.lock:
            while self._waiters:
                waiter = self._waiters[0]
                self._remove(waiter)
                _resolve(waiter.future, make_error())

    def _remove(self, waiter: _Waiter) -> None:
        self._waiters.remove(waiter)
        self._with_deadline -= waiter.latest < math.inf

    def _admit(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            now = self._clock()
            wait = self.admission.wait(now, waiter.place[0])
            if wait > 0.0:
                if self._with_deadline and self._fail_those_too_late(now):
                    continue
                if wait == math.inf or self._wake_after(wait, waiter.future.get_loop()):
                    return
                self._remove(waiter)
                continue
            self._remove(waiter)
            if _resolve(waiter.future):
                # If its task was cancelled at this moment, `enter` gives back what is taken here.
                waiter.admitted = True
                self.admission.begin(now)
                self._wait_reported = False
        self._stop_timer()

    def _fail_those_too_late(self, now: float) -> bool:
        """Fail the calls that cannot be admitted in time; report whether there were any."""
        before = len(self._waiters)
        ahead = 0
        for waiter in list(self._waiters):
            seconds = self.admission.expected_wait(now, ahead)
            if seconds > 0.0 and now + seconds > waiter.latest:
                self._remove(waiter)
                _resolve(waiter.future, WaitTooLongError(seconds))
            else:
                ahead += 1
        return len(self._waiters) < before

    def _wake_after(self, seconds: float, loop: asyncio.AbstractEventLoop) -> bool:
        """Look again after some seconds, in the loop of the first call; report whether it still runs."""
        if seconds > _REPORTED_FROM and not self._wait_reported:
            self._wait_reported = True
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


def _resolve(future: asyncio.Future[Exception | None], error: Exception | None = None) -> bool:
    """End a call's wait, in the event loop where it waits; report whether that loop still runs."""
    loop = future.get_loop()
    if _is_running(loop):
        _set_result(future, error)
        return True
    return _in_loop(loop, lambda: _set_result(future, error))


def _set_result(future: asyncio.Future[Exception | None], error: Exception | None) -> None:
    if not future.done():
        future.set_result(error)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> bool:
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        # The loop was closed, and everything that waited in it ended with it.
        return False
    return True
