"""The end of a call when its failure, its deadline, the closing of the client and a cancellation meet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import permutations
from typing import cast

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    ClientClosedError,
    ConnectionLostError,
    DeadlineExceededError,
    DecodeError,
    NotFoundError,
    Retry,
    SessionboardError,
    Timeout,
)
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import Lifetime
from tests.support.http_server import TOKEN, Handler, HttpServer, tasks, until
from tests.support.virtual_time import now, run

Serve = Callable[[Handler], Awaitable[HttpServer]]

READ = Request("GET", "/v1/events", "/v1/events", idempotent=True)
FAILURES = [
    ConnectionLostError("lost"),
    NotFoundError("404", status=404),
    DecodeError("no JSON", transient=True),
    DecodeError("another form"),
]


class FailingServer:
    """Stands in for the transport: fails after some seconds, or when it is cancelled.

    Attributes:
        attempts: How many attempts were begun.
        busy: The seconds for which the failure then blocks the event loop.
        fails_when_cancelled: Whether it reports its failure in place of a cancellation.
    """

    def __init__(self, lifetime: Lifetime, failure: SessionboardError, seconds: float) -> None:
        self._lifetime = lifetime
        self._failure = failure
        self._seconds = seconds
        self.attempts = 0
        self.busy = 0.0
        self.fails_when_cancelled = False

    async def send(self, call: Call, timeout: Timeout) -> Response:
        self._lifetime.check()
        self.attempts += 1
        attempt = asyncio.timeout(None)
        self._lifetime.deadlines.add(attempt, timeout.attempt)
        try:
            async with attempt:
                await asyncio.sleep(self._seconds)
        except TimeoutError:
            raise ConnectionLostError("no complete answer") from None
        except asyncio.CancelledError:
            if self.fails_when_cancelled:
                raise self._failure from None
            raise
        finally:
            self._lifetime.deadlines.discard(attempt)
        advance(self.busy)
        raise self._failure


def advance(seconds: float) -> None:
    """Let time pass without a turn of the event loop."""
    loop = asyncio.get_running_loop()
    cast("Callable[[float], None]", loop.advance)(seconds)  # type: ignore[attr-defined]  # the loop of the tests


def engine(
    failure: SessionboardError, seconds: float, total: float | None, attempt: float | None = None
) -> tuple[Engine, Lifetime, FailingServer]:
    lifetime = Lifetime()
    server = FailingServer(lifetime, failure, seconds)
    return (
        Engine(
            cast("Transport", server),
            lifetime,
            Decoders(),
            limiter=None,
            max_wait=None,
            token=Token("a token"),
            timeout=Timeout(total=total, attempt=attempt),
            retry=Retry(base_delay=0.0),
            clock=now,
        ),
        lifetime,
        server,
    )


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_failure_at_the_deadline_is_reported_as_the_deadline(failure: SessionboardError) -> None:
    async def main() -> None:
        client, _, server = engine(failure, 9.0, 10.0)
        # The loop is busy until after the deadline: its timer has not run yet.
        server.busy = 1.5
        with pytest.raises(DeadlineExceededError, match=r"Timeout\.total of 10 s") as caught:
            await client.send(READ)
        assert (caught.value.attempts, server.attempts) == (1, 1)

    run(main())


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_failure_after_closing_is_reported_as_closed(failure: SessionboardError) -> None:
    async def main() -> None:
        client, lifetime, server = engine(failure, 9.0, 60.0)
        server.fails_when_cancelled = True
        call = asyncio.create_task(client.send(READ))
        await asyncio.sleep(5)
        began = now()
        await lifetime.end()
        with pytest.raises(ClientClosedError):
            await call
        assert now() - began < 1e-3
        assert server.attempts == 1

    run(main())


async def end_after(lifetime: Lifetime, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await lifetime.end()


@pytest.mark.parametrize("failure", FAILURES, ids=repr)
def test_a_failure_in_the_turn_of_closing_is_reported_as_closed(failure: SessionboardError) -> None:
    async def main() -> None:
        client, lifetime, server = engine(failure, 9.0, 60.0)
        closing = asyncio.create_task(end_after(lifetime, 9.0))
        call = asyncio.create_task(client.send(READ))
        with pytest.raises(ClientClosedError):
            await call
        await closing
        assert server.attempts == 1

    run(main())


EVENTS = ("the attempt", "the deadline", "closing", "the caller")


@pytest.mark.parametrize(
    "order", [order for count in (2, 3, 4) for order in permutations(EVENTS, count)], ids=", ".join
)
def test_of_several_ends_at_one_moment_none_is_lost(order: Iterable[str]) -> None:
    """A cancellation always ends as one; closing and the deadline come before a failure of the attempt."""
    order = tuple(order)

    async def main() -> None:
        at = {name: 10.0 + number * 1e-12 for number, name in enumerate(order)}
        client, lifetime, _ = engine(
            ConnectionLostError("never"), 1e6, at.get("the deadline"), at.get("the attempt")
        )
        loop = asyncio.get_running_loop()
        call = loop.create_task(client.send(READ))
        closing: list[asyncio.Task[None]] = []
        if "closing" in at:
            loop.call_later(at["closing"], lambda: closing.append(loop.create_task(lifetime.end())))
        if "the caller" in at:
            loop.call_later(at["the caller"], call.cancel)
        done, _ = await asyncio.wait({call}, timeout=30)
        await asyncio.gather(*closing)
        assert done
        if "the caller" in at:
            assert call.cancelled()
        elif "closing" in at:
            assert isinstance(call.exception(), ClientClosedError)
        elif "the deadline" in at:
            assert isinstance(call.exception(), DeadlineExceededError)
        else:
            assert isinstance(call.exception(), DeadlineExceededError)
        # Nothing is left that would end another task of the same name later.
        await asyncio.sleep(100)
        assert tasks() == {asyncio.current_task()}

    run(main())


# Real sockets


async def never(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_left")
async def test_an_attempt_and_the_call_that_time_out_together_end_the_call(serve: Serve) -> None:
    server = await serve(never)
    timeout = Timeout(attempt=0.05, total=0.05)
    async with AsyncSession(TOKEN, base_url=server.base_url, timeout=timeout, limits=None) as sb:
        calls = [asyncio.ensure_future(sb.sessions.get(1, f"s{number}")) for number in range(10)]
        ends = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(end) for end in ends} == {DeadlineExceededError}
    assert len(server.requests) <= 10


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("timeout", [Timeout(attempt=0.05, total=None), Timeout(attempt=None, total=0.05)])
async def test_closing_while_calls_time_out_ends_every_call(serve: Serve, timeout: Timeout) -> None:
    server = await serve(never)
    async with AsyncSession(TOKEN, base_url=server.base_url, timeout=timeout, limits=None) as sb:
        calls = [asyncio.ensure_future(sb.sessions.get(1, f"s{number}")) for number in range(10)]
        cancelled = asyncio.ensure_future(sb.sessions.get(1, "cancelled"))
        await asyncio.sleep(0.05)
        cancelled.cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(end) for end in ends} <= {ClientClosedError, DeadlineExceededError}
    assert cancelled.cancelled()
    await until(lambda: not server.open_connections)
