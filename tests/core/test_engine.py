"""Retries over real connections: which requests are sent again, how often and when."""

from __future__ import annotations

import asyncio
import logging
import socket
import weakref
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    APIError,
    AsyncSession,
    AttemptTimeoutError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    RateLimitError,
    RateLimits,
    RateLimitWaitExceeded,
    Retry,
    ServerError,
    SessionboardError,
    Timeout,
)
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, RawHandler, read_request

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

WRITES = ["POST", "PUT", "DELETE"]


def answers(*planned: web.Response | int) -> Handler:
    """Answer with the given statuses or responses in turn, and then with the last one always."""
    left = list(planned)

    async def handler(_: web.Request) -> web.StreamResponse:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, int):
            return web.json_response({"error": "Planned", "message": "as planned"}, status=answer)
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    return handler


def waiting(status: int, retry_after: str, **headers: str) -> web.Response:
    return web.Response(status=status, headers={"Retry-After": retry_after, **headers})


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_transient_failure_of_a_read_is_retried(serve: Serve, method: str, status: int) -> None:
    server = await serve(answers(status, status, status, status, 200))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None, retry=IMPATIENT) as sb:
        response = await sb.request(method, "/v1/a", idempotent=True)
    assert response.status == 200
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_five_failures_are_enough_and_the_error_says_so(serve: Serve, status: int) -> None:
    server = await serve(answers(status))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT, limits=None) as sb:
        with pytest.raises(APIError, match="after 5 attempts") as caught:
            await sb.sessions.get(1, "x")
    assert caught.value.attempts == 5
    assert caught.value.status == status
    assert caught.value.operation == "get-session"
    assert len(server.requests) == 5


@pytest.mark.parametrize("status", [300, 302, 304, 400, 401, 403, 404, 405, 409, 418, 422, 501, 505])
async def test_a_permanent_failure_is_not_retried(serve: Serve, status: int) -> None:
    server = await serve(answers(status))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        with pytest.raises(APIError) as caught:
            await sb.request("GET", "/v1/a")
    assert (caught.value.status, caught.value.attempts) == (status, 1)
    assert len(server.requests) == 1


async def test_one_attempt_means_one(serve: Serve) -> None:
    server = await serve(answers(503))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        with pytest.raises(ServerError) as caught:
            await sb.sessions.get(1, "x")
    assert caught.value.attempts == 1
    assert "attempts" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_write_that_failed_on_the_server_is_sent_once(serve: Serve, method: str, status: int) -> None:
    server = await serve(answers(status))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        with pytest.raises(ServerError) as caught:
            await sb.request(method, "/v1/a", json={}, idempotent=False)
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_that_was_refused_for_the_rate_limit_is_retried(serve: Serve, method: str) -> None:
    server = await serve(answers(waiting(429, "0"), 200))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None, retry=IMPATIENT) as sb:
        assert (await sb.request(method, "/v1/a", json={})).status == 200
    assert len(server.requests) == 2


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("warm", [False, True], ids=["a new connection", "a kept connection"])
@pytest.mark.parametrize("own_client", [True, False], ids=["our client", "the caller's client"])
async def test_a_write_with_an_unknown_outcome_is_sent_once(
    serve_bytes: ServeBytes, method: str, warm: bool, own_client: bool
) -> None:
    """The server reads the request and closes the connection: it may have been carried out."""
    sent: list[bytes] = []

    async def take_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if not request.startswith(b"GET"):
                sent.append(request.partition(b"\r\n")[0])
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    base_url = await serve_bytes(take_and_close)
    async with (
        nullcontext() if own_client else aiohttp.ClientSession() as client,
        AsyncSession(TOKEN, base_url=base_url, retry=IMPATIENT, client=client) as sb,
    ):
        if warm:
            await sb.request("GET", "/v1/a")
        with pytest.raises(ConnectionLostError) as caught:
            await sb.request(method, "/v1/a", json={"title": "x"})
    assert caught.value.attempts == 1
    assert len(sent) == 1


async def test_every_attempt_of_a_read_is_counted(serve_bytes: ServeBytes) -> None:
    sent: list[bytes] = []

    async def take_and_close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        sent.append((await read_request(reader)).partition(b"\r\n")[0])

    async with AsyncSession(TOKEN, base_url=await serve_bytes(take_and_close), retry=IMPATIENT) as sb:
        with pytest.raises(ConnectionLostError) as caught:
            await sb.request("GET", "/v1/a")
    assert caught.value.attempts == len(sent) == 5


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_that_timed_out_is_sent_once(
    serve: Serve, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "sessionboard_async")

    async def never(_: web.Request) -> web.StreamResponse:
        await anyio.sleep_forever()
        raise AssertionError

    server = await serve(never)
    timeout = Timeout(attempt=0.05)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT, timeout=timeout) as sb:
        with pytest.raises(AttemptTimeoutError) as caught:
            await sb.request(method, "/v1/a")
    assert caught.value.attempts == 1
    assert len(server.requests) == 1
    (record,) = [record for record in caplog.records if record.name == "sessionboard_async"]
    assert "AttemptTimeoutError, attempt 1" in record.getMessage()


@pytest.fixture
def closed_port() -> Iterator[str]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"


@pytest.mark.parametrize("method", ["GET", *WRITES])
async def test_a_request_that_was_never_sent_is_retried(closed_port: str, method: str) -> None:
    async with AsyncSession(TOKEN, base_url=closed_port, retry=IMPATIENT) as sb:
        with pytest.raises(ConnectError, match=r"no connection could be made to 127\.0\.0\.1 \(") as caught:
            await sb.request(method, "/v1/a")
    assert caught.value.attempts == 5
    assert caught.value.transient


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_read_that_timed_out_is_retried(serve: Serve, method: str) -> None:
    slow = [True, True, False]

    async def answer(_: web.Request) -> web.StreamResponse:
        if slow.pop(0):
            await anyio.sleep_forever()
        return web.json_response([])

    server = await serve(answer)
    timeout = Timeout(attempt=0.05)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT, timeout=timeout) as sb:
        assert (await sb.request(method, "/v1/a", idempotent=True)).body == b"[]"
    assert len(server.requests) == 3


async def test_retry_after_in_seconds_is_waited_for(serve: Serve) -> None:
    server = await serve(answers(waiting(503, "0.2"), 200))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        began = anyio.current_time()
        await sb.request("GET", "/v1/a")
    assert 0.2 <= anyio.current_time() - began < 2


async def test_a_date_in_retry_after_is_compared_with_the_servers_clock(serve: Serve) -> None:
    theirs = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    date, until = format_datetime(theirs, usegmt=True), theirs + timedelta(seconds=600)
    server = await serve(answers(waiting(429, format_datetime(until, usegmt=True), Date=date)))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=RateLimits(max_wait=500)) as sb:
        with pytest.raises(RateLimitWaitExceeded, match=r"RateLimits\.max_wait") as caught:
            await sb.request("GET", "/v1/a")
    assert 600 <= caught.value.seconds < 602
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


async def test_a_date_that_has_passed_is_no_wait(serve: Serve) -> None:
    server = await serve(answers(waiting(429, "Sun, 06 Nov 1994 08:49:37 GMT"), 200))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None, retry=IMPATIENT) as sb:
        await sb.request("GET", "/v1/a")
    assert len(server.requests) == 2


async def test_a_wait_of_a_stream_for_the_budget_beyond_its_bound_is_not_begun(serve: Serve) -> None:
    server = await serve(answers(waiting(429, "747")))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=RateLimits(bulk_max_wait=300)) as sb:
        with anyio.fail_after(2), pytest.raises(RateLimitWaitExceeded, match="would wait 748 s") as caught:
            await sb.sessions.search(1).collect()
    assert caught.value.category == "search-sessions"
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


async def test_a_wait_beyond_the_deadline_is_not_begun(serve: Serve) -> None:
    server = await serve(answers(waiting(503, "747")))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with anyio.fail_after(2), pytest.raises(APIError, match="asks to wait 747 s") as caught:
            await sb.sessions.search(1).collect()
    assert caught.value.retry_after == 747
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


async def test_the_deadline_ends_waits_and_attempts_alike(serve: Serve) -> None:
    server = await serve(answers(503))
    retry, timeout = Retry(attempts=100_000, base_delay=0.001), Timeout(total=0.15)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=retry, timeout=timeout) as sb:
        with pytest.raises(DeadlineExceededError, match=r"0\.15 s") as caught:
            await sb.sessions.get(1, "x")
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.attempts >= len(server.requests) > 1
    assert caught.value.operation == "get-session"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_error_status_is_reported_whatever_its_body(serve: Serve, status: int) -> None:
    """A proxy that fails may send any body, such as one that is not gzip despite its headers."""
    spoilt = web.Response(status=status, headers={"Content-Encoding": "gzip"}, body=b"Bad gateway")
    server = await serve(answers(spoilt, spoilt, 200))
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None, retry=IMPATIENT) as sb:
        assert (await sb.request("GET", "/v1/a")).status == 200
    assert len(server.requests) == 3


async def test_an_error_with_an_oversized_body_is_still_that_error(serve: Serve) -> None:
    server = await serve(answers(web.Response(status=401, body=b"x" * 5000)))
    async with AsyncSession(TOKEN, base_url=server.base_url, max_response_bytes=1000) as sb:
        with pytest.raises(APIError) as caught:
            await sb.request("GET", "/v1/a")
    assert caught.value.status == 401


async def test_an_error_of_the_api_has_all_details(serve: Serve) -> None:
    refusal = web.Response(
        status=429,
        headers={"X-Request-Id": "req-7", "Retry-After": "0"},
        body=b'{"error": "too_many", "message": "Daily quota\\nexceeded"}',
    )
    server = await serve(answers(refusal))
    async with AsyncSession(
        TOKEN, base_url=server.base_url, limits=None, retry=Retry(attempts=2, base_delay=0)
    ) as sb:
        with pytest.raises(RateLimitError) as caught:
            await sb.speakers.get(4630, "secret-id")
    error = caught.value
    assert (error.code, error.api_message, error.request_id) == ("too_many", "Daily quota exceeded", "req-7")
    assert (error.method, error.route) == ("GET", "/v1/event/{event_id}/speakers/{contact_id}")
    assert str(error) == (
        "GET /v1/event/{event_id}/speakers/{contact_id}: 429 too_many: Daily quota exceeded "
        "(after 2 attempts, the server asks to wait 0 s, request id req-7)"
    )
    assert isinstance(error, SessionboardError)


async def test_a_view_has_its_own_retry_policy(serve: Serve) -> None:
    server = await serve(answers(503))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        hasty = sb.with_options(retry=Retry(attempts=1))
        with pytest.raises(ServerError):
            await hasty.events.list().collect()
        assert len(server.requests) == 1
        with pytest.raises(ServerError):
            await sb.events.list().collect()
        assert len(server.requests) == 6


async def test_a_logging_filter_that_raises_leaves_no_permit_taken(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: logging.LogRecord) -> bool:
        raise ArithmeticError("planted")

    caplog.set_level(logging.DEBUG, "sessionboard_async")
    logger = logging.getLogger("sessionboard_async")
    server = await serve(answers(200, 503))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        logger.addFilter(refuse)
        try:
            for _ in range(2):
                with pytest.raises(ArithmeticError):
                    await sb.sponsors.get(1, "a")
        finally:
            logger.removeFilter(refuse)
        assert (await sb.limits.snapshot())["entity-reads"].in_flight == 0


async def test_an_error_of_the_api_is_freed_without_the_garbage_collector(serve: Serve) -> None:
    server = await serve(answers(404))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        try:
            await sb.sponsors.get(1, "a")
        except APIError as error:
            freed = weakref.ref(error)
        assert freed() is None
