"""The transport: headers, pool, timeouts, compression and invalid answers."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import Awaitable, Callable

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
    RedirectError,
    ResponseError,
    ResponseTooLargeError,
    Retry,
    Timeout,
    __version__,
)
from tests.support.http_server import (
    IMPATIENT,
    TOKEN,
    Handler,
    HttpServer,
    RawHandler,
    read_request,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

ONCE = Retry(attempts=1)
MIB = 1024 * 1024


async def empty(_: web.Request) -> web.StreamResponse:
    return web.json_response([])


async def test_the_request_that_is_sent(serve: Serve) -> None:
    server = await serve(empty)
    async with AsyncSession(TOKEN, base_url=f"{server.base_url}/gateway/") as sb:
        await sb.sessions.search("a b/c?d#e%", page_size=7, status="accepted").collect()
    assert server.requests == ["POST /gateway/v1/event/a%20b%2Fc%3Fd%23e%25/sessions?page=1&pageSize=7"]
    assert server.bodies == [b'{"filters":{"status":"accepted"},"sort":{"order":"createdAt","sort":"asc"}}']
    headers = server.headers[0]
    assert headers["x-access-token"] == TOKEN
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == f"sessionboard_async/{__version__}"
    assert "gzip" in headers["accept-encoding"]
    assert not {"cookie", "authorization"} & headers.keys()


async def test_the_user_agent_is_the_callers_if_given(serve: Serve) -> None:
    server = await serve(empty)
    async with AsyncSession(TOKEN, base_url=server.base_url, user_agent="badges/2.1") as sb:
        await sb.events.list().collect()
    assert server.headers[0]["user-agent"] == "badges/2.1"


async def test_cookies_and_settings_of_the_machine_are_left_alone(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def with_cookie(_: web.Request) -> web.StreamResponse:
        return web.json_response([], headers={"Set-Cookie": "crumb=1; Path=/"})

    server = await serve(with_cookie)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await sb.events.list().collect()
        await sb.events.list().collect()
    assert all("cookie" not in headers for headers in server.headers)


@pytest.mark.parametrize("pool_size", [1, 3])
async def test_the_pool_bounds_the_requests_under_way(serve: Serve, pool_size: int) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return web.json_response([])

    server = await serve(slow)
    async with AsyncSession(TOKEN, base_url=server.base_url, pool_size=pool_size) as sb:
        view = sb.with_options(retry=ONCE)
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(sb.request("GET", "/v1/a"))
                group.create_task(view.request("GET", "/v1/b"))
        assert server.most_under_way == pool_size
        assert server.open_connections <= pool_size
    assert len(server.requests) == 12


async def test_waiting_for_the_pool_does_not_count_against_an_attempt(serve: Serve) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return web.json_response([])

    server = await serve(slow)
    timeout = Timeout(attempt=0.15)
    async with (
        AsyncSession(TOKEN, base_url=server.base_url, pool_size=1, timeout=timeout, retry=ONCE) as sb,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(8):
            group.create_task(sb.request("GET", "/v1/a"))
    assert len(server.requests) == 8


async def test_waiting_for_the_pool_counts_against_the_whole_call(serve: Serve) -> None:
    async def never(_: web.Request) -> web.StreamResponse:
        await anyio.sleep_forever()
        raise AssertionError

    server = await serve(never)
    async with AsyncSession(TOKEN, base_url=server.base_url, pool_size=1) as sb:
        holder = asyncio.ensure_future(sb.request("GET", "/v1/a"))
        await until(lambda: server.under_way == 1)
        with pytest.raises(DeadlineExceededError):
            await sb.with_options(timeout=Timeout(total=0.05)).request("GET", "/v1/b")
        holder.cancel()
        await asyncio.wait({holder})
    assert server.requests == ["GET /v1/a"]


async def test_cancelled_calls_give_their_places_back(serve: Serve) -> None:
    held = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        await held.wait()
        return web.json_response([])

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, pool_size=2, retry=ONCE) as sb:
        calls = [asyncio.ensure_future(sb.request("GET", "/v1/a")) for _ in range(20)]
        await until(lambda: server.under_way == 2)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        held.set()
        with anyio.fail_after(2):
            answers = await asyncio.gather(*(sb.request("GET", "/v1/b") for _ in range(4)))
    assert [answer.body for answer in answers] == [b"[]"] * 4


async def test_an_attempt_has_its_own_timeout(serve: Serve) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.01)

    server = await serve(trickle)
    timeout = Timeout(attempt=0.1)
    async with AsyncSession(TOKEN, base_url=server.base_url, timeout=timeout, retry=ONCE) as sb:
        with anyio.fail_after(2), pytest.raises(AttemptTimeoutError, match=r"Timeout\.attempt") as caught:
            await sb.events.list().collect()
    assert isinstance(caught.value, TimeoutError)
    await until(lambda: server.open_connections == 0)


async def test_a_connection_has_its_own_timeout() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    timeout = Timeout(connect=0.05, attempt=5)
    async with AsyncSession(TOKEN, base_url=f"https://127.0.0.1:{port}", timeout=timeout, retry=ONCE) as sb:
        with anyio.fail_after(2), pytest.raises(ConnectError, match=r"Timeout\.connect"):
            await sb.events.list().collect()
    server.close()
    await server.wait_closed()


# Oversized and invalid answers


def zlib_bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(size // MIB)) + packer.flush()


async def test_a_decompression_bomb_is_refused(serve: Serve) -> None:
    bomb = zlib_bomb(100 * MIB)
    assert len(bomb) < MIB

    async def explode(_: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    server = await serve(explode)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(ResponseTooLargeError, match="max_response_bytes") as caught:
            await sb.events.list().collect()
    assert caught.value.attempts == 1
    assert caught.value.operation == "list-events"


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "without an end"])
async def test_an_endless_answer_is_not_read_to_its_end(serve: Serve, announced: bool) -> None:
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if announced:
            response.content_length = 50 * MIB
        await response.prepare(request)
        for _ in range(50):
            await response.write(b" " * MIB)
            sent += 1
        return response

    server = await serve(flood)
    async with AsyncSession(TOKEN, base_url=server.base_url, max_response_bytes=MIB) as sb:
        with anyio.fail_after(5), pytest.raises(ResponseTooLargeError):
            await sb.events.list().collect()
        await until(lambda: server.open_connections == 0)
    assert sent < 40


@pytest.mark.parametrize("spare", [0, 1])
async def test_the_bound_is_exact(serve: Serve, spare: int) -> None:
    body = b"[" + b" " * 998 + b"]"

    async def answer(request: web.Request) -> web.StreamResponse:
        if "gzip" in request.raw_path:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    server = await serve(answer)
    for path in ("/v1/plain", "/v1/gzip"):
        async with AsyncSession(TOKEN, base_url=server.base_url, max_response_bytes=1000 - spare) as sb:
            if spare:
                with pytest.raises(ResponseTooLargeError):
                    await sb.request("GET", path)
            else:
                assert (await sb.request("GET", path)).body == body


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
async def test_every_coding_that_is_offered_is_understood(serve: Serve, coding: str) -> None:
    body = b'[{"id": 1, "name": "' + b"x" * 100_000 + b'"}]'
    if coding == "br":
        packed = pytest.importorskip("brotli").compress(body)
    elif coding == "zstd":
        packed = pytest.importorskip("backports.zstd").compress(body)
    else:
        packed = gzip.compress(body)

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": coding})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert [event.id for event in await sb.events.list().collect()] == [1]
    assert coding in server.headers[0]["accept-encoding"]


@pytest.mark.parametrize("coding", ["deflate", "compress", "gzip, gzip", "nonsense"])
async def test_a_coding_that_was_not_offered_is_refused(serve: Serve, coding: str) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"[]", headers={"Content-Encoding": coding})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(ResponseError, match="not requested"):
            await sb.events.list().collect()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_and_is_not_followed(serve: Serve, status: int) -> None:
    elsewhere = await serve(empty)

    async def redirect(request: web.Request) -> web.StreamResponse:
        target = "/v1/here" if request.method == "GET" else f"{elsewhere.base_url}/there"
        return web.Response(status=status, headers={"Location": target})

    server = await serve(redirect)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        for method in ("GET", "POST"):
            with pytest.raises(RedirectError, match="never followed") as caught:
                await sb.request(method, "/v1/a")
            assert caught.value.status == status
    assert len(server.requests) == 2
    assert elsewhere.requests == []


HEAD_OF_2 = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"

NO_ANSWERS = {
    "nothing": b"",
    "garbage": b"\x16\x03\x01 garbage\r\n\r\n",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
    "a length below zero": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n[]",
    "less than announced": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[]",
    "two lengths": HEAD_OF_2 + b"Content-Length: 3\r\n\r\n[]",
    "a header without end": HEAD_OF_2 + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n[]",
    "half a head": b"HTTP/1.1 200",
}


@pytest.mark.parametrize("data", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_an_answer_that_is_not_http_is_a_lost_connection(serve_bytes: ServeBytes, data: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(data)
        await writer.drain()

    async with AsyncSession(TOKEN, base_url=await serve_bytes(answer), retry=IMPATIENT) as sb:
        with anyio.fail_after(3), pytest.raises(ConnectionLostError) as caught:
            await sb.events.list().collect()
    assert caught.value.attempts == 5
    assert caught.value.operation == "list-events"


async def test_a_reset_in_the_middle_is_a_lost_connection(serve_bytes: ServeBytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[")
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with AsyncSession(TOKEN, base_url=await serve_bytes(answer), retry=ONCE) as sb:
        with pytest.raises(ConnectionLostError):
            await sb.events.list().collect()


@pytest.mark.parametrize("status", [b"101 Switching Protocols", b"304 Not Modified", b"600 Odd"])
async def test_a_status_that_makes_no_sense_here_is_an_error(serve_bytes: ServeBytes, status: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nUpgrade: x\r\n\r\n")
        await reader.read()

    async with AsyncSession(TOKEN, base_url=await serve_bytes(answer), retry=ONCE) as sb:
        with anyio.fail_after(2), pytest.raises(APIError) as caught:
            await sb.events.list().collect()
    assert caught.value.status == int(status[:3])


async def test_an_answer_to_head_has_no_body(serve_bytes: ServeBytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 99999999999\r\n\r\n")
        await reader.read()

    async with AsyncSession(TOKEN, base_url=await serve_bytes(answer), retry=ONCE) as sb:
        response = await sb.request("HEAD", "/v1/a")
    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-length"] == "99999999999"


async def test_requests_of_the_callers_own(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=201, headers={"X-Answer": "42"}, body=b"\x00\xff")

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=f"{server.base_url}/base") as sb:
        response = await sb.request(
            "put",
            "/v1/event/1/a%20b",
            query={"word": "x&y=z é", "tags": ["a", "b"], "flag": True, "none": None},
            json={"deep": [1, None]},
        )
        for path in ("v1/a", "/v1/a?b=c", "/v1/a#b", "/v1/../a", "/v1/%2e%2E/a", "/v1/a b", "/v1/a\r\n", ""):
            with pytest.raises(ValueError, match="path must"):
                await sb.request("GET", path)
        with pytest.raises(ValueError, match="method"):
            await sb.request("GET /x", "/v1/a")
    assert (response.status, response.headers["x-answer"], response.body) == (201, "42", b"\x00\xff")
    assert server.requests == ["PUT /base/v1/event/1/a%20b?word=x%26y%3Dz%20%C3%A9&tags=a&tags=b&flag=true"]
    assert server.bodies == [b'{"deep":[1,null]}']
