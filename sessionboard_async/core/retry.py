"""What is tried again, and when. The waits come from `backoff`, which nothing else imports."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import backoff

from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.options import Retry
from sessionboard_async.errors import (
    APIError,
    ConnectError,
    DailyQuotaExceeded,
    RateLimitError,
    SessionboardError,
    TransportError,
)

# 429 comes here from a storage; that of the API is a class of its own.
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})


class _Failure(Exception):  # noqa: N818  # it carries an error and is none to anybody outside
    def __init__(self, call: Call, error: SessionboardError) -> None:
        super().__init__()
        self.call = call
        self.error = error


def may_try_again(request: Request, error: SessionboardError) -> bool:
    """Tell whether sending the request again is safe, and may help.

    What only reads may always be sent twice. A write is sent again only where the first one surely was not
    carried out: no connection was made, or the API refused it for its rate limit.
    """
    if isinstance(error, ConnectError):
        return error.transient
    sink = None if request.transfer is None else request.transfer.sink
    if sink is not None and not sink.can_start_again:
        return False
    if isinstance(error, RateLimitError):
        return not isinstance(error, DailyQuotaExceeded)
    if not request.idempotent:
        return False
    if isinstance(error, APIError):
        return error.status in _PASSING_STATUSES
    return isinstance(error, TransportError)


def retrying(
    attempt: Callable[[Call], Awaitable[Response]],
    policy: Retry,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[Call], Awaitable[Response]]:
    """Wrap a function that makes one attempt into one that tries as often as the policy allows.

    Args:
        attempt: Makes one attempt, and raises a ``SessionboardError`` where it fails.
        policy: How often, and how long to wait between.
        clock: The seconds of a monotonic clock.

    Returns:
        A function that raises the error of the last attempt, with ``attempts`` filled in.
    """

    def give_up(failure: Exception) -> bool:
        assert isinstance(failure, _Failure)  # noqa: S101  # the only class that is caught below
        if not may_try_again(failure.call.request, failure.error):
            return True
        deadline = failure.call.deadline
        return deadline is not None and clock() + _asked_to_wait(failure) >= deadline

    def waits() -> Generator[float, Any, None]:
        bounds = backoff.expo(factor=policy.base_delay, max_value=policy.max_delay)
        bounds.send(None)
        failure: _Failure = yield 0.0
        for bound in bounds:
            if _is_paced_by_limiter(failure):
                failure = yield 0.0
                continue
            # Jitter comes on top of what the server asks for: all who were refused together would otherwise
            # come back together.
            failure = yield _asked_to_wait(failure) + backoff.full_jitter(bound)

    async def try_once(call: Call) -> Response:
        call.attempts += 1
        try:
            return await attempt(call)
        except SessionboardError as error:
            error.attempts = call.attempts
            failure = _Failure(call, error)
        raise failure

    @backoff.on_exception(
        waits, _Failure, max_tries=policy.attempts, giveup=give_up, jitter=None, logger=None
    )
    async def try_again(call: Call, failed: list[_Failure]) -> Response:
        if failed:
            raise failed.pop()
        return await try_once(call)

    async def try_often(call: Call) -> Response:
        try:
            # Most calls succeed at once, and need not pay for the machinery of trying again.
            return await try_once(call)
        except _Failure as failure:
            failed = [failure]
        try:
            return await try_again(call, failed)
        except _Failure as failure:
            error = failure.error
        try:
            raise error
        finally:
            # The traceback of the error holds this frame: without this, the frame would hold the error too.
            del error

    return try_often


def _asked_to_wait(failure: _Failure) -> float:
    error = failure.error
    if not isinstance(error, APIError) or _is_paced_by_limiter(failure):
        return 0.0
    return error.retry_after or 0.0


def _is_paced_by_limiter(failure: _Failure) -> bool:
    """Tell whether the limiter makes it wait: it knows better when there is room again."""
    return failure.call.paced_by_limiter and isinstance(failure.error, RateLimitError)
