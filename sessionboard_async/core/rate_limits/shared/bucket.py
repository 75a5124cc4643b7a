"""The bucket of one category, as one process sees it: a copy of what the store knows, and a courier to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import random
import uuid
from collections import deque
from collections.abc import Callable

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.options import SharedRateLimits
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders
from sessionboard_async.core.rate_limits.shared.store import (
    LEASE_SECONDS,
    RateLimitStore,
    RequestOutcome,
    StoreReply,
    StoreRequest,
    StoreUnavailableError,
)
from sessionboard_async.core.rate_limits.wait_queue import WaitQueue
from sessionboard_async.errors import RateLimitStoreError

_MOST_AT_ONCE = 16
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class SharedBucket(Bucket):
    """Lets in those for whom the store granted a lease; where the store is absent, it decides on its own.

    Args:
        category: Whose requests.
        limits: What is documented, and how much of it to use.
        store: Where the budget lies.
        documented: Whether a limit is documented at all.
        clock: The seconds of a monotonic clock.

    Attributes:
        wait_queue: Where the calls wait that this lets in.
    """

    wait_queue: WaitQueue

    def __init__(
        self,
        category: str,
        limits: SharedRateLimits,
        store: RateLimitStore,
        *,
        documented: bool,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(
            limits.requests, limits.window, share=limits.share, reserve=limits.reserve, documented=documented
        )
        self._category = category
        self._limits = limits
        self._store = store
        self._clock = clock
        self._names = (f"{uuid.uuid4().hex}:{number}" for number in itertools.count())
        self._granted: deque[str] = deque()
        self._in_use: deque[str | None] = deque()
        self._reports: list[RequestOutcome] = []
        self._ask_again = dict.fromkeys(Priority, -math.inf)
        self._pause = _SHORTEST_PAUSE
        self._alone = False
        self._wanted = False
        self._closing = asyncio.Event()
        self._all_ended = asyncio.Event()
        self._all_ended.set()
        self._closed = False
        self._courier: asyncio.Task[None] | None = None

    def wait(self, now: float, priority: Priority) -> float:
        """Tell how long a request must wait, as far as is known here, and have the store asked."""
        if self._alone:
            return super().wait(now, priority)
        if self._granted:
            return 0.0
        if now < self._ask_again[priority]:
            return self._ask_again[priority] - now
        if not self._closing.is_set():
            self._send_courier()
        return math.inf

    def begin(self, now: float) -> None:
        """Let a request in."""
        self._all_ended.clear()
        if self._granted:
            self._in_use.append(self._granted.popleft())
            return
        self._in_use.append(None)
        super().begin(now)

    def cancel(self) -> None:
        """End a request that surely did not reach the server."""
        super().cancel()
        now = self._clock()
        self._report(RequestOutcome(kind="cancelled", at=now, sent=now))

    def unanswered(self, now: float, sent: float) -> None:
        """End a request without an answer."""
        super().unanswered(now, sent)
        self._report(RequestOutcome(kind="unanswered", at=now, sent=sent))

    def answered(
        self,
        now: float,
        sent: float,
        *,
        refused: bool = False,
        headers: RateLimitHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """End a request with its answer, learn from it, and tell the store."""
        super().answered(now, sent, refused=refused, headers=headers, retry_after=retry_after)
        report = RequestOutcome(
            kind="answered",
            at=now,
            sent=sent,
            refused=refused,
            draw=random.random(),  # noqa: S311  # it spreads waits
            reset=retry_after,
        )
        if headers is not None:
            report.limit, report.window = headers.limit, headers.window
            report.remaining = headers.remaining
            report.reset = headers.reset if retry_after is None else retry_after
        self._report(report)

    async def aclose(self) -> None:
        """Wait a moment for every request let in to end, and tell the store, as far as it answers at once."""
        self._closing.set()
        try:
            # Closing a session ends the calls that are under way, but a moment later. What takes longer
            # expires in the store.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.store_timeout):
                    await self._all_ended.wait()
            if self._reports:
                self._send_courier()
            # Not cut off: what the store has carried out of an exchange would be told to it twice.
            while self._courier is not None:
                await asyncio.wait({self._courier})
        finally:
            self._closed = True
            if self._courier is not None:
                self._courier.cancel()

    def _report(self, report: RequestOutcome) -> None:
        # Which lease ends makes no difference: the store counts them, and the oldest would expire first.
        report.lease = self._in_use.popleft()
        if not self._in_use:
            self._all_ended.set()
        self._reports.append(report)
        self._ask_again = dict.fromkeys(Priority, -math.inf)
        self._pause = _SHORTEST_PAUSE
        self._send_courier()

    def _send_courier(self) -> None:
        self._wanted = True
        if self._courier is None and not self._closed:
            self._courier = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                absence = await self._exchange()
                if absence and self._closing.is_set():
                    return
                if absence:
                    await self._rest(absence)
                    self._wanted = bool(self._reports or self.wait_queue.waiting)
        finally:
            self._courier = None

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _exchange(self) -> float:
        """Tell and ask, once; return for how long to do without the store."""
        now = self._clock()
        # What a window that is over has had tells nothing about the next ones.
        self._reports = [one for one in self._reports if one.at > now - 2 * self.window - LEASE_SECONDS]
        told = len(self._reports)
        priorities = [] if self._closing.is_set() else self.wait_queue.priorities(_MOST_AT_ONCE)
        leases = list(itertools.islice(self._names, len(priorities)))
        message = StoreRequest(
            known=self.state(now),
            share=self._limits.share,
            reserve=self._limits.reserve,
            documented=self.documented,
            lease_seconds=LEASE_SECONDS,
            reports=[one.since(now) for one in self._reports],
            priorities=priorities,
            leases=leases,
        )
        try:
            reply = await self._store.exchange(self._category, message, insist=self._closing.is_set())
        except BaseException as error:
            # It may have been carried out nevertheless.
            self._give_back(leases)
            if isinstance(error, StoreUnavailableError):
                return self._do_without(error.seconds)
            raise
        del self._reports[:told]
        self._take(reply, priorities, leases)
        return 0.0

    def _take(self, reply: StoreReply, priorities: list[Priority], leases: list[str]) -> None:
        now = self._clock()
        self._alone = False
        self.restore(reply.known, now)
        self._granted.extend(leases[: reply.granted])
        if reply.granted:
            self._pause = _SHORTEST_PAUSE
        if reply.granted < len(priorities):
            self._ask_again[priorities[reply.granted]] = now + self._pause_before_asking(reply)
        self.wait_queue.admit()
        self._return_what_nobody_took()

    def _pause_before_asking(self, reply: StoreReply) -> float:
        if reply.wait < math.inf and reply.known.remaining is not None:
            return reply.wait
        # The end of another's request helps, of which nobody tells.
        pause, self._pause = self._pause, min(_LONGEST_PAUSE, 2 * self._pause)
        return min(pause, reply.wait)

    def _do_without(self, seconds: float) -> float:
        if self._limits.on_store_error == "raise":
            self.wait_queue.fail_all(_absent)
            return 0.0
        if not self._alone:
            self._alone = True
            self._give_back(self._granted)
            self._granted.clear()
            self.in_flight = len(self._in_use)
        self.wait_queue.admit()
        return seconds

    def _return_what_nobody_took(self) -> None:
        if self._granted:
            self._give_back(self._granted)
            self._granted.clear()
            self._wanted = True

    def _give_back(self, leases: deque[str] | list[str]) -> None:
        now = self._clock()
        self._reports += [RequestOutcome(kind="cancelled", at=now, sent=now, lease=lease) for lease in leases]


def _absent() -> RateLimitStoreError:
    return RateLimitStoreError(
        'the store of the shared rate limits does not answer: with on_store_error="local" each process keeps '
        "them on its own meanwhile"
    )
