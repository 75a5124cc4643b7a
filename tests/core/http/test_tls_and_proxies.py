"""The transport over TLS and through proxies."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
import trustme
from aiohttp import web

from sessionboard_async import APIError, AsyncSession, ConnectError, Retry
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, RawHandler, read_request

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

ONCE = Retry(attempts=1)


async def empty(_: web.Request) -> web.StreamResponse:
    return web.json_response([])


# Certificates


@asynccontextmanager
async def with_certificate() -> AsyncIterator[tuple[str, trustme.CA]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", authority
    finally:
        server.close()


async def test_an_untrusted_certificate_is_refused_at_once() -> None:
    async with with_certificate() as (base_url, _), AsyncSession(TOKEN, base_url=base_url) as sb:
        with pytest.raises(ConnectError, match="certificate was refused") as caught:
            await sb.events.list().collect()
    assert not caught.value.transient
    assert caught.value.attempts == 1


async def test_a_certificate_of_a_private_authority_is_accepted_with_its_context() -> None:
    async with with_certificate() as (base_url, authority):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with AsyncSession(TOKEN, base_url=base_url, ssl=context) as sb:
            assert await sb.events.list().collect() == []


async def test_another_fingerprint_than_was_named_is_refused_at_once() -> None:
    other = aiohttp.Fingerprint(b"x" * 32)
    async with (
        with_certificate() as (base_url, _),
        AsyncSession(TOKEN, base_url=base_url, ssl=other) as sb,
    ):
        with pytest.raises(ConnectError, match="fingerprint") as caught:
            await sb.events.list().collect()
    assert not caught.value.transient


async def test_a_server_that_does_not_speak_tls_is_not_called_a_bad_certificate(serve: Serve) -> None:
    server = await serve(empty)
    address = server.base_url.replace("http://", "https://")
    async with AsyncSession(TOKEN, base_url=address, retry=ONCE) as sb:
        with pytest.raises(ConnectError) as caught:
            await sb.events.list().collect()
    assert "certificate was refused" not in caught.value.message
    assert server.requests == []


# Proxies


class Proxy:
    """A proxy for plain requests and, with CONNECT, for encrypted ones."""

    def __init__(self, refuse: bytes = b"") -> None:
        self.refuse = refuse
        self.asked: list[bytes] = []
        self.authorized: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        line, _, rest = request.partition(b"\r\n")
        self.asked.append(line)
        self.authorized += [
            header for header in rest.split(b"\r\n") if header.lower().startswith(b"proxy-authorization")
        ]
        if self.refuse:
            writer.write(self.refuse)
            return
        method, target, _ = line.split(b" ")
        authority = target if method == b"CONNECT" else target.split(b"/")[2]
        host, _, port = authority.rpartition(b":")
        there, here = await asyncio.open_connection(host.decode(), int(port))
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            here.write(request.replace(b"http://" + authority, b"", 1))

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.close()

        try:
            await asyncio.wait(
                {asyncio.ensure_future(pump(there, writer)), asyncio.ensure_future(pump(reader, here))},
                return_when=asyncio.ALL_COMPLETED,
            )
        finally:
            here.close()


async def test_plain_requests_go_through_a_proxy(serve: Serve, serve_bytes: ServeBytes) -> None:
    server, proxy = await serve(empty), Proxy()
    address = (await serve_bytes(proxy)).replace("//", "//user:pass@")
    async with AsyncSession(TOKEN, base_url=server.base_url, proxy=address) as sb:
        await sb.events.list().collect()
    assert proxy.asked == [f"GET {server.base_url}/v1/events?page=1&pageSize=100 HTTP/1.1".encode()]
    assert proxy.authorized == [b"Proxy-Authorization: Basic dXNlcjpwYXNz"]
    assert "proxy-authorization" not in server.headers[0] or server.headers[0]["x-access-token"] == TOKEN


async def test_encrypted_requests_go_through_a_proxy_that_sees_nothing(serve_bytes: ServeBytes) -> None:
    proxy = Proxy()
    async with with_certificate() as (base_url, authority):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with AsyncSession(TOKEN, base_url=base_url, proxy=await serve_bytes(proxy), ssl=context) as sb:
            await sb.events.list().collect()
    assert proxy.asked == [f"CONNECT {base_url.removeprefix('https://')} HTTP/1.1".encode()]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("status", "attempts"), [(400, 1), (401, 1), (403, 1), (404, 1), (405, 1), (407, 1), (429, 5), (502, 5)]
)
async def test_a_proxy_that_refuses_a_tunnel_is_asked_again_only_if_that_may_help(
    serve_bytes: ServeBytes, status: int, attempts: int, method: str
) -> None:
    proxy = Proxy(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % status)
    address = (await serve_bytes(proxy)).replace("//", "//user:wrong@")
    async with AsyncSession(TOKEN, base_url="https://127.0.0.1:1", proxy=address, retry=IMPATIENT) as sb:
        with pytest.raises(
            ConnectError, match=f"proxy refused the connection with status {status}"
        ) as caught:
            await sb.request(method, "/v1/a")
    assert (caught.value.transient, caught.value.attempts) == (attempts > 1, attempts)
    assert len(proxy.asked) == attempts
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 407])
async def test_a_proxy_that_refuses_a_plain_request_is_asked_once(
    serve_bytes: ServeBytes, status: int
) -> None:
    proxy = Proxy(b"HTTP/1.1 %d Refused\r\nContent-Length: 6\r\n\r\n<html>" % status)
    address = await serve_bytes(proxy)
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1", proxy=address, retry=IMPATIENT) as sb:
        with pytest.raises(APIError, match="proxy") as caught:
            await sb.events.list().collect()
    assert (caught.value.status, caught.value.attempts, caught.value.from_api) == (status, 1, False)
    assert len(proxy.asked) == 1
