"""One attempt of a request: the limiter, the transport, and what the status means."""

from __future__ import annotations

import logging
import time

from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response, error_of, request_id
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.options import Timeout
from sessionboard_async.core.rate_limits.limiter import Limiter, Permit
from sessionboard_async.errors import APIError, ConnectError

logger = logging.getLogger("sessionboard_async")


class Attempts:
    """Makes single attempts, each within the budget of requests.

    Args:
        transport: The connection pool.
        limiter: The budget of requests; ``None`` for any number.
        max_wait: The most seconds that a single call waits for the budget; ``None`` for any time.
        token: The token, to keep it out of errors and logs.
        timeout: How long an attempt may take.
    """

    def __init__(
        self,
        transport: Transport,
        limiter: Limiter | None,
        max_wait: float | None,
        token: Token,
        timeout: Timeout,
    ) -> None:
        self._transport = transport
        self._limiter = limiter
        self._max_wait = max_wait
        self._token = token
        self._timeout = timeout

    async def make(self, call: Call) -> Response:
        """Send a request once and return the answer of a success.

        Raises:
            APIError: If the API answered with an error.
            TransportError: If no complete answer came back.
            ResponseError: If the answer is too large, or its compression is broken.
            RateLimitWaitExceeded: If the call would have to wait too long for the budget.
        """
        limiter = self._limiter
        if limiter is None or call.request.goes_to_storage:
            return self._outcome(call, await self._send(call))
        try:
            permit = await limiter.acquire(call, max_wait=self._max_wait)
        except BaseException:
            call.attempts -= 1
            raise
        response, refusal = await self._send_with(limiter, permit, call)
        return self._outcome(call, response, refusal)

    async def _send_with(
        self, limiter: Limiter, permit: Permit, call: Call
    ) -> tuple[Response, APIError | None]:
        try:
            response = await self._send(call)
        except ConnectError:
            limiter.cancel(permit)
            raise
        except BaseException:
            limiter.release(permit, outcome_unknown=True)
            raise
        refusal = limiter.report(permit, response)
        call.paced_by_limiter = True
        return response, refusal

    async def _send(self, call: Call) -> Response:
        began = time.perf_counter()
        try:
            response = await self._transport.send(call.request, self._timeout)
        except BaseException as error:
            self._log(call, type(error).__name__, began)
            raise
        self._log(call, str(response.status), began, response)
        return response

    def _outcome(self, call: Call, response: Response, refusal: APIError | None = None) -> Response:
        refusal = refusal or self._error_of(call.request, response)
        if refusal is not None:
            raise refusal
        return response

    def _error_of(self, request: Request, response: Response) -> APIError | None:
        # Not where the error is raised: its traceback would hold the token.
        return error_of(request, response, secrets=(self._token.reveal(), *request.secrets))

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
            None if response is None else request_id(response.headers, secrets=(self._token.reveal(),)),
        )
