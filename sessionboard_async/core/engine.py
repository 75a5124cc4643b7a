"""The path of one request: attempts, retry, decode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from sessionboard_async.core.attempts import Attempts
from sessionboard_async.core.decoding.decoder import Decoders
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import Retry
from sessionboard_async.core.retry import retrying
from sessionboard_async.errors import DeadlineExceededError, SessionboardError

T = TypeVar("T")


class Engine:
    """Carries requests out. Cheap to make: views of a session have one each, over the same shared parts.

    Args:
        attempts: Makes single attempts.
        lifetime: When the session may be used, and what ends with it.
        decoders: The kept decoders.
        total: Seconds that a whole call may take; ``None`` for any time.
        retry: How often a request is tried.
    """

    def __init__(
        self, attempts: Attempts, lifetime: Lifetime, decoders: Decoders, total: float | None, retry: Retry
    ) -> None:
        self._lifetime = lifetime
        self._total = total
        self._call_with_retries = retrying(attempts.make, retry)
        self.decoders = decoders

    async def call(self, request: Request) -> Response:
        """Carry out a request and return the complete answer of a success.

        Raises:
            ClientStateError: If the session cannot be used here and now, or was closed meanwhile.
            APIError: If the API answered with an error to the last attempt.
            TransportError: If the last attempt brought no complete answer.
            RateLimitWaitExceeded: If it would wait for the rate limit longer than it may.
            DeadlineExceededError: If ``Timeout.total`` ran out.
            ResponseError: If the answer is too large, or its compression is broken.
        """
        self._lifetime.check()
        # How long a file takes depends on the file: what bounds a transfer is that something keeps moving.
        total = self._total if request.transfer is None else None
        call = Call(request, None if total is None else time.monotonic() + total)
        # A tenth of what a cancel scope of anyio costs, which is 3 per cent of a page.
        deadline = asyncio.timeout(total)
        self._lifetime.deadlines.add(deadline)
        try:
            async with deadline:
                return await self._call_with_retries(call)
        except (SessionboardError, TimeoutError):
            # What fails because the session is closed or the time is up is told as that, below.
            # The loop's timer may be a moment late, and an attempt end just then.
            late = call.deadline is not None and time.monotonic() >= call.deadline
            if not self._lifetime.closed and not deadline.expired() and not late:
                raise
        finally:
            self._lifetime.deadlines.discard(deadline)
        self._lifetime.check()
        raise DeadlineExceededError(
            f"not done within Timeout.total of {total:g} s: raise it, or find what is slow",
            method=request.method,
            route=request.route,
            operation=request.operation,
            attempts=call.attempts,
        )

    async def fetch(self, endpoint: Endpoint[T], request: Request) -> T:
        """Carry out a request and decode its single record; ``None`` where the operation promises nothing."""
        response = await self.call(request)
        if endpoint.answer is None:
            return cast("T", None)
        return self.decoders.record(endpoint).decode(response.body)

    def check(self) -> None:
        """Raise a ``ClientStateError`` if the session cannot be used here and now."""
        self._lifetime.check()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine beside its caller, at the latest until the session ends."""
        return self._lifetime.start(coroutine)
