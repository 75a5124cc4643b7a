"""A feed that is left early, shared, interrupted or limited: nothing is lost, and nothing is left open."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from typing import Any

import pytest

from sessionboard_async import AsyncSession, Checkpoint, Delete, RateLimits, ServerError
from sessionboard_async.change_feed import ChangeKind, changes
from sessionboard_async.testing import EmbeddedServer, ServerLimits, SimulatedTime
from tests.change_feed.following import stored
from tests.support.http_server import read_into
from tests.support.records_api import Answer, Record, RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

MINUTE = 60


@pytest.mark.parametrize("prefetch", [None, 1, 8])
@pytest.mark.parametrize("batches", [1, 2, 3])
@pytest.mark.parametrize("collects", [False, True])
@pytest.mark.untraced
async def test_batches_can_be_left_while_pages_are_read_ahead(
    batches: int, prefetch: int | None, collects: bool
) -> None:
    async with (
        EmbeddedServer(sessions=900, events=1, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        feed = changes(sb, server.event_id, resources=["sessions"], prefetch=prefetch)
        count, read = 0, 0
        async for batch in feed.batches():
            count, read = count + 1, read + len(batch.changes)
            if count == batches:
                break
        if collects:
            gc.collect()
            await asyncio.sleep(0)
        await feed.aclose()
        await feed.aclose()
        assert [change async for change in feed] == []
        rest = changes(sb, server.event_id, resources=["sessions"], resume=feed.checkpoint())
        assert read + len([change async for change in rest]) == 900


async def test_batches_continue_where_changes_were_taken_one_by_one(
    api: RecordsAPI, sb: AsyncSession
) -> None:
    feed = changes(sb, 1, resources=["contacts", "rooms"])
    taken = [(await anext(feed)).id for _ in range(3)]
    async for batch in feed.batches():
        taken += [change.id for change in batch.changes]
    assert sorted(taken) == sorted(one["id"] for one in api.records["contacts"] + api.records["rooms"])


async def test_tasks_that_share_a_feed_get_each_change_once(api: RecordsAPI, sb: AsyncSession) -> None:
    feed = changes(sb, 1, resources=["contacts", "rooms", "statuses"])
    taken: list[str] = []

    async def work() -> None:
        async for change in feed:
            taken.append(change.id)
            await asyncio.sleep(0)

    await asyncio.gather(*(work() for _ in range(5)))
    assert len(taken) == len(set(taken)) == 210


async def test_a_feed_that_is_closed_by_another_task_ends(api: RecordsAPI, sb: AsyncSession) -> None:
    feed = changes(sb, 1, resources=["contacts"])
    reading = asyncio.create_task(anext(feed))
    await asyncio.sleep(0)
    await asyncio.gather(feed.aclose(), reading)
    with pytest.raises(StopAsyncIteration):
        await anext(feed)


async def test_after_an_error_the_feed_continues(api: RecordsAPI, sb: AsyncSession) -> None:
    fails = True

    def override(_: str, path: str, body: Record) -> Answer | None:
        return (503, {}) if fails and path == "contacts" and "filters" in body else None

    api.override = override
    feed = changes(sb, 1, resources=["rooms", "contacts", "statuses"])
    taken: list[str | None] = []
    with pytest.raises(ServerError):
        await read_into(taken, feed)
    assert len(taken) == 105
    with pytest.raises(ServerError):
        await anext(feed)
    fails = False
    await read_into(taken, feed)
    assert len(taken) == len(set(taken)) == 210
    assert sum(request == "POST rooms" for request in api.requests) == 1


async def test_after_a_cancelled_call_the_feed_continues(api: RecordsAPI, sb: AsyncSession) -> None:
    feed = changes(sb, 1, resources=["contacts", "rooms"])
    taken: list[str] = []
    for turns in range(400):
        step = asyncio.create_task(anext(feed))
        for _ in range(turns % 40):
            await asyncio.sleep(0)
        step.cancel()
        (result,) = await asyncio.gather(step, return_exceptions=True)
        if isinstance(result, StopAsyncIteration):
            break
        if not isinstance(result, BaseException):
            taken.append(result.id)
    taken += [change.id async for change in feed]
    assert len(taken) == len(set(taken)) == 205


async def test_a_pass_that_cannot_be_resumed_begins_again(
    api: RecordsAPI, sb: AsyncSession, caplog: pytest.LogCaptureFixture
) -> None:
    feed = changes(sb, 1, resources=["contacts"])
    async for batch in feed.batches():
        assert len(batch.changes) == 100
        break
    await feed.aclose()
    # Another version of the API sends everything at once, without a total.
    api.override = lambda *_: (200, api.records["contacts"])
    rest = changes(sb, 1, resources=["contacts"], resume=feed.checkpoint())
    assert len([change async for change in rest]) == 100
    assert any("begins again" in entry.getMessage() for entry in caplog.records)


# Deletions and missing ids


async def test_the_deletion_of_a_session_outside_the_filter_is_no_change() -> None:
    async with (
        EmbeddedServer(sessions=40, events=1) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        filters = {"sessions": {"status": "accepted"}}
        feed = changes(sb, event, resources=["sessions"], filters=filters)
        inside = {change.id async for change in feed}
        other = min(server.ids("sessions") - inside)
        await sb.sessions.delete(event, other)
        feed = changes(sb, event, resources=["sessions"], filters=filters, resume=feed.checkpoint())
        assert [change async for change in feed] == []


async def test_a_missing_id_is_looked_up_again_after_minutes_and_not_after_a_day() -> None:
    time = SimulatedTime(per_request=0.1)
    async with (
        EmbeddedServer(sessions=40, events=1, time=time) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        event = server.event_id
        checkpoint: Checkpoint | None = None

        async def run(**arguments: Any) -> list[tuple[ChangeKind, str]]:
            nonlocal checkpoint
            feed = changes(
                sb,
                event,
                resources=["sessions"],
                filters={"sessions": {"status": "accepted"}},
                resume=checkpoint,
                **arguments,
            )
            reported = [(change.kind, change.id) async for change in feed]
            checkpoint = stored(feed)
            return reported

        (_, moved), *_ = await run()
        await sb.sessions.update(event, moved, status="declined")
        time.advance(MINUTE)
        assert await run() == []
        assert await run(sweep_every=timedelta()) == []
        time.advance(2 * MINUTE)
        assert await run() == []
        time.advance(2 * MINUTE)
        assert await run() == [("left_scope", moved)]
        server.requests.clear()
        time.advance(4 * MINUTE)
        assert await run() == []
        assert len(server.requests) == 2


async def test_a_used_up_rate_limit_ends_no_run() -> None:
    no_waits = RateLimits(max_wait=0, bulk_max_wait=0)
    async with (
        EmbeddedServer(contacts=150, events=1, limits=ServerLimits(requests=5, window=900)) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=no_waits) as sb,
    ):
        event = server.event_id
        checkpoint: Checkpoint | None = None

        async def compare() -> set[str]:
            nonlocal checkpoint
            names = ["contacts", "rooms"]
            feed = changes(sb, event, resources=names, resume=checkpoint, sweep_every=timedelta())
            reported = {change.id async for change in feed if change.kind == "deleted"}
            checkpoint = stored(feed)
            return reported

        await compare()
        gone = sorted(server.ids("contacts"))[:60]
        await sb.contacts.bulk(event, [Delete(id_) for id_ in gone])
        # A few are retrieved, and show that the search can be believed about the others.
        assert await compare() == set(gone)

        more = sorted(server.ids("contacts"))[:3]
        await sb.contacts.bulk(event, [Delete(id_) for id_ in more])
        room = min(server.ids("rooms"))
        await sb.rooms.delete(event, room)
        assert await compare() == set()
        assert checkpoint is not None
        progress = checkpoint.progress["resources"]
        assert progress["contacts"]["missing"].keys() == set(more)
        assert progress["rooms"]["missing"].keys() == {room}
