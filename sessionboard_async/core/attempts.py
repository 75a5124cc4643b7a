"""One attempt of a request: the limiter, the transport, and what the status means."""

from __future__ import annotations

import logging
import time

from sessionboard_async.core.auth import Token
from sessionboard_async.core.limits import Limiter
from sessionboard_async.core.options import Timeout
from sessionboard_async.core.response import Response, error_of, request_id
from sessionboard_async.core.retry import Call
from sessionboard_async.core.transport import Transport

logger = logging.getLogger("sessionboard_async")


class Attempts:
    """Makes single attempts, each within the budget of requests.

    Args:
        transport: The connection pool.
        limiter: The budget of requests.
        token: The token, to keep it out of errors and logs.
        timeout: How long an attempt may take.
    """

    def __init__(self, transport: Transport, limiter: Limiter, token: Token, timeout: Timeout) -> None:
        self._transport = transport
        self._limiter = limiter
        self._token = token
        self._timeout = timeout

    async def make(self, call: Call) -> Response:
        """Send a request once and return the answer of a success.

        Raises:
            APIError: If the API answered with an error.
            TransportError: If no complete answer came back.
            ResponseError: If the answer is too large, or its compression is broken.
        """
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
        refused = error_of(request, response, secrets=(self._token.reveal(), *request.secrets))
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
            None if response is None else request_id(response.headers, secrets=(self._token.reveal(),)),
        )
