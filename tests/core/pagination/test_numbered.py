"""Numbered pagination: every record once and in order, however the server misbehaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Consistency, DecodeError, PaginationError
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer
from tests.core.pagination.numbered_pages import PREFETCH, found, pages_of, records, requested
from tests.support.http_server import TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


# A correct server


@asynccontextmanager
async def conference(*, light: bool = True) -> AsyncIterator[tuple[EmbeddedServer, AsyncSession]]:
    async with (
        EmbeddedServer(sessions=30, light=light) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        yield server, sb


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", PREFETCH)
@pytest.mark.parametrize("page_size", [1, 7, 30, 100])
@pytest.mark.untraced
async def test_every_way_to_read_returns_the_same_records(
    page_size: int, prefetch: int | None, consistency: Consistency
) -> None:
    async with conference(light=False) as (server, sb):
        expected = await sb.sessions.search(server.event_id, consistency=consistency).collect()
        server.requests.clear()
        pager = sb.sessions.search(
            server.event_id, page_size=page_size, prefetch=prefetch, consistency=consistency
        )
        assert [talk async for talk in pager] == expected
        if consistency == "pages":
            assert len(server.requests) == -(-30 // page_size)
        assert [talk async for page in pager.pages() for talk in page.results] == expected
        assert [talk["id"] async for talk in pager.raw()] == [talk.id for talk in expected]
        assert [msgspec.json.decode(talk, type=Session) async for talk in pager.raw_json()] == expected
        assert await pager.collect() == expected
        assert await pager.collect(limit=8) == expected[:8]
        assert await pager.first() == expected[0]
        assert await pager.count() == 30


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", PREFETCH)
@pytest.mark.parametrize("limit", [0, 1, 9, 10, 11, 20, 29, 30, 31])
@pytest.mark.untraced
async def test_a_limit_requests_no_more_pages_than_it_needs(
    limit: int, prefetch: int | None, consistency: Consistency
) -> None:
    async with conference() as (server, sb):
        expected = await sb.sessions.search(server.event_id, consistency=consistency).collect()
        server.requests.clear()
        pager = sb.sessions.search(
            server.event_id, page_size=10, limit=limit, prefetch=prefetch, consistency=consistency
        )
        assert [talk async for talk in pager] == expected[:limit]
    fewest = min(-(-limit // 10), 3)
    # Concurrent pages overlap, which matters if pages are small.
    assert fewest <= len(server.requests) <= fewest + (consistency == "exact" and prefetch not in {0, 1})


async def test_the_smaller_of_two_limits_applies() -> None:
    async with conference() as (server, sb):
        pager = sb.sessions.search(server.event_id, limit=5)
        assert len(await pager.collect(limit=9)) == 5
        assert len(await pager.collect(limit=3)) == 3
        assert await pager.count() == 30


@pytest.mark.parametrize("prefetch", [0, 3])
async def test_each_iteration_starts_anew(serve: Serve, prefetch: int) -> None:
    server = await serve(pages_of(5))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch)
        assert server.requests == []
        first, second = aiter(pager), aiter(pager)
        got = [(await anext(first)).id, (await anext(second)).id, (await anext(first)).id]
        assert got == ["s0", "s0", "s1"]
        assert [talk.id async for talk in second] == ["s1", "s2", "s3", "s4"]
        assert [talk.id async for talk in first] == ["s2", "s3", "s4"]
        for ended in (first, second):
            with pytest.raises(StopAsyncIteration):
                await anext(ended)


async def test_tasks_iterate_over_one_pager_independently(serve: Serve) -> None:
    server = await serve(pages_of(50))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=5, prefetch=2)
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(pager.collect()) for _ in range(5)]
    assert [[talk.id for talk in reader.result()] for reader in readers] == [[f"s{n}" for n in range(50)]] * 5


async def test_pages_hold_the_reported_pagination(serve: Serve) -> None:
    server = await serve(pages_of(5))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        stands = [page.pagination async for page in sb.sessions.search(1, page_size=2).pages()]
    assert [(at.current_page, at.page_size, at.total_pages, at.total_results) for at in stands if at] == [
        (1, 2, 3, 5),
        (2, 2, 3, 5),
        (3, 2, 3, 5),
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"page_size": 0},
        {"page_size": 101},
        {"page_size": True},
        {"page_size": "5"},
        {"limit": -1},
        {"limit": 1.5},
        {"prefetch": -1},
        {"on_invalid": "ignore"},
    ],
    ids=str,
)
async def test_a_wrong_option_raises_at_the_call(serve: Serve, options: dict[str, Any]) -> None:
    server = await serve(pages_of(5))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises((ValueError, TypeError), match=next(iter(options))):
            sb.sessions.search(1, **options)
        with pytest.raises((ValueError, TypeError)):
            await sb.sessions.search(1).collect(limit=-1)
    assert server.requests == []


# Servers with contradictory or changing responses


@pytest.mark.parametrize("prefetch", PREFETCH)
@pytest.mark.parametrize("current", [1, 2, 4, 0, 99])
async def test_a_page_that_was_not_requested_is_an_error(
    serve: Serve, current: int, prefetch: int | None
) -> None:
    server = await serve(pages_of(20, {3: lambda _, size: found(records(0, 1), current, size, 10, 20)}))
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(PaginationError, match=rf"requested page 3.*page {current}") as caught:
            await read_into(got, sb.sessions.search(1, page_size=2, prefetch=prefetch))
    assert got == ["s0", "s1", "s2", "s3"]
    assert caught.value.operation == "search-sessions"
    assert ("as if the server ignored page numbers" in str(caught.value)) is (current == 1)


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_a_server_that_ignores_the_page_number_is_detected(serve: Serve, prefetch: int | None) -> None:
    async def first_page(_: web.Request) -> web.StreamResponse:
        return found(records(0, 1), 1, 2, 10, 20)

    server = await serve(first_page)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(PaginationError):
            await sb.sessions.search(1, page_size=2, prefetch=prefetch).collect()


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_an_empty_page_in_the_middle_is_neither_the_end_nor_ignored(
    serve: Serve, prefetch: int | None
) -> None:
    server = await serve(pages_of(20, {3: lambda number, size: found([], number, size, 10, 20)}))
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(PaginationError):
            await read_into(got, sb.sessions.search(1, page_size=2, prefetch=prefetch))
    assert got == [f"s{number}" for number in range(20) if number not in (4, 5)]


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_totals_that_shrink_end_the_stream_earlier(serve: Serve, prefetch: int | None) -> None:
    server = await serve(
        pages_of(
            20,
            {
                3: lambda number, size: found(records(4, 5), number, size, 4, 7),
                4: lambda number, size: found(records(6), number, size, 4, 7),
            },
        )
    )
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=2, prefetch=prefetch).collect()
    assert [talk.id for talk in got] == [f"s{number}" for number in range(7)]


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_totals_that_grow_lengthen_the_stream(serve: Serve, prefetch: int | None) -> None:
    async def growing(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        total = min(4 + 2 * number, 14)
        rows = records(*range((number - 1) * size, min(number * size, total)))
        return found(rows, number, size, -(-total // size), total)

    server = await serve(growing)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=2, prefetch=prefetch).collect()
    assert [talk.id for talk in got] == [f"s{number}" for number in range(14)]


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_a_record_that_moves_to_the_next_page_is_returned_once(
    serve: Serve, prefetch: int | None
) -> None:
    async def shifted(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        start = (number - 1) * size - (number > 1)
        return found(records(*range(start, start + size)), number, size, 4, 8)

    server = await serve(shifted)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch)
        expected = [f"s{number}" for number in range(7)]
        assert [talk.id async for talk in pager] == expected
        assert [talk["id"] async for talk in pager.raw()] == expected
        assert [msgspec.json.decode(talk)["id"] async for talk in pager.raw_json()] == expected
        assert [talk.id async for talk in sb.sessions.search(1, page_size=2, limit=5)] == expected[:5]


@pytest.mark.parametrize("prefetch", [*(pytest.param(depth, marks=pytest.mark.slow) for depth in (0, 1)), 8])
@pytest.mark.untraced
async def test_the_last_served_page_is_a_clear_error(serve: Serve, prefetch: int) -> None:
    server = await serve(pages_of(2500))
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(PaginationError, match=r"999 pages.*page_size"):
            await read_into(got, sb.sessions.search(1, page_size=2, prefetch=prefetch))
    assert got == [f"s{number}" for number in range(1998)]
    assert len(server.requests) == 999


@pytest.mark.slow
@pytest.mark.parametrize("prefetch", [pytest.param(0, marks=pytest.mark.slow), 8])
@pytest.mark.untraced
async def test_exactly_the_number_of_served_pages_is_no_error(
    serve: Serve, prefetch: int, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(pages_of(999))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=1, prefetch=prefetch, consistency="pages")
        assert len(await pager.collect()) == 999
    assert caplog.messages == []


@pytest.mark.parametrize(("limit", "warned"), [(None, True), (1000, True), (999, False), (1, False)])
async def test_more_pages_than_are_served_are_a_warning_on_the_first(
    serve: Serve, limit: int | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(pages_of(1000))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        stream = sb.sessions.search(1, page_size=1, limit=limit, consistency="pages").pages()
        await anext(stream)
        await stream.aclose()
    assert any("more pages than the 999" in message for message in caplog.messages) is warned


@pytest.mark.slow
async def test_a_limit_before_the_last_served_page_is_no_error(serve: Serve) -> None:
    server = await serve(pages_of(2500))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert len(await sb.sessions.search(1, page_size=2, limit=1996).collect()) == 1996


async def test_ever_growing_totals_do_not_loop_forever(serve: Serve) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        return found([], number, size, number + 1, 10**30)

    server = await serve(endless)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with anyio.fail_after(20), pytest.raises(PaginationError):
            await sb.sessions.search(1, page_size=1, prefetch=8).collect()
    assert len(server.requests) <= 999


# Records that cannot be decoded


def spoilt(number: int, size: int) -> web.StreamResponse:
    return found([{"id": "s4"}, {"id": ["bad"], "title": "Bad"}], number, size, 4, 8)


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_an_invalid_record_is_named_in_the_error(serve: Serve, prefetch: int | None) -> None:
    server = await serve(pages_of(8, {3: spoilt}))
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(DecodeError) as caught:
            await read_into(got, sb.sessions.search(1, page_size=2, prefetch=prefetch))
    error = caught.value
    assert (error.operation, error.page, error.index) == ("search-sessions", 3, 1)
    assert (error.record_id, error.path) == (None, "$.id")
    assert got == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize("prefetch", PREFETCH)
async def test_an_invalid_record_may_be_skipped_and_is_counted(
    serve: Serve, prefetch: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(pages_of(8, {3: spoilt}))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=2, prefetch=prefetch, on_invalid="skip")
        pages = [page async for page in pager.pages()]
        assert [page.skipped for page in pages] == [0, 0, 1, 0]
        assert [talk.id for page in pages for talk in page.results] == [
            "s0",
            "s1",
            "s2",
            "s3",
            "s4",
            "s6",
            "s7",
        ]
        assert [record.levelno for record in caplog.records if "left out" in record.message] == [
            logging.WARNING
        ]
        assert len(await pager.raw().collect()) == 8


async def test_each_coercion_is_logged_once(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def unexpected_types(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        return found([{"id": f"s{number}", "title": 5, "capacity": "70"}], number, size, 5, 5)

    server = await serve(unexpected_types)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await sb.sessions.search(1, page_size=1, consistency="pages").collect()
        await sb.sessions.search(1, page_size=1, consistency="pages").collect()
    assert {(talk.title, talk.capacity) for talk in got} == {("5", 70)}
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "$.title" in warnings[0]
    assert "$.capacity" in warnings[1]


async def test_bytes_that_are_no_text_raise_a_typed_error(serve: Serve) -> None:
    async def broken(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b'[{"id": "\xff"}]')

    server = await serve(broken)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1)
        with pytest.raises(DecodeError):
            await pager.collect()
        with pytest.raises(DecodeError):
            await pager.raw().collect()
        with pytest.raises(DecodeError, match="got another encoding at byte 8 of the record"):
            await pager.raw_json().collect()
