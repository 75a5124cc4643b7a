"""What an attempt costs of the budget: nothing for a refused connection, or for a transfer to a storage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    ConnectError,
    ConnectionLostError,
    RateLimitError,
    RateLimitWaitExceeded,
    Retry,
)
from sessionboard_async.models import UploadAddress
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

RETRY = Retry(attempts=3, base_delay=0.0)


async def remaining(sb: AsyncSession) -> int | None:
    budget = (await sb.limits.snapshot())["entity-reads"]
    assert budget.in_flight == 0
    return budget.remaining


async def test_a_refused_connection_uses_nothing_of_the_budget_and_a_lost_answer_does() -> None:
    async with EmbeddedServer(sessions=1) as server:
        # Two clients with one budget: the second has no connection from before.
        first, second = (AsyncSession(server.token, base_url=server.base_url, retry=RETRY) for _ in range(2))
        async with first:
            talk = (await first.sessions.search(server.event_id).collect())[0]
            await first.sessions.get(server.event_id, talk)
            before = await remaining(first)
        assert before is not None
        async with second:
            await server.stop()
            with pytest.raises(ConnectError, match="after 3 attempts"):
                await second.sessions.get(server.event_id, talk)
            assert await remaining(second) == before

            await server.start()
            server.faults.append(Fault("close_before", every=1, times=3))
            with pytest.raises(ConnectionLostError, match="after 3 attempts"):
                await second.sessions.get(server.event_id, talk)
            assert await remaining(second) == before - 3
            with anyio.fail_after(2):
                await second.sessions.get(server.event_id, talk)


async def test_a_transfer_to_a_storage_does_not_wait_for_the_budget_of_the_api(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT":
            return web.Response(headers={"ETag": '"e"'})
        return web.Response(status=429, headers={"Retry-After": "600"})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        with pytest.raises(RateLimitError):
            await sb.request("GET", "/v1/a")
        with pytest.raises(RateLimitWaitExceeded):
            await sb.request("GET", "/v1/a")
        with anyio.fail_after(2):
            assert await sb.send_file(UploadAddress(url=f"{server.base_url}/key"), b"%PDF") == '"e"'
        assert (await sb.limits.snapshot())["other"].in_flight == 0
    assert server.requests == ["GET /v1/a", "PUT /key"]
