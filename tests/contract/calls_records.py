"""Calls of the services of sessions, people, sponsors and exhibitors, with every argument."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession, Create, Delete, Update
from sessionboard_async.testing import EmbeddedServer

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2030, 1, 1, tzinfo=UTC)
EXPANSIONS: Any = ["translated_fields", "subsession_details", "linked_sources", "composition"]
UNKNOWN_ID = "6f1c8a52-7a63-4a39-9d3c-2f8f5e1d7b60"
DATES: Any = {
    "created_after": LONG_AGO,
    "created_before": FAR_AHEAD,
    "updated_after": LONG_AGO,
    "updated_before": FAR_AHEAD,
}
SEARCH: Any = {**DATES, "status": "accepted", "sort": "-updated_at", "expand": EXPANSIONS}


async def sessions(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    assert await sb.sessions.search(event, expand=EXPANSIONS).collect()
    await sb.sessions.search(event, is_abstract=False, **SEARCH).collect()
    await sb.sessions.search_statuses(event).collect()
    await sb.sessions.search_statuses(
        event, deleted_after=LONG_AGO, deleted_before=FAR_AHEAD, **{**SEARCH, "sort": "-deleted_at"}
    ).collect()
    assert await sb.sessions.list(event, expand=EXPANSIONS).collect()
    room, track, tag = [await service.search(event).first() for service in (sb.rooms, sb.tracks, sb.tags)]
    assert room
    assert track
    assert tag
    assert tag.id
    await sb.sessions.list(
        event, status="accepted", is_abstract=False, track_id=track.id, tag_id=tag.id, search="the"
    ).collect()

    level, format_, language = [
        await service.search(event).first() for service in (sb.levels, sb.formats, sb.languages)
    ]
    made = await sb.sessions.create(
        event,
        title="Opening",
        description="<p>How it begins.</p>",
        starts_at=datetime(2026, 9, 14, 9, tzinfo=UTC),
        ends_at=datetime(2026, 9, 14, 10, tzinfo=UTC),
        capacity=200,
        room_id=room.id,
        track_id=track.id,
        level_id=level.id if level else None,
        format_id=format_.id if format_ else None,
        language_id=language.id if language else None,
        tag_ids=[tag.id],
        status="accepted",
        is_public=True,
        is_abstract=False,
        custom_fields={"audience": "Everybody"},
    )
    part = await sb.sessions.create(event, title="Welcome", parent_session_id=made.id)
    await sb.sessions.get(event, part)
    await sb.sessions.get(event, made, expand=EXPANSIONS)
    changed = await sb.sessions.update(
        event,
        made,
        title="Opening night",
        description="<p>How it begins.</p>",
        starts_at=datetime(2026, 9, 14, 18, tzinfo=UTC),
        ends_at=datetime(2026, 9, 14, 19, tzinfo=UTC),
        capacity=300,
        room_id=room.id,
        track_id=track.id,
        status="pending",
        tag_ids=[],
        is_public=False,
        custom_fields={"audience": "Invited guests"},
    )
    await sb.sessions.update_fields(event, changed, {"audience": "Everybody"})
    await sb.sessions.delete(event, part)
    await sb.sessions.delete(event, made)
    await sb.sessions.restore(event, made)
    done = await sb.sessions.bulk(
        event, [Create({"title": "One more"}), Update(made.id or "", {"capacity": 1}), Delete(UNKNOWN_ID)]
    )
    assert (done.succeeded, done.failed) == (2, 1)


async def people(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event, organization = server.event_id, server.org_id
    speaker, contact = await sb.speakers.search(event).first(), await sb.contacts.search(event).first()
    assert speaker
    assert contact
    await sb.speakers.search(event, **SEARCH).collect()
    await sb.contacts.search(event, **SEARCH).collect()
    await sb.org_contacts.search(organization, **SEARCH).collect()
    assert await sb.org_contacts.search(organization).first()
    await sb.speakers.get(event, speaker, expand=EXPANSIONS)
    await sb.contacts.get(event, contact, expand=EXPANSIONS)
    await sb.org_contacts.get(organization, contact, expand=EXPANSIONS)
    assert (await sb.contacts.sessions(event, speaker)).sessions
    assert (await sb.org_contacts.sessions(organization, speaker)).sessions

    made = await sb.contacts.create(
        event,
        email="new.one@example.org",
        first_name="New",
        last_name="One",
        company="Fjord Data",
        title="Engineer",
        phone="+47 22 00 00 00",
        custom_fields={"dietary_needs": "Vegan"},
    )
    await sb.contacts.update(
        event,
        made,
        email="newer.one@example.org",
        first_name="Newer",
        last_name="One",
        company="Fjord Data AS",
        title="Engineer",
        phone="+47 22 00 00 01",
        custom_fields={"dietary_needs": None},
    )
    await sb.contacts.delete(event, made)
    await sb.contacts.restore(event, made)
    done = await sb.contacts.bulk(
        event,
        [
            Create({"email": "one.more@example.org"}),
            Update(made.id or "", {"first_name": "Newest"}),
            Delete(made.id or ""),
        ],
    )
    assert done.succeeded == 3


async def accounts(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    for service in (sb.sponsors, sb.exhibitors):
        first = await service.search(event).first()
        assert first
        await service.search(event, **SEARCH).collect()
        await service.get(event, str(first.id), expand=EXPANSIONS)
        made = await service.create(event, name="Fjord Data", custom_fields={"booth": "B900"})
        await service.create(event, account_id=UNKNOWN_ID)
        await service.update(
            event, str(made.id), updated_at=made.updated_at, name="Fjord Data AS", custom_fields={}
        )
        await service.delete(event, str(made.id))
        await service.restore(event, str(made.id))
        done = await service.bulk(
            event,
            [Create({"name": "One more"}), Update(made.id or "", {"name": "Fjord"}), Delete(made.id or "")],
        )
        assert done.succeeded == 3
