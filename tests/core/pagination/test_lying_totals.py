"""Totals and page numbers that are wrong: everything is read, or there is an error or a warning."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Consistency, PaginationError, SessionboardError
from tests.core.pagination.numbered_pages import found, pages_of, records, requested
from tests.core.pagination.searches import record, searching
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
PREFETCH = pytest.mark.parametrize("prefetch", [0, 8])

COUNT = 25
SIZE = 10
RECORDS = [record(number, number) for number in range(COUNT)]
IDS = [one["id"] for one in RECORDS]

TOTALS: dict[str, object] = {
    "0": 0,
    "negative": -5,
    "less than a page": 5,
    "less than two pages": 15,
    "far too high": 1_000_000,
    "400 digits": 10**400,
    "400 digits, negative": -(10**400),
    "null": None,
    "a word": "many",
    "a number in a string": "25",
    "a fraction": 12.5,
    "true": True,
    "an object": {"value": 25},
    "a list": [],
}
"""Totals in place of 25, or of the number of records in the requested range."""

NUMBERS_OF_PAGES: dict[str, Callable[[object], object]] = {
    "no number of pages": lambda _: None,
    "that many pages": lambda total: total // SIZE if isinstance(total, int) else total,
    "one page": lambda _: 1,
}


def reporting(change: Callable[[dict[str, Any], int], object]) -> Handler:
    """Serve the records with a changed pagination; the function gets the true one and the number of rows."""
    honest = searching(RECORDS)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await honest(request)
        assert isinstance(response, web.Response)
        assert response.text is not None
        body = json.loads(response.text)
        body["pagination"] = change(body["pagination"], len(body["results"]))
        return web.json_response(body)

    return answer


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@PREFETCH
@pytest.mark.parametrize(
    "pages", ["no number of pages", "one page", pytest.param("that many pages", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("total", TOTALS)
async def test_a_total_that_lies(
    serve: Serve,
    total: str,
    pages: str,
    prefetch: int,
    consistency: Consistency,
) -> None:
    def lie(pagination: dict[str, Any], _: int) -> object:
        claimed = TOTALS[total]
        return {**pagination, "totalResults": claimed, "totalPages": NUMBERS_OF_PAGES[pages](claimed)}

    server = await serve(reporting(lie))
    got: list[str | None] = []
    error: Exception | None = None
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency=consistency)
        with anyio.fail_after(10):
            try:
                await read_into(got, pager)
            except SessionboardError as raised:
                error = raised
    if total in {"null", "a list"} and pages == "one page":
        # Nothing disproves that a full page is the only one.
        return
    assert got == IDS or error is not None
    assert len({*got}) == len(got)
    assert len(server.requests) < (60 if consistency == "pages" else 200)


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@PREFETCH
async def test_a_total_that_counts_the_rows_of_each_page(
    serve: Serve, prefetch: int, consistency: Consistency
) -> None:
    server = await serve(reporting(lambda pagination, rows: {**pagination, "totalResults": rows}))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency=consistency)
        got = await pager.collect()
    assert [talk.id for talk in got] == IDS
    assert len(server.requests) < 10


@pytest.mark.parametrize("cap", [1, 7])
@pytest.mark.parametrize("reported_size", ["requested", "true", "none"])
@pytest.mark.parametrize("reported_pages", ["of the requested size", "true", "none", "one"])
@PREFETCH
async def test_pages_that_are_smaller_than_requested_are_all_read(
    serve: Serve, cap: int, reported_size: str, reported_pages: str, prefetch: int
) -> None:
    async def capped(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        rows = records(*range((number - 1) * cap, min(number * cap, COUNT)))
        sizes = {"requested": size, "true": cap, "none": None}
        pages = {"of the requested size": -(-COUNT // size), "true": -(-COUNT // cap), "none": None, "one": 1}
        pagination = {
            "currentPage": number,
            "pageSize": sizes[reported_size],
            "totalPages": pages[reported_pages],
            "totalResults": COUNT,
        }
        return web.json_response({"results": rows, "pagination": pagination})

    server = await serve(capped)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency="pages").collect()
    assert [talk.id for talk in got] == IDS


@PREFETCH
async def test_unreadable_records_count_for_the_size_of_pages(serve: Serve, prefetch: int) -> None:
    async def capped(request: web.Request) -> web.StreamResponse:
        number = requested(request)[0]
        rows = [*records(number), {"id": ["bad"], "title": "Bad"}]
        return web.json_response({"results": rows, "pagination": {"totalResults": 24}})

    server = await serve(capped)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(
            1, page_size=SIZE, prefetch=prefetch, consistency="pages", on_invalid="skip"
        )
        assert [talk.id for talk in await pager.collect()] == [f"s{number}" for number in range(1, 13)]
    assert len(server.requests) == 12


# Page numbers that are ignored


@PREFETCH
@pytest.mark.parametrize("current", [1, None, "as requested"])
@pytest.mark.parametrize("total", [COUNT, None])
async def test_a_server_that_ignores_page_numbers_is_named(
    serve: Serve,
    total: int | None,
    current: object,
    prefetch: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def first_page(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        body = {
            "data": records(*range(size)),
            "page": number if current == "as requested" else current,
            "total": total,
        }
        return web.json_response(body)

    server = await serve(first_page)
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency="pages")
        if total is None and current != 1:
            await read_into(got, pager)
            assert [one.levelno for one in caplog.records] == [logging.WARNING]
            assert "page 2 repeats records, and the API reports no total" in caplog.text
            assert "ignores page numbers" in caplog.text
        else:
            with pytest.raises(PaginationError, match="as if the server ignored page numbers"):
                await read_into(got, pager)
    assert got == IDS[:SIZE]
    assert len(server.requests) < 12


@PREFETCH
async def test_the_last_page_may_be_repeated_past_the_end(
    serve: Serve, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def last_page_again(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        number = min(number, 3)
        # One record is counted and hidden, so that a page may be missing.
        rows = records(*range((number - 1) * size, min(number * size, COUNT)))[number == 1 :]
        return found(rows[:9], number, size, 3, COUNT)

    server = await serve(last_page_again)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency="pages")
        got = [talk.id async for talk in pager]
    assert len(got) == 23
    assert ["23 of 25" in message for message in caplog.messages] == [True]


# Pages without the records that are reported


@PREFETCH
@pytest.mark.parametrize("empty", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_page_that_is_empty_once_is_requested_again(
    serve: Serve, times: int, empty: int, prefetch: int
) -> None:
    left = times

    def nothing(number: int, size: int) -> web.StreamResponse:
        nonlocal left
        left -= 1
        rows = records(*range((number - 1) * size, number * size)) if left < 0 else []
        return found(rows, number, size, 5, 10)

    server = await serve(pages_of(10, {empty: nothing}))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch, consistency="pages")
        assert [talk.id async for talk in pager] == [f"s{number}" for number in range(10)]
    assert len(server.requests) == 5 + times


@PREFETCH
@pytest.mark.parametrize("hidden", [1, 2, 5, 12, 20])
async def test_records_that_are_counted_and_hidden_end_in_one_warning(
    serve: Serve, hidden: int, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        rows = records(*range((number - 1) * size, min(number * size, COUNT - hidden)))
        return found(rows, number, size, -(-COUNT // size), COUNT)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency="pages")
        assert [talk.id async for talk in pager] == IDS[: COUNT - hidden]
    assert [one.levelno for one in caplog.records] == [logging.WARNING]
    assert f"{COUNT - hidden} of {COUNT} records were returned" in caplog.text


@PREFETCH
@pytest.mark.parametrize("at", [2, 3, 9])
async def test_a_total_that_collapses_is_at_least_a_warning(
    serve: Serve, at: int, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(pages_of(20, {at: lambda number, size: found([], number, size, 0, 0)}))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch, consistency="pages")
        assert len(await pager.collect()) < 20
    assert f"{2 * at - 2} of 20 records were returned" in caplog.text


@PREFETCH
async def test_pages_without_a_total_that_are_empty_before_others_are_an_error(
    serve: Serve, prefetch: int
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        rows = [] if number == 3 else records(*range((number - 1) * size, number * size))
        return web.json_response({"results": rows, "pagination": {"currentPage": number, "totalPages": 5}})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch, consistency="pages")
        with pytest.raises(PaginationError, match="8 records on 5 pages were returned: page 3 held no new"):
            await pager.collect()


@pytest.mark.parametrize("total", [0, -5, 10**400, None])
async def test_a_count_that_lies_is_counted(serve: Serve, total: int | None) -> None:
    server = await serve(reporting(lambda at, _: {**at, "totalResults": total, "totalPages": None}))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert await sb.sessions.search(1).count() == COUNT


# Pagination beside the records


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@PREFETCH
async def test_pagination_beside_the_records_is_used(
    serve: Serve, prefetch: int, consistency: Consistency, caplog: pytest.LogCaptureFixture
) -> None:
    honest = searching(RECORDS)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await honest(request)
        assert isinstance(response, web.Response)
        assert response.text is not None
        body = json.loads(response.text)
        at = body["pagination"]
        return web.json_response(
            {
                "data": body["results"],
                "page": at["currentPage"],
                "pageSize": at["pageSize"],
                "total": at["totalResults"],
                "totalPages": at["totalPages"],
            }
        )

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=SIZE, prefetch=prefetch, consistency=consistency)
        assert [talk.id async for talk in pager] == IDS
        assert await pager.count() == COUNT
        pages = [page.pagination async for page in pager.pages()]
    assert {(page.total_pages, page.total_results) for page in pages if page} == {(3, COUNT)}
    assert caplog.messages == []
