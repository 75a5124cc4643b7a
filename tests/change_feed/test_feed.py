"""Following the changes of an event: no record stays stale, and every deletion is reported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Checkpoint, Retry
from sessionboard_async.change_feed.feed import RESOURCES, ChangeFeed, changes
from sessionboard_async.models import Contact
from sessionboard_async.testing import Changes, EmbeddedServer, Fault, SimulatedTime
from tests.change_feed.following import stored
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

FOLLOWED = ("sessions", "contacts", "sponsors", "exhibitors", "rooms", "tags")
COUNTED = tuple(name for name in RESOURCES if name != "fields")
"""The resources whose ids the server reports."""
HOUR = timedelta(hours=1)
Copy = dict[str, dict[str, Any]]


async def follow(feed: ChangeFeed[dict[str, Any]], copy: Copy) -> list[tuple[str, str, str]]:
    """Apply a run to a copy, and return its changes."""
    reported: list[tuple[str, str, str]] = []
    async for change in feed:
        reported.append((change.kind, change.resource, change.id))
        records = copy.setdefault(change.resource, {})
        if change.record is None:
            records.pop(change.id, None)
        else:
            records[change.id] = change.record
    return reported


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.untraced
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
        checkpoint: Checkpoint | None = None
        removed = 0
        for _ in range(24):
            feed = changes(sb, server.event_id, resources=FOLLOWED, resume=checkpoint, sweep_every=HOUR).raw()
            removed += sum(kind == "deleted" for kind, _, _ in await follow(feed, copy))
            checkpoint = stored(feed)
            time.advance(600)
        assert removed > 50
        # Changes are reported with a delay of minutes: records changed in the last ones are left out.
        before = {name: server.record_versions(name) for name in FOLLOWED}
        for _ in range(3):
            time.advance(400)
            feed = changes(
                sb, server.event_id, resources=FOLLOWED, resume=checkpoint, sweep_every=timedelta(0)
            ).raw()
            await follow(feed, copy)
            checkpoint = stored(feed)
        for name in FOLLOWED:
            now = server.record_versions(name)
            unchanged = {id_: time for id_, time in before[name].items() if now.get(id_) == time}
            held = copy[name]
            assert not {id_ for id_ in unchanged if id_ not in held}, f"{name} were missed"
            stale = {id_ for id_, time in unchanged.items() if held[id_]["updated_at"] != time}
            assert not stale, f"{name} are stale"
            gone = held.keys() - now.keys() - before[name].keys()
            assert not gone, name


async def test_a_second_run_on_unchanged_data_reads_the_overlap_and_reports_nothing() -> None:
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
        second = changes(sb, server.event_id, resume=stored(first)).raw()
        assert await follow(second, copy) == []
        # One request per resource, one for deleted sessions, and one for the list of statuses.
        assert len(server.requests) == len(RESOURCES) + 2


async def test_deletions_restores_and_records_that_leave_the_filter_are_reported() -> None:
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
        reported = []
        for _ in range(3):
            time.advance(200)
            feed = changes(sb, event, resume=stored(feed), **search).raw()
            reported += await follow(feed, copy)
        assert ("deleted", "sessions", talks[0]) in reported
        assert ("left_scope", "sessions", talks[1]) in reported
        assert ("deleted", "contacts", contact) in reported
        assert ("deleted", "rooms", room) in reported

        await sb.sessions.restore(event, talks[0])
        await sb.sessions.update(event, talks[1], status="accepted")
        feed = changes(sb, event, resume=stored(feed), **search).raw()
        reported = await follow(feed, copy)
        assert ("upsert", "sessions", talks[0]) in reported
        assert ("upsert", "sessions", talks[1]) in reported


async def test_interrupted_runs_lose_nothing() -> None:
    async with (
        EmbeddedServer(sessions=250) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        copy: Copy = {}
        checkpoint: Checkpoint | None = None
        for stop_after in (1, 50, 120, 10_000):
            feed = changes(sb, server.event_id, resume=checkpoint).raw()
            count = 0
            async for change in feed:
                copy.setdefault(change.resource, {})[change.id] = change.record
                count += 1
                if count == stop_after:
                    break
            checkpoint = stored(feed)
            await feed.aclose()
        assert copy.keys() == set(RESOURCES)
        assert all(server.ids(name) == copy[name].keys() for name in COUNTED)


async def test_batches_with_their_checkpoints_report_each_change_once() -> None:
    async with (
        EmbeddedServer(sessions=250) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        reported: list[str] = []

        def known(_: str) -> list[str]:
            return reported

        checkpoint: Checkpoint | None = None
        for _ in range(30):
            feed = changes(sb, server.event_id, resources=["sessions"], resume=checkpoint, known=known)
            async for batch in feed.batches():
                reported += [change.id for change in batch.changes]
                checkpoint = Checkpoint.from_json(batch.checkpoint.to_json())
                assert "ids" not in checkpoint.progress["resources"]["sessions"]
                break
            await feed.aclose()
        assert len(reported) == len(set(reported)) == 250


async def test_a_refused_resource_is_recorded_and_the_rest_is_read() -> None:
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


async def test_a_checkpoint_of_something_else_is_refused() -> None:
    async with (
        EmbeddedServer(sessions=10) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        checkpoint = stored(changes(sb, event))
        changes(sb, event, resume=checkpoint)
        with pytest.raises(ValueError, match=f"its event_id is '{event}', not '7'"):
            changes(sb, 7, resume=checkpoint)
        with pytest.raises(ValueError, match=r"its expand are \[\], not \['composition'\]"):
            changes(sb, event, resume=checkpoint, expand=["composition"])
        with pytest.raises(ValueError, match=r"another query: its filters differ$"):
            changes(sb, event, resume=checkpoint, filters={"sessions": {"status": "accepted"}})
        with pytest.raises(ValueError, match="its operation is 'search-rooms', not 'changes'"):
            changes(sb, event, resume=sb.rooms.search(event).checkpoint())
        with pytest.raises(ValueError, match="its operation is 'changes', not 'search-rooms'"):
            sb.rooms.search(event, resume=checkpoint)
        with pytest.raises(TypeError, match="resume takes a Checkpoint, not dict"):
            changes(sb, event, resume=cast("Checkpoint", {"version": 1}))
        assert not server.requests


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"resources": ["seats"]}, ValueError, "unknown resources: 'seats'"),
        ({"filters": {"session": {"status": "accepted"}}}, ValueError, "unknown resources: 'session';"),
        ({"filters": {"sessions": {"stauts": "accepted"}}}, TypeError, "stauts"),
        ({"filters": {"sessions": {"updated_after": "yesterday"}}}, ValueError, "updated_after"),
        ({"filters": {"sessions": {"limit": 10}}}, ValueError, "filters of sessions: limit cannot be used"),
        ({"filters": {"rooms": {"sort": "-updated_at", "resume": {}}}}, ValueError, "resume, sort cannot"),
        ({"expand": ["everything"]}, ValueError, "everything"),
        ({"expand": "composition"}, TypeError, "expand"),
        ({"resources": "rooms"}, TypeError, r"resources must be a sequence of strings: write \['rooms'\]"),
        ({"sweep_every": timedelta(-1)}, ValueError, "sweep_every"),
        ({"sweep_every": 24}, TypeError, "sweep_every must be a timedelta, not int"),
        ({"prefetch": -1}, ValueError, "prefetch"),
    ],
)
async def test_a_wrong_argument_is_refused_before_any_request(
    wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    async with AsyncSession("a-token", base_url="http://127.0.0.1:1") as sb:
        with pytest.raises(error, match=said):
            changes(sb, 4630, **wrong)


async def test_records_without_an_id_are_logged_once_and_the_rest_is_reported(
    serve: Callable[[Handler], Awaitable[HttpServer]], caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(_: web.Request) -> web.Response:
        rows = [{"id": None, "name": "Accepted"}, {"name": "Declined"}, {"id": 7, "name": "Waiting"}]
        pagination = {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": 3}
        return web.json_response({"results": rows, "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        feed = changes(sb, 4630, resources=["statuses"]).raw()
        reported = [(change.id, change.record) async for change in feed]
    assert reported == [("7", {"id": 7, "name": "Waiting"})]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["statuses: records without an id cannot be followed"]


async def test_records_are_typed_and_the_repr_of_a_change_hides_them() -> None:
    async with (
        EmbeddedServer(sessions=10) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        feed = changes(sb, server.event_id, resources=["contacts"])
        assert {type(change.record) async for change in feed} == {Contact}
        raws = [raw async for raw in changes(sb, server.event_id, resources=["contacts"]).raw()]
        assert {raw.id for raw in raws} == server.ids("contacts")
        for raw in raws:
            assert raw.record is not None
            assert str(raw.record["email"]) not in repr(raw)


@pytest.mark.parametrize(("hours", "compares"), [(21.0, False), (23.5, True), (24.5, True)])
async def test_a_daily_job_that_starts_early_compares_all_records(hours: float, compares: bool) -> None:
    async with (
        EmbeddedServer(sessions=10) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        feed = changes(sb, server.event_id, resources=["rooms"]).raw()
        copy: Copy = {}
        await follow(feed, copy)
        checkpoint = stored(feed)
        for clock in ("swept", "swept_locally"):
            checkpoint.progress["resources"]["rooms"][clock] -= int(hours * 3_600_000)
        server.requests.clear()
        await follow(changes(sb, server.event_id, resources=["rooms"], resume=checkpoint).raw(), copy)
        searches = [request for request in server.requests if request.operation == "search-rooms"]
        assert len(searches) == (2 if compares else 1)
