"""The path of one request: limiter, transport, status, retry, decode."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from sessionboard_async.core.auth import Token
from sessionboard_async.core.decode import Decoders
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.limits import Limiter
from sessionboard_async.core.options import Retry, Timeout
from sessionboard_async.core.request import Request
from sessionboard_async.core.response import Response, error_of, request_id
from sessionboard_async.core.retry import Call, retrying
from sessionboard_async.core.transport import Transport
from sessionboard_async.errors import DeadlineExceededError

T = TypeVar("T")

logger = logging.getLogger("sessionboard_async")


class Engine:
    """Carries requests out. Cheap to make: views of a session have one each, over the same shared parts.

    Args:
        transport: The connection pool.
        limiter: The budget of requests.
        lifetime: When the session may be used, and which tasks end with it.
        token: The token, to keep it out of errors.
        decoders: The kept decoders.
        timeout: How long things may take.
        retry: How often a request is tried.
    """

    def __init__(
        self,
        transport: Transport,
        limiter: Limiter,
        lifetime: Lifetime,
        token: Token,
        decoders: Decoders,
        timeout: Timeout,
        retry: Retry,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._lifetime = lifetime
        self._token = token
        self._timeout = timeout
        self._call_with_retries = retrying(self._attempt, retry)
        self.decoders = decoders

    async def call(self, request: Request) -> Response:
        """Carry out a request and return the complete answer of a success.

        Raises:
            SessionStateError: If the session cannot be used here and now.
            APIError: If the API answered with an error to the last attempt.
            TransportError: If the last attempt brought no complete answer.
            DeadlineExceededError: If ``Timeout.total`` ran out.
            ResponseError: If the answer is too large, or its compression is broken.
        """
        self._lifetime.check()
        total = self._timeout.total
        if total is None:
            return await self._call_with_retries(Call(request, None))
        call = Call(request, time.monotonic() + total)
        try:
            # A tenth of what a cancel scope of anyio costs, which is 3 per cent of a page.
            async with asyncio.timeout(total) as deadline:
                return await self._call_with_retries(call)
        except TimeoutError:
            if not deadline.expired():
                raise
        raise DeadlineExceededError(
            f"not done within Timeout.total of {total:g} s: raise it, or find what is slow",
            method=request.method,
            route=request.route,
            operation=request.operation,
            attempts=call.attempts,
        )

    async def fetch(self, endpoint: Endpoint[T], request: Request) -> T:
        """Carry out a request and decode its single record."""
        response = await self.call(request)
        return self.decoders.record(endpoint).decode(response.body)

    def check(self) -> None:
        """Raise a ``SessionStateError`` if the session cannot be used here and now."""
        self._lifetime.check()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine beside its caller, at the latest until the session ends."""
        return self._lifetime.start(coroutine)

    async def _attempt(self, call: Call) -> Response:
        request = call.request
        await self._limiter.acquire(request.limit)
        began = time.perf_counter()
        try:
            response = await self._transport.send(request, self._timeout)
        except BaseException as error:
            self._limiter.report(request.limit, None)
            self._log(call, type(error).__name__, began)
            raise
        self._limiter.report(request.limit, response)
        self._log(call, str(response.status), began, response)
        refused = error_of(request, response, secret=self._token.reveal())
        if refused is not None:
            raise refused
        return response

    def _log(self, call: Call, outcome: str, began: float, response: Response | None = None) -> None:
        if not logger.isEnabledFor(logging.DEBUG):
            return
        logger.debug(
            "%s %s: %s, attempt %d, %.0f ms, request id %s",
            call.request.method,
            call.request.route,
            outcome,
            call.attempts,
            (time.perf_counter() - began) * 1000,
            None if response is None else request_id(response.headers),
        )
