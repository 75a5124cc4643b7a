"""Requests that no client of the API should send: each gets an error in the API's form, and no traceback."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anyio
import pytest

from sessionboard_async.testing import EmbeddedServer, Fault
from sessionboard_async.testing._http import incoming
from sessionboard_async.testing._sbql import sbql

pytestmark = pytest.mark.anyio

EVENT = "/v1/event/4630"
AS_JSON = {"Content-Type": "application/json"}
CROSS_JOIN = (
    "SELECT a.title FROM sessions a JOIN sessions b ON 1=1 JOIN contacts c ON 1=1 JOIN contacts d ON 1=1"
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=60) as server:
        yield server


@pytest.fixture
async def client(server: EmbeddedServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client:
        yield client


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:  # type: ignore[misc]  # a generator
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")] == []


async def refused(client: aiohttp.ClientSession, method: str, path: str, **options: Any) -> tuple[int, str]:
    """Return status and message of an error in the API's form."""
    async with client.request(method, path, **options) as response:
        body = await response.json()
        assert body.keys() == {"error", "message"}, body
        assert response.headers["X-Request-Id"].startswith("embedded-")
        assert response.status >= 400
        return response.status, body["message"]


async def sent(server: EmbeddedServer, data: bytes) -> bytes:
    """Send bytes over a connection of their own, and return everything that comes back."""
    async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
        await stream.send(data)
        return b"".join([piece async for piece in stream])


@pytest.mark.parametrize(
    "page",
    [
        "0",
        "1000",
        "-1",
        "1.0",
        "1e2",
        "٣",
        "",
        "+1",
        "0" * 4400,
        "0" * 4400 + "1",
        "9" * 5000,
        "00110000000000",
    ],
)
async def test_pages_are_whole_numbers_from_1_to_999(client: aiohttp.ClientSession, page: str) -> None:
    expected = (400, "page must be a whole number from 1 to 999")
    assert await refused(client, "GET", "/v1/events", params={"page": page}) == expected
    assert await refused(client, "POST", f"{EVENT}/sessions", params={"page": page}) == expected


@pytest.mark.parametrize("event_id", ["0" * 5000, "000004630999", "4630999999999", "9" * 5000])
async def test_a_number_is_read_to_its_end(client: aiohttp.ClientSession, event_id: str) -> None:
    assert await refused(client, "GET", f"/v1/event/{event_id}/rooms") == (404, "there is no such event")
    path = "/v1/insights/suggestions"
    assert (await refused(client, "GET", path, params={"eventId": event_id}))[0] in {400, 404}


BOMB = zlib.compress(bytes(300_000), 9, 31)


@pytest.mark.parametrize(
    ("coding", "body", "expected"),
    [
        ("gzip", b"{}", (400, "the body is not gzip")),
        ("GZIP", b"{}", (400, "the body is not gzip")),
        ("deflate", b"{}", (400, "the body is not deflate")),
        ("gzip", zlib.compress(b"{}", 6, 31)[:-3], (400, "the body is not exactly one gzip stream")),
        ("gzip", zlib.compress(b"{}", 6, 31) + b"x", (400, "the body is not exactly one gzip stream")),
        ("gzip", BOMB, (413, "a body has at most 100,000 bytes")),
        ("identity", bytes(200_000), (413, "a body has at most 100,000 bytes")),
        ("br", b"{}", (415, "the Content-Encoding of a body must be one of gzip, deflate")),
        ("gzip, gzip", b"{}", (415, "the Content-Encoding of a body must be one of gzip, deflate")),
    ],
)
async def test_a_body_is_in_the_coding_that_it_declares_and_not_too_large(
    monkeypatch: pytest.MonkeyPatch, coding: str, body: bytes, expected: tuple[int, str]
) -> None:
    monkeypatch.setattr(incoming, "LARGEST_BODY", 100_000)
    monkeypatch.setattr("sessionboard_async.testing._http.app.LARGEST_BODY", 100_000)
    async with (
        EmbeddedServer(sessions=1) as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        headers = {"Content-Encoding": coding, **AS_JSON}
        assert await refused(client, "POST", f"{EVENT}/sessions", data=body, headers=headers) == expected
        for coding, window in (("gzip", 31), ("deflate", 15)):
            headers = {"Content-Encoding": coding, **AS_JSON}
            good = zlib.compress(b'{"filters":{}}', 6, window)
            async with client.post(f"{EVENT}/sessions", data=good, headers=headers) as response:
                assert response.status == 200
            assert server.requests[-1].body == {"filters": {}}


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
async def test_a_body_that_is_not_sent_as_json_is_refused(client: aiohttp.ClientSession, type_: str) -> None:
    expected = (415, "a body must be sent with Content-Type: application/json")
    headers = {"Content-Type": type_}
    for path in (f"{EVENT}/sessions", f"{EVENT}/sessions/create", "/oauth/token"):
        assert await refused(client, "POST", path, data=b"{}", headers=headers) == expected
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    async with client.post(f"{EVENT}/sessions", data=b"{}", headers=headers) as response:
        assert response.status == 200


async def test_an_unknown_expectation_is_refused_in_the_form_of_the_api(
    client: aiohttp.ClientSession,
) -> None:
    for path in ("/v1/events", "/v1/nothing", "/storage/key", "/"):
        status, _ = await refused(client, "GET", path, headers={"Expect": "coffee"})
        assert status == 417


def nested(levels: int) -> dict[str, Any]:
    value: Any = "deep"
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return {"title": "deep", "custom_fields": {"audience": value}}


async def test_a_deep_body_is_refused_before_it_spoils_what_is_read(client: aiohttp.ClientSession) -> None:
    path = f"{EVENT}/sessions/create"
    for levels in (100, 800):
        status, message = await refused(client, "POST", path, json=nested(levels))
        assert (status, message) == (400, "the body is nested more than 100 levels deep")
    body = b'{"custom_fields":' + b"[" * 100_000
    assert (await refused(client, "POST", path, data=body, headers=AS_JSON))[0] == 400
    async with client.post(path, json=nested(97)) as response:
        assert response.status == 200
    query = {"query": "SELECT title, audience FROM sessions WHERE title = 'deep'"}
    async with client.post("/v1/insights/execute", json=query) as response:
        assert response.status == 200
        assert len((await response.json())["results"]) == 1
    async with client.post(f"{EVENT}/sessions", json={}) as response:
        assert response.status == 200


async def test_a_long_query_ends(client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbql, "LONGEST_SECONDS", 0.05)
    expected = (400, "the query takes too long: narrow it down")
    assert await refused(client, "POST", "/v1/insights/execute", json={"query": CROSS_JOIN}) == expected
    dashboard = {"name": "slow", "widgets": [{"type": "table", "query": CROSS_JOIN}] * 20}
    async with client.post(f"{EVENT}/dashboards/create", json=dashboard) as response:
        id_ = (await response.json())["id"]
    async with client.get(f"{EVENT}/dashboards/{id_}") as response:
        widgets = (await response.json())["widgets"]
    assert [widget["error"] for widget in widgets] == [expected[1]] * 20


async def test_a_long_query_holds_up_no_other_request(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, answered = threading.Event(), threading.Event()
    run = sbql.PreparedQueries.run

    def wait(queries: sbql.PreparedQueries, given_up: threading.Event | None = None) -> list[Any]:
        began.set()
        assert answered.wait(30)
        return run(queries, given_up)

    monkeypatch.setattr(sbql.PreparedQueries, "run", wait)
    long = asyncio.create_task(client.post("/v1/insights/execute", json={"query": "SELECT 1 AS one"}))
    await asyncio.to_thread(began.wait, 30)
    try:
        async with asyncio.timeout(20), client.get("/v1/events") as response:
            assert response.status == 200
        assert not long.done()
    finally:
        answered.set()
    async with await long as response:
        assert (await response.json())["results"] == [{"one": 1}]


def test_a_server_that_stops_ends_a_long_query() -> None:
    async def stop_meanwhile() -> float:
        async with EmbeddedServer(sessions=60) as server:
            headers = {"x-access-token": server.token}
            async with aiohttp.ClientSession(server.base_url, headers=headers) as client:
                long = asyncio.create_task(client.post("/v1/insights/execute", json={"query": CROSS_JOIN}))
                while not server.requests:  # noqa: ASYNC110  # the server has no event for it
                    await asyncio.sleep(0)
                began = time.monotonic()
                await server.stop()
                with pytest.raises(aiohttp.ClientError):
                    await long
        return began

    # The end of a loop of its own waits for the threads, which no other test must lack.
    began = asyncio.run(stop_meanwhile())
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("accepted", "is_gzipped"),
    [
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("br, gzip ; q=0.001", True),
        ("*", True),
        ("gzip;q=1.0, *;q=0", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip; q=0, *", False),
        ("*;q=0", False),
        ("br", False),
        ("", False),
    ],
)
async def test_a_weight_of_zero_refuses_gzip(
    client: aiohttp.ClientSession, accepted: str, is_gzipped: bool
) -> None:
    async with client.get("/v1/events", headers={"Accept-Encoding": accepted}) as response:
        assert (response.headers.get("Content-Encoding") == "gzip") == is_gzipped


async def test_ids_in_filters_must_be_uuids(client: aiohttp.ClientSession) -> None:
    for path, name in (
        (f"{EVENT}/sessions", "track_id"),
        (f"{EVENT}/sessions", "tag_id"),
        (f"{EVENT}/content", "session_id"),
        (f"{EVENT}/content/items/recap", "session_id"),
        (f"{EVENT}/transcriptions", "session_id"),
    ):
        for text in (
            "",
            "not-a-uuid",
            "0e326c1cc707437d8c9c0a83aceb1f69",
            "{0e326c1c-c707-437d-8c9c-0a83aceb1f69}",
        ):
            expected = (400, f"{name} must be a UUID")
            assert await refused(client, "GET", path, params={name: text}) == expected


async def test_lists_contain_no_null_and_searches_no_null_at_all(client: aiohttp.ClientSession) -> None:
    for path, body in (
        (f"{EVENT}/sessions/create", {"title": "x", "tag_ids": [None]}),
        (f"{EVENT}/dashboards/create", {"name": "x", "widgets": [None]}),
        ("/v1/insights/execute", {"query": "SELECT 1", "eventIds": [None]}),
        ("/v1/insights/ai/generate", {"prompt": "x", "conversationHistory": [None]}),
        ("/v1/insights/ai/generate", {"prompt": "x", "conversationHistory": [{"role": None}]}),
        (f"{EVENT}/sessions", {"expand": [None]}),
        (f"{EVENT}/sessions", {"filters": None}),
        (f"{EVENT}/contacts", {"sort": None}),
        (f"{EVENT}/rooms", {"expand": None}),
        (f"{EVENT}/sessions", {"filters": {"createdAt": {"after": None}}}),
    ):
        assert (await refused(client, "POST", path, json=body))[0] == 400, (path, body)


async def test_a_whole_number_may_be_written_with_a_fraction_of_zero(client: aiohttp.ClientSession) -> None:
    path = f"{EVENT}/sessions/create"
    for text, capacity in (("100.0", 100), ("1e2", 100), ("-0.0", 0), ("100", 100)):
        body = f'{{"title":"x","capacity":{text},"custom_fields":{{"stage":[{text}, 1e300, 0.5]}}}}'
        async with client.post(path, data=body, headers=AS_JSON) as response:
            made = json.loads(await response.read())
        assert isinstance(made["capacity"], int)
        assert made["capacity"] == capacity
        [stage] = [field["value"] for field in made["custom_fields"] if field["internal_name"] == "stage"]
        assert stage == [capacity, 1e300, 0.5]
    for text in ("100.5", "1e300", "1" + "0" * 40, "true", '"100"'):
        body = f'{{"title":"x","capacity":{text}}}'
        assert (await refused(client, "POST", path, data=body, headers=AS_JSON))[0] == 400


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "evil.example#localhost", "", "::"],
)
async def test_only_requests_to_this_machine_by_name_are_answered(server: EmbeddedServer, host: str) -> None:
    before = len(server.requests)
    for start in ("GET /v1/events", "POST /v1/nothing", "GET /storage/key", "GET /", "PUT /storage/key"):
        head = (
            f"{start} HTTP/1.1\r\nHost: {host}\r\nx-access-token: {server.token}\r\nConnection: close\r\n\r\n"
        )
        answer = await sent(server, head.encode())
        assert answer.startswith(b"HTTP/1.1 421 "), (start, answer)
        assert b'"error":"MisdirectedRequestError"' in answer
    assert len(server.requests) == before


async def test_any_port_of_this_machine_will_do(server: EmbeddedServer) -> None:
    for host in ("localhost", "LOCALHOST:1", f"127.0.0.1:{server.port}"):
        answer = await sent(server, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200 "), host


@pytest.mark.parametrize("body", [b"half", b"4\r\nhalf\r\n"])
async def test_a_client_that_leaves_before_its_body_ends_is_no_error(
    server: EmbeddedServer, body: bytes
) -> None:
    how = "Content-Length: 100" if body == b"half" else "Transfer-Encoding: chunked"
    for start in (f"POST {EVENT}/sessions", "POST /v1/nothing", "PUT /storage/key"):
        head = f"{start} HTTP/1.1\r\nHost: localhost\r\n{how}\r\n\r\n"
        async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
            await stream.send(head.encode() + body)
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)
    answer = await sent(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_client_that_leaves_a_slow_answer_is_no_error() -> None:
    async with EmbeddedServer(sessions=1, faults=[Fault("slow", every=1, interval=0.01)]) as server:
        for latency in (0.0, 0.02):
            server.latency = latency
            async with await anyio.connect_tcp("127.0.0.1", server.port) as stream:
                await stream.send(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                if not latency:
                    await stream.receive()
            for _ in range(30):
                await asyncio.sleep(0.002)
        server.faults.clear()
        answer = await sent(server, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")


async def test_no_fault_on_an_empty_answer_is_an_error_of_the_server() -> None:
    async with (
        EmbeddedServer(sessions=1) as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        for kind in ("slow", "truncate", "close_midway", "invalid_json", "wrong_content_type", "empty_page"):
            async with client.post(f"{EVENT}/tags/create", json={"name": kind}) as response:
                id_ = (await response.json())["id"]
            server.faults = [Fault(kind, every=1, interval=0.001 if kind == "slow" else None)]
            try:
                async with client.delete(f"{EVENT}/tags/{id_}") as response:
                    assert response.status == 200
                    await response.read()
            except aiohttp.ClientError:
                assert kind == "close_midway"
            server.faults = []
