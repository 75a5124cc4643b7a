"""The way of a request: deadline, retry loop, attempts within the rate limits, decoding."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar, overload

from sessionboard_async._answered import ResponseInfo
from sessionboard_async._printable import printable
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.bodies import transport_error
from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import (
    Response,
    add_reported_message,
    error_of,
    info_of,
    request_id,
)
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import Retry, Timeout
from sessionboard_async.core.rate_limits.limiter import Limiter, Permit
from sessionboard_async.core.retry import delay_bounds, retry_delay
from sessionboard_async.errors import (
    AttemptTimeoutError,
    ConnectError,
    DeadlineExceededError,
    DecodeError,
    SessionboardError,
    StatusError,
)

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sessionboard_async")


class Engine:
    """Sends requests. Cheap to make: each view of a client has its own, over the same shared parts.

    Args:
        transport: The connection pool.
        lifetime: Whether the client may be used, and the tasks that end with it.
        decoders: The cached decoders.
        limiter: The rate limits; ``None`` for none.
        max_wait: The most seconds that a single call waits for the rate limits; ``None`` for any time.
        bulk_max_wait: The same for streams and bulk calls.
        token: The token, to keep it out of errors and logs.
        timeout: How long an attempt and a whole call may take.
        retry: How often a request is tried.
        clock: The seconds of a monotonic clock.
    """

    def __init__(
        self,
        transport: Transport,
        lifetime: Lifetime,
        decoders: Decoders,
        *,
        limiter: Limiter | None,
        max_wait: float | None,
        bulk_max_wait: float | None = None,
        token: Token,
        timeout: Timeout,
        retry: Retry,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._lifetime = lifetime
        self._limiter = limiter
        self._max_wait = max_wait
        self._bulk_max_wait = bulk_max_wait
        self._token = token
        self._timeout = timeout
        self._retry = retry
        self._clock = clock
        self.decoders: Decoders = decoders

    @overload
    async def send(self, request: Request) -> Response: ...

    @overload
    async def send(
        self, request: Request, decode: Callable[[Response], T], *, answered: Response | None = None
    ) -> T: ...

    async def send(
        self,
        request: Request,
        decode: Callable[[Response], T] | None = None,
        *,
        answered: Response | None = None,
    ) -> Response | T:
        """Send a request, with retries, and return the content of the answer of a success.

        Args:
            request: The request.
            decode: Decodes the answer. An answer to a read that is no JSON is retried like a failure of the
                server. ``None`` returns the complete answer as it is.
            answered: The answer to a first attempt that was sent before, to decode it now.

        Raises:
            ClientStateError: If the client cannot be used here, or was closed meanwhile.
            APIError: If the API answered the last attempt with an error.
            TransportError: If the last attempt brought no complete answer.
            RateLimitWaitExceeded: If the call would wait for the rate limit longer than allowed.
            RateLimitStoreError: If the store of shared limits does not answer, and ``on_store_error`` is
                ``"raise"``.
            DeadlineExceededError: If ``Timeout.total`` ran out.
            DecodeError: If the answer cannot be decoded, or its compression is invalid.
            ResponseError: If the answer is too large, or its compression is unknown.
            OSError: If a file cannot be read or written.
        """
        self._lifetime.check()
        # The time that a file takes depends on its size: a transfer is bounded by how long nothing moves.
        total = self._timeout.total if request.transfer is None else None
        call = Call(request, None if total is None else self._clock() + total)
        call.attempts = 0 if answered is None else 1
        deadlines, waits = self._lifetime.deadlines, self._lifetime.waits
        limiter = None if request.goes_to_storage else self._limiter
        bounds: Iterator[float] | None = None
        delay, seconds = 0.0, total
        try:
            while True:
                # Ten times cheaper than a cancel scope of anyio, which costs 3 per cent of a page.
                timer = call.timer = asyncio.timeout(None)
                deadlines.add(timer, seconds)
                try:
                    async with timer:
                        if delay:
                            await asyncio.sleep(delay)
                        response = answered or await self._attempt(call, limiter)
                    return response if decode is None else self._decode(call, response, decode)
                except SessionboardError as error:
                    failure = error
                    if isinstance(error, DecodeError):
                        # A decoder knows the operation, but not the attempts.
                        error.context = call.context
                except TimeoutError:
                    if not timer.expired():
                        raise
                    failure = transport_error(TimeoutError(), call.context)
                finally:
                    deadlines.discard(timer)
                answered = None
                try:
                    now = self._clock()
                    is_late = call.deadline is not None and now >= call.deadline
                    # The timer of the event loop may be late, and an attempt end just then.
                    is_late = is_late or (timer.expired() and not call.is_timed_out)
                    if self._lifetime.closed or is_late:
                        # Reported as that, below.
                        break
                    bounds = bounds or delay_bounds(self._retry)
                    bound = next(bounds, None)
                    next_delay = retry_delay(call, failure, bound, now)
                    if next_delay is None:
                        raise failure
                    delay, call.is_attempt_timed = next_delay, False
                    seconds = None if call.deadline is None else call.deadline - now
                    waits.begin(call, delay, failure.message)
                finally:
                    # The traceback of the error refers to this frame: without this, they would form a cycle.
                    del failure
        finally:
            waits.end(call)
        self._lifetime.check()
        raise DeadlineExceededError(
            f"not done within Timeout.total of {total:g} s: raise it, or find the cause of the delay",
            context=call.context,
        )

    async def _attempt(self, call: Call, limiter: Limiter | None) -> Response:
        """Send a request once and return the answer of a success."""
        permit: Permit | None = None
        if limiter is not None:
            permit = limiter.try_acquire(call) or await self._wait_for_permit(call, limiter)
        call.attempts += 1
        if call.request.on_attempt is not None:
            call.request.on_attempt()
        self._lifetime.waits.begin(call)
        began = time.perf_counter()
        try:
            response = await self._transport.send(call, self._timeout)
        except BaseException as error:
            if limiter is not None and permit is not None:
                if isinstance(error, ConnectError):
                    limiter.cancel(permit)
                else:
                    limiter.release(permit, outcome_unknown=True)
            if logger.isEnabledFor(logging.DEBUG):
                # The timer ends an attempt by a cancellation.
                kind = AttemptTimeoutError if call.is_timed_out else type(error)
                self._log(call, kind.__name__, began)
            raise
        refusal: StatusError | None = None
        if limiter is not None and permit is not None:
            refusal = limiter.report(permit, response)
        # Only now: a logging filter of the caller's may raise, and the permit would stay taken.
        if logger.isEnabledFor(logging.DEBUG):
            self._log(call, str(response.status), began, response)
        if refusal is None and not 200 <= response.status < 300:
            # In one expression: a variable with the secrets would be in the traceback of the error.
            refusal = error_of(call, response, secrets=(self._token.reveal(), *call.request.secrets))
        if refusal is not None:
            refusal.response = self.info(call.request, response)
            try:
                raise refusal
            finally:
                # The traceback of the error refers to this frame: without this, they would form a cycle.
                del refusal
        return response

    async def _wait_for_permit(self, call: Call, limiter: Limiter) -> Permit:
        """Wait for the rate limit. ``max_wait`` bounds this instead of ``Timeout.total``.

        A limiter does not foresee how long a call waits for others to end. So what lasts longer than
        ``max_wait`` counts for ``Timeout.total``.
        """
        max_wait = self._bulk_max_wait if call.request.priority is Priority.BULK else self._max_wait
        began = self._clock()
        seconds = None
        if call.deadline is not None and max_wait is not None:
            seconds = call.deadline - began + max_wait
        self._set_end(call, seconds)
        try:
            permit = await limiter.acquire(call, max_wait=max_wait)
        finally:
            now = self._clock()
            if call.deadline is not None:
                call.deadline += now - began if max_wait is None else min(now - began, max_wait)
        # Not after an error: its timer is not needed, and no event loop may run.
        if call.deadline is not None:
            self._set_end(call, call.deadline - now)
        return permit

    def _set_end(self, call: Call, seconds: float | None) -> None:
        if call.timer is not None:
            self._lifetime.deadlines.add(call.timer, seconds)

    def decoder(self, endpoint: Endpoint[T]) -> Callable[[Response], T]:
        """Return the function that decodes an answer with a single record, or to an operation without one."""
        decode = self.decoders.record(endpoint).decode
        return lambda response: decode(response.body)

    def _decode(self, call: Call, response: Response, decode: Callable[[Response], T]) -> T:
        try:
            return decode(response)
        except DecodeError as error:
            # Not by the decoder, which does not know the secrets that the message may repeat.
            add_reported_message(error, response.body, (self._token.reveal(), *call.request.secrets))
            error.response = self.info(call.request, response)
            raise

    def info(self, request: Request, response: Response) -> ResponseInfo:
        """Return the facts about the answer to a request, without its body."""
        return info_of(response, (self._token.reveal(), *request.secrets))

    @property
    def most_concurrent(self) -> int:
        """The most requests without a documented limit that are sent at a time."""
        return sys.maxsize if self._limiter is None else self._limiter.concurrency

    def is_saturated(self) -> bool:
        """Report whether requests wait for others to end."""
        return self._limiter is not None and self._limiter.is_saturated

    def check(self) -> None:
        """Raise a ``ClientStateError`` if the client cannot be used here and now."""
        self._lifetime.check()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a coroutine as a task that ends with the client at the latest."""
        return self._lifetime.start(coroutine)

    def _log(self, call: Call, outcome: str, began: float, response: Response | None = None) -> None:
        seconds = time.perf_counter() - began
        secrets = (self._token.reveal(), *call.request.secrets)
        id_ = None if response is None else request_id(response.headers, secrets=secrets)
        logger.debug(
            "%s %s: %s, attempt %d, %.0f ms, request id %s",
            call.request.method,
            call.request.route,
            outcome,
            call.attempts,
            seconds * 1000,
            id_,
            extra={
                "method": call.request.method,
                "route": call.request.route,
                "operation": call.request.operation,
                "attempt": call.attempts,
                "status": None if response is None else response.status,
                "error": outcome if response is None else None,
                "seconds": seconds,
                "request_id": id_ and printable(id_),
            },
        )
