"""Pages are fetched ahead concurrently, and end with the client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, ClientClosedError, Consistency
from tests.core.pagination.numbered_pages import PREFETCH, found, pages_of, records, requested
from tests.core.pagination.searches import record, searching
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, read_into, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


@pytest.mark.parametrize("prefetch", [0, 1, 3, 8])
async def test_no_more_pages_are_fetched_ahead_than_allowed(serve: Serve, prefetch: int) -> None:
    server = await serve(pages_of(100))
    furthest = 0
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        consumed = 0
        async for _ in sb.sessions.search(1, page_size=4, prefetch=prefetch).pages():
            consumed += 1
            await asyncio.sleep(0.005)
            ahead = len(server.requests) - consumed
            assert ahead <= prefetch
            furthest = max(furthest, ahead)
    assert furthest == prefetch
    assert len(server.requests) == 25


async def test_pages_are_fetched_concurrently_and_returned_in_order(serve: Serve) -> None:
    async def later_ones_first(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        await asyncio.sleep(0.002 * (5 - number % 5))
        return found(records(*range((number - 1) * size, number * size)), number, size, 20, 40)

    server = await serve(later_ones_first)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=2, prefetch=5).collect()
    assert [talk.id for talk in got] == [f"s{number}" for number in range(40)]
    assert 5 <= server.most_under_way <= 6


def has_requests(server: HttpServer, count: int) -> bool:
    return len(server.requests) >= count


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_by_default_nothing_is_fetched_ahead_on_the_first_page(
    serve: Serve, consistency: Consistency
) -> None:
    server = await serve(searching([record(number, number) for number in range(40)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        stream = sb.sessions.search(1, page_size=4, consistency=consistency).pages()
        await anext(stream)
        await asyncio.sleep(0.02)
        assert len(server.requests) == 1
        await anext(stream)
        await until(partial(has_requests, server, 3))
        await stream.aclose()


async def client_left(request: web.Request) -> None:
    """Wait until the client has closed the connection."""
    await until(lambda: request.transport is None or request.transport.is_closing())


async def test_pages_fetched_ahead_by_time_end_when_page_numbers_are_used(serve: Serve) -> None:
    """Without a time on page 2, page numbers are used: the pages that follow by time are not wanted."""
    dated = searching([record(number, number) for number in range(60)])
    count = unwanted = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal count, unwanted
        count += 1
        number = count
        response = await dated(request)
        assert isinstance(response, web.Response)
        assert response.text is not None
        if number == 2:
            return web.json_response(text=response.text.replace('"created_at"', '"made_at"'))
        if b"after" in await request.read():
            unwanted += 1
            await client_left(request)
            unwanted -= 1
        return response

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        stream = aiter(sb.sessions.search(1, page_size=6, prefetch=8))
        got = [(await anext(stream)).id for _ in range(6)]
        await until(lambda: unwanted > 0)
        got += [(await anext(stream)).id for _ in range(6)]
        await until(lambda: unwanted == 0)
        got += [talk.id async for talk in stream]
    assert got == [f"s{number}" for number in range(60)]


# The stream is collected


async def test_a_stream_that_is_collected_in_another_thread_ends_its_requests(serve: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if requested(request)[0] > 2:
            await client_left(request)
        return await pages_of(40)(request)

    server = await serve(answer)
    # In debug mode, a loop refuses calls from other threads that are not made for them.
    asyncio.get_running_loop().set_debug(True)
    unraisable: list[object] = []
    hook, sys.unraisablehook = sys.unraisablehook, unraisable.append
    try:
        async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
            stream = aiter(sb.sessions.search(1, page_size=2, prefetch=8))
            for _ in range(3):
                await anext(stream)
            await until(lambda: server.under_way == 8)
            streams = [stream]
            del stream
            await asyncio.to_thread(streams.clear)
            await until(lambda: server.under_way == 0)
    finally:
        asyncio.get_running_loop().set_debug(False)
        sys.unraisablehook = hook
    assert unraisable == []


# The client closes


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_a_stream_of_a_closed_client_raises(serve: Serve, prefetch: int | None) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if requested(request)[0] > 2:
            await anyio.sleep_forever()
        return await pages_of(20)(request)

    server = await serve(answer)
    sb = AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)
    got: list[str | None] = []

    async def read() -> None:
        await read_into(got, sb.sessions.search(1, page_size=2, prefetch=prefetch))

    reader = asyncio.ensure_future(read())
    await until(lambda: server.under_way >= 1 and len(got) == 4)
    await sb.aclose()
    with anyio.fail_after(2), pytest.raises(ClientClosedError):
        await reader
    await until(lambda: server.open_connections == 0)


async def test_an_idle_stream_of_a_closed_client_raises_when_it_is_read(serve: Serve) -> None:
    server = await serve(pages_of(20))
    sb = AsyncSession(TOKEN, base_url=server.base_url)
    stream = aiter(sb.sessions.search(1, page_size=2, prefetch=3))
    await anext(stream)
    await sb.aclose()
    with pytest.raises(ClientClosedError):
        async for _ in stream:
            pass
    # It has not reached its end.
    with pytest.raises(ClientClosedError):
        await anext(stream)


async def test_pages_fetched_ahead_that_others_cancel_are_requested_again(serve: Serve) -> None:
    server = await serve(pages_of(50))
    found: list[str | None] = []
    cancelled = 0
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        async for talk in sb.sessions.search(1, page_size=10, prefetch=3, consistency="pages"):
            found.append(talk.id)
            if len(found) == 11:
                for task in asyncio.all_tasks():
                    if "Engine.send" in repr(task):
                        cancelled += task.cancel()
    assert cancelled
    assert found == [f"s{number}" for number in range(50)]
