"""Streams end with every record once, or with an error, however long a server goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, BadRequestError, EqualTimestampsError
from tests.core.pagination.lying_searches import LyingSearch, Record
from tests.core.pagination.searches import START, record
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


def dated(count: int) -> list[Record]:
    found = [record(number, number) for number in range(count)]
    return [{**one, "updated_at": one["created_at"]} for one in found]


def refused(reason: str) -> web.Response:
    return web.json_response({"error": "Bad Request", "message": reason}, status=400)


async def test_records_with_new_times_in_every_response_are_read_by_page_numbers(serve: Serve) -> None:
    time = START
    requests = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal requests, time
        requests += 1
        if requests > 200:
            return refused("enough")
        number, size = int(request.query["page"]), int(request.query["pageSize"])
        rows: list[dict[str, Any]] = []
        for id_ in range(250)[(number - 1) * size : number * size]:
            time += timedelta(seconds=1)
            rows.append({"id": f"s{id_}", "created_at": time.isoformat()})
        pagination = {"currentPage": number, "totalResults": 250}
        return web.json_response({"results": rows, "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        found = [talk.id async for talk in sb.sessions.search(1)]
    assert sorted(map(str, found)) == sorted(f"s{id_}" for id_ in range(250))


async def test_many_equal_times_without_page_numbers_are_an_error_soon(serve: Serve) -> None:
    same = [{**one, "created_at": "2026-01-01T00:00:00.000Z"} for one in dated(100)]

    async def answer(request: web.Request) -> web.StreamResponse:
        rows = same[: int(request.query["pageSize"])]
        return web.json_response({"results": rows, "pagination": {"totalResults": 50_000}})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        with pytest.raises(EqualTimestampsError, match="only 100 of 50000 records"):
            await sb.sessions.search(1).collect()
    assert len(server.requests) < 1_000


async def test_the_end_is_not_searched_on_a_page_that_the_api_does_not_serve(serve: Serve) -> None:
    search = LyingSearch(dated(2_100), largest_page=2)

    async def answer(request: web.Request) -> web.StreamResponse:
        return refused("page") if int(request.query["page"]) > 999 else await search(request)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        pager = sb.sessions.search(1, sort="updated_at", consistency="exact")
        async for talk in pager:
            if talk.id == "s19":
                break
        assert talk.id == "s19"


async def test_a_record_that_moves_while_a_stream_is_interrupted_comes_once(serve: Serve) -> None:
    search = LyingSearch(dated(50))
    fails = False

    async def answer(request: web.Request) -> web.StreamResponse:
        return refused("once") if fails else await search(request)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        stream = aiter(sb.sessions.search(1, page_size=10, prefetch=0))
        found = [(await anext(stream)).id for _ in range(20)]
        fails = True
        with pytest.raises(BadRequestError):
            await anext(stream)
        fails = False
        search.records[3]["created_at"] = "2026-01-02T00:00:00.000Z"
        found += [talk.id async for talk in stream]
    assert found == [f"s{number}" for number in range(50)]
