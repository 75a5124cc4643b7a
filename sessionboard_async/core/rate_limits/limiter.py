"""The rate limits of the API, kept on our side: a bucket per category, corrected by what the server says.

The rest of the engine knows four verbs: ``acquire`` before an attempt, and after it exactly one of
``report``, ``release`` and ``cancel``.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from weakref import WeakValueDictionary

import msgspec

from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response, retry_after
from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.daily_quota import DailyQuota
from sessionboard_async.core.rate_limits.headers import parse_rate_limit_headers
from sessionboard_async.core.rate_limits.wait_queue import ConcurrencyCap, WaitQueue, WaitTooLongError
from sessionboard_async.errors import DailyQuotaExceeded, RateLimitStoreError, RateLimitWaitExceeded

logger = logging.getLogger("sessionboard_async")

DAILY = "daily-quota"
"""What a snapshot calls the daily quota of writes."""

_OUTSIDE = "other"
_TOO_MANY_REQUESTS = 429


class Budget(msgspec.Struct, frozen=True):
    """What is left of the requests of one category.

    Attributes:
        category: Which requests: a category of the API, an operation without one that the server limits
            nevertheless, or ``daily-quota``.
        limit: How many requests a window holds, as far as is known.
        remaining: How many are left in this window; ``None`` where none has been opened.
        resets_at: When this window has surely ended; ``None`` where that is not known.
        in_flight: How many requests are under way.
        waiting: How many calls wait for their turn.
    """

    category: str
    limit: int
    remaining: int | None
    resets_at: datetime | None
    in_flight: int = 0
    waiting: int = 0


class Category:
    """What is kept about one category.

    Attributes:
        name: Its name.
        bucket: How many requests may be sent.
        wait_queue: Where calls wait for that.
    """

    __slots__ = ("bucket", "name", "wait_queue")

    def __init__(self, name: str, bucket: Bucket, wait_queue: WaitQueue) -> None:
        self.name = name
        self.bucket = bucket
        self.wait_queue = wait_queue


class Permit:
    """The leave to make one attempt, to be given back with what came of it."""

    __slots__ = ("call", "capped", "category", "sent")

    def __init__(self, category: Category, call: Call, sent: float, *, capped: bool) -> None:
        self.category = category
        self.call = call
        self.sent = sent
        self.capped = capped


class Limiter:
    """The budgets of one token, shared by all sessions that use it.

    Args:
        limits: What is documented, and how much of it to use.
        clock: The seconds of a monotonic clock.
    """

    def __init__(self, limits: RateLimits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._categories: dict[str, Category] = {}
        self._cap = WaitQueue(ConcurrencyCap(limits.concurrency), clock)
        self._quota = DailyQuota()
        self._told_how_to_turn_off = False

    async def acquire(self, call: Call, *, max_wait: float | None = None) -> Permit:
        """Wait until an attempt of a call may be made. A cancelled wait takes nothing.

        Args:
            call: The call.
            max_wait: The most seconds that it waits for the budget, besides its deadline.

        Raises:
            RateLimitWaitExceeded: If it would have to wait longer.
            DailyQuotaExceeded: If the daily quota is known to be used up.
            RateLimitStoreError: If the limits are shared, and are not to be kept without the store.
        """
        request = call.request
        if request.daily_quota:
            self._check_quota(call)
        category = self._category_of(request)
        if not category.wait_queue.try_enter(request.priority, call.order):
            await self._wait(category, call, max_wait)
        if request.limit is not None:
            return Permit(category, call, self._clock(), capped=False)
        try:
            if not self._cap.try_enter(request.priority, call.order):
                await self._cap.enter(request.priority, call.order)
        except BaseException:
            self._end(category, category.bucket.cancel)
            raise
        return Permit(category, call, self._clock(), capped=True)

    def cancel(self, permit: Permit) -> None:
        """Give a permit back unused: the request surely did not reach the server."""
        self._end(permit.category, permit.category.bucket.cancel, permit)

    def release(self, permit: Permit, *, outcome_unknown: Literal[True]) -> None:
        """Give a permit back without a response: the server may have counted the request."""
        now = self._clock()
        self._end(permit.category, lambda: permit.category.bucket.unanswered(now, permit.sent), permit)

    def report(self, permit: Permit, response: Response) -> DailyQuotaExceeded | None:
        """Give a permit back with the answer, and learn from it what the server counted.

        Returns:
            The error to raise where the answer refuses the request for the daily quota.
        """
        now = self._clock()
        bucket, request = permit.category.bucket, permit.call.request
        refused = response.status == _TOO_MANY_REQUESTS
        items = parse_rate_limit_headers(response.headers)
        asked = retry_after(response.headers) if refused else None
        window = daily = error = None
        if items:
            window, daily = self._quota.split(items, applies=request.daily_quota, window=bucket.window)
        if daily is not None:
            self._quota.learn(now, daily)
        if refused and self._is_of_the_day(request, bucket, window, daily is not None, asked):
            self._quota.refuse(now, asked)
            refused, asked = False, None
            error = self._quota_error(permit.call, now)
        self._end(
            permit.category,
            lambda: bucket.answered(now, permit.sent, refused=refused, headers=window, retry_after=asked),
            permit,
        )
        return error

    def snapshot(self) -> dict[str, Budget]:
        """Return what is left of each category that was used, and until when."""
        now, wall = self._clock(), datetime.now(UTC)
        budgets: dict[str, Budget] = {}
        for name, category in list(self._categories.items()):
            bucket, wait_queue = category.bucket, category.wait_queue
            with wait_queue.lock:
                bucket.roll(now)
                ends = bucket.ends
                if ends is None and not bucket.documented:
                    continue
                budgets[name] = Budget(
                    category=name,
                    limit=bucket.limit,
                    remaining=bucket.remaining,
                    resets_at=None if ends is None else wall + timedelta(seconds=ends - now),
                    in_flight=bucket.in_flight,
                    waiting=wait_queue.waiting,
                )
        if self._quota.remaining is not None:
            seconds = self._quota.resets_in(now)
            until = None if seconds is None else wall + timedelta(seconds=seconds)
            budgets[DAILY] = Budget(DAILY, self._quota.limit, self._quota.remaining, until)
        return budgets

    def is_idle(self) -> bool:
        """Tell whether forgetting all this would lose nothing."""
        now = self._clock()
        for category in list(self._categories.values()):
            with category.wait_queue.lock:
                category.bucket.roll(now)
                if category.bucket.ends is not None or category.bucket.in_flight:
                    return False
        return self._quota.resets_in(now) is None

    async def _wait(self, category: Category, call: Call, max_wait: float | None) -> None:
        request, now = call.request, self._clock()
        latest = math.inf if call.deadline is None else call.deadline
        if max_wait is not None and request.priority is Priority.INTERACTIVE:
            latest = min(latest, now + max_wait)
        without_store: str | None = None
        try:
            await category.wait_queue.enter(request.priority, call.order, latest)
        except WaitTooLongError as error:
            seconds = error.seconds
        except RateLimitStoreError as error:
            seconds, without_store = 0.0, error.message
        else:
            return
        if without_store is not None:
            raise RateLimitStoreError(without_store, context=call.context)
        with category.wait_queue.lock:
            ends, limit = category.bucket.ends, category.bucket.limit
        bound = "RateLimits.max_wait"
        if call.deadline is not None and latest == call.deadline:
            bound = "what is left of Timeout.total"
        raise RateLimitWaitExceeded(
            f"the budget of {category.name} is used up: this call would wait {seconds:.0f} s, "
            f"longer than {bound}",
            category=category.name,
            seconds=seconds,
            limit=limit,
            reset=None if ends is None else _in_seconds(ends - self._clock()),
            context=call.context,
        )

    def _end(self, category: Category, end: Callable[[], None], permit: Permit | None = None) -> None:
        with category.wait_queue.lock:
            end()
        category.wait_queue.admit()
        if permit is not None and permit.capped:
            with self._cap.lock:
                self._cap.admission.cancel()
            self._cap.admit()

    def _category_of(self, request: Request) -> Category:
        name = request.limit or request.operation or _OUTSIDE
        category = self._categories.get(name)
        if category is None:
            with self._lock:
                category = self._categories.get(name) or self._add(name, request.limit is not None)
        return category

    def _add(self, name: str, documented: bool) -> Category:
        category = self._categories[name] = self.open_category(name, documented)
        return category

    def open_category(self, name: str, documented: bool) -> Category:
        """Begin to count the requests of a category."""
        bucket = Bucket(
            self._limits.requests,
            self._limits.window,
            share=self._limits.share,
            reserve=self._limits.reserve,
            documented=documented,
        )
        return Category(name, bucket, WaitQueue(bucket, self._clock, self.teller(name, bucket)))

    def teller(self, name: str, bucket: Bucket) -> Callable[[float], None]:
        """Return what tells the log that calls must wait."""

        def tell(seconds: float) -> None:
            logger.info("the budget of %s is used up: waiting %.0f s", name, seconds)
            if bucket.counted_here and not self._told_how_to_turn_off:
                self._told_how_to_turn_off = True
                logger.warning(
                    "the server announces no rate limits: the documented ones (%d requests in %g s) are kept "
                    "by counting; AsyncSession(limits=None) turns that off",
                    self._limits.requests,
                    self._limits.window,
                )

        return tell

    def _check_quota(self, call: Call) -> None:
        now = self._clock()
        if self._quota.exhausted(now):
            raise self._quota_error(call, now)

    def _quota_error(self, call: Call, now: float) -> DailyQuotaExceeded:
        seconds = self._quota.resets_in(now)
        return DailyQuotaExceeded(
            f"the daily quota of {self._quota.limit} writes is used up",
            status=_TOO_MANY_REQUESTS,
            retry_after=seconds,
            reset=None if seconds is None else _in_seconds(seconds),
            context=call.context,
        )

    def _is_of_the_day(
        self,
        request: Request,
        bucket: Bucket,
        window: object,
        daily_announced: bool,
        asked: float | None,
    ) -> bool:
        """Tell whether a refusal is for the daily quota; the API's message is the same for both."""
        if not request.daily_quota:
            return False
        if asked is not None and asked > 2 * bucket.window:
            return True
        return daily_announced and self._quota.remaining == 0


def _in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


class Limits:
    """The budgets of a session's token, to look at.

    Args:
        limiter: What keeps them; ``None`` where none are kept.
    """

    def __init__(self, limiter: Limiter | None) -> None:
        self._limiter = limiter

    async def snapshot(self) -> Mapping[str, Budget]:
        """Return what is left of each category that was used, by its name; empty where no limits are kept."""
        return {} if self._limiter is None else self._limiter.snapshot()


_shared: WeakValueDictionary[tuple[str, str, RateLimits], Limiter] = WeakValueDictionary()
# A session may be made for each request: its budget must outlive it.
_unfinished: set[Limiter] = set()
_sharing = threading.Lock()


def limiter_for(token_digest: str, base_url: str, limits: RateLimits) -> Limiter:
    """Return the limiter that all sessions of this process with the same token, address and limits share.

    Args:
        token_digest: A hash of the token.
        base_url: Where the requests go.
        limits: The limits; ``max_wait`` makes no difference.
    """
    key = (token_digest, base_url, replace(limits, max_wait=None))
    with _sharing:
        _unfinished.difference_update([limiter for limiter in _unfinished if limiter.is_idle()])
        limiter = _shared.get(key)
        if limiter is None:
            limiter = _shared[key] = Limiter(limits)
        _unfinished.add(limiter)
        return limiter


def forget_limiters(base_url: str | None = None) -> None:
    """Forget what is known of the budgets at an address: the server behind it is another one now.

    Args:
        base_url: The address; ``None`` for all of them.
    """
    with _sharing:
        for key, limiter in list(_shared.items()):
            if base_url in (None, key[1]):
                _unfinished.discard(limiter)
                _shared.pop(key, None)
