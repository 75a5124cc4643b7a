"""Drafts, rules and personas over a real socket: they are stored, and a commit changes the schedule."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    BadRequestError,
    BulkInterruptedError,
    ConflictError,
    Create,
    Delete,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    Update,
)
from sessionboard_async.models import AgendaDraft, DraftSession, Session
from sessionboard_async.testing import Fault
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer
from tests.support.place import Place, opened

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

START = datetime(2026, 9, 14, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened(sessions=130) as place:
        yield place


async def some_sessions(place: Place, count: int) -> list[Session]:
    """Return sessions that a draft may place: those without a parent."""
    sessions = await place.sb.sessions.search(place.event).collect()
    return [session for session in sessions if session.starts_at is not None][:count]


async def drafted(place: Place) -> tuple[AgendaDraft, Session, DraftSession]:
    """Create a draft that moves one session."""
    (session,) = await some_sessions(place, 1)
    draft = await place.sb.agenda_drafts.create(place.event, name="Plan B")
    placement = await place.sb.agenda_drafts.add_session(
        place.event, draft, session_id=str(session.id), starts_at=START, ends_at=START + HOUR
    )
    return draft, session, placement


NEW: dict[str, dict[str, Any]] = {
    "agenda_drafts": {"name": "Plan B", "description": "If it rains"},
    "rules": {"name": "Lunch", "type": "break", "config": {"minutes": 60}, "enabled": False},
    "personas": {"name": "Newcomer", "description": "New to the event", "config": {"likes": ["maps"]}},
}
CHANGED: dict[str, dict[str, Any]] = {
    "agenda_drafts": {"description": None},
    "rules": {"enabled": True, "config": {"minutes": 45}},
    "personas": {"name": "Regular", "description": None},
}
WORDS = {"agenda_drafts": "agenda-draft", "rules": "event-rule", "personas": "persona"}


@pytest.mark.parametrize("family", NEW)
async def test_a_record_goes_through_its_whole_life(place: Place, family: str) -> None:
    service, event, word = getattr(place.sb, family), place.event, WORDS[family]
    assert await service.list(event).collect() == []

    made = await service.create(event, **NEW[family])
    assert (place.sent(), place.called()) == (NEW[family], [f"create-{word}"])
    assert {name: getattr(made, name) for name in NEW[family]} == NEW[family]
    assert made.event_id == event
    assert await service.list(event).collect() == [made]
    assert await service.get(event, made.id) == made
    assert place.called(2) == [f"list-{word}s", f"get-{word}"]

    changed = await service.update(event, made.id, **CHANGED[family])
    assert (place.sent(), place.called()) == (CHANGED[family], [f"update-{word}"])
    assert {name: getattr(changed, name) for name in NEW[family]} == {**NEW[family], **CHANGED[family]}
    assert await service.get(event, made.id) == changed

    await service.delete(event, made.id)
    assert place.called() == [f"delete-{word}"]
    assert await service.list(event).collect() == []
    for call in (service.get, service.update, service.delete):
        with pytest.raises(NotFoundError):
            await call(event, made.id)


@pytest.mark.parametrize("family", NEW)
async def test_what_cannot_be_right_is_not_sent(place: Place, family: str) -> None:
    service, event = getattr(place.sb, family), place.event
    for wrong, says in (
        ({}, "missing: name"),
        ({**NEW[family], "status": "committed"}, "unknown: status"),
        ({**NEW[family], "name": 7}, "name must be str"),
    ):
        with pytest.raises(TypeError, match=says):
            await service.create(event, **wrong)
    with pytest.raises(TypeError, match=r"unknown: (type|color)"):
        await service.update(event, "1", **{"type" if family == "rules" else "color": "x"})
    for call in (service.get, service.update, service.delete):
        with pytest.raises(TypeError, match="_id must be a string"):
            await call(event, None)
        with pytest.raises(ValueError, match="_id must not be empty"):
            await call(event, "")
    with pytest.raises(TypeError, match="event_id must be"):
        service.list(None)
    assert not place.server.requests


async def test_what_the_document_lacks_goes_into_extra(place: Place) -> None:
    await place.sb.rules.create(place.event, name="Lunch", type="break", extra={"weight": 2})
    assert place.sent() == {"name": "Lunch", "type": "break", "weight": 2}
    with pytest.raises(TypeError, match="pass name by keyword"):
        await place.sb.rules.update(place.event, UNKNOWN_ID, extra={"name": "Dinner"})
    assert len(place.server.requests) == 1


async def test_the_schedule_follows_when_a_draft_is_committed(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    draft, session, placement = await drafted(place)
    assert place.sent() == {
        "session_id": session.id,
        "starts_at": "2026-09-14T09:00:00.000Z",
        "ends_at": "2026-09-14T10:00:00.000Z",
    }
    assert (placement.draft_id, placement.session_id) == (draft.id, session.id)
    assert (placement.starts_at, placement.ends_at) == (START, START + HOUR)

    room = await place.sb.rooms.create(event, name="Aula")
    moved = await drafts.update_session(event, draft, placement, room_id=room.id, starts_at=START)
    assert place.sent() == {"room_id": room.id, "starts_at": "2026-09-14T09:00:00.000Z"}
    assert (moved.room_id, moved.ends_at) == (room.id, START + HOUR)
    assert await drafts.sessions(event, draft).collect() == [moved]
    assert (await place.sb.sessions.get(event, session)).starts_at == session.starts_at

    changes = await drafts.changes(event, draft)
    assert changes.as_sent["changes"] == [*(changes.changes or ())]
    (change,) = changes.changes or ()
    assert (change["session_id"], change["to"]["room_id"]) == (session.id, room.id)
    assert str(session.title) not in repr(changes)

    await drafts.commit(event, draft)
    assert place.called() == ["commit-agenda-draft"]
    assert (await drafts.get(event, draft)).status == "committed"
    live = await place.sb.sessions.get(event, session)
    assert (live.starts_at, live.ends_at, live.room) == (START, START + HOUR, room)
    assert (await drafts.changes(event, draft)).changes == ()


async def test_a_draft_is_committed_once(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    draft, session, placement = await drafted(place)
    await drafts.commit(event, draft)
    for refused in (
        drafts.commit(event, draft),
        drafts.update(event, draft, name="Plan C"),
        drafts.add_session(event, draft, session_id=str(session.id)),
        drafts.update_session(event, draft, placement, room_id=None),
        drafts.remove_session(event, draft, placement),
        drafts.bulk_sessions(event, draft, [Delete(str(placement.id))]),
    ):
        with pytest.raises(ConflictError, match="committed"):
            await refused


async def test_a_draft_whose_session_is_gone_is_not_committed(place: Place) -> None:
    draft, session, _ = await drafted(place)
    await place.sb.sessions.delete(place.event, session)
    with pytest.raises(ConflictError, match=str(session.id)):
        await place.sb.agenda_drafts.commit(place.event, draft)
    assert (await place.sb.agenda_drafts.get(place.event, draft)).status == "draft"


async def test_a_session_leaves_the_draft_and_stays_on_the_schedule(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    draft, session, placement = await drafted(place)
    with pytest.raises(ConflictError, match="already"):
        await drafts.add_session(event, draft, session_id=str(session.id))
    await drafts.remove_session(event, draft, placement)
    assert place.called() == ["delete-draft-session"]
    assert await drafts.sessions(event, draft).collect() == []
    assert (await place.sb.sessions.get(event, session)).id == session.id
    for gone in (
        drafts.remove_session(event, draft, placement),
        drafts.update_session(event, draft, placement, room_id=None),
        drafts.changes(event, UNKNOWN_ID),
        drafts.commit(event, UNKNOWN_ID),
        drafts.sessions(event, UNKNOWN_ID).collect(),
        drafts.add_session(event, UNKNOWN_ID, session_id=str(session.id)),
    ):
        with pytest.raises(NotFoundError):
            await gone
    with pytest.raises(BadRequestError, match="session_id"):
        await drafts.add_session(event, draft, session_id=UNKNOWN_ID)


async def test_placements_that_cannot_be_right_are_not_sent(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    with pytest.raises(ValueError, match="starts_at has no time zone"):
        await drafts.add_session(event, "1", session_id="2", starts_at=datetime(2026, 9, 14))
    with pytest.raises(ValueError, match="ends_at must be an ISO 8601 time"):
        await drafts.update_session(event, "1", "2", ends_at="tomorrow")
    with pytest.raises(TypeError, match="missing: session_id"):
        await drafts.add_session(event, "1")  # type: ignore[call-arg]  # wrong on purpose
    with pytest.raises(TypeError, match="draft_session_id must be"):
        await drafts.remove_session(event, "1", None)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValueError, match="draft_id must not be empty"):
        drafts.sessions(event, "")
    with pytest.raises(TypeError, match="operation 1: missing: session_id"):
        await drafts.bulk_sessions(event, "1", [Delete("2"), Create({"room_id": "3"})])
    with pytest.raises(TypeError, match="draft_id must be"):
        await drafts.bulk_sessions(event, None, [Delete("2")])  # type: ignore[arg-type]  # the mistake
    assert not place.server.requests


async def test_many_sessions_are_placed_in_batches(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    draft, session, placement = await drafted(place)
    others = [one for one in await some_sessions(place, 115) if one.id != session.id]
    operations = [
        *(Create({"session_id": str(one.id), "starts_at": START, "ends_at": START + HOUR}) for one in others),
        Update(str(placement.id), {"starts_at": START - HOUR}),
        Delete(UNKNOWN_ID),
    ]
    assert len(operations) > 100
    result = await drafts.bulk_sessions(event, draft, operations)
    assert place.called(2) == ["bulk-draft-sessions"] * 2
    bodies: Any = [request.body for request in place.server.requests]
    first, second = bodies[-2:]
    assert (len(first["operations"]), len(second["operations"])) == (100, len(operations) - 100)
    assert first["operations"][0]["action"] == "create"
    assert first["operations"][0]["data"]["starts_at"] == "2026-09-14T09:00:00.000Z"
    assert [outcome.index for outcome in result.outcomes] == list(range(len(operations)))
    assert (result.succeeded, result.failed, len(result.batch_ids)) == (len(operations) - 1, 1, 2)
    assert [failure.index for failure in result.failures] == [len(operations) - 1]
    placed = await drafts.sessions(event, draft).collect()
    assert {one.session_id for one in placed} == {session.id, *(one.id for one in others)}
    assert {one.starts_at for one in placed if one.id == placement.id} == {START - HOUR}


async def test_a_batch_that_fails_is_not_sent_again(place: Place) -> None:
    drafts, event = place.sb.agenda_drafts, place.event
    draft, _, placement = await drafted(place)
    place.server.faults.append(Fault("status", on=2, status=503, operation="bulk-draft-sessions"))
    operations = [Update(str(placement.id), {"room_id": None}) for _ in range(201)]
    with pytest.raises(BulkInterruptedError) as interrupted:
        await drafts.bulk_sessions(event, draft, operations)
    statuses = [outcome.status for outcome in interrupted.value.result.outcomes]
    assert statuses == ["success"] * 100 + ["unknown"] * 100 + ["not_sent"]
    assert place.called(3) == ["create-draft-session", *["bulk-draft-sessions"] * 2]
    place.server.faults.append(Fault("status", on=1, status=503, operation="commit-agenda-draft"))
    with pytest.raises(ServerError):
        await drafts.commit(event, draft)
    assert place.called(2) == ["bulk-draft-sessions", "commit-agenda-draft"]


async def test_planning_needs_its_scopes(place: Place) -> None:
    draft = await place.sb.agenda_drafts.create(place.event, name="Plan B")
    async with place.other_client(scopes=["read:events"]) as reader:
        assert await reader.agenda_drafts.list(place.event).collect() == [draft]
        with pytest.raises(PermissionDeniedError, match="write:events"):
            await reader.agenda_drafts.commit(place.event, draft)
    async with place.other_client(scopes=["write:events"]) as writer:
        with pytest.raises(PermissionDeniedError, match="read:events"):
            await writer.rules.list(place.event).collect()
        assert (await writer.rules.create(place.event, name="Lunch", type="break")).enabled is True


@pytest.mark.parametrize(
    ("body", "changes", "as_sent"),
    [
        (b'[{"moved": 1}]', ({"moved": 1},), {"changes": [{"moved": 1}]}),
        (b'{"data": [{"moved": 1}]}', ({"moved": 1},), {"changes": [{"moved": 1}]}),
        (b'{"added": ["s-1"], "changes": "none"}', None, {"added": ["s-1"], "changes": "none"}),
        (b"", None, {}),
    ],
)
async def test_changes_come_in_whatever_form(serve: Serve, body: bytes, changes: Any, as_sent: Any) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        found = await sb.agenda_drafts.changes(4630, "d/1")
    assert server.requests == ["GET /v1/event/4630/agenda-drafts/d%2F1/changes"]
    assert (found.changes, found.as_sent) == (changes, as_sent)
