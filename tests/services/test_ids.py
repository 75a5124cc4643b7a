"""A record, a UUID, a text and a number work wherever an id goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from sessionboard_async import AsyncSession, Delete, Update
from sessionboard_async.models import Event, Room, Session, Tag, Track
from sessionboard_async.testing import EmbeddedServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=40, contacts=10, speakers=5) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url) as sb:
        yield sb


async def test_records_and_uuids_stand_for_their_ids(server: EmbeddedServer, sb: AsyncSession) -> None:
    event = await sb.events.list().first()
    assert event is not None
    talks = await sb.sessions.search(event).collect()
    assert talks == await sb.sessions.search(str(event.id)).collect()
    talk = next(talk for talk in talks if talk.people and talk.track)
    assert talk.id is not None
    assert await sb.sessions.get(event, talk) == await sb.sessions.get(server.event_id, UUID(talk.id))
    (row,) = [row async for row in sb.sessions.search_statuses(event) if row.id == talk.id]
    assert (await sb.sessions.get(event, row)).id == talk.id
    part = next(part for talk in talks for part in talk.subsessions or ())
    assert (await sb.sessions.get(event, part)).id == part.id
    assert (await sb.contacts.get(event, talk.people[0])).id == talk.people[0].id
    assert talk in await sb.sessions.list(event, track_id=talk.track).collect()
    assert await sb.insights.execute("FIND Session", event_id=event, limit=1).collect()
    assert await sb.insights.execute("FIND Session", event_ids=[event], limit=1).collect()


async def test_records_stand_for_their_ids_in_writes(sb: AsyncSession, server: EmbeddedServer) -> None:
    event = Event(id=server.event_id)
    room = await sb.rooms.create(event, name="Aula")
    assert (await sb.rooms.update(event, room, capacity=7)).capacity == 7
    made = await sb.sessions.create(event, title="New", room_id=room)
    assert made.id is not None
    assert made.room is not None
    assert made.room.id == room.id
    file = await sb.files.upload(event, made, b"%PDF-1.7", filename="a.pdf")
    await sb.files.delete(event, made, file)
    done = await sb.sessions.bulk(event, [Update(made, {"room_id": None}), Delete(UUID(made.id))])
    assert done.succeeded == 2
    assert made not in await sb.sessions.search(event).collect()


async def test_a_record_of_another_type_is_refused_before_it_is_sent(
    sb: AsyncSession, server: EmbeddedServer
) -> None:
    for operation in (Update(Room(id="r"), {"title": "x"}), Delete(Tag(id="t"))):
        with pytest.raises(TypeError, match=r"operation 0: id must be Session or .* or its id, not"):
            await sb.sessions.bulk(1, [operation])
    with pytest.raises(TypeError, match="id must be Room or its id, not Track"):
        await sb.rooms.delete(1, Track(id="t"))  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="event_id must be Event or its id, not Session"):
        await sb.insights.schema(event_id=Session(id="s"))  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValueError, match="the Event has no id"):
        sb.insights.execute("FIND Session", event_id=Event())
    assert not server.requests
