"""Every envelope that servers put around records, for every kind of operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, DecodeError, Pager, PaginationError, SessionboardError
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
Page = Callable[[list[Any], int, int, int], Any]
"""Builds the body of a page from its records, its number, its size and the total."""


def camel(number: int, size: int, total: int) -> dict[str, Any]:
    pages = -(-total // size)
    return {"currentPage": number, "pageSize": size, "totalPages": pages, "totalResults": total}


def snake(number: int, size: int, total: int) -> dict[str, Any]:
    names = ("current_page", "page_size", "total_pages", "total_results")
    return dict(zip(names, camel(number, size, total).values(), strict=True))


PAGED: dict[str, Page] = {
    "results, camel": lambda rows, *at: {"results": rows, "pagination": camel(*at)},
    "results, snake": lambda rows, *at: {"results": rows, "pagination": snake(*at)},
    "results, both": lambda rows, *at: {"results": rows, "pagination": {**camel(*at), **snake(*at)}},
    "data, camel": lambda rows, *at: {"data": rows, "pagination": camel(*at)},
    "data, snake": lambda rows, *at: {"pagination": snake(*at), "data": rows, "more": {"a": [1]}},
    "both lists": lambda rows, *at: {"data": rows, "results": rows, "pagination": camel(*at)},
    "texts for numbers": lambda rows, *at: {
        "results": rows,
        "pagination": {name: str(value) for name, value in camel(*at).items()},
    },
    "only the number of pages": lambda rows, *at: {
        "results": rows,
        "pagination": {"totalPages": camel(*at)["totalPages"]},
    },
    "only the total": lambda rows, *at: {"results": rows, "pagination": {"total_results": at[2]}},
    "only the current page": lambda rows, *at: {"results": rows, "pagination": {"current_page": at[0]}},
    "no pagination": lambda rows, *at: {"results": rows},
    "null pagination": lambda rows, *at: {"data": rows, "pagination": None},
    "empty pagination": lambda rows, *at: {"results": rows, "pagination": {}},
    "bare": lambda rows, *at: rows,
}

KINDS: dict[str, Callable[[AsyncSession], Pager[Any]]] = {
    "search": lambda sb: sb.speakers.search(1, page_size=10),
    "list in pages": lambda sb: sb.sessions.list(1, page_size=10),
    "events": lambda sb: sb.events.list(page_size=10),
    "search by status": lambda sb: sb.sessions.search_statuses(1, page_size=10),
}


def paged(page: Page, total: int, most: int = 100) -> Handler:
    """Serve a number of records, in pages of limited size."""

    async def answer(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", 1))
        size = min(int(request.query.get("pageSize") or request.query.get("page_size") or 25), most)
        rows = [{"id": f"r{index}"} for index in range((number - 1) * size, min(number * size, total))]
        return web.json_response(page(rows, number, size, total))

    return answer


@pytest.mark.parametrize("total", [0, 1, 10, 25])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", PAGED)
@pytest.mark.untraced
async def test_every_envelope_is_read_completely(serve: Serve, shape: str, kind: str, total: int) -> None:
    server = await serve(paged(PAGED[shape], total))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = KINDS[kind](sb)
        assert [record.id for record in await pager.collect()] == [f"r{index}" for index in range(total)]
        assert await pager.count() == total
        assert [record["id"] async for record in pager.raw()] == [f"r{index}" for index in range(total)]


@pytest.mark.parametrize("shape", PAGED)
async def test_a_server_with_smaller_pages_than_requested_loses_nothing(serve: Serve, shape: str) -> None:
    server = await serve(paged(PAGED[shape], 60, most=4))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.speakers.search(1, page_size=10).collect()
    assert [person.id for person in got] == [f"r{index}" for index in range(60)]


@pytest.mark.parametrize("shape", [shape for shape in PAGED if "pagination" not in shape and shape != "bare"])
async def test_a_list_that_is_paginated_unexpectedly_is_read_completely(serve: Serve, shape: str) -> None:
    server = await serve(paged(PAGED[shape], 60))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        for prefetch in (0, 3):
            got = await sb.rooms.list(1, prefetch=prefetch).collect()
            assert [room.id for room in got] == [f"r{index}" for index in range(60)]
        assert server.requests[0] == "GET /v1/event/1/rooms"


@pytest.mark.parametrize(
    "family", ["rooms", "tracks", "tags", "formats", "levels", "languages", "statuses", "fields"]
)
@pytest.mark.parametrize(
    "shape", ["bare", "no pagination", "null pagination", "results, camel", "data, snake"]
)
async def test_lists_in_one_response(serve: Serve, family: str, shape: str) -> None:
    async def everything(_: web.Request) -> web.StreamResponse:
        rows = [{"id": f"r{index}"} for index in range(300)]
        return web.json_response(PAGED[shape](rows, 1, 300, 300))

    server = await serve(everything)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await getattr(sb, family).list(1).collect()
    assert len(got) == 300
    assert server.requests == [f"GET /v1/event/1/{family}"]


@pytest.mark.parametrize(
    "sent",
    [
        {"results": [{"id": "r0"}], "data": None},
        {"results": None, "data": [{"id": "r0"}]},
        {"results": [], "data": [{"id": "r0"}]},
        {"results": [{"id": "r0"}], "data": []},
        {"results": [{"id": "r0"}], "data": {"count": 1}},
        {"data": [{"id": "r0"}], "results": {"count": 1}},
    ],
    ids=str,
)
async def test_of_two_lists_the_one_with_records_is_used(serve: Serve, sent: dict[str, Any]) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(sent)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert [person.id for person in await sb.speakers.search(1, page_size=10).collect()] == ["r0"]


CONTRADICTIONS: dict[str, Page] = {
    "the first page again, without its number": lambda rows, number, size, total: {
        "results": [{"id": f"r{index}"} for index in range(size)],
        "pagination": {"totalPages": 3, "totalResults": total},
    },
    "no pages, but records": lambda rows, number, size, total: {
        "results": rows,
        "pagination": {"totalPages": 0, "totalResults": total},
    },
    "fewer pages than the records need": lambda rows, number, size, total: {
        "results": rows,
        "pagination": {**camel(number, size, total), "totalPages": 1},
    },
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
async def test_fewer_records_than_reported_are_never_ignored(serve: Serve, case: str) -> None:
    server = await serve(paged(CONTRADICTIONS[case], 30))
    got: list[Any] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        try:
            await read_into(got, sb.speakers.search(1, page_size=10))
        except PaginationError:
            return
    assert got == [f"r{index}" for index in range(30)]


@pytest.mark.parametrize("pages", [0, 1])
@pytest.mark.parametrize("prefetch", [0, 1, 8, None])
async def test_an_empty_result(serve: Serve, pages: int, prefetch: int | None) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.json_response({"results": [], "pagination": {**camel(1, 100, 0), "totalPages": pages}})

    server = await serve(nothing)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, prefetch=prefetch)
        assert await pager.collect() == []
        assert len(server.requests) == 1
        assert await pager.first() is None
        assert await pager.count() == 0
        assert [page.results async for page in pager.pages()] == [()]


@pytest.mark.parametrize("rows", [None, {}], ids=str)
@pytest.mark.parametrize("name", ["results", "data"])
async def test_null_is_an_empty_result_only_with_a_total_of_zero(
    serve: Serve, name: str, rows: object
) -> None:
    totals: list[int | None] = [None]

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({name: rows, "pagination": {"totalResults": totals[-1], "totalPages": 0}})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pagers = [kind(sb) for kind in KINDS.values()]
        for reported in (None, 12):
            totals.append(reported)
            for pager in pagers:
                for read in (pager.collect, pager.first, pager.count, pager.raw().collect):
                    with pytest.raises(DecodeError, match="no array of records"):
                        await read()
        totals.append(0)
        for pager in pagers:
            assert (await pager.collect(), await pager.first(), await pager.count()) == ([], None, 0)


@pytest.mark.parametrize("wrap", ["bare", "data"])
@pytest.mark.parametrize(
    "operation", ["sessions", "speakers", "contacts", "sponsors", "exhibitors", "org_contacts"]
)
async def test_single_records_are_bare_or_under_data(serve: Serve, operation: str, wrap: str) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        record = {"id": "a b", "custom_fields": [{"key": "k", "value": {"deep": [1]}, "value_raw": 5}]}
        return web.json_response(record if wrap == "bare" else {"data": record})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        record = await getattr(sb, operation).get("1", "a b")
    assert record.id == "a b"
    assert record.custom("k") == {"deep": [1]}
    assert server.requests[0].endswith("/a%20b")


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", '""', "5", '{"data": null}', '{"data": []}', "<html>", '{"id": ["x"]}', '{"id"'],
)
async def test_a_body_that_is_no_record_is_a_decode_error(serve: Serve, body: str) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        with pytest.raises(DecodeError) as caught:
            await sb.sessions.get(1, "x")
        assert caught.value.operation == "get-session"
        if body not in ("[]", '{"data": []}', '{"data": null}'):
            with pytest.raises(DecodeError):
                await sb.sessions.search(1).collect()


@pytest.mark.parametrize("body", [{"error": "NotFound", "message": "no"}, {"success": False, "payload": {}}])
async def test_an_error_with_a_success_status_is_no_empty_record(serve: Serve, body: dict[str, Any]) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(SessionboardError):
            await sb.sessions.search(1).collect()
        with pytest.raises(SessionboardError):
            await sb.sessions.get(1, "x")


async def test_a_record_with_many_unexpected_types(serve: Serve) -> None:
    """Strings for numbers, empty or null objects, times in several forms, roles without names."""
    talk = {
        "id": "Keynote Hall 1",
        "title": None,
        "status": "withdrawn",
        "capacity": None,
        "room": {"id": "r", "event_id": "4630", "capacity": "70"},
        "track": {},
        "level": None,
        "starts_at": "2026-05-06T07:08:09.000Z",
        "ends_at": 1778051289000,
        "created_at": "",
        "updated_at": 1778051289.5,
        "participants": [{"id": "p", "participant_role": None}, {"id": "q", "participant_role": {}}],
        "custom_fields": [{"key": "links", "value": [1, {"a": None}]}],
        "starts_at_ms": 1778051289000,
    }

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response([talk])

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        (got,) = await sb.sessions.search("4630", page_size=10).collect()
    assert (got.status, got.capacity, got.track, got.level) == ("withdrawn", None, None, None)
    assert got.room is not None
    assert (got.room.event_id, got.room.capacity) == ("4630", 70)
    assert got.starts_at == got.ends_at
    assert got.created_at is None
    assert [person.id for person in got.people] == ["p", "q"]
    assert got.custom("links") == [1, {"a": None}]
