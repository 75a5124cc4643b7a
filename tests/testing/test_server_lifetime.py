"""Start and stop of the embedded server, also with requests in progress."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
import urllib.error
import urllib.request

import aiohttp
import anyio
import anyio.lowlevel
import pytest

from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.testing import EmbeddedServer, Fault
from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._handlers import OPERATIONS

pytestmark = pytest.mark.anyio


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_stop_closes_the_port_and_start_opens_the_same_again() -> None:
    server = EmbeddedServer()
    with pytest.raises(RuntimeError, match="no port before its first start"):
        _ = server.base_url
    assert repr(server) == "<EmbeddedServer stopped, port 0>"
    await server.start()
    port = server.port
    assert is_listening(port)
    assert repr(server) == f"<EmbeddedServer running, port {port}>"
    with pytest.raises(RuntimeError, match="already running"):
        await server.start()
    await server.stop()
    await server.stop()
    assert not is_listening(port)
    async with server:
        assert server.port == port
        assert is_listening(port)


async def test_the_port_can_be_chosen_and_a_taken_one_is_an_error() -> None:
    async with EmbeddedServer() as first:
        second = EmbeddedServer(port=first.port)
        with pytest.raises(OSError, match="in use"):
            await second.start()
        await second.stop()
    async with EmbeddedServer(port=first.port) as third:
        assert third.base_url == first.base_url


@pytest.mark.parametrize("slow", ["latency", "fault"])
async def test_stop_does_not_wait_for_a_slow_answer(slow: str) -> None:
    before = asyncio.all_tasks()
    server = EmbeddedServer(latency=60.0 if slow == "latency" else 0.0)
    if slow == "fault":
        server.faults.append(Fault("slow", on=1, interval=60.0))
    await server.start()
    async with aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client:

        async def ask() -> None:
            async with client.post("/v1/event/4630/sessions") as response:
                await response.read()

        asking = asyncio.create_task(ask())
        while not server.requests:
            await anyio.lowlevel.checkpoint()
        began = time.perf_counter()
        await server.stop()
        assert time.perf_counter() - began < 5
        with pytest.raises(aiohttp.ClientError):
            await asking
    assert asyncio.all_tasks() == before
    gc.collect()  # a leaked socket would raise a ResourceWarning now, which is an error


async def test_it_stops_within_a_cancelled_scope() -> None:
    before = asyncio.all_tasks()
    with anyio.CancelScope() as scope:
        async with EmbeddedServer(latency=60.0) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while not server.requests:
                await anyio.lowlevel.checkpoint()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert asyncio.all_tasks() == before
    assert not is_listening(server.port)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    gc.collect()


async def test_idle_connections_are_closed_too() -> None:
    async with EmbeddedServer() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_made_at_the_moment_of_the_stop_does_not_delay_it(turns: int) -> None:
    server = EmbeddedServer()
    await server.start()
    with socket.create_connection(("127.0.0.1", server.port)):
        for _ in range(turns):
            await asyncio.sleep(0)
        with anyio.fail_after(2):
            await server.stop()
    assert not is_listening(server.port)


async def test_every_operation_of_the_library_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ENDPOINTS.keys() == OPERATIONS.keys()
    monkeypatch.delitem(OPERATIONS, "list-rooms")
    with pytest.raises(RuntimeError, match="has no handler for list-rooms"):
        await EmbeddedServer().start()


async def test_routes_come_from_the_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = ENDPOINTS["list-rooms"]
    monkeypatch.delitem(ENDPOINTS, "list-rooms")
    Endpoint("list-rooms", "GET", "/v2/{event_id}/rooms", declared.answer)
    async with (
        EmbeddedServer() as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
        client.get("/v2/4630/rooms") as response,
    ):
        assert response.status == 200


def test_it_runs_in_a_thread_for_code_that_is_not_async() -> None:
    with EmbeddedServer(sessions=5).in_thread() as server:
        port = server.port
        request = urllib.request.Request(
            f"{server.base_url}/v1/events", headers={"X-Access-Token": server.token}
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 200
        server.faults.append(Fault("status", on=1, status=503))
        with pytest.raises(urllib.error.HTTPError, match="503") as caught:
            urllib.request.urlopen(request)
        caught.value.close()
        assert [record.operation for record in server.requests] == ["list-events", "list-events"]
    assert not is_listening(port)


@pytest.mark.slow
async def test_the_data_of_a_stopped_server_can_be_collected() -> None:
    async def used_and_gone() -> None:
        async with (
            EmbeddedServer() as server,
            aiohttp.ClientSession() as client,
            client.get(f"{server.base_url}/v1/events", headers={"x-access-token": server.token}) as answer,
        ):
            assert answer.status == 200

    before = organizations()
    await used_and_gone()
    assert organizations() == before


def organizations() -> int:
    gc.collect()
    return sum(type(one) is Organization for one in gc.get_objects())
