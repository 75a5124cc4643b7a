"""The number of awaited coroutines between a method of a service and aiohttp."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from types import FrameType, SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession
from sessionboard_async.services import Sessions
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

MOST_FRAMES = 6


async def test_a_call_reaches_aiohttp_through_at_most_six_awaited_frames(serve: Serve) -> None:
    async def record(_: web.Request) -> web.StreamResponse:
        return web.json_response({"id": "s", "title": "Keynote"})

    between: list[str] = []

    async def on_request_start(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
        # Coroutines that await each other are on the stack together.
        frame: FrameType | None = inspect.currentframe()
        while frame is not None and frame.f_code is not Sessions.get.__code__:
            between.append(f"{frame.f_globals['__name__']}:{frame.f_code.co_qualname}")
            frame = frame.f_back
        assert frame is not None, "the method of the service is not on the stack"
        between.append("the method itself")

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(on_request_start)
    server = await serve(record)
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as client,
        AsyncSession(TOKEN, base_url=server.base_url, client=client) as sb,
    ):
        assert (await sb.sessions.get(1, "s")).title == "Keynote"
    before_aiohttp = between[between.index("aiohttp.client:ClientSession._request") + 1 :]
    ours = [name for name in before_aiohttp if not name.startswith("aiohttp.")]
    assert len(ours) <= MOST_FRAMES, ours
