"""Streams that find their own depth of read-ahead, against a server that takes a while to answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Pager, RateLimits
from sessionboard_async.models import Session
from tests.support.http_server import TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.untraced]

Serve = Callable[[Handler], Awaitable[HttpServer]]
Way = Literal["exact", "pages"]
WAYS: list[Way] = ["exact", "pages"]
RECORDS, PAGE = 400, 10


class SlowPages:
    """Many records with increasing times, a page of which takes some milliseconds to come.

    Attributes:
        requests: How many arrived.
        most_at_once: How many were under way at the same time at most.
        seconds: How long an answer takes.
    """

    def __init__(self, seconds: float = 0.02) -> None:
        self.requests = self.most_at_once = self._under_way = 0
        self.seconds = seconds
        self._rows = [
            {
                "id": f"s{number:03}",
                "created_at": f"2026-01-01T{9 + number // 60:02}:{number % 60:02}:00.000Z",
            }
            for number in range(RECORDS)
        ]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        body: dict[str, Any] = await request.json() if await request.read() else {}
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self._under_way -= 1
        number, size = int(request.query["page"]), int(request.query["pageSize"])
        after = body.get("filters", {}).get("createdAt", {}).get("after", "")
        found = [row for row in self._rows if row["created_at"] > after]
        pagination = {
            "currentPage": number,
            "pageSize": size,
            "totalPages": -(-len(found) // size),
            "totalResults": len(found),
        }
        rows = found[(number - 1) * size : number * size]
        return web.json_response({"results": rows, "pagination": pagination})


def search(sb: AsyncSession, way: Way) -> Pager[Session]:
    return sb.sessions.search(1, page_size=PAGE, consistency=way)


@pytest.mark.parametrize("way", WAYS)
async def test_a_stream_finds_the_depth_and_requests_little_more_than_its_pages(
    serve: Serve, way: Way
) -> None:
    pages = SlowPages()
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        ids = [talk.id async for talk in search(sb, way)]
    assert len(ids) == len({*ids}) == RECORDS
    assert pages.most_at_once == 8
    # Small pages that are read side by side overlap by a few records.
    assert pages.requests <= (RECORDS / PAGE if way == "pages" else RECORDS / (PAGE - 4)) + 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_break_on_the_first_page_wastes_no_request(serve: Serve, way: Way) -> None:
    pages = SlowPages()
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        async for _ in search(sb, way):
            break
        assert (await search(sb, way).first()) is not None
        await asyncio.sleep(3 * pages.seconds)
    assert pages.requests == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("page", [2, *(pytest.param(page, marks=pytest.mark.slow) for page in (3, 5))])
async def test_an_abandoned_stream_wastes_what_was_under_way(serve: Serve, way: Way, page: int) -> None:
    pages = SlowPages()
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        count = 0
        async for _ in search(sb, way):
            count += 1
            if count == (page - 1) * PAGE + 1:
                break
        begun = pages.requests
        await asyncio.sleep(3 * pages.seconds)
        # Those that were started just then may still have to arrive.
        assert begun <= pages.requests <= page + 8
    await until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("way", WAYS)
async def test_the_depth_stays_within_the_concurrency_cap(serve: Serve, way: Way) -> None:
    pages = SlowPages()
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=RateLimits(concurrency=3)) as sb:
        assert len(await search(sb, way).collect()) == RECORDS
    assert pages.most_at_once == 3


@pytest.mark.parametrize("way", WAYS)
async def test_a_limit_bounds_what_is_read_ahead(serve: Serve, way: Way) -> None:
    pages = SlowPages()
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert len(await search(sb, way).collect(limit=3 * PAGE)) == 3 * PAGE
        await asyncio.sleep(2 * pages.seconds)
    # Each later page of the exact way repeats records of the one before.
    assert pages.requests <= (3 if way == "pages" else 6)


async def test_the_cap_leaves_room_beside_a_stream_that_reads_ahead(serve: Serve) -> None:
    pages = SlowPages(0.1)
    server = await serve(pages)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await asyncio.gather(*(search(sb, "pages").first() for _ in range(20)))
    assert pages.most_at_once == 16


async def test_many_streams_share_the_cap_and_all_go_on(serve: Serve) -> None:
    pages = SlowPages(0.001)
    server = await serve(pages)
    progress = [0] * 20
    slowest: list[int] = []

    async def read(number: int) -> None:
        async for page in search(sb, "pages").pages():
            progress[number] += len(page.results)
            slowest.append(max(progress) - min(progress))

    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await asyncio.gather(*map(read, range(20)))
    assert progress == [RECORDS] * 20
    assert pages.most_at_once <= 16
    # None begins only when another is done.
    assert max(slowest) < RECORDS
