"""Each fault of the embedded server, as a client observes it."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import anyio
import pytest

from sessionboard_async.testing import EmbeddedServer, Fault

pytestmark = pytest.mark.anyio

CONTACT = {"first_name": "Ann", "last_name": "Slow", "email": "slow@example.org"}
SEARCH = "/v1/event/4630/sessions?pageSize=10&page=2"


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=30) as server:
        yield server


@pytest.fixture
async def client(server: EmbeddedServer) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"x-access-token": server.token, "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(server.base_url, headers=headers) as client:
        yield client


async def read(client: aiohttp.ClientSession, path: str = SEARCH) -> bytes:
    async with client.post(path) as response:
        assert response.status == 200
        return await response.read()


async def test_refuse_resets_the_connection(server: EmbeddedServer) -> None:
    server.faults.append(Fault("refuse", on=1))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_close_before_ends_the_connection_without_a_byte(server: EmbeddedServer) -> None:
    server.faults.append(Fault("close_before", on=1))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("kind", ["refuse", "close_before"])
async def test_the_next_request_is_answered(
    server: EmbeddedServer, client: aiohttp.ClientSession, kind: str
) -> None:
    await read(client)
    server.faults.append(Fault(kind, on=1))  # type: ignore[arg-type]  # one of the kinds
    with pytest.raises(aiohttp.ClientConnectionError):
        await read(client)
    assert json.loads(await read(client))["pagination"]["currentPage"] == 2


async def test_close_midway_sends_headers_and_half_of_the_body(
    server: EmbeddedServer, client: aiohttp.ClientSession
) -> None:
    whole = await read(client)
    server.faults.append(Fault("close_midway", on=1))
    async with client.post(SEARCH) as response:
        assert response.status == 200
        assert response.content_length == len(whole)
        received = await response.content.readexactly(len(whole) // 2)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.readany()
    assert received == whole[: len(whole) // 2]
    assert await read(client) == whole


async def test_truncate_is_whole_as_http_and_broken_as_json(
    server: EmbeddedServer, client: aiohttp.ClientSession
) -> None:
    whole = await read(client)
    server.faults.append(Fault("truncate", on=1))
    assert await read(client) == whole[: len(whole) // 2]
    assert await read(client) == whole


async def test_a_truncated_answer_may_be_gzip(server: EmbeddedServer) -> None:
    server.faults.append(Fault("truncate", on=1))
    headers = {"x-access-token": server.token, "Accept-Encoding": "gzip"}
    async with aiohttp.ClientSession(server.base_url, headers=headers, auto_decompress=False) as client:
        half, whole = [gzip.decompress(await read(client)) for _ in range(2)]
    assert half == whole[: len(whole) // 2]


async def test_wrong_content_type(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    whole = await read(client)
    server.faults.append(Fault("wrong_content_type", on=1))
    async with client.post(SEARCH) as response:
        assert response.content_type == "text/html"
        assert await response.read() == whole


@pytest.mark.parametrize("accepted", ["identity", "gzip"])
async def test_invalid_json(server: EmbeddedServer, client: aiohttp.ClientSession, accepted: str) -> None:
    server.faults.append(Fault("invalid_json", on=1))
    async with client.post(SEARCH, headers={"Accept-Encoding": accepted}) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        assert (await response.text()).startswith("<!doctype html>")


async def test_slow_answers_come_in_pieces(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    whole = await read(client)
    server.faults.append(Fault("slow", on=1, interval=0.001))
    async with client.post(SEARCH) as response:
        pieces = [chunk async for chunk in response.content.iter_any()]
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


async def test_a_slow_answer_may_be_empty(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    async with client.post("/v1/event/4630/contacts/create", json=CONTACT) as response:
        id_ = (await response.json())["id"]
    server.faults.append(Fault("slow", on=1, interval=0.001))
    async with client.delete(f"/v1/event/4630/contacts/{id_}") as response:
        assert (response.status, await response.read()) == (200, b"")


@pytest.mark.parametrize("fault", [Fault("slow", every=1, interval=0.001), Fault("close_midway", every=1)])
async def test_a_client_may_leave_before_an_answer_ends(
    server: EmbeddedServer, client: aiohttp.ClientSession, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.append(fault)
    for _ in range(5):
        with suppress(aiohttp.ClientError):
            async with client.post(SEARCH) as response:
                response.close()
    await server.stop()
    assert caplog.records == []


async def test_slow_answers_outlast_a_timeout(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    server.faults.append(Fault("slow", on=1, interval=60))
    async with client.post(SEARCH) as response:
        assert response.status == 200
        with pytest.raises(TimeoutError), anyio.fail_after(0.1):
            await response.read()


@pytest.mark.parametrize(
    ("status", "retry_after", "header"),
    [
        (503, None, None),
        (429, 2, "2"),
        (429, 0.5, "0.5"),
        (503, "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
        (418, None, None),
    ],
)
async def test_a_status_with_or_without_retry_after(
    server: EmbeddedServer,
    client: aiohttp.ClientSession,
    status: int,
    retry_after: float | str | None,
    header: str | None,
) -> None:
    server.faults.append(Fault("status", on=1, status=status, retry_after=retry_after))
    async with client.post(SEARCH) as response:
        assert response.status == status
        assert response.headers.get("Retry-After") == header
        assert (await response.json()).keys() == {"error", "message"}


@pytest.mark.parametrize("status", [200, 403, 502])
async def test_html_is_a_page_of_a_proxy(
    server: EmbeddedServer, client: aiohttp.ClientSession, status: int
) -> None:
    server.faults.append(Fault("html", on=1, status=status))
    async with client.post(SEARCH) as response:
        assert (response.status, response.content_type) == (status, "text/html")
        assert (await response.text()).startswith("<!doctype html>")


async def test_redirect(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    server.faults.append(Fault("redirect", on=1, location="http://elsewhere.example.com/trap"))
    async with client.post(SEARCH, allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == "http://elsewhere.example.com/trap"
        assert await response.read() == b""


async def test_wrong_page_is_the_first_one(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    server.faults.append(Fault("wrong_page", on=1))
    assert json.loads(await read(client))["pagination"]["currentPage"] == 1
    assert json.loads(await read(client))["pagination"]["currentPage"] == 2
    server.faults.append(Fault("wrong_page", on=1))
    async with client.get("/v1/event/4630/tags") as response:
        assert response.status == 200


async def test_empty_page_keeps_the_totals(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    whole = json.loads(await read(client))
    server.faults.append(Fault("empty_page", every=1, times=3))
    assert json.loads(await read(client)) == {"results": [], "pagination": whole["pagination"]}
    async with client.get("/v1/event/4630/sessions") as response:
        listed = await response.json()
    assert listed["data"] == []
    assert listed["pagination"]["total_results"] == 30
    async with client.get("/v1/event/4630/tags") as response:
        assert await response.json() == []
    assert json.loads(await read(client)) == whole


async def test_a_fault_hits_its_operation_only(server: EmbeddedServer, client: aiohttp.ClientSession) -> None:
    server.faults.append(Fault("status", every=1, status=500, operation="list-tags"))
    await read(client)
    async with client.get("/v1/event/4630/tags") as response:
        assert response.status == 500
    server.faults.clear()
    async with client.get("/v1/event/4630/tags") as response:
        assert response.status == 200


async def test_faults_can_be_given_at_the_start_and_come_back() -> None:
    async with EmbeddedServer(sessions=30, faults=[Fault("status", every=3, status=503)]) as server:
        headers = {"x-access-token": server.token}
        statuses = []
        async with aiohttp.ClientSession(server.base_url, headers=headers) as client:
            for _ in range(7):
                async with client.get("/v1/events") as response:
                    statuses.append(response.status)
    assert statuses == [200, 200, 503, 200, 200, 503, 200]
