"""Pages that report no total: of all pages, so that their end is a guess, or of one among others."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, PaginationError
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
