"""The token goes only to servers that are verified, and not through machines that could read it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, ConfigurationError
from sessionboard_async.models import UploadAddress
from tests.support.http_server import TOKEN, Handler, HttpServer, RawHandler, read_request

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

HERE = "http://127.0.0.1:9"
ELSEWHERE = "http://user:hunter2@proxy.example:3128"


def context(*, verify: bool, names: bool) -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = names
    if not verify:
        made.verify_mode = ssl.CERT_NONE
    return made


UNVERIFIED: dict[str, Any] = {
    "no verification": False,
    "a context that verifies nothing": context(verify=False, names=False),
    "a context that accepts any name": context(verify=True, names=False),
}


@pytest.mark.parametrize("unverified", UNVERIFIED.values(), ids=UNVERIFIED)
async def test_a_server_that_nothing_verifies_is_refused_at_construction(unverified: Any) -> None:
    with pytest.raises(ConfigurationError, match="not sent to unverified servers"):
        AsyncSession(TOKEN, ssl=unverified)


@pytest.mark.parametrize("unverified", UNVERIFIED.values(), ids=UNVERIFIED)
async def test_a_client_whose_connector_verifies_nothing_is_refused(unverified: Any) -> None:
    connector = aiohttp.TCPConnector(ssl=unverified)
    async with aiohttp.ClientSession(connector=connector) as client:
        for other in (True, aiohttp.Fingerprint(b"x" * 32)):
            with pytest.raises(ConfigurationError, match="connector of the client verifies no"):
                AsyncSession(TOKEN, client=client, ssl=other)
        # The context of the request replaces that of the connector.
        AsyncSession(TOKEN, client=client, ssl=context(verify=True, names=True))


async def test_a_client_whose_connector_verifies_is_accepted() -> None:
    for verified in (True, context(verify=True, names=True), aiohttp.Fingerprint(b"x" * 32)):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=verified)) as client:
            AsyncSession(TOKEN, client=client)


# Proxies


@pytest.mark.parametrize("proxy", [ELSEWHERE, "https://proxy.example", "http://10.0.0.1:3128"])
async def test_no_other_machine_is_a_proxy_for_unencrypted_requests(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="another machine") as caught:
        AsyncSession(TOKEN, base_url=HERE, proxy=proxy)
    assert "hunter2" not in str(caught.value)
    async with aiohttp.ClientSession(proxy=proxy) as client:
        with pytest.raises(ConfigurationError, match="another machine"):
            AsyncSession(TOKEN, base_url=HERE, client=client)
        AsyncSession(TOKEN, client=client)
        AsyncSession(TOKEN, base_url=HERE, client=client, proxy="http://localhost:3128")
    monkeypatch.setenv("http_proxy", proxy)
    async with aiohttp.ClientSession(trust_env=True) as client:
        monkeypatch.setenv("no_proxy", "other.example")
        with pytest.raises(ConfigurationError, match="another machine"):
            AsyncSession(TOKEN, base_url=HERE, client=client)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        AsyncSession(TOKEN, base_url=HERE, client=client)
    AsyncSession(TOKEN, base_url=HERE)
    AsyncSession(TOKEN, proxy=proxy)


@pytest.mark.parametrize(
    "proxy",
    [
        "",
        "proxy.example:3128",
        "ftp://u:hunter2@proxy.example",
        "http://",
        "http://u:hunter2@[::1",
        "http://u:hunter2@proxy.example:99999",
        "http://u:hunter2@proxy.example:x",
        "http://u:hunter2@proxy.example:0",
        "http://u:hunter2@.proxy.example",
        f"http://u:hunter2@{'a' * 64}.example",
        "http://u:hunter2@xn--a",
        "http://u:hunter2@\ufeff127.0.0.1",
        5,
    ],
    ids=str,
)
async def test_a_proxy_that_cannot_be_parsed_is_refused_and_not_shown(proxy: Any) -> None:
    with pytest.raises(ConfigurationError, match="URL of an HTTP proxy") as caught:
        AsyncSession(TOKEN, proxy=proxy)
    assert "hunter2" not in str(caught.value) + repr(caught.value.__context__)


async def no_content(_: web.Request) -> web.StreamResponse:
    return web.Response()


async def test_an_upload_takes_the_proxy_of_the_client(serve: Serve, serve_bytes: ServeBytes) -> None:
    storage, asked = await serve(no_content), list[bytes]()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await read_request(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    address, upload = await serve_bytes(proxy), UploadAddress(url=f"{storage.base_url}/x", method="PUT")
    async with (
        aiohttp.ClientSession(proxy=address, headers={"X-Mine": "planted"}) as client,
        AsyncSession(TOKEN, client=client) as sb,
    ):
        await sb.send_file(upload, b"content")
    assert asked[0].startswith(b"PUT http://127.0.0.1:")
    assert b"planted" not in asked[0]
    assert storage.requests == []


async def test_an_upload_to_this_machine_takes_no_proxy_of_another_one(serve: Serve) -> None:
    storage = await serve(no_content)
    upload = UploadAddress(url=f"{storage.base_url}/x", method="PUT")
    async with AsyncSession(TOKEN, proxy=ELSEWHERE) as sb:
        await sb.send_file(upload, b"content")
    async with (
        aiohttp.ClientSession(proxy=ELSEWHERE) as client,
        AsyncSession(TOKEN, client=client) as sb,
    ):
        await sb.send_file(upload, b"content")
    assert storage.requests == ["PUT /x", "PUT /x"]
    assert not any("proxy-authorization" in headers for headers in storage.headers)
