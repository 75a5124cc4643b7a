"""Streams and calls that are abandoned, closed or cancelled."""

from __future__ import annotations

import asyncio
import gc
import sys
import traceback
from collections.abc import Awaitable, Callable

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession
from tests.core.pagination.numbered_pages import pages_of
from tests.support.http_server import TOKEN, Handler, HttpServer

Serve = Callable[[Handler], Awaitable[HttpServer]]

pytestmark = pytest.mark.anyio


async def _never(_: web.Request) -> web.StreamResponse:
    await anyio.sleep_forever()
    raise AssertionError("not cancelled")


@pytest.mark.parametrize("by", ["asyncio", "anyio"])
async def test_a_cancelled_call_shows_no_token_in_its_traceback(serve: Serve, by: str) -> None:
    server = await serve(_never)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:

        async def hurry() -> None:
            if by == "asyncio":
                async with asyncio.timeout(0.05):
                    await sb.sessions.get(1, "x")
            else:
                with anyio.fail_after(0.05):
                    await sb.sessions.get(1, "x")

        with pytest.raises(TimeoutError) as caught:
            await hurry()
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "sessionboard_async" in shown
    assert TOKEN not in shown.replace(f"TOKEN = '{TOKEN}'", "")


async def test_a_page_stream_closed_by_another_task_ends(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query["page"])
        if number > 1:
            await anyio.sleep_forever()
        pagination = {"currentPage": number, "pageSize": 1, "totalPages": 9, "totalResults": 9}
        return web.json_response({"results": [{"id": f"r{number}"}], "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pages = sb.speakers.search(1, page_size=1, prefetch=2).pages()
        await anext(pages)

        async def rest() -> list[object]:
            return [page async for page in pages]

        waiting = asyncio.ensure_future(rest())
        await asyncio.sleep(0.02)
        await pages.aclose()
        with anyio.fail_after(2):
            assert await waiting == []


@pytest.mark.slow
def test_a_stream_that_is_collected_after_its_loop_is_silent(recwarn: pytest.WarningsRecorder) -> None:
    streams: list[object] = []

    async def abandon() -> None:
        async with HttpServer(pages_of(40)).running() as server:
            sb = AsyncSession(TOKEN, base_url=server.base_url)
            stream = aiter(sb.sessions.search(1, page_size=2, prefetch=8))
            for _ in range(3):
                await anext(stream)
            streams.append(stream)
            await sb.aclose()

    unraisable: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        asyncio.run(abandon())
        streams.clear()
        gc.collect()
    finally:
        sys.unraisablehook = hook
    assert unraisable == []
    assert len(recwarn) == 0
