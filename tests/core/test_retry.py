"""The retry loop: which failures are retried, how often, and after which delays."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import errors
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import RateLimits, Retry, Timeout
from sessionboard_async.core.rate_limits.limiter import Limiter
from sessionboard_async.core.retry import may_retry
from sessionboard_async.errors import APIError, ConnectError, RateLimitError, ServerError, SessionboardError
from tests.support.virtual_time import now, run

READ = Request("POST", "/v1/event/{event_id}/sessions", "/v1/event/1/sessions", idempotent=True)
WRITE = Request("POST", "/v1/event/{event_id}/sessions/create", "/v1/event/1/sessions/create")
DONE = Response(200, {}, b"{}")


Failure = SessionboardError | Callable[..., SessionboardError]
"""An error to raise, or a class or function that makes one with the context of the call."""


class Server:
    """Stands in for the transport: fails with the given failures in turn, then answers."""

    def __init__(self, *failures: Failure) -> None:
        self._failures = list(failures)
        self.times: list[float] = []

    async def send(self, call: Call, timeout: Timeout) -> Response:
        self.times.append(now())
        assert call.attempts == len(self.times)
        await asyncio.sleep(0)
        if self._failures:
            failure = self._failures.pop(0)
            raise failure if isinstance(failure, SessionboardError) else failure(context=call.context)
        return DONE

    @property
    def waits(self) -> list[float]:
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]


def engine(
    server: object,
    policy: Retry | None = None,
    seconds: float | None = None,
    *,
    limiter: Limiter | None = None,
    max_wait: float | None = None,
    clock: Callable[[], float] = now,
) -> Engine:
    """An engine whose attempts the given server answers, in virtual time; by default without rate limits."""
    return Engine(
        cast("Transport", server),
        Lifetime(),
        Decoders(),
        limiter=limiter,
        max_wait=max_wait,
        bulk_max_wait=max_wait,
        token=Token("a token"),
        timeout=Timeout(total=seconds),
        retry=policy or Retry(),
        clock=clock,
    )


async def called(
    server: Server, policy: Retry | None = None, request: Request = READ, seconds: float | None = None
) -> Response:
    return await engine(server, policy, seconds).send(request)


def refused(server: Server, *, policy: Retry | None = None, request: Request = READ) -> SessionboardError:
    with pytest.raises(SessionboardError) as caught:
        run(called(server, policy, request))
    return caught.value


# Which failures are retried

PASSING, LASTING = [500, 502, 503, 504], [301, 400, 401, 403, 404, 405, 409, 418, 422, 501, 505]
TABLE: list[tuple[SessionboardError, bool, bool]] = [
    (ConnectError("no connection"), True, True),
    (ConnectError("certificate refused", transient=False), False, False),
    (errors.ConnectionLostError("lost"), True, False),
    (errors.AttemptTimeoutError("too long"), True, False),
    (errors.TransportError("broken"), True, False),
    (RateLimitError("429", status=429), True, True),
    *((ServerError(str(status), status=status), True, False) for status in PASSING),
    *((APIError(str(status), status=status), False, False) for status in LASTING),
    (errors.DeadlineExceededError("too long"), False, False),
    (errors.ClientClosedError("closed"), False, False),
    (errors.WrongEventLoopError("elsewhere"), False, False),
    (errors.ConfigurationError("wrong"), False, False),
    (errors.ResponseError("compressed oddly"), False, False),
    (errors.ResponseTooLargeError("too large"), False, False),
    (errors.DecodeError("not read"), False, False),
    (errors.DecodeError("no JSON", transient=True), True, False),
    (errors.PaginationError("a loop"), False, False),
]


@pytest.mark.parametrize(("error", "read", "write"), TABLE, ids=lambda value: str(value))
def test_reads_are_retried_and_writes_only_if_nothing_was_done(
    error: SessionboardError, read: bool, write: bool
) -> None:
    for request, again in ((READ, read), (WRITE, write)):
        assert may_retry(request, error) is again
        server = Server(error)
        if again:
            assert run(called(server, request=request)) is DONE
        else:
            assert refused(server, request=request) is error
        assert len(server.times) == (2 if again else 1)


# Number of attempts


def test_a_success_is_returned_at_once() -> None:
    server = Server()
    assert run(called(server)) is DONE
    assert len(server.times) == 1


@pytest.mark.parametrize("attempts", [1, 2, 5, 9])
def test_tries_as_often_as_the_policy_allows_and_says_so(attempts: int) -> None:
    server = Server(*(partial(ConnectError, f"refusal {number}") for number in range(1, 20)))
    error = refused(server, policy=Retry(attempts=attempts))
    assert error.message == f"refusal {attempts}", "the error of the last attempt is raised"
    assert error.attempts == len(server.times) == attempts


def test_counts_the_attempts_of_an_error_that_is_not_retried() -> None:
    error = refused(Server(ConnectError("no"), partial(errors.NotFoundError, "404", status=404)))
    assert isinstance(error, errors.NotFoundError)
    assert error.attempts == 2
    assert "after 2 attempts" in str(error)


def test_each_call_counts_its_own_attempts() -> None:
    async def main() -> None:
        server = Server(partial(ConnectError, "no"), partial(ConnectError, "no"))
        send = engine(server, Retry(attempts=2)).send
        with pytest.raises(ConnectError) as caught:
            await send(READ)
        assert caught.value.attempts == 2
        server.times.clear()
        assert await send(READ) is DONE

    run(main())


def test_simultaneous_calls_count_separately() -> None:
    async def main() -> None:
        left = {"/a": 1, "/b": 3, "/c": 0}

        class FlakyServer:
            async def send(self, call: Call, timeout: Timeout) -> Response:
                await asyncio.sleep(1)
                if left[call.request.target]:
                    left[call.request.target] -= 1
                    raise ConnectError(call.request.target)
                return Response(200, {}, b"%d" % call.attempts)

        send = engine(FlakyServer()).send
        requests = [Request("GET", "/", target, idempotent=True) for target in left]
        answers = await asyncio.gather(*map(send, requests))
        assert [answer.body for answer in answers] == [b"2", b"4", b"1"]

    run(main())


# Delays


@given(st.floats(0, 10), st.floats(0, 60), st.integers(2, 8))
def test_waits_stay_within_bounds_that_double_up_to_the_longest(
    base: float, longest: float, attempts: int
) -> None:
    server = Server(*(ConnectError("no") for _ in range(attempts)))
    refused(server, policy=Retry(attempts=attempts, base_delay=base, max_delay=longest))
    bounds = [min(base * 2**number, longest) for number in range(attempts - 1)]
    assert len(server.waits) == len(bounds)
    assert all(0 <= wait <= bound + 1e-6 for wait, bound in zip(server.waits, bounds, strict=True))


def test_waits_are_drawn_from_the_whole_range() -> None:
    waits: list[float] = []
    for _ in range(200):
        server = Server(ConnectError("no"))
        run(called(server, Retry(base_delay=10, max_delay=10)))
        waits += server.waits
    assert min(waits) < 1
    assert max(waits) > 9


@given(st.floats(0, 1_000), st.floats(0, 5))
def test_a_wait_that_the_server_asks_for_is_never_cut_short(asked: float, base: float) -> None:
    server = Server(*(RateLimitError("429", status=429, retry_after=asked) for _ in range(3)))
    run(called(server, Retry(base_delay=base, max_delay=3)))
    for number, wait in enumerate(server.waits):
        assert asked - 1e-6 <= wait <= asked + min(base * 2**number, 3) + 1e-6


@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
def test_honours_the_server_for_writes_too(request_: Request) -> None:
    server = Server(RateLimitError("429", status=429, retry_after=747.0))
    run(called(server, request=request_))
    assert 747 <= server.waits[0] <= 747.5 + 1e-6


def test_honours_the_server_that_is_unavailable() -> None:
    server = Server(ServerError("503", status=503, retry_after=20.0))
    run(called(server))
    assert 20 <= server.waits[0] <= 20.5 + 1e-6


def test_no_delay_if_the_policy_has_none() -> None:
    server = Server(*(ConnectError("no") for _ in range(4)))
    run(called(server, Retry(base_delay=0)))
    assert max(server.waits) < 1e-3


# Deadlines


def test_does_not_wait_for_a_retry_after_the_deadline() -> None:
    async def main() -> None:
        server = Server(partial(RateLimitError, "429", status=429, retry_after=60.0))
        began = now()
        with pytest.raises(RateLimitError) as caught:
            await called(server, seconds=60.0)
        assert now() - began < 1e-3
        assert (caught.value.attempts, caught.value.retry_after) == (1, 60.0)

    run(main())


def test_waits_for_a_retry_before_the_deadline() -> None:
    async def main() -> None:
        server = Server(RateLimitError("429", status=429, retry_after=60.0))
        assert await called(server, seconds=61.0) is DONE

    run(main())


def test_gives_up_at_the_deadline() -> None:
    async def main() -> None:
        class SlowServer:
            async def send(self, call: Call, timeout: Timeout) -> Response:
                await asyncio.sleep(10)
                raise ConnectError("no")

        began = now()
        with pytest.raises(errors.DeadlineExceededError) as caught:
            await engine(SlowServer(), Retry(attempts=99, base_delay=0), 35.0).send(READ)
        assert caught.value.attempts == 4
        assert now() - began == pytest.approx(35, abs=1e-3)

    run(main())


def test_waits_for_the_rate_limit_do_not_count_as_time_of_the_call() -> None:
    async def main() -> None:
        request = msgspec.structs.replace(READ, limit="entity-reads")
        limiter = Limiter(RateLimits(requests=1, window=100.0, assume="documented"), clock=now)
        began = now()
        for _ in range(3):
            assert await engine(Server(), seconds=5.0, limiter=limiter).send(request) is DONE
        assert now() - began == pytest.approx(202, abs=0.1)

        class SlowServer:
            async def send(self, call: Call, timeout: Timeout) -> Response:
                await asyncio.sleep(10)
                return DONE

        # What comes after the wait is bounded as ever.
        with pytest.raises(errors.DeadlineExceededError):
            await engine(SlowServer(), seconds=5.0, limiter=limiter).send(request)
        assert now() - began == pytest.approx(303 + 5, abs=0.1)

    run(main())


@pytest.mark.parametrize("limit", ["entity-reads", None], ids=["budget", "concurrency"])
@pytest.mark.parametrize("priority", list(Priority))
def test_calls_behind_others_that_are_never_answered_end_in_time(
    limit: str | None, priority: Priority
) -> None:
    class SilentServer:
        async def send(self, call: Call, timeout: Timeout) -> Response:
            await asyncio.Event().wait()
            raise AssertionError("not reached")

    async def main() -> None:
        request = msgspec.structs.replace(READ, limit=limit, priority=priority)
        limiter = Limiter(RateLimits(), clock=now)
        send = engine(SilentServer(), seconds=20.0, limiter=limiter, max_wait=5.0).send
        began = now()
        results = await asyncio.gather(*(send(request) for _ in range(50)), return_exceptions=True)
        assert {*map(type, results)} == {errors.DeadlineExceededError}
        assert now() - began == pytest.approx(25, abs=0.1)
        assert [budget.in_flight for budget in limiter.snapshot().values()] == [0] * (limit is not None)

    run(main())


def test_a_call_that_waits_for_the_rate_limit_when_it_is_collected_is_silent() -> None:
    async def main() -> None:
        request = msgspec.structs.replace(READ, limit="entity-reads")
        limiter = Limiter(RateLimits(requests=1, window=100.0, assume="documented"))
        # A clock that needs no event loop.
        send = engine(Server(), seconds=5.0, limiter=limiter, clock=time.monotonic).send
        await send(request)
        left.append(send(request))
        left[0].send(None)

    left: list[Coroutine[object, None, object]] = []
    run(main())
    # As the garbage collector does, after the event loop has ended.
    left[0].close()
    assert inspect.getcoroutinestate(left[0]) == inspect.CORO_CLOSED


# Cancellation


@pytest.mark.parametrize("seconds", [0.0, 5.0, 15.0])
def test_a_cancelled_call_ends_at_once_without_a_retry(seconds: float) -> None:
    async def main() -> None:
        attempts = 0

        class BusyServer:
            async def send(self, call: Call, timeout: Timeout) -> Response:
                nonlocal attempts
                attempts += 1
                await asyncio.sleep(10)
                raise RateLimitError("429", status=429, retry_after=100.0)

        task = asyncio.create_task(engine(BusyServer()).send(READ))
        await asyncio.sleep(seconds)
        began = now()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert now() - began < 1e-3
        await asyncio.sleep(1_000)
        assert attempts <= 1

    run(main())


def test_foreign_exceptions_are_passed_on() -> None:
    class SurpriseError(Exception):
        pass

    class SurprisingServer:
        async def send(self, call: Call, timeout: Timeout) -> Response:
            raise SurpriseError

    async def main() -> None:
        await engine(SurprisingServer()).send(READ)

    with pytest.raises(SurpriseError):
        run(main())


# Chained errors


@pytest.mark.parametrize(
    "failures",
    [
        [errors.NotFoundError("404", status=404)],
        [ConnectError("no"), errors.NotFoundError("404", status=404)],
        [ConnectError("no") for _ in range(5)],
    ],
)
def test_an_error_is_not_chained_to_earlier_ones(failures: Sequence[SessionboardError]) -> None:
    error = refused(Server(*failures))
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("attempts", [1, 3])
def test_an_error_keeps_only_the_callers_own_in_its_chain(attempts: int) -> None:
    callers = KeyError("the caller's")

    async def main() -> BaseException | None:
        try:
            raise callers
        except KeyError:
            with pytest.raises(ConnectError) as caught:
                await called(Server(*(ConnectError("no") for _ in range(3))), Retry(attempts=attempts))
        return caught.value.__context__

    assert run(main()) is callers
    assert callers.__context__ is None
