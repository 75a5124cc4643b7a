"""The API's rate limits, kept by the client: one budget per category, corrected by the server's headers.

The engine calls ``acquire`` before an attempt, then exactly one of ``report``, ``release`` and ``cancel``.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Literal

import msgspec

from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response, retry_after
from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.rate_limits.admission import ConcurrencyCap
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.budget import CONCURRENCY, Budget
from sessionboard_async.core.rate_limits.category import Category, OpenCategory
from sessionboard_async.core.rate_limits.daily_quota import DAILY, DailyQuota
from sessionboard_async.core.rate_limits.headers import parse_rate_limit_headers
from sessionboard_async.core.rate_limits.wait_queue import Admitted, WaitQueue, WaitTooLongError
from sessionboard_async.errors import DailyQuotaExceeded, RateLimitStoreError, RateLimitWaitExceeded

logger: logging.Logger = logging.getLogger("sessionboard_async")

_OTHER = "other"
_LONGEST_SHOWN = 1e9
"""Seconds that can be added to any date of today. A caller may set a longer window."""
_TOO_MANY_REQUESTS = 429


class Permit(msgspec.Struct, frozen=True, eq=False):
    """Permission to make one attempt, to be given back when the attempt ends.

    Attributes:
        category: The category whose budget it is part of.
        call: The call.
        sent: When it was given.
        admitted: Its part of that budget.
        at_cap: Its part of the concurrency cap; ``None`` if the call does not count against it.
    """

    category: Category
    call: Call
    sent: float
    admitted: Admitted
    at_cap: Admitted | None = None


class Limiter:
    """The budgets of one token.

    Args:
        limits: The documented limits, and the part of them to use.
        clock: A monotonic clock in seconds.
        open_category: Makes the categories; by default they are not shared with other processes.

    Attributes:
        daily_quota: The daily quota of writes.
    """

    def __init__(
        self,
        limits: RateLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        open_category: OpenCategory | None = None,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._open_category = open_category
        self._categories: dict[str, Category] = {}
        self.forget()

    def forget(self) -> None:
        """Forget every budget and every permit."""
        # Permits may still be given back, and in a forked process nothing releases locks that are held.
        for category in self._categories.values():
            category.wait_queue.lock = threading.RLock()
        self._lock = threading.Lock()
        self._categories = {}
        self._cap = WaitQueue(ConcurrencyCap(self._limits.concurrency), self._clock)
        self.daily_quota: DailyQuota = DailyQuota()
        self._is_kind_reported = False
        self._is_enforcement_reported = False

    @property
    def concurrency(self) -> int:
        """The most simultaneous requests of operations without a documented limit."""
        return self._limits.concurrency

    @property
    def is_saturated(self) -> bool:
        """Whether such requests wait for others to end."""
        return self._cap.waiting > 0

    def try_acquire(self, call: Call) -> Permit | None:
        """Permit an attempt of a call if it may be made now; ``None`` if it must wait.

        Raises:
            DailyQuotaExceeded: If the daily quota is known to be used up.
        """
        request = call.request
        if request.daily_quota and self.daily_quota.exhausted(now := self._clock()):
            raise self._quota_error(call, now)
        category = self._category(request)
        at_cap = None
        if request.limit is None:
            at_cap = self._cap.try_enter(request.priority, call.order)
            if at_cap is None:
                return None
        admitted = category.wait_queue.try_enter(request.priority, call.order, at_cap)
        if admitted is not None:
            return self._with_quota(Permit(category, call, admitted.at, admitted, at_cap))
        if at_cap is not None:
            self._cap.cancel(at_cap)
        return None

    async def acquire(self, call: Call, *, max_wait: float | None = None) -> Permit:
        """Wait until an attempt of a call may be made. A cancelled wait uses nothing of the budget.

        Args:
            call: The call.
            max_wait: The most seconds to wait for the budget; ``None`` for any time.

        Raises:
            RateLimitWaitExceeded: If it would have to wait longer.
            DailyQuotaExceeded: If the daily quota is known to be used up.
            RateLimitStoreError: If the store of shared limits does not answer, and ``on_store_error`` is
                ``"raise"``.
        """
        permit = self.try_acquire(call)
        if permit is not None:
            return permit
        request = call.request
        category = self._category(request)
        admitted = await self._wait(category, call, max_wait)
        if request.limit is not None:
            return self._with_quota(Permit(category, call, admitted.at, admitted))
        try:
            at_cap = await self._cap.enter(request.priority, call.order)
        except BaseException:
            category.wait_queue.cancel(admitted)
            raise
        return self._with_quota(Permit(category, call, at_cap.at, admitted, at_cap))

    def cancel(self, permit: Permit) -> None:
        """Give a permit back unused: the request did not reach the server."""
        try:
            permit.category.wait_queue.cancel(permit.admitted)
        finally:
            if permit.at_cap is not None:
                self._cap.cancel(permit.at_cap)

    def release(self, permit: Permit, *, outcome_unknown: Literal[True]) -> None:
        """Give a permit back without a response: the server may have counted the request."""
        category, now = permit.category, self._clock()
        try:
            with category.wait_queue.lock:
                category.wait_queue.end(permit.admitted)
                category.admission.unanswered(now, permit.sent)
            category.wait_queue.admit()
        finally:
            if permit.at_cap is not None:
                self._cap.cancel(permit.at_cap)

    def report(self, permit: Permit, response: Response) -> DailyQuotaExceeded | None:
        """Give a permit back with the response, and learn from its headers.

        Returns:
            The error to raise if the response refuses the request for the daily quota.
        """
        now = self._clock()
        category, request = permit.category, permit.call.request
        length = category.bucket.state.window
        refused = response.status == _TOO_MANY_REQUESTS
        window = daily = seconds = None
        try:
            stated = parse_rate_limit_headers(response.headers)
            if stated:
                window, daily = self.daily_quota.split(stated, applies=request.daily_quota, window=length)
            if refused:
                seconds = retry_after(response.headers)
        except BaseException:
            self.release(permit, outcome_unknown=True)
            raise
        quota = self.daily_quota
        if request.daily_quota and 200 <= response.status < 300:
            quota.succeed(now, permit.sent)
        if daily is not None:
            quota.learn(now, daily)
        is_daily = refused and request.daily_quota and quota.is_refusal(seconds, daily, length)
        if is_daily:
            quota.refuse(now, seconds)
            refused, seconds = False, None
        queue = category.wait_queue
        try:
            with queue.lock:
                queue.end(permit.admitted)
                category.admission.answered(
                    now, permit.sent, refused=refused, headers=window, retry_after=seconds
                )
            queue.admit()
        finally:
            if permit.at_cap is not None:
                self._cap.cancel(permit.at_cap)
        if not self._is_kind_reported and category.bucket.state.without_headers:
            self._report_kind()
        if refused:
            with queue.lock:  # Asking ends a window that is over, which threads may do at the same time.
                wait = category.bucket.wait(now, request.priority)
            permit.call.is_held_back = 0.0 < wait < math.inf
        return self._quota_error(permit.call, now, response.body) if is_daily else None

    def snapshot(self) -> dict[str, Budget]:
        """Return the budget of each category that was used, by its name."""
        now, wall = self._clock(), datetime.now(UTC)
        budgets: dict[str, Budget] = {}
        for name, category in list(self._categories.items()):
            bucket, wait_queue = category.bucket, category.wait_queue
            with wait_queue.lock:
                wait_queue.take_back_abandoned()
                bucket.roll(now)
                # The end of a window that holds nothing back is none to wait for.
                ends_at = None if bucket.is_counted_only else bucket.ends_at
                remaining = bucket.remaining
                if now < bucket.state.held_until:
                    ends_at, remaining = bucket.state.held_until, 0
                if ends_at is None and not bucket.documented:
                    continue
                budgets[name] = Budget(
                    category=name,
                    limit=bucket.state.limit,
                    remaining=remaining,
                    resets_at=None if ends_at is None else _after(wall, ends_at - now),
                    in_flight=bucket.state.in_flight,
                    waiting=wait_queue.waiting,
                )
        if self.daily_quota.remaining is not None:
            seconds = self.daily_quota.resets_in(now)
            until = None if seconds is None else _after(wall, seconds)
            budgets[DAILY] = Budget(DAILY, self.daily_quota.limit, self.daily_quota.remaining, until)
        if waiting := self._cap.waiting:
            most = self._limits.concurrency
            budgets[CONCURRENCY] = Budget(CONCURRENCY, most, None, None, in_flight=most, waiting=waiting)
        return budgets

    def is_idle(self) -> bool:
        """Report whether nothing would be lost by forgetting this limiter."""
        now = self._clock()
        for category in list(self._categories.values()):
            with category.wait_queue.lock:
                category.wait_queue.take_back_abandoned()
                category.bucket.roll(now)
                state = category.bucket.state
                if category.bucket.ends_at is not None or state.in_flight or now < state.held_until:
                    return False
        return self.daily_quota.resets_in(now) is None

    async def _wait(self, category: Category, call: Call, max_wait: float | None) -> Admitted:
        priority = call.request.priority
        latest = math.inf if max_wait is None else self._clock() + max_wait
        without_store: str | None = None
        try:
            return await category.wait_queue.enter(priority, call.order, latest)
        except WaitTooLongError as error:
            seconds = error.seconds
        except RateLimitStoreError as error:
            seconds, without_store = 0.0, error.message
        if without_store is not None:
            raise RateLimitStoreError(without_store, context=call.context)
        with category.wait_queue.lock:
            ends_at, limit = category.bucket.ends_at, category.bucket.state.limit
            counted_here = category.bucket.state.without_headers
        owner = " (counted here, since the server announces no limits)" if counted_here else ""
        bound = "RateLimits.bulk_max_wait" if priority is Priority.BULK else "RateLimits.max_wait"
        raise RateLimitWaitExceeded(
            f"the budget of {category.name} is used up{owner}: this call would wait {seconds:.0f} s, "
            f"longer than {bound}; raise it, or try again later",
            category=category.name,
            seconds=seconds,
            limit=limit,
            reset=None if ends_at is None else _after(datetime.now(UTC), ends_at - self._clock()),
            context=call.context,
        )

    def _category(self, request: Request) -> Category:
        name = request.limit or request.operation or _OTHER
        return self._categories.get(name) or self._open(name, request)

    def _open(self, name: str, request: Request) -> Category:
        with self._lock:
            category = self._categories.get(name)
            if category is None:
                open_category = self._open_category or self._open_local_category
                on_wait = partial(self._log_wait, name)
                category = open_category(name, request.limit is not None, on_wait)
                self._categories[name] = category
            return category

    def _open_local_category(self, name: str, documented: bool, on_wait: Callable[[float], None]) -> Category:
        bucket = Bucket(
            self._limits.requests,
            self._limits.window,
            share=self._limits.share,
            reserve=self._limits.reserve,
            documented=documented,
            is_assumed=self._limits.assume is not None,
        )
        return Category(name, bucket, bucket, WaitQueue(bucket, self._clock, on_wait))

    def _log_wait(self, name: str, seconds: float) -> None:
        fields = {"category": name, "seconds": seconds}
        logger.info("the budget of %s is used up: waiting %.0f s", name, seconds, extra=fields)
        bucket = self._categories[name].bucket
        if bucket.state.without_headers and not self._is_enforcement_reported:
            self._is_enforcement_reported = True
            reason = "" if self._limits.assume is not None else "and has refused a request without them, "
            logger.warning(
                "the server sends no rate-limit headers, %sso that the documented limits (%d requests in "
                "%g s) are kept by counting; AsyncSession(limits=None) turns that off",
                reason,
                bucket.state.limit,
                bucket.state.window,
            )

    def _report_kind(self) -> None:
        """Log once what holds for a server that announces no limits."""
        self._is_kind_reported = True
        if self._limits.assume is None:
            logger.info(
                "the server announces no rate limits: requests are counted, and none is held back until it "
                "refuses one; RateLimits(assume='documented') keeps the documented limits instead"
            )
        else:
            logger.info(
                "the server announces no rate limits: the documented ones, %d requests in %g s, are kept by "
                "counting",
                self._limits.requests,
                self._limits.window,
            )

    def _with_quota(self, permit: Permit) -> Permit:
        """Return a permit, unless the daily quota was found to be used up while the call waited."""
        if permit.call.request.daily_quota:
            now = self._clock()
            if self.daily_quota.exhausted(now):
                self.cancel(permit)
                raise self._quota_error(permit.call, now)
            if self.daily_quota.ask_again(now):
                permit.category.on_news()
        return permit

    def _quota_error(self, call: Call, now: float, body: bytes = b"") -> DailyQuotaExceeded:
        seconds = self.daily_quota.resets_in(now)
        return DailyQuotaExceeded(
            f"the daily quota of {self.daily_quota.limit} writes is used up",
            status=_TOO_MANY_REQUESTS,
            retry_after=seconds,
            reset=None if seconds is None else _after(datetime.now(UTC), seconds),
            body=body,
            context=call.context,
        )


def _after(time: datetime, seconds: float) -> datetime:
    return time + timedelta(seconds=min(seconds, _LONGEST_SHOWN))


class Limits:
    """The budgets of a client's token, to look at.

    Args:
        limiter: The limiter that keeps them; ``None`` if none are kept.
    """

    def __init__(self, limiter: Limiter | None) -> None:
        self._limiter = limiter

    async def snapshot(self) -> Mapping[str, Budget]:
        """Return the budget of each category that was used, by its name; empty if no limits are kept."""
        return {} if self._limiter is None else self._limiter.snapshot()
