"""Pages that report no total: of all pages, so that their end is a guess, or of one among others."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, PaginationError
from tests.core.pagination.searches import record, searching
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]


@pytest.mark.parametrize(
    ("rows", "warned"),
    [
        (100, ["page 2 equals page 1, and the API reports no total"]),
        (3, ["page 2 equals page 1, and the API reports no total"]),
        (0, []),
    ],
)
async def test_a_guessed_end_is_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture, rows: int, warned: list[str]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"results": [{"id": "one"}] * rows})

    server = await serve(answer)
    with caplog.at_level(logging.WARNING, "sessionboard_async"):
        async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
            assert len(await sb.insights.execute("SELECT 1").collect()) == rows
    assert len(caplog.messages) == len(warned)
    assert all(words in caplog.text for words in warned)


@pytest.mark.parametrize("body", [{"results": []}, [], {"results": [], "pagination": {}}], ids=str)
@pytest.mark.parametrize("prefetch", [0, 4, None])
async def test_a_page_without_a_report_does_not_cancel_an_earlier_report(
    serve: Serve, body: object, prefetch: int | None
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query["page"])
        if number == 3:
            return web.json_response(body)
        rows = [{"id": f"r{number}a"}, {"id": f"r{number}b"}]
        pagination = {"currentPage": number, "pageSize": 2, "totalPages": 5, "totalResults": 10}
        return web.json_response({"results": rows, "pagination": pagination})

    server = await serve(answer)
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:

        async def read() -> None:
            async for person in sb.speakers.search(1, page_size=2, prefetch=prefetch):
                got.append(person.id)  # noqa: PERF401  # the records before the error count

        with pytest.raises(
            PaginationError, match="8 of 10 records were returned: page 3 held no new records"
        ):
            await read()
    assert got == [f"r{number}{letter}" for number in (1, 2, 4, 5) for letter in "ab"]


@pytest.mark.parametrize("prefetch", [0, 8])
@pytest.mark.parametrize("reported", [1, 2, 3])
async def test_totals_that_are_no_longer_reported_end_nothing_early(
    serve: Serve, reported: int, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Page numbers begin anew, and the first pages hold only records that were delivered by time."""
    records = [record(number, number) for number in range(50)]
    whole = searching(records)
    count = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal count
        count += 1
        has_report = count <= reported
        response = await whole(request)
        assert isinstance(response, web.Response)
        assert response.text is not None
        return response if has_report else web.json_response({"data": json.loads(response.text)["results"]})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=5, prefetch=prefetch)]
    assert got == [one["id"] for one in records]
    assert "reading by page numbers instead" in caplog.text


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_page_numbers_that_are_ignored_end_in_a_warning_after_reading_by_time(
    serve: Serve, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    whole = searching([record(number, number) for number in range(50)])
    count = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal count
        count += 1
        if count <= 2:
            return await whole(request)
        return web.json_response({"results": [record(number, number) for number in range(5)]})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = [talk.id async for talk in sb.sessions.search(1, page_size=5, prefetch=prefetch)]
    assert got[:5] == [f"s{number}" for number in range(5)]
    assert len({*got}) == len(got)
    assert "a server that ignores page numbers has more records" in caplog.text
    assert len(server.requests) < 20
