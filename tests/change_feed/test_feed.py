"""Following the changes of an event: nothing is stale for ever, and every deletion is told."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Retry
from sessionboard_async.change_feed.feed import RESOURCES, ChangeFeed, changes
from sessionboard_async.models.base import Record
from sessionboard_async.testing import Changes, EmbeddedServer, Fault, SimulatedTime
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

FOLLOWED = ("sessions", "contacts", "sponsors", "exhibitors", "rooms", "tags")
COUNTED = tuple(name for name in RESOURCES if name != "fields")
"""Those whose ids the server tells."""
HOUR = timedelta(hours=1)
Copy = dict[str, dict[str, Any]]


async def follow(feed: ChangeFeed[dict[str, Any]], copy: Copy) -> list[tuple[str, str, str]]:
    """Apply a run to a copy, and return what it told."""
    told: list[tuple[str, str, str]] = []
    async for change in feed:
        told.append((change.kind, change.resource, change.id))
        records = copy.setdefault(change.resource, {})
        if change.record is None:
            records.pop(change.id, None)
        else:
            records[change.id] = change.record
    return told


def kept(feed: ChangeFeed[Any]) -> Any:
    """Return a cursor as it comes back from a file."""
    return json.loads(json.dumps(feed.cursor))


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_four_hours_of_changes_nothing_is_stale(seed: int) -> None:
    time = SimulatedTime(per_request=0.2)
    changing = Changes(
        inserts=0.01,
        updates=0.05,
        deletes=0.005,
        restores=0.003,
        flips=0.01,
        late=100.0,
        seed=seed,
        resources=FOLLOWED,
    )
    async with (
        EmbeddedServer(
            events=1,
            sessions=2000,
            contacts=200,
            speakers=100,
            light=True,
            time=time,
            changes=changing,
            cached=180.0,
        ) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=None) as sb,
    ):
        copy: Copy = {}
        cursor: Any = None
        removed = 0
        for _ in range(24):
            feed = changes(sb, server.event_id, resources=FOLLOWED, cursor=cursor, sweep_every=HOUR).raw()
            removed += sum(kind == "deleted" for kind, _, _ in await follow(feed, copy))
            cursor = kept(feed)
            time.advance(600)
        assert removed > 50
        # What was told lags by minutes: a record that changed since then will be told by the next runs.
        before = {name: server.record_versions(name) for name in FOLLOWED}
        for _ in range(3):
            time.advance(400)
            feed = changes(
                sb, server.event_id, resources=FOLLOWED, cursor=cursor, sweep_every=timedelta(0)
            ).raw()
            await follow(feed, copy)
            cursor = kept(feed)
        for name in FOLLOWED:
            now = server.record_versions(name)
            unchanged = {id_: moment for id_, moment in before[name].items() if now.get(id_) == moment}
            held = copy[name]
            assert not {id_ for id_ in unchanged if id_ not in held}, f"{name} were missed"
            stale = {id_ for id_, moment in unchanged.items() if held[id_]["updated_at"] != moment}
            assert not stale, f"{name} are stale"
            gone = held.keys() - now.keys() - before[name].keys()
            assert not gone, name


async def test_a_second_run_on_unchanged_data_reads_the_overlap_and_tells_nothing() -> None:
    async with (
        EmbeddedServer(sessions=250) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        first = changes(sb, server.event_id).raw()
        copy: Copy = {}
        await follow(first, copy)
        assert copy.keys() == set(RESOURCES)
        assert all(server.ids(name) == copy[name].keys() for name in COUNTED)
        server.requests.clear()
        second = changes(sb, server.event_id, cursor=kept(first)).raw()
        assert await follow(second, copy) == []
        # One request each, and one more for the deleted sessions.
        assert len(server.requests) == len(RESOURCES) + 1


async def test_deletions_and_restores_and_what_leaves_the_filter() -> None:
    time = SimulatedTime(per_request=0.1)
    async with (
        EmbeddedServer(sessions=60, time=time) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        copy: Copy = {}
        search: dict[str, Any] = {
            "resources": ("sessions", "contacts", "rooms", "fields"),
            "filters": {"sessions": {"status": "accepted"}},
            "sweep_every": timedelta(0),
        }
        feed = changes(sb, event, **search).raw()
        await follow(feed, copy)
        talks = [talk for talk in copy["sessions"] if not copy["sessions"][talk].get("subsessions")]
        contact, room = next(iter(copy["contacts"])), next(iter(copy["rooms"]))

        await sb.sessions.delete(event, talks[0])
        await sb.sessions.update(event, talks[1], status="declined")
        await sb.contacts.delete(event, contact)
        await sb.rooms.delete(event, room)
        told = []
        for _ in range(3):
            time.advance(200)
            feed = changes(sb, event, cursor=kept(feed), **search).raw()
            told += await follow(feed, copy)
        assert ("deleted", "sessions", talks[0]) in told
        assert ("left_scope", "sessions", talks[1]) in told
        assert ("deleted", "contacts", contact) in told
        assert ("deleted", "rooms", room) in told

        await sb.sessions.restore(event, talks[0])
        await sb.sessions.update(event, talks[1], status="accepted")
        feed = changes(sb, event, cursor=kept(feed), **search).raw()
        told = await follow(feed, copy)
        assert ("upsert", "sessions", talks[0]) in told
        assert ("upsert", "sessions", talks[1]) in told


async def test_a_run_that_is_left_goes_on_and_loses_nothing() -> None:
    async with (
        EmbeddedServer(sessions=250) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        copy: Copy = {}
        cursor: Any = None
        for stop_after in (1, 50, 120, 10_000):
            feed = changes(sb, server.event_id, cursor=cursor).raw()
            count = 0
            async for change in feed:
                copy.setdefault(change.resource, {})[change.id] = change.record
                count += 1
                if count == stop_after:
                    break
            cursor = kept(feed)
            await feed.aclose()
        assert copy.keys() == set(RESOURCES)
        assert all(server.ids(name) == copy[name].keys() for name in COUNTED)


async def test_batches_with_their_cursors_tell_each_change_once() -> None:
    async with (
        EmbeddedServer(sessions=250) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        told: list[str] = []

        def known(_: str) -> list[str]:
            return told

        cursor: Any = None
        for _ in range(30):
            feed = changes(sb, server.event_id, resources=["sessions"], cursor=cursor, known=known)
            async for batch in feed.batches():
                told += [change.id for change in batch.changes]
                cursor = json.loads(json.dumps(batch.cursor))
                assert "ids" not in cursor["resources"]["sessions"]
                break
            await feed.aclose()
        assert len(told) == len(set(told)) == 250


async def test_what_is_refused_is_told_and_the_rest_comes() -> None:
    async with (
        EmbeddedServer(
            sessions=10,
            faults=[Fault("status", status=403, every=1, operation="search-sponsors")],
        ) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=Retry(attempts=1)) as sb,
    ):
        feed = changes(sb, server.event_id, resources=["sponsors", "rooms"])
        assert {change.resource async for change in feed} == {"rooms"}
        assert set(feed.refused) == {"sponsors"}


async def test_the_cursor_of_something_else_is_refused() -> None:
    async with (
        EmbeddedServer(sessions=10) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        cursor = kept(changes(sb, event))
        changes(sb, event, cursor=cursor)
        with pytest.raises(ValueError, match=f"of event {event}, and not of 7"):
            changes(sb, 7, cursor=cursor)
        with pytest.raises(ValueError, match="other filters or expansions"):
            changes(sb, event, cursor=cursor, expand=["composition"])
        with pytest.raises(ValueError, match="what an earlier run kept"):
            changes(sb, event, cursor={"version": 1})
        assert not server.requests


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"resources": ["seats"]}, ValueError, "there is no seats"),
        ({"filters": {"session": {"status": "accepted"}}}, ValueError, "there is no session;"),
        ({"filters": {"sessions": {"stauts": "accepted"}}}, TypeError, "stauts"),
        ({"filters": {"sessions": {"updated_after": "yesterday"}}}, ValueError, "updated_after"),
        ({"expand": ["everything"]}, ValueError, "everything"),
        ({"expand": "composition"}, TypeError, "expand"),
        ({"sweep_every": timedelta(-1)}, ValueError, "sweep_every"),
        ({"prefetch": -1}, ValueError, "prefetch"),
    ],
)
async def test_a_wrong_argument_is_refused_before_any_request(
    wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(error, match=said):
            changes(sb, 4630, **wrong)


async def test_what_has_no_id_is_told_once_and_the_rest_comes(
    serve: Callable[[Handler], Awaitable[HttpServer]], caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: web.Request) -> web.Response:
        rows = [{"id": None, "name": "Accepted"}, {"name": "Declined"}, {"id": 7, "name": "Waiting"}]
        pagination = {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": 3}
        return web.json_response({"results": rows, "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        feed = changes(sb, 4630, resources=["statuses"]).raw()
        told = [(change.id, change.record) async for change in feed]
    assert told == [("7", {"id": 7, "name": "Waiting"})]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["statuses: there are records without an id, which cannot be followed"]


async def test_records_are_typed_and_a_change_shows_nothing_of_them() -> None:
    async with (
        EmbeddedServer(sessions=10) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        feed = changes(sb, server.event_id, resources=["contacts"])
        async for change in feed:
            assert isinstance(change.record, Record)
        async for raw in changes(sb, server.event_id, resources=["contacts"]).raw():
            assert raw.record is not None
            assert str(raw.record["email"]) not in repr(raw)
