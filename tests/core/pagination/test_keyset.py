"""Keyset pagination against servers of every kind."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    EqualTimestampsError,
    PaginationError,
)
from sessionboard_async.testing import EmbeddedServer
from tests.core.pagination.searches import START, record, searching
from tests.support.http_server import TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


async def ids(sb: AsyncSession, **search: Any) -> list[str | None]:
    return [talk.id async for talk in sb.sessions.search(1, **search)]


@pytest.mark.parametrize("prefetch", [0, 1, 8])
@pytest.mark.parametrize("dated", [True, False])
async def test_searches_use_keyset_pagination_by_default(serve: Serve, prefetch: int, dated: bool) -> None:
    records = [record(number, number) for number in range(57)]
    server = await serve(searching(records, dated=dated))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10, prefetch=prefetch)
        assert [talk.id async for talk in pager] == [one["id"] for one in records]

    bodies = [json.loads(body) for body in server.bodies]
    assert bodies[0] == {"sort": {"order": "createdAt", "sort": "asc"}}
    assert all(body["sort"] == bodies[0]["sort"] for body in bodies)
    # No clock decides where the reading ends.
    assert all(body["filters"]["createdAt"].keys() == {"after"} for body in bodies[1:])


@pytest.mark.parametrize(
    ("records", "applies_bounds", "reason"),
    [
        ([record(number, -number) for number in range(30)], True, "not sorted by created_at"),
        ([{"id": f"s{number}"} for number in range(30)], True, "no created_at"),
        ([{"created_at": "2026-01-01T00:00:00Z"}] * 3 + [record(3, 9)], True, "no id"),
        ([record(number, 60 * number) for number in range(30)], False, "before the requested time"),
        ([record(number, 0) for number in range(30)], False, "before the requested time"),
    ],
    ids=["descending", "without times", "without ids", "bounds ignored", "bounds ignored, equal times"],
)
@pytest.mark.parametrize("prefetch", [0, 3])
async def test_page_numbers_are_the_fallback_with_one_warning(
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    records: list[dict[str, Any]],
    applies_bounds: bool,
    reason: str,
    prefetch: int,
) -> None:
    server = await serve(searching(records, applies_bounds=applies_bounds))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await ids(sb, page_size=2 if len(records) < 9 else 10, prefetch=prefetch)

    assert got == [one.get("id") for one in records]
    [warning] = [entry.message for entry in caplog.records if entry.levelno == logging.WARNING]
    assert reason in warning
    assert "page numbers" in warning


async def test_a_single_page_needs_no_timestamps(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    server = await serve(searching([{"id": "a"}, {"id": "b"}]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert await ids(sb) == ["a", "b"]
        assert (await sb.sessions.search(1).first()) is not None

    assert not caplog.records
    assert len(server.requests) == 2


async def test_a_custom_sort_is_read_by_page_numbers(serve: Serve) -> None:
    records = [record(number, number) for number in range(30)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        await ids(sb, page_size=10, sort="updated_at")
        await ids(sb, page_size=10, consistency="pages")

    assert [request.partition("?")[2] for request in server.requests] == [
        f"page={number}&pageSize=10" for number in (1, 2, 3)
    ] * 2


@pytest.mark.parametrize(
    "search",
    [{"sort": "-created_at"}, {"sort": "-updated_at"}],
)
async def test_exact_reading_requires_ascending_order(serve: Serve, search: Any) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(ValueError, match="ascending"):
            sb.sessions.search(1, consistency="exact", **search)
        with pytest.raises(ValueError, match="ascending"):
            sb.fields.search(1, consistency="exact")
        with pytest.raises(ValueError, match="'exact' or 'pages'"):
            sb.sessions.search(1, consistency="strict")  # type: ignore[arg-type]  # the wrong value is the test


@pytest.mark.parametrize("prefetch", [1, 8])
async def test_the_bounds_of_the_caller_are_kept(serve: Serve, prefetch: int) -> None:
    records = [record(number, number) for number in range(60)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await ids(
            sb,
            page_size=7,
            prefetch=prefetch,
            created_after=START + timedelta(seconds=9.5),
            created_before=START + timedelta(seconds=50),
        )

    assert got == [f"s{number}" for number in range(10, 50)]


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_more_equal_timestamps_than_a_page_are_read_completely(serve: Serve, prefetch: int) -> None:
    records = [record(number, 5 if 20 <= number < 270 else number) for number in range(300)]
    records.sort(key=lambda one: one["created_at"])
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await ids(sb, prefetch=prefetch)

    assert sorted(got, key=str) == sorted((one["id"] for one in records), key=str)


async def test_a_record_that_is_counted_among_equal_timestamps_and_never_returned_is_a_warning(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(searching([record(number, 5) for number in range(150)], total=151))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert len({*await ids(sb)}) == 150

    [warning] = [entry.message for entry in caplog.records if entry.levelno == logging.WARNING]
    assert "150 of 151 records" in warning


async def test_equal_timestamps_that_hide_each_other_are_an_error(serve: Serve) -> None:
    # The order changes on every page, in a way that never shows record 7.
    records = [record(number if number != 7 else 8, 5) for number in range(150)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(EqualTimestampsError, match="149 of 150"):
            await ids(sb)


async def test_equal_timestamps_beyond_the_last_served_page_are_an_error(serve: Serve) -> None:
    server = await serve(searching([record(number, 5) for number in range(150)], total=100_000))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(EqualTimestampsError, match="narrow"):
            await ids(sb)


async def test_pages_are_numbered_from_the_start_of_the_stream(serve: Serve) -> None:
    server = await serve(searching([record(number, number) for number in range(25)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pages = [page async for page in sb.sessions.search(1, page_size=10).pages()]

    assert [len(page.results) for page in pages] == [10, 10, 5]
    assert [page.pagination and page.pagination.current_page for page in pages] == [1, 2, 3]
    assert {page.pagination and page.pagination.total_results for page in pages} == {25}
    assert {page.pagination and page.pagination.total_pages for page in pages} == {3}


@pytest.mark.parametrize("id_", ["", None, ["a"], 1.5, True], ids=str)
async def test_values_that_are_no_ids_are_read_by_page_numbers(
    serve: Serve, caplog: pytest.LogCaptureFixture, id_: Any
) -> None:
    records = [{**record(number, number), "id": id_, "title": f"{number}"} for number in range(25)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=10).raw().collect()

    assert got == records
    assert "no id" in caplog.text


async def test_records_changed_just_before_the_reading_are_read() -> None:
    async with (
        EmbeddedServer(sessions=150, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        ids_before = server.ids("sessions")
        # The Date of a response is cut to whole seconds, so this change is later than the Date.
        changed = await sb.sessions.search(server.event_id).first()
        assert changed is not None
        await sb.sessions.update(server.event_id, changed.id or "", title="Changed a moment ago")
        pager = sb.sessions.search(server.event_id, sort="updated_at", consistency="exact")
        got = {talk.id async for talk in pager}

    assert got == ids_before


async def test_pages_without_new_records_are_not_returned(serve: Serve) -> None:
    # Reading equal timestamps in several passes returns the same records again.
    server = await serve(searching([record(number, 5 if number < 250 else number) for number in range(300)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pages = [page async for page in sb.sessions.search(1).pages()]

    assert all(page.results for page in pages)
    assert len(server.requests) > len(pages)


async def test_a_page_that_was_not_requested_is_an_error(serve: Serve) -> None:
    async def another(request: web.Request) -> web.StreamResponse:
        pagination = {"currentPage": 7, "pageSize": 100, "totalPages": 9, "totalResults": 900}
        return web.json_response({"results": [record(1, 1)], "pagination": pagination})

    server = await serve(another)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(PaginationError, match=r"requested page 1.*page 7"):
            await sb.sessions.search(1).collect()


@pytest.mark.parametrize(
    ("page", "rest"),
    [
        # Smaller than requested: page numbers no longer determine which rows the later pages hold.
        ([record(number, number) for number in range(10, 13)], range(13, 60)),
        # Removed meanwhile: the page begins after the end of the previous one.
        ([record(number, number) for number in range(30, 42)], range(10, 60)),
        # Without a time of creation.
        ([{"id": f"s{number}"} for number in range(10, 20)], range(10, 60)),
    ],
    ids=["a small page", "a gap", "without times"],
)
async def test_pages_read_ahead_are_given_up_when_their_numbers_no_longer_hold(
    serve: Serve, page: list[dict[str, Any]], rest: range
) -> None:
    records = [record(number, number) for number in range(60)]
    regular, requests, stuck = searching(records), 0, asyncio.Event()
    given_up: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal requests
        requests += 1
        if requests == 2:
            pagination = {"currentPage": int(request.query["page"]), "totalResults": 50}
            return web.json_response({"results": page, "pagination": pagination})
        if 2 < requests <= 5:
            given_up.append(request)
            await stuck.wait()
        return await regular(request)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=None) as sb:
        with anyio.fail_after(5):
            got = await ids(sb, page_size=10, prefetch=4)
        assert {f"s{number}" for number in (*range(10), *rest)} <= {*got}
        assert len(got) == len({*got})
        assert len(given_up) == 3
        # Their connections are closed.
        await until(lambda: all(request.transport is None for request in given_up))
        stuck.set()


async def test_a_record_that_is_twice_on_a_page_is_returned_once(serve: Serve) -> None:
    server = await serve(searching([record(number // 2, number // 2) for number in range(8)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert await ids(sb) == ["s0", "s1", "s2", "s3"]
