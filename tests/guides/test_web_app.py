"""The web app of the guides, run against the embedded server."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import runpy
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message

from sessionboard_async.testing import EmbeddedServer, Fault, ServerLimits
from tests.guides.blocks import block, records


@pytest.fixture
async def app(
    block: Path, sessionboard_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Starlette]:
    """The app of the guide, started."""
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)
    spec = importlib.util.spec_from_file_location("guide_app", block)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "guide_app", module)
    spec.loader.exec_module(module)
    async with module.app.router.lifespan_context(module.app):
        yield module.app
    assert module.app.state.sb.closed


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        yield client


@block("app.py")
@pytest.mark.anyio
async def test_the_app_serves_one_session(
    block: Path, client: httpx.AsyncClient, sessionboard_server: EmbeddedServer
) -> None:
    talk = records(sessionboard_server, "sessions")[0]
    answer = await client.get(f"/sessions/{talk['id']}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"id", "title", "starts_at", "people"}
    assert (answer.json()["id"], answer.json()["title"]) == (talk["id"], talk["title"])
    again = await asyncio.gather(*(client.get(f"/sessions/{talk['id']}") for _ in range(5)))
    assert {one.content for one in again} == {answer.content}
    assert len(sessionboard_server.requests) == 1


@block("app.py")
@pytest.mark.anyio
@pytest.mark.parametrize("session_id", ["00000000-0000-0000-0000-000000000000", "%2e%2e", "x"])
async def test_the_app_answers_404_for_unknown_sessions(
    block: Path, client: httpx.AsyncClient, session_id: str
) -> None:
    assert (await client.get(f"/sessions/{session_id}")).status_code == 404


@block("app.py")
@pytest.mark.anyio
async def test_the_app_streams_every_accepted_session_and_nothing_private(
    block: Path, client: httpx.AsyncClient, sessionboard_server: EmbeddedServer
) -> None:
    accepted = records(sessionboard_server, "sessions", status="accepted")
    answer = await client.get("/sessions")
    assert answer.headers["content-type"] == "application/x-ndjson"
    talks = [json.loads(line) for line in answer.text.splitlines()]
    assert [talk["id"] for talk in talks] == [talk["id"] for talk in accepted]
    assert "@" not in answer.text
    hidden = {
        (talk["id"], person["full_name"])
        for talk in accepted
        for person in talk["speakers"] + talk["participants"]
        if person["is_public"] is False
    }
    assert hidden
    assert not hidden & {(talk["id"], person) for talk in talks for person in talk["people"]}


@block("app.py")
@pytest.mark.anyio
@pytest.mark.parametrize(("refused", "answered"), [(401, 401), (404, 404), (403, 503)])
async def test_the_app_answers_errors_before_its_first_byte(
    block: Path, client: httpx.AsyncClient, sessionboard_server: EmbeddedServer, refused: int, answered: int
) -> None:
    sessionboard_server.faults.append(Fault("status", status=refused, every=1))
    answer = await client.get("/sessions")
    assert (answer.status_code, "error" in answer.json()) == (answered, True)


@block("app.py")
@pytest.mark.anyio
@pytest.mark.sessionboard_server(limits=ServerLimits(requests=1))
async def test_the_app_answers_503_without_a_wait_where_no_request_is_left(
    block: Path, client: httpx.AsyncClient, sessionboard_server: EmbeddedServer
) -> None:
    one, another = sorted(sessionboard_server.ids("sessions"))[:2]
    assert (await client.get(f"/sessions/{one}")).status_code == 200
    answer = await client.get(f"/sessions/{another}")
    assert (answer.status_code, answer.json()) == (503, {"error": "RateLimitWaitExceeded"})


class StreamClient:
    """A client of the app that observes the server while the response is sent."""

    def __init__(self, server: EmbeddedServer, *, disconnects_after: int | None = None) -> None:
        self.server = server
        self.disconnects_after = disconnects_after
        self.disconnected = asyncio.Event()
        self.lines = 0
        self.requests_at_first_line = 0

    async def get(self, app: Starlette, path: str) -> None:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [],
        }
        await app(scope, self.receive, self.send)

    async def receive(self) -> Message:
        await self.disconnected.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.lines += bool(message.get("body"))
        if self.lines == 1:
            self.requests_at_first_line = len(self.server.requests)
        if self.lines == self.disconnects_after:
            self.disconnected.set()


@block("app.py")
@pytest.mark.anyio
@pytest.mark.sessionboard_server(sessions=1200)
async def test_the_app_streams_while_it_reads(
    block: Path, app: Starlette, sessionboard_server: EmbeddedServer
) -> None:
    stream = StreamClient(sessionboard_server)
    await stream.get(app, "/sessions")
    assert stream.lines > 700
    # Pages that are read side by side overlap by a few records.
    assert 8 <= len(sessionboard_server.requests) <= 9
    assert stream.requests_at_first_line <= 2


@block("app.py")
@pytest.mark.anyio
@pytest.mark.sessionboard_server(sessions=1200)
async def test_the_app_stops_reading_when_the_client_disconnects(
    block: Path, app: Starlette, sessionboard_server: EmbeddedServer
) -> None:
    stream = StreamClient(sessionboard_server, disconnects_after=1)
    before = asyncio.all_tasks()
    await stream.get(app, "/sessions")
    assert stream.lines < 700
    assert len(sessionboard_server.requests) <= 2
    assert asyncio.all_tasks() == before


@block("agenda_app.py")
def test_the_app_of_the_readme_serves_the_titles(
    block: Path, sessionboard_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)
    accepted = records(sessionboard_server, "sessions", status="accepted")
    with TestClient(runpy.run_path(str(block))["app"]) as client:
        assert client.get("/").json() == [talk["title"] for talk in accepted]


@block("fastapi_app.py")
def test_fastapi_serves_a_record_and_its_schema(
    block: Path, sessionboard_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)
    talk = records(sessionboard_server, "sessions")[0]
    with TestClient(runpy.run_path(str(block))["app"]) as client:
        assert client.get(f"/sessions/{talk['id']}").json()["title"] == talk["title"]
        assert client.get("/sessions/00000000-0000-0000-0000-000000000000").status_code == 404
        assert client.get("/titles", params={"since": "2026-03-01T00:00:00"}).status_code == 422
        assert client.get("/titles", params={"since": "2026-03-01T00:00:00Z"}).status_code == 200
        assert "Session" in client.get("/openapi.json").json()["components"]["schemas"]
