"""Streams of the caller's own types deliver what streams of full records do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Checkpoint, DecodeError, Pager
from sessionboard_async.models import Room
from sessionboard_async.testing import Changes, EmbeddedServer, SimulatedTime
from tests.core.pagination.searches import record, searching
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]


class Identified(msgspec.Struct):
    id: object = None


class Talk(msgspec.Struct):
    id: str
    title: str
    room: Room | None = None


class Titled(msgspec.Struct):
    title: str | None = None


@dataclass
class Data:
    id: str
    created_at: datetime | None = None


class Typed(TypedDict, total=False):
    title: str


class Tuple(NamedTuple):
    id: str


class Wrong(msgspec.Struct):
    number: complex


class Unknown(msgspec.Struct):
    room: Hall | None  # type: ignore[name-defined]  # noqa: F821  # not defined


class Empty(msgspec.Struct):
    pass


class Array(msgspec.Struct, array_like=True):
    id: str


async def test_every_pager_reads_into_a_type() -> None:
    async with (
        EmbeddedServer(sessions=65, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        pagers: list[Pager[Any]] = [
            sb.events.list(),
            sb.sessions.search(event),
            sb.sessions.search(event, prefetch=4, page_size=20),
            sb.sessions.search(event, consistency="pages", page_size=20),
            sb.sessions.search(event, sort="updated_at", consistency="exact", page_size=20),
            sb.sessions.search(event, sort="-created_at", limit=12),
            sb.sessions.list(event),
            sb.sessions.search_statuses(event, sort="deleted_at", consistency="exact"),
            sb.contacts.search(event, limit=10),
            sb.rooms.list(event),
            sb.rooms.search(event),
            sb.fields.search(event),
            sb.statuses.search(event),
        ]
        for pager in pagers:
            ids = [one.id async for one in pager]
            assert [one.id async for one in pager.into(Identified)] == ids
            assert len(await pager.into(Typed).collect()) == len(ids) > 0
        talks = await sb.sessions.search(event).collect()
        assert await sb.sessions.search(event).into(Talk).collect() == [
            Talk(talk.id or "", talk.title or "", talk.room) for talk in talks
        ]
        query = sb.insights.execute("SELECT session.id FROM sessions", event_id=event)
        assert await query.into(Identified).collect() == [Identified(**row) async for row in query]
        # Rows have no ids of their own, and may be equal.
        query = sb.insights.execute("SELECT 'one' AS id FROM sessions", event_id=event)
        assert await query.into(Identified).collect() == [Identified("one")] * await query.count()


async def test_the_new_pager_works_like_the_first(serve: Serve) -> None:
    records = [record(number, number) | {"title": f"T{number}"} for number in range(25)]
    server = await serve(searching(records))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        pager = sb.sessions.search(1, page_size=10, limit=15).into(Titled)
        titles = [f"T{number}" for number in range(15)]
        assert pager.record is Titled
        assert [one.title async for one in pager] == titles
        assert [one.title for one in await pager.collect()] == titles
        assert [one.title for one in await pager.collect(limit=3)] == titles[:3]
        assert await pager.first() == Titled("T0")
        assert await pager.count() == 25
        pages = [page async for page in pager.pages()]
        assert [len(page.results) for page in pages] == [10, 5]
        assert pages[0].pagination is not None
        assert pages[0].pagination.total_results == 25
        assert await pager.raw().first() == records[0]
        assert json.loads(bytes((await pager.raw_json().collect())[14])) == records[14]
        assert [one["title"] async for one in pager.into(Typed)] == titles
        assert [talk.title async for talk in pager.into(sb.sessions.search(1).record)] == titles


@pytest.mark.parametrize("consistency", ["exact", "pages"])
@pytest.mark.parametrize("kind", [Titled, Typed])
async def test_an_iteration_of_a_type_without_ids_resumes(serve: Serve, consistency: Any, kind: Any) -> None:
    records = [record(number, number // 3) | {"title": f"T{number}"} for number in range(25)]
    server = await serve(searching(records))
    options: dict[str, Any] = {"page_size": 10, "consistency": consistency}
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        expected = await sb.sessions.search(1, **options).into(kind).collect()
        assert len(expected) == 25
        for stop_after in (1, 9, 10, 11, 24):
            stream = aiter(sb.sessions.search(1, **options).into(kind))
            before = [await anext(stream) for _ in range(stop_after)]
            # A checkpoint belongs to the search, whatever its records are read into.
            for include_current in (False, True):
                saved = Checkpoint.from_json(stream.checkpoint(include_current=include_current).to_json())
                resumed = sb.sessions.search(1, resume=saved, **options)
                after = await resumed.into(kind).collect()
                assert before[: stop_after - (not include_current)] + after == expected
                assert len(await resumed.collect()) == len(after)


@pytest.mark.untraced
async def test_no_record_is_lost_while_the_data_changes() -> None:
    time, changes = SimulatedTime(per_request=0.2), Changes(deletes=20.0, inserts=5.0, updates=5.0)
    async with (
        EmbeddedServer(sessions=500, light=True, changes=changes, time=time) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        pager = sb.sessions.search(server.event_id, page_size=20).into(Identified)
        first = {one.id for one in await sb.sessions.search(server.event_id).collect()}
        read = [one.id async for one in pager]
        remaining = {one.id for one in await sb.sessions.search(server.event_id).collect()}
        assert len(read) == len({*read})
        assert first & remaining <= {*read}


ODD = {
    "some without a time": [record(0, 0), record(1, 1), {"id": "s2"}, {"id": "s3", "created_at": None}],
    "all without a time": [{"id": "s0"}, {"id": "s1"}, {"id": "s1"}],
    "some without an id": [record(0, 0), {"created_at": "2026-01-01T00:00:01.000Z"}, {"title": "no keys"}],
    "a time that is none": [record(0, 0) | {"created_at": "soon"}, record(1, 1)],
    "a time without an offset": [record(0, 0), record(1, 1) | {"created_at": "2026-01-01T00:00:01"}],
    "ids that are numbers": [record(0, 0) | {"id": 1}, record(1, 1) | {"id": "1"}, record(2, 2) | {"id": 2}],
    "equal times": [record(number, 0) for number in range(30)],
    "half a character": [record(0, 0) | {"title": "cut \ud83d"}, record(1, 1)],
}


@pytest.mark.parametrize("name", ODD)
async def test_odd_records_are_delivered_like_full_ones(
    serve: Serve, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"title": f"T{number}"} | row for number, row in enumerate(ODD[name])]
    server = await serve(searching(rows) if name == "equal times" else one_page_of(rows))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        full = await sb.sessions.search(1, page_size=10).collect()
        # An id may be a number.
        warned = {message for message in caplog.messages if "$.id" not in message}
        for kind in (Titled, Typed):
            caplog.clear()
            read: list[Any] = await sb.sessions.search(1, page_size=10).into(kind).collect()
            titles = [one["title"] if isinstance(one, dict) else one.title for one in read]
            assert titles == [one.title for one in full]
            assert {*caplog.messages} == warned


def one_page_of(rows: list[dict[str, Any]]) -> Handler:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"results": rows, "pagination": {"totalResults": len(rows)}})

    return answer


@pytest.mark.parametrize(("consistency", "index"), [("exact", 4), ("pages", 3)])
@pytest.mark.parametrize("kind", [Talk, Typed])
async def test_a_record_that_does_not_fit(
    serve: Serve, kind: Any, consistency: Any, index: int, caplog: pytest.LogCaptureFixture
) -> None:
    records = [record(number, number) | {"title": "T"} for number in range(25)]
    records[13]["title"] = ["SECRET"]
    server = await serve(searching(records))
    options: dict[str, Any] = {"page_size": 10, "consistency": consistency}
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        stream = aiter(sb.sessions.search(1, **options).into(kind))
        for _ in range(10):
            await anext(stream)
        with pytest.raises(DecodeError) as caught:
            await anext(stream)
        await stream.aclose()
        error = caught.value
        assert (error.page, error.index, error.record_id, error.path) == (2, index, "s13", "$.title")
        skipping = sb.sessions.search(1, on_invalid="skip", **options).into(kind)
        pages = [page async for page in skipping.pages()]
        assert sum(len(page.results) for page in pages) == 24
        assert sum(page.skipped for page in pages) >= 1
        assert "left out a record" in caplog.text
        assert "SECRET" not in caplog.text + str(error)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (int, "not <class 'int'>"),
        (dict, r"raw\(\) returns plain dicts"),
        (dict[str, Any], r"raw\(\) returns plain dicts"),
        (msgspec.Raw, r"raw_json\(\)"),
        (list[Talk], "not list"),
        (Talk | None, "Talk | None"),
        (Talk(id="a", title="b"), "not Talk"),
        (Tuple, "Tuple"),
        ("Talk", "not 'Talk'"),
        (None, "not None"),
        (Any, "Any"),
        (Literal["a"], "Literal"),
        ([Talk], r"not \["),
        (Wrong, "its field number has the type complex"),
        (Unknown, "Unknown: name 'Hall' is not defined"),
        (Empty, "no object with fields"),
        (msgspec.Struct, "no object with fields"),
        (Array, "no object with fields"),
    ],
    ids=str,
)
async def test_other_types_fail_at_once(kind: Any, message: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(TypeError, match=message):
            sb.sessions.search(1).into(kind)
