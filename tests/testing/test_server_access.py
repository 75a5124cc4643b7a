"""Tokens, scopes and refusals of the embedded server, and the headers of every answer."""

from __future__ import annotations

import gzip
import math
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from sessionboard_async.testing import EmbeddedServer

pytestmark = pytest.mark.anyio

EVENT = "/v1/event/4630"
AS_JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=30) as server:
        yield server


@pytest.fixture
async def client(server: EmbeddedServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client:
        yield client


async def ask(
    client: aiohttp.ClientSession, method: str, path: str, status: int = 200, **options: Any
) -> Any:
    async with client.request(method, path, **options) as response:
        assert response.status == status, await response.text()
        assert response.content_type == "application/json"
        return await response.json()


async def test_it_runs_on_loopback_with_a_token_that_is_clearly_fake(server: EmbeddedServer) -> None:
    assert server.base_url == f"http://127.0.0.1:{server.port}"
    assert server.event_ids[0] == server.event_id == 4630
    assert server.token.startswith("embedded-fake")
    assert set("+/=") <= set(server.token)
    assert server.token not in repr(server)


async def test_the_bare_address_answers_without_a_token(server: EmbeddedServer) -> None:
    async with aiohttp.ClientSession() as stranger, stranger.get(server.base_url) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-access-token": "wrong"}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic {token}"}],
)
@pytest.mark.parametrize("path", [f"{EVENT}/tags", "/v1/event/1/tags", "/v1/nothing"])
async def test_without_the_token_nothing_is_returned(
    server: EmbeddedServer, headers: dict[str, str], path: str
) -> None:
    headers = {name: value.format(token=server.token) for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(server.base_url) as stranger,
        stranger.get(path, headers=headers) as response,
    ):
        assert response.status == 401
        body = await response.json()
    assert body.keys() == {"error", "message"}
    assert body["error"] == "UnauthorizedError"


@pytest.mark.parametrize("headers", [{"X-Access-Token": "{token}"}, {"authorization": "bearer {token}"}])
async def test_the_token_comes_in_either_header(server: EmbeddedServer, headers: dict[str, str]) -> None:
    headers = {name: value.format(token=server.token) for name, value in headers.items()}
    async with (
        aiohttp.ClientSession(server.base_url) as client,
        client.get(f"{EVENT}/tags", headers=headers) as response,
    ):
        assert response.status == 200


async def test_a_token_with_scopes_reads_only_those() -> None:
    async with (
        EmbeddedServer(scopes=["read:sessions"]) as server,
        aiohttp.ClientSession(server.base_url, headers={"x-access-token": server.token}) as client,
    ):
        await ask(client, "POST", f"{EVENT}/sessions")
        for path in ("/v1/events", f"{EVENT}/tags"):
            assert (await ask(client, "GET", path, 403))["message"] == "the token lacks the scope read:events"
        assert (await ask(client, "POST", f"{EVENT}/speakers", 403))["error"] == "ForbiddenError"
    with pytest.raises(TypeError, match=r"write \['read:sessions'\]"):
        EmbeddedServer(scopes="read:sessions")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/event/4631/tags",
        "/v1/event/abc/tags",
        "/v1/event/99999999999999999999/tags",
        f"{EVENT}/sessions/00000000-0000-4000-8000-000000000000",
        f"{EVENT}/contacts/unknown",
        f"{EVENT}/contacts/unknown/sessions",
        f"{EVENT}/speakers/unknown",
        f"{EVENT}/sponsors/unknown",
        f"{EVENT}/exhibitors/unknown",
        "/v1/organization/nowhere/contacts/unknown",
        "/v1/nothing",
        "/v2",
    ],
)
async def test_missing_records_are_404(client: aiohttp.ClientSession, path: str) -> None:
    body = await ask(client, "GET", path, 404)
    assert body.keys() == {"error", "message"}
    assert body["error"] == "NotFoundError"


async def test_a_method_that_a_path_does_not_have_is_405(client: aiohttp.ClientSession) -> None:
    async with client.delete(f"{EVENT}/tags") as response:
        assert response.status == 405
        assert set(response.headers["Allow"].split(",")) == {"GET", "POST"}
        assert (await response.json())["error"] == "MethodNotAllowedError"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{EVENT}/sessions?page=0", {}),
        (f"{EVENT}/sessions?page=1000", {}),
        (f"{EVENT}/sessions?pageSize=101", {}),
        (f"{EVENT}/sessions?page_size=10", {}),
        (f"{EVENT}/sessions", {"filters": {"status": "done"}}),
        (f"{EVENT}/sessions", {"filters": {"room": "1"}}),
        (f"{EVENT}/sessions", {"sort": {"order": "title"}}),
        (f"{EVENT}/sessions", {"expand": ["everything"]}),
        (f"{EVENT}/sessions", []),
        (f"{EVENT}/contacts", {"filters": {"createdAt": {"after": "yesterday"}}}),
        (f"{EVENT}/fields", {"filters": {"module": "room"}}),
    ],
)
async def test_bad_input_is_400(client: aiohttp.ClientSession, path: str, body: object) -> None:
    answer = await ask(client, "POST", path, 400, json=body)
    assert answer.keys() == {"error", "message"}
    assert answer["error"] == "BadRequestError"


@pytest.mark.parametrize(
    "query", ["page_size=0", "pageSize=10", "is_abstract=yes", "status=done", "expand=everything", "room=1"]
)
async def test_a_bad_query_is_400(client: aiohttp.ClientSession, query: str) -> None:
    answer = await ask(client, "GET", f"{EVENT}/sessions?{query}", 400)
    assert answer["error"] == "BadRequestError"


async def test_a_trailing_slash_is_tolerated(client: aiohttp.ClientSession) -> None:
    assert await ask(client, "GET", "/v1/events/") == await ask(client, "GET", "/v1/events")


async def test_every_answer_has_a_date_and_a_request_id(client: aiohttp.ClientSession) -> None:
    seen = set()
    for path in ("/v1/events", "/v1/nothing", "/v1/event/1/tags"):
        async with client.get(path) as response:
            assert parsedate_to_datetime(response.headers["Date"]).tzinfo is not None
            seen.add(response.headers["x-request-id"])
    assert len(seen) == 3


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(
    ("accepted", "gzipped"), [("gzip, deflate", True), ("br;q=1, GZIP;q=0.5", True), ("identity", False)]
)
async def test_gzip_is_sent_to_those_who_accept_it(compress: bool, accepted: str, gzipped: bool) -> None:
    async with (
        EmbeddedServer(compress=compress) as server,
        aiohttp.ClientSession(server.base_url, auto_decompress=False) as client,
    ):
        headers = {"x-access-token": server.token, "Accept-Encoding": accepted}
        bodies = []
        for _ in range(2):  # the second answer comes from the cache
            async with client.get("/v1/events", headers=headers) as response:
                assert ("Content-Encoding" in response.headers) == (compress and gzipped)
                bodies.append(await response.read())
        assert bodies[0] == bodies[1]
        body = gzip.decompress(bodies[0]) if compress and gzipped else bodies[0]
        assert body.startswith(b'{"results":[{"id":4630,')


async def test_requests_are_recorded_without_the_values_of_headers(
    server: EmbeddedServer, client: aiohttp.ClientSession
) -> None:
    await ask(client, "POST", f"{EVENT}/sessions", json={"filters": {}}, params={"page": 2})
    await ask(client, "GET", "/v1/nothing", 404)
    async with client.post(f"{EVENT}/sessions", data=b"{", headers=AS_JSON) as response:
        assert response.status == 400
    search, nothing, broken = server.requests
    assert (search.operation, search.method, search.path) == ("search-sessions", "POST", f"{EVENT}/sessions")
    assert search.query["page"] == "2"
    assert search.body == {"filters": {}}
    assert "x-access-token" in search.header_names
    assert (nothing.operation, nothing.body) == (None, None)
    assert broken.body == b"{"
    assert server.token not in repr(list(server.requests))


async def test_each_answer_waits_for_the_latency(
    server: EmbeddedServer, client: aiohttp.ClientSession
) -> None:
    server.latency = 60.0
    with pytest.raises(TimeoutError):
        await ask(client, "GET", "/v1/events", timeout=aiohttp.ClientTimeout(total=0.05))
    server.latency = 0.0
    await ask(client, "GET", "/v1/events")
    with pytest.raises(ValueError, match="latency must be a number of seconds, 0 or more"):
        EmbeddedServer(latency=-1)
    with pytest.raises(ValueError, match="latency must be a number of seconds, 0 or more"):
        EmbeddedServer(latency=math.inf)
