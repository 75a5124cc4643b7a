"""Calls of the services that plan an agenda, with every argument."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sessionboard_async import AsyncSession, Create, Delete, Update
from sessionboard_async.testing import EmbeddedServer

MORNING = datetime(2026, 9, 14, 9, tzinfo=UTC)
NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


async def agenda_drafts(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    first, second, third = await sb.sessions.search(event, status="accepted", is_abstract=False).collect(
        limit=3
    )
    room = await sb.rooms.search(event).first()
    assert room
    draft = await sb.agenda_drafts.create(event, name="Second day", description="What if it rained?")
    await sb.agenda_drafts.update(event, draft, name="Third day", description="It will not rain.")
    assert await sb.agenda_drafts.list(event).collect()
    await sb.agenda_drafts.get(event, draft)
    placed = await sb.agenda_drafts.add_session(
        event, draft, session_id=first.id or "", starts_at=MORNING, ends_at=NOON, room_id=room.id
    )
    await sb.agenda_drafts.update_session(
        event, draft, placed, starts_at=MORNING, ends_at=NOON, room_id=room.id
    )
    done = await sb.agenda_drafts.bulk_sessions(
        event,
        draft,
        [
            Create({"session_id": second.id, "starts_at": MORNING, "ends_at": NOON}),
            Create({"session_id": third.id}),
            Update(placed.id or "", {"room_id": room.id}),
        ],
    )
    assert done.failed == 0
    await sb.agenda_drafts.bulk_sessions(event, draft, [Delete(done.outcomes[1].id or "")])
    assert await sb.agenda_drafts.sessions(event, draft).collect()
    await sb.agenda_drafts.changes(event, draft)
    await sb.agenda_drafts.remove_session(event, draft, str(done.outcomes[0].id))
    await sb.agenda_drafts.commit(event, draft)
    other = await sb.agenda_drafts.create(event, name="Thrown away")
    await sb.agenda_drafts.delete(event, other)


async def rules(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    made = await sb.rules.create(
        event, name="No overlaps", type="no_overlap", config={"strict": True}, enabled=True
    )
    await sb.rules.update(event, made, name="Few overlaps", config={"strict": False}, enabled=False)
    await sb.rules.get(event, made)
    assert await sb.rules.list(event).collect()
    await sb.rules.delete(event, made)


async def personas(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    made = await sb.personas.create(
        event, name="Newcomer", description="Knows few people.", config={"role": "guest"}
    )
    await sb.personas.update(event, made, name="Regular", description="Knows many people.", config={})
    await sb.personas.get(event, made)
    assert await sb.personas.list(event).collect()
    await sb.personas.delete(event, made)
