"""Resuming from a checkpoint, wherever an iteration ended."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    Checkpoint,
    PageStream,
    PaginationError,
    RecordStream,
    SessionboardError,
)
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.core.pagination.numbered_pages import found, pages_of, requested
from tests.core.pagination.searches import START, record, searching
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, read_into

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


def saved(checkpoint: Checkpoint) -> Checkpoint:
    """Return a checkpoint after saving and loading it as JSON."""
    return Checkpoint.from_json(checkpoint.to_json())


def at(checkpoint: Checkpoint, **progress: Any) -> Checkpoint:
    """Return a checkpoint with other progress."""
    return msgspec.structs.replace(checkpoint, progress=progress)


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("prefetch", [0, pytest.param(1, marks=pytest.mark.slow), 8])
@pytest.mark.parametrize("stop_after", [0, 1, 9, 10, 11, 57, 120])
@pytest.mark.untraced
async def test_an_iteration_resumes_from_its_checkpoint(
    stop_after: int, prefetch: int, consistency: Any
) -> None:
    async with (
        EmbeddedServer(sessions=120, light=True) as server,
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
        resumed = sb.sessions.search(server.event_id, resume=saved(pager.checkpoint()), **search)
        after = await resumed.collect()

    # The record returned last may not have been processed.
    assert [*before[:-1], *after] == expected


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_a_checkpoint_of_the_end_says_so(consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=120, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, consistency=consistency)
        assert len([talk async for talk in pager]) == 120
        requests = len(server.requests)
        checkpoint = saved(pager.checkpoint())
        assert checkpoint.done
        with pytest.raises(ValueError, match="of the end: everything was read; leave out resume"):
            sb.sessions.search(server.event_id, consistency=consistency, resume=checkpoint)
        assert len(server.requests) == requests


@pytest.mark.parametrize("prefetch", [0, 8])
async def test_an_iteration_with_a_limit_can_be_resumed(prefetch: int) -> None:
    async with (
        EmbeddedServer(sessions=120, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        expected = await sb.sessions.search(server.event_id).collect()
        got, checkpoint = [], None
        for _ in range(10):
            pager = sb.sessions.search(
                server.event_id, page_size=20, limit=27, prefetch=prefetch, resume=checkpoint
            )
            got += [talk async for talk in pager]
            checkpoint = saved(pager.checkpoint())
            if checkpoint.done:
                break

    assert got == expected


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_after_an_error_it_resumes_with_the_page_that_failed(consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=120, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb,
    ):
        search: dict[str, Any] = {"page_size": 10, "prefetch": 0, "consistency": consistency}
        expected = await sb.sessions.search(server.event_id, **search).collect()
        server.faults = [Fault("status", status=400, on=4, operation="search-sessions")]
        pager, before = sb.sessions.search(server.event_id, **search), list[str | None]()
        with pytest.raises(SessionboardError):
            await read_into(before, pager)
        after = await sb.sessions.search(
            server.event_id, resume=saved(pager.checkpoint()), **search
        ).collect()

    assert len(before) == 30
    assert [*before, *(talk.id for talk in after)] == [talk.id for talk in expected]


async def test_a_page_counts_as_processed_when_the_next_is_requested() -> None:
    async with (
        EmbeddedServer(sessions=50, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        expected = [page.results async for page in sb.sessions.search(server.event_id, page_size=10).pages()]
        pager = sb.sessions.search(server.event_id, page_size=10)
        stream = pager.pages()
        await anext(stream)
        await anext(stream)
        checkpoint = saved(stream.checkpoint())
        await stream.aclose()
        again = sb.sessions.search(server.event_id, page_size=10, resume=checkpoint).pages()
        assert {talk.id for talk in (await anext(again)).results} == {talk.id for talk in expected[1]}
        await again.aclose()


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("stop_after", [1, 10, 15])
async def test_processed_records_are_not_returned_again(stop_after: int, consistency: Any) -> None:
    async with (
        EmbeddedServer(sessions=60, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        search: dict[str, Any] = {"page_size": 10, "consistency": consistency}
        expected = await sb.sessions.search(server.event_id, **search).collect()

        pager, records = sb.sessions.search(server.event_id, **search), []
        async for talk in pager:
            records.append(talk)
            if len(records) == stop_after:
                break
        resume = saved(pager.checkpoint(include_current=True))
        records += await sb.sessions.search(server.event_id, resume=resume, **search).collect()
        assert records == expected

        pages: list[Session] = []
        checkpoint = None
        for _ in range(60):
            pager = sb.sessions.search(server.event_id, resume=checkpoint, **search)
            async for page in pager.pages():
                pages += page.results
                checkpoint = saved(pager.checkpoint(include_current=True))
                break
            if checkpoint is not None and checkpoint.done:
                break
        assert pages == expected


async def test_two_loops_over_one_pager_have_each_their_own_position(serve: Serve) -> None:
    server = await serve(searching([record(number, number) for number in range(30)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10)
        first, second = aiter(pager), pager.pages()
        assert isinstance(first, RecordStream)
        assert isinstance(second, PageStream)
        for _ in range(12):
            await anext(first)
        await anext(second)
        rest = [
            await sb.sessions.search(1, resume=saved(stream.checkpoint(include_current=True))).collect()
            for stream in (first, second)
        ]
        assert pager.checkpoint() == second.checkpoint() != first.checkpoint()
        await first.aclose()
        await second.aclose()
    assert [[talk.id for talk in some] for some in rest] == [
        [f"s{number}" for number in range(start, 30)] for start in (12, 10)
    ]


UNDATED = [{"id": f"s{number}"} for number in range(30)]


async def test_limits_and_checkpoints_read_everything_without_timestamps(serve: Serve) -> None:
    server = await serve(searching(UNDATED))
    got, checkpoint = [], None
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        for _ in range(6):
            pager = sb.sessions.search(1, limit=7, resume=checkpoint)
            got += [talk.id async for talk in pager]
            checkpoint = saved(pager.checkpoint())
            if checkpoint.done:
                break

    assert got == [one["id"] for one in UNDATED]


@pytest.mark.parametrize("page_size", [10, 100])
@pytest.mark.parametrize("consistency", [None, "pages"])
async def test_a_few_records_at_a_time_read_everything_by_page_numbers(
    serve: Serve, page_size: int, consistency: Any
) -> None:
    server = await serve(searching(UNDATED))
    got, checkpoint = list[str | None](), None
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        while len(got) < len(UNDATED):
            # The checkpoint determines the page size, since its page number counts in it.
            search: Any = {"page_size": page_size if checkpoint is None else 7, "consistency": consistency}
            pager = sb.sessions.search(1, resume=checkpoint, **search)
            count = len(got)
            async for talk in pager:
                got.append(talk.id)
                if len(got) == count + 3:
                    break
            checkpoint = saved(pager.checkpoint(include_current=True))

    assert got == [one["id"] for one in UNDATED]


async def test_a_stream_closed_during_the_loop_loses_nothing() -> None:
    async with (
        EmbeddedServer(sessions=30, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        expected = await sb.sessions.search(server.event_id).collect()
        pager = sb.sessions.search(server.event_id)
        stream, before = aiter(pager), []
        async for talk in stream:
            before.append(talk)
            if len(before) == 4:
                await stream.aclose()
        after = await sb.sessions.search(server.event_id, resume=saved(pager.checkpoint())).collect()

    assert [*before, *after] == expected


async def test_a_checkpoint_works_for_every_form_of_record(serve: Serve) -> None:
    server = await serve(searching([{**record(number, 5), "id": number} for number in range(30)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager, before = sb.sessions.search(1, page_size=10), []
        async for talk in pager:
            before.append(talk.id)
            if len(before) == 15:
                break
        checkpoint = saved(pager.checkpoint(include_current=True))
        pager = sb.sessions.search(1, page_size=10, resume=checkpoint)
        rest = [str(talk["id"]) for talk in await pager.raw().collect()]
        assert rest == [str(json.loads(bytes(talk))["id"]) async for talk in pager.raw_json()]

    assert sorted([*before, *rest], key=str) == sorted(map(str, range(30)))


async def test_a_resumed_stream_keeps_its_end_and_its_total(serve: Serve) -> None:
    server = await serve(searching([record(number, number) for number in range(25)]))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager, count = sb.sessions.search(1, page_size=10, prefetch=0), 0
        async for _ in pager:
            count += 1
            if count == 13:
                break
        checkpoint = saved(pager.checkpoint(include_current=True))
        # Read by the time of a change, the iteration ends at the newest record that there was at first.
        end = round((START + timedelta(minutes=1)).timestamp() * 1000)
        checkpoint = at(checkpoint, **checkpoint.progress, before=end)
        server.bodies.clear()
        pages = [page async for page in sb.sessions.search(1, page_size=10, resume=checkpoint).pages()]

    assert {page.pagination and page.pagination.total_results for page in pages} == {25}
    ends = [json.loads(body)["filters"]["createdAt"]["before"] for body in server.bodies if b"after" in body]
    assert len(ends) > 1
    assert {datetime.fromisoformat(text).timestamp() * 1000 for text in ends} == {end}


async def test_a_checkpoint_among_equal_timestamps(serve: Serve) -> None:
    records = [record(number, 5) for number in range(250)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager, before = sb.sessions.search(1), []
        async for talk in pager:
            before.append(talk.id)
            if len(before) == 180:
                break
        after = [talk.id async for talk in sb.sessions.search(1, resume=saved(pager.checkpoint()))]

    assert sorted([*before[:-1], *after], key=str) == sorted((one["id"] for one in records), key=str)


@pytest.mark.parametrize(
    ("event", "search", "difference"),
    [
        (2, {}, "event_id is '1', not '2'"),
        (1, {"status": "accepted"}, "filters differ"),
        (1, {"expand": ["composition"]}, "expand"),
        (1, {"sort": "created_at"}, "sort is 'none', not 'createdAt asc'"),
        (1, {"consistency": "pages"}, "consistency is 'exact', not 'pages'"),
    ],
)
async def test_the_checkpoint_of_another_query_is_refused(event: int, search: Any, difference: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = saved(sb.sessions.search(1).checkpoint())
        sb.sessions.search(1, resume=checkpoint)
        with pytest.raises(ValueError, match=f"another query.*{difference}"):
            sb.sessions.search(event, resume=checkpoint, **search)
        with pytest.raises(ValueError, match="operation is 'search-sessions', not 'search-speakers'"):
            sb.speakers.search(1, resume=checkpoint)


@pytest.mark.parametrize("value", [{}, [], "page 3", b"{}", True])
async def test_a_value_that_is_no_checkpoint_is_refused(value: Any) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(TypeError, match=r"takes a Checkpoint, not .*Checkpoint\.from_json"):
            sb.sessions.search(1, resume=value)


@pytest.mark.parametrize(
    "damage",
    [
        {"page": 0, "page_size": 10},
        {"page": -3, "page_size": 10},
        {"page": 1001, "page_size": 10},
        {"page": 10**400, "page_size": 10},
        {"page": "4", "page_size": 10},
        {"page": 4.0, "page_size": 10},
        {"page": True, "page_size": 10},
        {"page": 4},
        {"page_size": 10},
        {"page": 4, "page_size": 0},
        {"page": 4, "page_size": 101},
        {"page": 4, "page_size": 10, "missing_pages": [0]},
        {"page": 4, "page_size": 10, "missing_pages": [10**400]},
        {"page": 4, "page_size": 10, "missing_pages": 3},
        {"after": 10**400},
        {"after": -(10**400)},
        {"after": 253_402_300_800_000},
        {"before": -62_135_596_800_001},
        {"before": 10**20},
        {"before": "2026-01-01"},
        {"after": 2000, "before": 1000},
        {"recent_ids": "s1"},
        {"recent_ids": [1]},
        {"recent_ids": None},
        {"delivered": -1},
        {"delivered": 10**400},
        {"done": 1},
        [],
        None,
        "page 3",
    ],
    ids=lambda damage: str(damage)[:40],
)
@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_a_damaged_checkpoint_is_refused(damage: Any, consistency: Any) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        stored = json.loads(sb.sessions.search(1, consistency=consistency).checkpoint().to_json())
        stored["progress"] = damage
        with pytest.raises(ValueError, match=r"what checkpoint\(\) returned, unchanged: ") as caught:
            sb.sessions.search(1, consistency=consistency, resume=Checkpoint.from_json(json.dumps(stored)))
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize("limit", [-62_135_596_800_001, 253_402_300_799_999])
async def test_a_checkpoint_at_the_ends_of_time_is_accepted(limit: int) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = at(sb.sessions.search(1).checkpoint(), after=limit, before=253_402_301_099_999)
        resumed = sb.sessions.search(1, resume=checkpoint)
        assert resumed.checkpoint() == checkpoint


async def test_a_checkpoint_without_a_page_is_not_read_by_page_numbers() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = at(sb.sessions.search(1, consistency="pages").checkpoint(), after=1000, delivered=30)
        with pytest.raises(ValueError, match="it has no page"):
            sb.sessions.search(1, consistency="pages", resume=checkpoint)


@pytest.mark.parametrize("name", ["operation", "sort", "anything else", "expand"])
async def test_a_damaged_query_is_shown_in_part(name: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = saved(sb.sessions.search(1).checkpoint())
        checkpoint.query[name] = "x" * 100_000
        with pytest.raises(ValueError, match=f"another query: its {name}") as caught:
            sb.sessions.search(1, resume=checkpoint)
        assert len(str(caught.value)) < 400


async def test_the_checkpoint_of_other_arguments_is_refused_without_their_hash() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = saved(sb.insights.execute("SELECT 1").checkpoint())
        sb.insights.execute("SELECT 1", resume=checkpoint)
        with pytest.raises(ValueError, match=r"another query: its arguments differ$"):
            sb.insights.execute("SELECT 2", resume=checkpoint)
        checkpoint = saved(sb.sessions.search(1, status="accepted").checkpoint())
        with pytest.raises(ValueError, match=r"another query: its filters differ$"):
            sb.sessions.search(1, status="declined", resume=checkpoint)


async def test_a_checkpoint_that_lacks_a_part_of_the_query_is_refused() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1") as sb:
        checkpoint = saved(sb.sessions.search(1).checkpoint())
        del checkpoint.query["arguments"]
        with pytest.raises(ValueError, match=r"another query: it has no arguments$"):
            sb.sessions.search(1, resume=checkpoint)


@pytest.mark.parametrize("prefetch", [0, 8])
@pytest.mark.parametrize("missing", [(4,), (1,), (2, 4, 7)])
async def test_pages_that_lacked_their_records_are_read_when_it_is_resumed(
    serve: Serve, missing: tuple[int, ...], prefetch: int
) -> None:
    empty: set[int] = {*missing}
    whole = pages_of(20)

    async def answer(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        return found([], number, size, 10, 20) if number in empty else await whole(request)

    server = await serve(answer)
    got: list[str | None] = []
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        search: dict[str, Any] = {"page_size": 2, "prefetch": prefetch, "consistency": "pages"}
        pager = sb.sessions.search(1, **search)
        if missing == (10,):
            # The last records of a total may be hidden from the token.
            await read_into(got, pager)
            assert len(got) == 18
            return
        for remaining in ((*missing,), missing[-1:]):
            named = f"pages? {', '.join(map(str, remaining))} held no new records; try again$"
            with pytest.raises(PaginationError, match=named):
                await read_into(got, pager)
            checkpoint = saved(pager.checkpoint())
            assert checkpoint.progress["missing_pages"] == [*remaining]
            # Again they are not there, except for the last one.
            empty &= {missing[-1]}
            pager = sb.sessions.search(1, resume=checkpoint, **search)
        empty.clear()
        await read_into(got, pager)
    assert sorted(got, key=str) == sorted((f"s{number}" for number in range(20)), key=str)


async def test_a_checkpoint_is_small_and_holds_no_filter() -> None:
    async with (
        EmbeddedServer(sessions=300, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, status="accepted", page_size=10)
        async for page in pager.pages():
            if page.pagination is not None and page.pagination.current_page == 9:
                break
        text = pager.checkpoint().to_json()

    assert len(text) < 600
    assert "accepted" not in text
    assert server.token not in text


async def test_a_checkpoint_without_timestamps_to_resume_from_is_an_error(serve: Serve) -> None:
    records = [record(number, number) for number in range(30)]
    good = await serve(searching(records))
    bad = await serve(searching([{"id": one["id"]} for one in records]))
    async with AsyncSession(TOKEN, base_url=good.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10)
        stream = pager.pages()
        await anext(stream)
        await anext(stream)
        checkpoint = saved(pager.checkpoint())
        await stream.aclose()
    async with AsyncSession(TOKEN, base_url=bad.base_url) as sb:
        with pytest.raises(PaginationError, match="start without it"):
            await sb.sessions.search(1, page_size=10, resume=checkpoint).collect()
