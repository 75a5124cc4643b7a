"""Creating, sharing, misusing and closing a client."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    ClientClosedError,
    ConfigurationError,
    RateLimits,
    Retry,
    SessionboardError,
    Timeout,
    WrongEventLoopError,
)
from sessionboard_async.testing import EmbeddedServer
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left", "no_environment")]

ROOT = Path(__file__).parents[1]

Serve = Callable[[Handler], Awaitable[HttpServer]]


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "REGION", "BASE_URL"):
        monkeypatch.delenv(f"SESSIONBOARD_{name}", raising=False)


async def empty(_: web.Request) -> web.StreamResponse:
    return web.json_response([])


async def test_everything_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with EmbeddedServer(sessions=3) as server:
        monkeypatch.setenv("SESSIONBOARD_TOKEN", server.token)
        monkeypatch.setenv("SESSIONBOARD_BASE_URL", server.base_url)
        async with AsyncSession() as sb:
            assert await sb.sessions.search(server.event_id).count() == 3


async def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with EmbeddedServer(sessions=3) as server:
        monkeypatch.setenv("SESSIONBOARD_TOKEN", "another")
        monkeypatch.setenv("SESSIONBOARD_BASE_URL", "http://127.0.0.1:1")
        async with AsyncSession(server.token, base_url=server.base_url) as sb:
            assert await sb.sessions.search(server.event_id).count() == 3


@pytest.mark.parametrize(
    ("region", "variable", "expected"),
    [
        (None, None, "https://public-api.sessionboard.com"),
        ("us", "eu", "https://public-api.sessionboard.com"),
        ("eu", None, "https://public-api-eu.sessionboard.com"),
        (None, "eu", "https://public-api-eu.sessionboard.com"),
    ],
)
async def test_the_region_chooses_the_host(
    monkeypatch: pytest.MonkeyPatch, region: Any, variable: str | None, expected: str
) -> None:
    if variable:
        monkeypatch.setenv("SESSIONBOARD_REGION", variable)
    assert AsyncSession(TOKEN, region=region).base_url == expected


@pytest.mark.parametrize("token", [None, "", "  "])
async def test_without_a_token_the_error_names_the_variable(token: str | None) -> None:
    with pytest.raises(ConfigurationError, match="SESSIONBOARD_TOKEN"):
        AsyncSession(token)


@pytest.mark.parametrize(
    "options",
    [
        {"region": "mars"},
        {"base_url": "http://example.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"pool_size": 0},
        {"pool_size": -1},
        {"pool_size": 1.5},
        {"max_response_bytes": 0},
        {"max_response_bytes": -1},
        {"user_agent": "agent\r\nx-forged: yes"},
        {"user_agent": "agent\x00"},
        {"proxy": "nonsense"},
        {"proxy": "http://[::1"},
        {"proxy": "socks5://127.0.0.1:1080"},
        {"timeout": 5},
        {"retry": 3},
        {"limits": 100},
        {"cache": 5},
        {"cache": True},
        {"ssl": "certificate.pem"},
    ],
    ids=str,
)
async def test_an_invalid_option_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, ValueError, TypeError)):
        AsyncSession(TOKEN, **options)


async def test_an_option_of_another_type_is_named() -> None:
    options: dict[str, Any] = {"user_agent": 5}
    with pytest.raises(ConfigurationError, match="user_agent must be a string"):
        AsyncSession(TOKEN, **options)


async def test_repr_shows_the_base_url_and_never_the_token() -> None:
    sb = AsyncSession(TOKEN, region="eu")
    assert repr(sb) == "<AsyncSession of https://public-api-eu.sessionboard.com>"
    await sb.aclose()
    assert repr(sb) == "<AsyncSession of https://public-api-eu.sessionboard.com, closed>"
    assert sb.closed


async def test_closing_twice_is_fine_and_use_after_it_is_not(serve: Serve) -> None:
    server = await serve(empty)
    sb = AsyncSession(TOKEN, base_url=server.base_url)
    pager = sb.events.list()
    assert await pager.collect() == []
    await sb.aclose()
    await sb.aclose()
    for use in (pager.collect, sb.events.list().first, lambda: sb.request("GET", "/v1/a"), sb.__aenter__):
        with pytest.raises(ClientClosedError, match="create a new AsyncSession"):
            await use()
    assert len(server.requests) == 1
    await until(lambda: server.open_connections == 0)


async def test_closing_at_once_from_two_tasks_is_fine(serve: Serve) -> None:
    server = await serve(empty)
    sb = AsyncSession(TOKEN, base_url=server.base_url)
    await sb.events.list().collect()
    assert server.open_connections == 1
    await asyncio.gather(sb.aclose(), sb.aclose())
    await until(lambda: server.open_connections == 0)


async def test_a_client_that_was_never_used_needs_no_closing() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        AsyncSession(TOKEN)
        gc.collect()
    assert not [warning for warning in caught if "AsyncSession" in str(warning.message)]


async def test_another_event_loop_is_refused_with_an_explanation(serve: Serve) -> None:
    server = await serve(empty)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await sb.events.list().collect()

        def elsewhere(use: Callable[[], Awaitable[object]]) -> None:
            async def run() -> None:
                await use()

            asyncio.run(run())

        for use in (sb.events.list().collect, lambda: sb.request("GET", "/v1/a"), sb.aclose, sb.__aenter__):
            with pytest.raises(WrongEventLoopError, match="one AsyncSession per event loop"):
                await asyncio.to_thread(elsewhere, use)
        assert not sb.closed
        await sb.events.list().collect()


FORGOTTEN = """
    import asyncio, gc
    from sessionboard_async import AsyncSession
    from sessionboard_async.testing import EmbeddedServer

    kept = []

    async def main(server):
        sb = AsyncSession(server.token, base_url=server.base_url, pool_size=3)
        pages = sb.sessions.search(server.event_id, page_size=1, prefetch=2)
        async for talk in pages:
            break
        {ending}

    with EmbeddedServer(sessions=9).in_thread() as server:
        asyncio.run(main(server))
        gc.collect()
    print("the end")
"""


@pytest.mark.parametrize(
    "ending",
    ["del pages, sb; gc.collect(); await asyncio.sleep(0.05)", "pass", "kept.append(sb)"],
    ids=["in the loop", "as the loop ends", "as Python ends"],
)
async def test_forgetting_to_close_is_one_warning_that_names_the_fix(ending: str) -> None:
    script = textwrap.dedent(FORGOTTEN).format(ending=ending)
    done = await anyio.run_process(
        [sys.executable, "-X", "dev", "-W", "always::ResourceWarning", "-c", script],
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    complaints = done.stderr.decode()
    assert done.stdout.decode() == "the end\n"
    assert complaints.count(": ResourceWarning: ") == 1, complaints
    assert complaints.count("async with AsyncSession") == 1
    assert "aclose()" in complaints
    assert "nclosed" not in complaints
    assert "Traceback" not in complaints
    assert "never awaited" not in complaints


async def test_a_client_of_the_callers_is_used_and_never_closed(serve: Serve) -> None:
    server = await serve(empty)
    async with aiohttp.ClientSession(headers={"x-own": "mine"}) as client:
        async with AsyncSession(TOKEN, base_url=server.base_url, client=client) as sb:
            await sb.events.list().collect()
        assert sb.closed
        assert not client.closed
        assert server.headers[0]["x-own"] == "mine"
        assert server.headers[0]["x-access-token"] == TOKEN
        with pytest.raises(ClientClosedError):
            await sb.events.list().collect()
        async with AsyncSession(TOKEN, base_url=server.base_url, client=client) as other:
            await other.events.list().collect()
    assert len(server.requests) == 2


async def test_a_closed_client_of_the_callers_is_named_as_such(serve: Serve) -> None:
    server = await serve(empty)
    client = aiohttp.ClientSession()
    await client.close()
    async with AsyncSession(TOKEN, base_url=server.base_url, client=client) as sb:
        with pytest.raises(ClientClosedError, match=r"aiohttp\.ClientSession that was passed in"):
            await sb.events.list().collect()


async def test_a_client_that_raises_for_status_changes_nothing(serve: Serve) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "NotFoundError"}, status=404)

    server = await serve(refuse)
    async with (
        aiohttp.ClientSession(raise_for_status=True) as client,
        AsyncSession(TOKEN, base_url=server.base_url, client=client) as sb,
    ):
        with pytest.raises(SessionboardError, match="404 NotFoundError"):
            await sb.events.list().collect()


async def test_a_view_shares_the_pool_and_closing_it_closes_nothing(serve: Serve) -> None:
    server = await serve(empty)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        async with sb.with_options(timeout=Timeout(attempt=3), retry=Retry(attempts=1)) as view:
            await view.events.list().collect()
        assert not sb.closed
        assert not view.closed
        await sb.events.list().collect()
        await view.with_options(limits=None).events.list().collect()
        assert server.open_connections == 1
    assert repr(view).endswith(", closed>")
    with pytest.raises(ClientClosedError):
        await view.events.list().collect()


async def test_a_view_does_not_change_its_client(serve: Serve) -> None:
    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.json_response([])

    server = await serve(slow)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        hasty = sb.with_options(timeout=Timeout(attempt=0.02))
        with pytest.raises(TimeoutError):
            await hasty.events.list().collect()
        assert await sb.events.list().collect() == []


async def used_up(_: web.Request) -> web.StreamResponse:
    return web.json_response({}, headers={"RateLimit-Limit": "100", "RateLimit-Remaining": "0"})


async def test_a_view_shares_the_budget_unless_it_has_its_own(serve: Serve) -> None:
    server = await serve(used_up)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await sb.sponsors.get(1, "a")
        hasty = sb.with_options(timeout=Timeout(total=0.05))
        with pytest.raises(SessionboardError):
            await hasty.sponsors.get(1, "b")
        assert len(server.requests) == 1
        await hasty.with_options(limits=None).sponsors.get(1, "c")
        assert len(server.requests) == 2


class Held:
    """Answers that wait until the test releases them."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        await self.open.wait()
        return web.json_response([])


async def test_a_call_that_waits_for_the_pool_fails_when_the_client_closes(serve: Serve) -> None:
    server = await serve(Held())
    sb = AsyncSession(TOKEN, base_url=server.base_url, pool_size=1, retry=IMPATIENT)
    calls = [asyncio.ensure_future(sb.request("GET", "/v1/a")) for _ in range(3)]
    await until(lambda: server.under_way == 1)
    await sb.aclose()
    with anyio.fail_after(2):
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(outcome, ClientClosedError)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_call_under_way_fails_when_the_client_closes(serve: Serve, method: str) -> None:
    server = await serve(Held())
    sb = AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1))
    call = asyncio.ensure_future(sb.request(method, "/v1/a"))
    await until(lambda: server.under_way == 1)
    await sb.aclose()
    with anyio.fail_after(2), pytest.raises(ClientClosedError):
        await call


async def test_a_call_that_waits_for_a_retry_fails_when_the_client_closes(serve: Serve) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503, headers={"Retry-After": "60"})

    server = await serve(busy)
    sb = AsyncSession(TOKEN, base_url=server.base_url)
    call = asyncio.ensure_future(sb.events.list().collect())
    await until(lambda: len(server.requests) == 1)
    await sb.aclose()
    try:
        with anyio.fail_after(1), pytest.raises(ClientClosedError):
            await asyncio.shield(call)
    finally:
        call.cancel()
        await asyncio.wait({call})


async def test_a_call_that_waits_for_the_budget_fails_when_the_client_closes(serve: Serve) -> None:
    server = await serve(used_up)
    sb = AsyncSession(
        TOKEN, base_url=server.base_url, limits=RateLimits(max_wait=None), timeout=Timeout(total=None)
    )
    await sb.sponsors.get(1, "a")
    call = asyncio.ensure_future(sb.sponsors.get(1, "b"))
    await asyncio.sleep(0.01)
    assert (await sb.limits.snapshot())["entity-reads"].waiting == 1
    await sb.aclose()
    try:
        with anyio.fail_after(1), pytest.raises(ClientClosedError):
            await asyncio.shield(call)
    finally:
        call.cancel()
        await asyncio.wait({call})
