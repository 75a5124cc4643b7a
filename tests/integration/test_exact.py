"""Reading by time, and going on from a checkpoint, against servers that answer in every way."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    Checkpoint,
    IncompleteTie,
    PaginationError,
    SessionboardError,
    TieTooLarge,
)
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.integration.conftest import IMPATIENT, TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, seconds: float) -> dict[str, Any]:
    moment = START + timedelta(seconds=seconds)
    return {"id": f"s{number}", "created_at": moment.isoformat(timespec="milliseconds")}


def searching(
    records: list[dict[str, Any]], *, heeds_bounds: bool = True, dated: bool = True, total: int | None = None
) -> Handler:
    """Serve a search as the API does, or as one that heeds no bounds, or tells no Date."""

    async def answer(request: web.Request) -> web.StreamResponse:
        bounds = (await request.json()).get("filters", {}).get("createdAt", {}) if heeds_bounds else {}
        after, before = (
            None if text is None else datetime.fromisoformat(text)
            for text in (bounds.get("after"), bounds.get("before"))
        )
        found = [
            record
            for record in records
            if "created_at" not in record
            or (
                (after is None or datetime.fromisoformat(record["created_at"]) > after)
                and (before is None or datetime.fromisoformat(record["created_at"]) < before)
            )
        ]
        number, size = int(request.query["page"]), int(request.query["pageSize"])
        response = web.json_response(
            {
                "results": found[(number - 1) * size : number * size],
                "pagination": {
                    "currentPage": number,
                    "pageSize": size,
                    "totalPages": -(-len(found) // size),
                    "totalResults": len(found) if total is None else total,
                },
            }
        )
        if not dated:
            response.headers["Date"] = "soon"
        return response

    return answer


async def ids(sb: AsyncSession, **search: Any) -> list[str | None]:
    return [talk.id async for talk in sb.sessions.search(1, **search)]


@pytest.mark.parametrize("prefetch", [0, 1, 8])
@pytest.mark.parametrize("dated", [True, False])
async def test_it_reads_by_time_without_being_asked(serve: Serve, prefetch: int, dated: bool) -> None:
    records = [record(number, number) for number in range(57)]
    server = await serve(searching(records, dated=dated))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10, prefetch=prefetch)
        assert [talk.id async for talk in pager] == [one["id"] for one in records]

    bodies = [json.loads(body) for body in server.bodies]
    assert bodies[0] == {"sort": {"order": "createdAt", "sort": "asc"}}
    assert all(body["sort"] == bodies[0]["sort"] for body in bodies)
    assert all(("before" in body["filters"]["createdAt"]) is dated for body in bodies[1:])


@pytest.mark.parametrize(
    ("records", "heeds_bounds", "reason"),
    [
        ([record(number, -number) for number in range(30)], True, "not in the order of their times"),
        ([{"id": f"s{number}"} for number in range(30)], True, "no created_at"),
        ([{"created_at": "2026-01-01T00:00:00Z"}] * 3 + [record(3, 9)], True, "no id"),
        ([record(number, 60 * number) for number in range(30)], False, "before the time"),
        ([record(number, 0) for number in range(30)], False, "before the time"),
    ],
    ids=["descending", "undated", "nameless", "heedless", "heedless and tied"],
)
@pytest.mark.parametrize("prefetch", [0, 3])
async def test_what_cannot_be_read_by_time_is_read_by_page_numbers_with_one_warning(
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    records: list[dict[str, Any]],
    heeds_bounds: bool,
    reason: str,
    prefetch: int,
) -> None:
    server = await serve(searching(records, heeds_bounds=heeds_bounds))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await ids(sb, page_size=2 if len(records) < 9 else 10, prefetch=prefetch)

    assert got == [one.get("id") for one in records]
    [warning] = [entry.message for entry in caplog.records if entry.levelno == logging.WARNING]
    assert reason in warning
    assert "page numbers" in warning


async def test_what_fits_on_one_page_needs_no_times(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    server = await serve(searching([{"id": "a"}, {"id": "b"}]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert await ids(sb) == ["a", "b"]
        assert (await sb.sessions.search(1).first()) is not None

    assert not caplog.records
    assert len(server.requests) == 2


async def test_a_sort_of_ones_own_is_read_by_page_numbers(serve: Serve) -> None:
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
async def test_exact_reads_forwards_only(serve: Serve, search: Any) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(ValueError, match="ascending"):
            sb.sessions.search(1, consistency="exact", **search)
        with pytest.raises(ValueError, match="ascending"):
            sb.fields.search(1, consistency="exact")
        with pytest.raises(ValueError, match="'exact' or 'pages'"):
            sb.sessions.search(1, consistency="strict")  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("prefetch", [1, 8])
async def test_bounds_of_the_caller_are_kept(serve: Serve, prefetch: int) -> None:
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
async def test_a_tie_larger_than_a_page_comes_whole(serve: Serve, prefetch: int) -> None:
    records = [record(number, 5 if 20 <= number < 270 else number) for number in range(300)]
    records.sort(key=lambda one: one["created_at"])
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        got = await ids(sb, prefetch=prefetch)

    assert sorted(got, key=str) == sorted((one["id"] for one in records), key=str)


async def test_a_tie_that_never_comes_whole_is_an_error(serve: Serve) -> None:
    server = await serve(searching([record(number, 5) for number in range(150)], total=151))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(IncompleteTie, match="150 of 151"):
            await ids(sb)


async def test_a_tie_beyond_the_last_page_is_an_error(serve: Serve) -> None:
    server = await serve(searching([record(number, 5) for number in range(150)], total=100_000))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        with pytest.raises(TieTooLarge, match="narrow"):
            await ids(sb)


async def test_pages_are_counted_from_the_beginning(serve: Serve) -> None:
    server = await serve(searching([record(number, number) for number in range(25)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pages = [page async for page in sb.sessions.search(1, page_size=10).pages()]

    assert [len(page.results) for page in pages] == [10, 10, 5]
    assert [page.pagination and page.pagination.current_page for page in pages] == [1, 2, 3]
    assert {page.pagination and page.pagination.total_results for page in pages} == {25}
    assert {page.pagination and page.pagination.total_pages for page in pages} == {3}


# Checkpoints


def kept(checkpoint: Checkpoint) -> Any:
    """Return a checkpoint as it comes back from a file."""
    return json.loads(json.dumps(checkpoint))


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", [0, 1, 8])
@pytest.mark.parametrize("stop_after", [0, 1, 9, 10, 11, 57, 120])
async def test_an_iteration_goes_on_from_its_checkpoint(
    stop_after: int, prefetch: int, consistency: Any
) -> None:
    async with (
        EmbeddedServer(sessions=120) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        search: dict[str, Any] = {"page_size": 10, "prefetch": prefetch, "consistency": consistency}
        expected = await sb.sessions.search(server.event_id, **search).collect()
        pager = sb.sessions.search(server.event_id, **search)
        before = []
        if stop_after:
            async for talk in pager:
                before.append(talk)
                if len(before) == stop_after:
                    break
        resumed = sb.sessions.search(server.event_id, resume=kept(pager.checkpoint()), **search)
        after = await resumed.collect()

    # The last that was handed out may not have been worked off.
    assert [*before[:-1], *after] == expected


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_at_its_end_nothing_is_left(consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=120) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, consistency=consistency)
        assert len([talk async for talk in pager]) == 120
        requests = len(server.requests)
        resumed = sb.sessions.search(
            server.event_id, consistency=consistency, resume=kept(pager.checkpoint())
        )
        assert await resumed.collect() == []
        assert len(server.requests) == requests


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_a_limit_ends_at_a_place_to_go_on_from(prefetch: int) -> None:
    async with (
        EmbeddedServer(sessions=120) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        expected = await sb.sessions.search(server.event_id).collect()
        got, checkpoint = [], None
        for _ in range(10):
            pager = sb.sessions.search(
                server.event_id, page_size=20, limit=27, prefetch=prefetch, resume=checkpoint
            )
            got += [talk async for talk in pager]
            checkpoint = kept(pager.checkpoint())

    assert got == expected


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_after_an_error_it_goes_on_with_the_page_that_failed(consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=120) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb,
    ):
        search: dict[str, Any] = {"page_size": 10, "prefetch": 0, "consistency": consistency}
        expected = await sb.sessions.search(server.event_id, **search).collect()
        server.faults = [Fault("status", status=400, on=4, operation="search-sessions")]
        pager, before = sb.sessions.search(server.event_id, **search), list[str | None]()
        with pytest.raises(SessionboardError):
            await read_into(before, pager)
        after = await sb.sessions.search(server.event_id, resume=kept(pager.checkpoint()), **search).collect()

    assert len(before) == 30
    assert [*before, *(talk.id for talk in after)] == [talk.id for talk in expected]


async def test_a_page_counts_as_worked_off_when_the_next_is_asked_for() -> None:
    async with (
        EmbeddedServer(sessions=50) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        expected = [page.results async for page in sb.sessions.search(server.event_id, page_size=10).pages()]
        pager = sb.sessions.search(server.event_id, page_size=10)
        stream = pager.pages()
        await anext(stream)
        await anext(stream)
        checkpoint = kept(stream.checkpoint())
        await stream.aclose()
        again = sb.sessions.search(server.event_id, page_size=10, resume=checkpoint).pages()
        assert {talk.id for talk in (await anext(again)).results} == {talk.id for talk in expected[1]}
        await again.aclose()


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("stop_after", [1, 10, 15])
async def test_what_is_worked_off_does_not_come_again(stop_after: int, consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=60) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        search: dict[str, Any] = {"page_size": 10, "consistency": consistency}
        expected = await sb.sessions.search(server.event_id, **search).collect()

        pager, records = sb.sessions.search(server.event_id, **search), []
        async for talk in pager:
            records.append(talk)
            if len(records) == stop_after:
                break
        resume = kept(pager.checkpoint(worked_off=True))
        records += await sb.sessions.search(server.event_id, resume=resume, **search).collect()
        assert records == expected

        pages: list[Session] = []
        checkpoint = None
        for _ in range(60):
            pager = sb.sessions.search(server.event_id, resume=checkpoint, **search)
            async for page in pager.pages():
                pages += page.results
                checkpoint = kept(pager.checkpoint(worked_off=True))
                break
        assert pages == expected


async def test_a_checkpoint_in_the_middle_of_a_tie(serve: Serve) -> None:
    records = [record(number, 5) for number in range(250)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager, before = sb.sessions.search(1), []
        async for talk in pager:
            before.append(talk.id)
            if len(before) == 180:
                break
        after = await ids(sb, resume=kept(pager.checkpoint()))

    assert sorted([*before[:-1], *after], key=str) == sorted((one["id"] for one in records), key=str)


@pytest.mark.parametrize(
    ("event", "search", "difference"),
    [
        (2, {}, "event_id is '1' and not '2'"),
        (1, {"status": "accepted"}, "filters differ"),
        (1, {"expand": ["composition"]}, "expand"),
        (1, {"sort": "created_at"}, "sort is 'none' and not 'createdAt asc'"),
        (1, {"consistency": "pages"}, "consistency is 'exact' and not 'pages'"),
    ],
)
async def test_the_checkpoint_of_another_query_is_refused(event: int, search: Any, difference: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = kept(sb.sessions.search(1).checkpoint())
        sb.sessions.search(1, resume=checkpoint)
        with pytest.raises(ValueError, match=f"another query.*{difference}"):
            sb.sessions.search(event, resume=checkpoint, **search)
        with pytest.raises(ValueError, match="operation is 'search-sessions' and not 'search-speakers'"):
            sb.speakers.search(1, resume=checkpoint)


@pytest.mark.parametrize("checkpoint", [{}, {"version": 1}, [], "page 3", {"version": 9}])
async def test_what_is_no_checkpoint_is_refused(checkpoint: Any) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(ValueError, match="what checkpoint\\(\\) returned"):
            sb.sessions.search(1, resume=checkpoint)
        future = {**sb.sessions.search(1).checkpoint(), "version": 2}
        with pytest.raises(ValueError, match="version 2"):
            sb.sessions.search(1, resume=future)


async def test_a_checkpoint_is_small_and_tells_no_filter() -> None:
    async with (
        EmbeddedServer(sessions=300) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, status="accepted", page_size=10)
        async for page in pager.pages():
            if page.pagination is not None and page.pagination.current_page == 9:
                break
        text = json.dumps(pager.checkpoint())

    assert len(text) < 600
    assert "accepted" not in text
    assert server.token not in text


async def test_servers_that_went_back_to_page_numbers_cannot_go_on_by_time(serve: Serve) -> None:
    records = [record(number, number) for number in range(30)]
    good = await serve(searching(records))
    bad = await serve(searching([{"id": one["id"]} for one in records]))
    async with AsyncSession(TOKEN, base_url=good.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10)
        stream = pager.pages()
        await anext(stream)
        await anext(stream)
        checkpoint = kept(pager.checkpoint())
        await stream.aclose()
    async with AsyncSession(TOKEN, base_url=bad.base_url) as sb:
        with pytest.raises(PaginationError, match="begin anew"):
            await sb.sessions.search(1, page_size=10, resume=checkpoint).collect()
