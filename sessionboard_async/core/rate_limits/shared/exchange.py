"""The task that exchanges the state of one category with the store."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import Callable

from sessionboard_async.core.options import SharedRateLimits
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.daily_quota import DailyQuota
from sessionboard_async.core.rate_limits.shared.bucket import SharedBucket
from sessionboard_async.core.rate_limits.shared.leases import Leases
from sessionboard_async.core.rate_limits.shared.store import (
    LEASE_SECONDS,
    RateLimitStore,
    RequestOutcome,
    StoreRequest,
    StoreUnavailableError,
)
from sessionboard_async.core.rate_limits.wait_queue import WaitQueue
from sessionboard_async.errors import RateLimitStoreError

_MAX_LEASES_AT_ONCE = 16


class StoreExchange:
    """Reports ended requests of one category to the store, and asks it for leases, one message at a time.

    Args:
        category: Name of the category.
        limits: The documented limits, and the part of them to use.
        store: The store.
        daily_quota: The daily quota of the token, which all categories share.
        documented: Whether a limit is documented for the category.
        clock: A monotonic clock in seconds.
        on_wait: Called with the seconds when calls must wait for longer than a moment.

    Attributes:
        copy: The bucket that holds this process's copy of the state.
        bucket: Admits requests.
        wait_queue: The calls that wait for it.
    """

    def __init__(
        self,
        category: str,
        limits: SharedRateLimits,
        store: RateLimitStore,
        *,
        daily_quota: DailyQuota,
        documented: bool,
        clock: Callable[[], float],
        on_wait: Callable[[float], None],
    ) -> None:
        self.copy: Bucket = Bucket(
            limits.requests,
            limits.window,
            share=limits.share,
            reserve=limits.reserve,
            documented=documented,
            is_assumed=limits.assume is not None,
        )
        self.bucket: SharedBucket = SharedBucket(self.copy, clock=clock, request_exchange=self.request)
        self.wait_queue: WaitQueue = WaitQueue(self.bucket, clock, on_wait)
        self._category = category
        self._limits = limits
        self._store = store
        self._daily_quota = daily_quota
        self._clock = clock
        self._leases = Leases(f"{limits.url} {store.key(category)}")
        self._lease_names = (f"{uuid.uuid4().hex}:{number}" for number in itertools.count())
        self._requested = False
        self._closing = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """Wait briefly for the admitted requests to end, and report them if the store answers at once."""
        self.bucket.closing = True
        self._closing.set()
        try:
            # Closing a client ends its calls, but a moment later. Slower requests expire in the store.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.store_timeout):
                    await self.bucket.all_ended.wait()
            if self.bucket.outcomes:
                self.request()
            # Not cancelled: an exchange that the store has carried out would be reported twice.
            while self._task is not None:
                await asyncio.wait({self._task})
        finally:
            self._closed = True
            if self._task is not None:
                self._task.cancel()

    def request(self) -> None:
        """Have an exchange follow soon."""
        self._requested = True
        if self._task is None and not self._closed:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                # The call is collected after its loop was closed, and its lease is an abandoned one.
                return
            self._task = loop.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._requested:
                self._requested = False
                pause = await self._exchange()
                if pause and self._closing.is_set():
                    return
                if pause:
                    await self._sleep_unless_closing(pause)
                    self._requested = bool(self.bucket.outcomes or self.wait_queue.waiting)
        except BaseException:
            # Nothing else would wake the calls that wait for this task.
            self._continue_without_store(0.0)
            raise
        finally:
            self._task = None

    async def _sleep_unless_closing(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _exchange(self) -> float:
        """Send one message; return for how many seconds to go on without the store."""
        now, bucket = self._clock(), self.bucket
        # Requests of a window long over say nothing about the next ones.
        oldest = now - 2 * self.copy.state.window - LEASE_SECONDS
        self._leases.drop(outcome.lease for outcome in bucket.outcomes if outcome.at <= oldest)
        bucket.outcomes = [outcome for outcome in bucket.outcomes if outcome.at > oldest]
        reported = len(bucket.outcomes)
        priorities = [] if bucket.closing else self.wait_queue.priorities(_MAX_LEASES_AT_ONCE)
        leases = list(itertools.islice(self._lease_names, len(priorities)))
        abandoned = self._leases.abandoned()
        self._leases.hold(leases, now)
        quota = self._daily_quota
        daily = quota.state
        message = StoreRequest(
            state=self.copy.state.shifted(-now),
            share=self._limits.share,
            reserve=self._limits.reserve,
            documented=self.copy.documented,
            is_assumed=self._limits.assume is not None,
            lease_seconds=LEASE_SECONDS,
            outcomes=[
                *(_lost(name, sent - now) for name, sent in abandoned.items()),
                *(outcome.shifted(-now) for outcome in bucket.outcomes),
            ],
            priorities=priorities,
            leases=leases,
            daily=daily.shifted(-now) if daily.is_known else None,
            daily_is_new=daily is not quota.in_store,
        )
        try:
            reply = await self._store.exchange(self._category, message, insist=bucket.closing)
            bucket.accept(reply, priorities, leases)
            quota.accept(daily, reply.daily and reply.daily.shifted(self._clock()))
        except BaseException as error:
            # The store may have carried it out nevertheless.
            bucket.return_leases(leases)
            if isinstance(error, ValueError):
                error = self._store.unavailable(error)
            if isinstance(error, StoreUnavailableError):
                return self._continue_without_store(error.seconds)
            raise
        self._leases.drop([*abandoned, *leases[reply.granted :]])
        self._leases.drop(outcome.lease for outcome in bucket.outcomes[:reported])
        del bucket.outcomes[:reported]
        self.wait_queue.admit()
        if bucket.return_unused_leases():
            self._requested = True
        return 0.0

    def _continue_without_store(self, seconds: float) -> float:
        if self._limits.on_store_error == "raise":
            self.wait_queue.fail_all(_store_error)
            return 0.0
        self.bucket.decide_locally()
        self.wait_queue.admit()
        return seconds


def _lost(lease: str, sent: float) -> RequestOutcome:
    return RequestOutcome(kind="unanswered", at=0.0, sent=sent, lease=lease)


def _store_error() -> RateLimitStoreError:
    return RateLimitStoreError(
        "the store of the shared rate limits does not answer: check its address, or pass "
        'on_store_error="local" to let each process keep the limits on its own meanwhile'
    )
