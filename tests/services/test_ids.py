"""A record, a UUID, a text and a number work wherever an id goes."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from sessionboard_async import AsyncSession, Create, Delete, Update
from sessionboard_async.models import Event, Room, Session, Tag, Track
from sessionboard_async.services import load_services
from sessionboard_async.testing import EmbeddedServer
from tests.contract.calls import FAMILIES, MethodCall, recorded

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


# Empty ids


def id_arguments(service: str, verb: str) -> list[str]:
    """Return the arguments of a method that are ids, or records in their place."""
    parameters = inspect.signature(getattr(load_services()[service], verb)).parameters
    return [name for name in parameters if name in {"id", "record"} or name.endswith(("_id", "_ids"))]


def calls_with_an_empty_id() -> Iterator[tuple[MethodCall, str]]:
    """Return a call of each method with each of its ids, to be made again without that id."""
    calls = {(call.service, call.verb): call for family in FAMILIES for call in recorded(family).calls}
    for service, kind in load_services().items():
        for verb, _ in inspect.getmembers(kind, inspect.isfunction):
            for name in () if verb.startswith("_") else id_arguments(service, verb):
                yield calls[service, verb], name


async def make(sb: AsyncSession, call: MethodCall, name: str, id_: str) -> None:
    method = getattr(getattr(sb, call.service), call.verb)
    arguments = inspect.signature(method).bind(*call.arguments, **call.keywords).arguments
    # The folder of the files is gone.
    if isinstance(arguments.get("source"), Path):
        arguments |= {"source": b"%PDF", "filename": "notes.pdf"}
    if "to" in arguments:
        arguments["to"] = BytesIO()
    # One event or several, not both.
    if name in {"event_id", "event_ids"}:
        arguments = {key: value for key, value in arguments.items() if key not in {"event_id", "event_ids"}}
    arguments = {**arguments, name: ["a", id_] if name.endswith("_ids") else id_}
    result = method(**arguments)
    await (result if inspect.isawaitable(result) else result.first())


async def test_an_empty_id_is_refused_by_name_before_it_is_sent(
    sb: AsyncSession, server: EmbeddedServer
) -> None:
    count = 0
    for call, name in calls_with_an_empty_id():
        # The address of a record names its id by its kind.
        shown = r"(\w+_)?id" if name in {"id", "record"} else name
        with pytest.raises(ValueError, match=rf"^(an id in )?{shown} must not be empty"):
            await make(sb, call, name, "")
        count += 1
    assert count > 200
    assert not server.requests


BLANK: list[tuple[dict[str, Any], str]] = [
    ({"room_id": "  "}, "room_id must not be empty; None clears it"),
    ({"track_id": Track(id="")}, "track_id must not be empty; None clears it"),
    ({"tag_ids": ["t", "\t"]}, "an id in tag_ids must not be empty$"),
    ({"tag_ids": [Tag(id="")]}, "an id in tag_ids must not be empty$"),
]


@pytest.mark.parametrize(("values", "said"), BLANK)
async def test_a_blank_id_among_the_values_of_a_write_is_refused_by_name(
    sb: AsyncSession, server: EmbeddedServer, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        await sb.sessions.update(1, "a", **values)
    for operation in (Create({"title": "New", **values}), Update("a", values)):
        with pytest.raises(ValueError, match=f"^operation 1: {said}"):
            await sb.sessions.bulk(1, [Delete("b"), operation])
    assert not server.requests


async def test_a_blank_id_in_a_query_or_body_is_refused_by_name(
    sb: AsyncSession, server: EmbeddedServer
) -> None:
    with pytest.raises(ValueError, match=r"^session_id must not be empty$"):
        sb.transcriptions.list(1, session_id=" ")
    with pytest.raises(ValueError, match=r"^event_id must not be empty$"):
        sb.insights.execute("FIND Session", event_id="\u00a0", search="a")
    with pytest.raises(ValueError, match=r"^an id in event_ids must not be empty$"):
        sb.insights.run_query("q", event_ids=["a", " "])
    assert not server.requests


async def test_a_blank_id_of_an_operation_is_refused(sb: AsyncSession, server: EmbeddedServer) -> None:
    for operation in (Update("", {"title": "x"}), Delete(" "), Delete(Session(id=""))):
        with pytest.raises(ValueError, match=r"^operation 0: the id must not be empty"):
            await sb.sessions.bulk(1, [operation])
    with pytest.raises(ValueError, match=r"^operation 0: session_id must not be empty"):
        await sb.agenda_drafts.bulk_sessions(1, "d", [Create({"session_id": ""})])
    assert not server.requests
