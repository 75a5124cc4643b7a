"""Decide which failures are retried, and after which delay. The delays come from `backoff`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import backoff

from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import TRANSIENT_STATUSES
from sessionboard_async.core.options import Retry
from sessionboard_async.errors import (
    ConnectError,
    DailyQuotaExceeded,
    DecodeError,
    RateLimitError,
    SessionboardError,
    StatusError,
    TransportError,
)


def delay_bounds(policy: Retry) -> Iterator[float]:
    """Yield the upper bound of the jitter before each retry, once for every retry that the policy allows."""
    bounds = backoff.expo(factor=policy.base_delay, max_value=policy.max_delay)
    # The generator yields once before its first value.
    bounds.send(None)
    return islice(bounds, policy.attempts - 1)


def retry_delay(call: Call, error: SessionboardError, bound: float | None, now: float) -> float | None:
    """Return the seconds to wait before the next attempt; ``None`` if there must be none.

    Args:
        call: The call, one attempt of which failed.
        error: The failure.
        bound: The upper bound of the jitter, in seconds; ``None`` if the policy allows no other retry.
        now: The time on the clock of ``call.deadline``.
    """
    if bound is None or not may_retry(call.request, error):
        return None
    waits_in_limiter = call.is_held_back and isinstance(error, RateLimitError)
    asked = 0.0
    if isinstance(error, StatusError) and not waits_in_limiter:
        asked = error.retry_after or 0.0
    if call.deadline is not None and now + asked >= call.deadline:
        return None
    # Jitter is added to the server's number: calls that were refused together must not return together.
    return 0.0 if waits_in_limiter else asked + backoff.full_jitter(bound)


def may_retry(request: Request, error: SessionboardError) -> bool:
    """Return whether sending the request again is safe and may help.

    A read may always be sent twice. A write is retried only if it was not carried out: no connection was
    made, or the API refused it for its rate limit.
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
    if isinstance(error, DecodeError):
        return error.transient
    if isinstance(error, StatusError):
        # A 429 of the API is a RateLimitError, and handled before this. This one comes from a storage.
        return error.status in TRANSIENT_STATUSES
    return isinstance(error, TransportError)
