"""A queue of waiting calls, shared by the event loops of a process."""

from __future__ import annotations

import asyncio
import math
import threading
from asyncio import get_running_loop
from bisect import bisect_left, insort
from collections.abc import Callable
from functools import partial

import msgspec

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.admission import Admission

_SHORTEST_TIMER = 0.001
_REPORTED_FROM = 1.0
"""Seconds of a wait that is long enough to report."""
_LOOK_FOR_ABANDONED_AFTER = 1.0
"""Seconds between two looks whether the event loops of admitted calls still run, while others wait."""


class Admitted(msgspec.Struct, frozen=True, eq=False):
    """The admission of a call, which the call gives back when it ends.

    Attributes:
        at: When the call was admitted.
        loop: The event loop that runs the call. If it stops, the admission is taken back.
    """

    at: float
    loop: asyncio.AbstractEventLoop


class WaitTooLongError(Exception):
    """A call would wait longer than it may.

    Attributes:
        seconds: How long it would wait.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds: float = seconds


_Outcome = Admitted | Exception | None
"""The end of a wait: the admission, an error, or ``None`` if the call must ask again."""


class _Waiter(msgspec.Struct, eq=False):
    """A call in the queue."""

    place: tuple[Priority, int]
    latest: float
    future: asyncio.Future[_Outcome]
    loop: asyncio.AbstractEventLoop
    admitted: Admitted | None = None


class _Alarm(msgspec.Struct, eq=False):
    """The timer of an event loop in which calls wait. Each has its own: another one may stop at any time."""

    loop: asyncio.AbstractEventLoop
    waiting: int = 0
    due: float = math.inf
    timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


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
        self._admitted: set[Admitted] = set()
        self._looked_at = -math.inf
        self._alarms: dict[asyncio.AbstractEventLoop, _Alarm] = {}

    @property
    def waiting(self) -> int:
        """Number of calls that wait."""
        return len(self._waiters)

    def ahead_of(self, priority: Priority, order: int) -> int:
        """Return the number of waiting calls that go before a call."""
        return bisect_left(self._waiters, (priority, order), key=_place)

    def try_enter(self, priority: Priority, order: int, admitted: Admitted | None = None) -> Admitted | None:
        """Admit a call if it may start now and no waiting call goes before it.

        Args:
            priority: Its priority.
            order: Its place among calls of the same priority.
            admitted: Its admission by another queue, to use for this one too.

        Returns:
            The admission; ``None`` if the call must wait.
        """
        with self.lock:
            if self._waiters and self.ahead_of(priority, order):
                return None
            now = self._clock()
            if self.admission.wait(now, priority) > 0.0:
                return None
            if admitted is None:
                admitted = Admitted(now, get_running_loop())
            self.admission.begin(now)
            self._admitted.add(admitted)
            return admitted

    async def enter(self, priority: Priority, order: int, latest: float = math.inf) -> Admitted:
        """Wait until a call is admitted. A cancelled wait leaves nothing behind.

        Args:
            priority: Its priority.
            order: Its place among calls of the same priority: smaller ones go first.
            latest: The time by which it must be admitted.

        Returns:
            The admission.

        Raises:
            WaitTooLongError: As soon as it is known that it cannot be admitted by then.
            Exception: The error that ``fail_all`` was given.
        """
        loop = get_running_loop()
        while True:
            waiter = _Waiter((priority, order), latest, loop.create_future(), loop)
            try:
                with self.lock:
                    self.take_back_abandoned()
                    self._add(waiter)
                    self._admit()
                outcome = await waiter.future
            except BaseException:
                with self.lock:
                    if waiter.admitted is not None:
                        self.cancel(waiter.admitted)
                    elif waiter in self._waiters:
                        self._remove(waiter)
                    self._admit()
                raise
            if isinstance(outcome, Admitted):
                return outcome
            if outcome is not None:
                raise outcome

    def end(self, admitted: Admitted) -> None:
        """Take an admission back, which the caller then ends in ``admission``. The lock must be held."""
        try:
            self._admitted.remove(admitted)
        except KeyError:
            # Its loop had stopped, and runs again: what ends now is no longer counted.
            self.admission.begin(self._clock())

    def cancel(self, admitted: Admitted) -> None:
        """Take an admission back, and undo it."""
        with self.lock:
            self.end(admitted)
            self.admission.cancel()
            if self._waiters:
                self._admit()

    def take_back_abandoned(self) -> bool:
        """Take back the admissions of calls whose event loop has stopped; report whether there were any.

        Nothing else would end them: the loop may have been closed, or left by the exception of a signal
        handler. Should it run again, ending them counts as it should.
        """
        with self.lock:
            now = self._looked_at = self._clock()
            abandoned = [admitted for admitted in self._admitted if not admitted.loop.is_running()]
            for admitted in abandoned:
                self._admitted.remove(admitted)
                self.admission.unanswered(now, admitted.at)
            return bool(abandoned)

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
                _resolve(waiter, make_error())

    def _add(self, waiter: _Waiter) -> None:
        insort(self._waiters, waiter, key=_place)
        self._with_deadline += waiter.latest < math.inf
        alarm = self._alarms.get(waiter.loop)
        if alarm is None:
            alarm = self._alarms[waiter.loop] = _Alarm(waiter.loop)
        alarm.waiting += 1

    def _remove(self, waiter: _Waiter) -> None:
        self._waiters.remove(waiter)
        self._with_deadline -= waiter.latest < math.inf
        alarm = self._alarms[waiter.loop]
        alarm.waiting -= 1
        if not alarm.waiting:
            del self._alarms[waiter.loop]
            if _is_running_here(waiter.loop):
                alarm.cancel()

    def _admit(self) -> None:
        while self._waiters:
            waiter = self._waiters[0]
            now = self._clock()
            if not waiter.loop.is_running():
                # Others must not wait for it. Should its loop run again, it asks again.
                self._remove(waiter)
                _resolve(waiter, None)
                continue
            wait = self.admission.wait(now, waiter.place[0])
            if wait > 0.0:
                if self._with_deadline and self._fail_those_too_late(now):
                    continue
                if wait == math.inf:
                    if now >= self._looked_at + _LOOK_FOR_ABANDONED_AFTER and self.take_back_abandoned():
                        continue
                    if not any(admitted.loop is not waiter.loop for admitted in self._admitted):
                        return
                    # Calls in another loop must end first, and that loop may stop.
                    wait = _LOOK_FOR_ABANDONED_AFTER
                    self._wake_after(now, wait)
                    return
                self._wake_after(now, wait)
                if wait > _REPORTED_FROM and not self._wait_reported:
                    self._wait_reported = True
                    self._on_wait(wait)
                return
            self._remove(waiter)
            admitted = Admitted(now, waiter.loop)
            if _resolve(waiter, admitted):
                # If its task was cancelled at this moment, `enter` gives back what is taken here.
                waiter.admitted = admitted
                self.admission.begin(now)
                self._admitted.add(admitted)
                self._wait_reported = False

    def _fail_those_too_late(self, now: float) -> bool:
        """Fail the calls that cannot be admitted in time; report whether there were any."""
        before = len(self._waiters)
        ahead = 0
        for waiter in list(self._waiters):
            seconds = self.admission.expected_wait(now, ahead)
            if seconds > 0.0 and now + seconds > waiter.latest:
                self._remove(waiter)
                _resolve(waiter, WaitTooLongError(seconds))
            else:
                ahead += 1
        return len(self._waiters) < before

    def _wake_after(self, now: float, seconds: float) -> None:
        """Look again after some seconds, in every loop in which calls wait."""
        due = now + seconds
        for alarm in list(self._alarms.values()):
            # It may wake too early, and then sets another timer.
            if alarm.due <= due:
                continue
            alarm.due = due
            if _is_running_here(alarm.loop):
                self._set_timer(alarm)
            else:
                _in_loop(alarm.loop, partial(self._set_timer, alarm))

    def _set_timer(self, alarm: _Alarm) -> None:
        with self.lock:
            alarm.cancel()
            if alarm.waiting:
                seconds = max(alarm.due - self._clock(), _SHORTEST_TIMER)
                alarm.timer = alarm.loop.call_later(seconds, self._look_again, alarm)

    def _look_again(self, alarm: _Alarm) -> None:
        with self.lock:
            alarm.timer = None
            alarm.due = math.inf
            self._admit()


def _place(waiter: _Waiter) -> tuple[Priority, int]:
    return waiter.place


def _resolve(waiter: _Waiter, outcome: _Outcome) -> bool:
    """End a call's wait, in the event loop where it waits; report whether that loop is still open."""
    if _is_running_here(waiter.loop):
        _set_result(waiter.future, outcome)
        return True
    return _in_loop(waiter.loop, partial(_set_result, waiter.future, outcome))


def _set_result(future: asyncio.Future[_Outcome], outcome: _Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return get_running_loop() is loop
    except RuntimeError:
        return False


def _in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> bool:
    try:
        loop.call_soon_threadsafe(work)
    except RuntimeError:
        # The loop was closed, and everything that waited in it ended with it.
        return False
    return True
