"""The apps of other frameworks in the guide, run against the embedded server."""

from __future__ import annotations

import runpy
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer, Fault, ServerLimits
from tests.guides.blocks import block, records
from tests.support.web_apps import Client, asgi_client, web_client

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.untraced,
    pytest.mark.usefixtures("unchanged_logging"),
    pytest.mark.sessionboard_server(limits=ServerLimits(requests=2)),
    # Of the frameworks, with each other's newest versions.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

NONE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(autouse=True)
def _address(sessionboard_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONBOARD_TOKEN", sessionboard_server.token)
    monkeypatch.setenv("SESSIONBOARD_BASE_URL", sessionboard_server.base_url)


async def check_app(block: Path, server: EmbeddedServer) -> None:
    """Ask an app for a record, for all titles, and for what the API refuses."""
    accepted = records(server, "sessions", status="accepted")
    async with client_of(block) as client:
        one = await client.get(f"/sessions/{accepted[0]['id']}")
        assert (one.status_code, one.headers["content-type"].split(";")[0]) == (200, "application/json")
        assert Session.from_json(one.content) == Session.from_dict(accepted[0])
        assert (await client.get(f"/sessions/{NONE}")).status_code == 404
        titles = await client.get("/titles")
        assert (titles.status_code, titles.headers["content-type"].split(";")[0]) == (200, "text/plain")
        assert titles.text.splitlines() == [talk["title"] for talk in accepted]
        assert (await client.get(f"/sessions/{NONE}")).status_code == 503, "no request is left"
        for refused, answered in ((401, 401), (404, 404), (403, 503)):
            server.faults[:] = [Fault("status", status=refused, every=1)]
            assert (await client.get("/titles")).status_code == answered


def client_of(block: Path) -> AbstractAsyncContextManager[Client]:
    app = runpy.run_path(str(block))["app"]
    return web_client(app) if isinstance(app, web.Application) else asgi_client(app)


@block("fastapi_app.py")
async def test_the_app_of_fastapi(block: Path, sessionboard_server: EmbeddedServer) -> None:
    await check_app(block, sessionboard_server)


@block("litestar_app.py")
async def test_the_app_of_litestar(block: Path, sessionboard_server: EmbeddedServer) -> None:
    await check_app(block, sessionboard_server)


@block("quart_app.py")
async def test_the_app_of_quart(block: Path, sessionboard_server: EmbeddedServer) -> None:
    await check_app(block, sessionboard_server)


@block("aiohttp_app.py")
async def test_the_app_of_aiohttp(block: Path, sessionboard_server: EmbeddedServer) -> None:
    await check_app(block, sessionboard_server)


@block("aiohttp_app.py")
@pytest.mark.sessionboard_server(sessions=900)
async def test_a_late_error_in_the_app_of_aiohttp_closes_the_connection(
    block: Path, sessionboard_server: EmbeddedServer
) -> None:
    async with client_of(block) as client:
        sessionboard_server.faults[:] = [Fault("status", status=400, on=3)]
        with pytest.raises(httpx.RemoteProtocolError, match="closed connection"):
            await client.get("/titles")
