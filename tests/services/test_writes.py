"""Writes over a real socket: values are read back as written, and harmful ones are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessionboard_async import (
    AsyncSession,
    BadRequestError,
    ConflictError,
    Create,
    Delete,
    NotFoundError,
    PermissionDeniedError,
    Update,
)
from sessionboard_async.models import Exhibitor, Session, Sponsor
from sessionboard_async.testing import EmbeddedServer
from tests.support.http_server import IMPATIENT

pytestmark = pytest.mark.anyio

START = datetime(2026, 9, 14, 9, tzinfo=UTC)


@dataclass
class Place:
    """A server with a client."""

    server: EmbeddedServer
    sb: AsyncSession

    @property
    def event(self) -> int:
        return self.server.event_id

    def sent(self) -> Any:
        """Return the body of the last request."""
        return self.server.requests[-1].body


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with (
        EmbeddedServer(sessions=30) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb,
    ):
        yield Place(server, sb)


FAMILIES = ["sessions", "contacts", "sponsors", "exhibitors"]
NEW: dict[str, dict[str, Any]] = {
    "sessions": {"title": "Opening", "custom_fields": {"audience": "Everybody"}},
    "contacts": {
        "email": "new.one@example.org",
        "first_name": "New",
        "custom_fields": {"dietary_needs": "Vegan"},
    },
    "sponsors": {"name": "Fjord Data", "custom_fields": {"booth": "B900"}},
    "exhibitors": {"name": "Fjord Data", "custom_fields": {"booth": "B900"}},
}
CHANGED: dict[str, dict[str, Any]] = {
    "sessions": {"title": "Closing"},
    "contacts": {"last_name": "Name"},
    "sponsors": {"name": "Fjord Data AS"},
    "exhibitors": {"name": "Fjord Data AS"},
}


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_record_goes_through_its_whole_life(place: Place, family: str) -> None:
    service, event = getattr(place.sb, family), place.event
    before = await service.search(event).count()

    made = await service.create(event, **NEW[family])
    assert place.sent() == NEW[family]
    ((name, value),) = NEW[family]["custom_fields"].items()
    assert made.custom(name) == value
    assert await service.search(event).count() == before + 1

    changed = await service.update(event, made, **CHANGED[family])
    assert place.sent().keys() == {"updated_at", *CHANGED[family]}
    assert datetime.fromisoformat(place.sent()["updated_at"]) == made.updated_at
    ((name, value),) = CHANGED[family].items()
    assert getattr(changed, name) == value
    assert changed.updated_at > made.updated_at
    assert getattr(await service.get(event, made.id), name) == value

    with pytest.raises(ConflictError) as stale:
        await service.update(event, made, **CHANGED[family])
    assert stale.value.api_message
    await service.update(event, made.id, **CHANGED[family])

    await service.delete(event, made)
    with pytest.raises(NotFoundError):
        await service.get(event, made.id)
    with pytest.raises(NotFoundError):
        await service.update(event, made.id, **CHANGED[family])
    assert await service.search(event).count() == before

    assert (await service.restore(event, made)).id == made.id
    assert (await service.get(event, made.id)).id == made.id


async def test_only_an_update_is_guarded_against_overwriting(place: Place) -> None:
    sessions, event = place.sb.sessions, place.event
    read = await sessions.create(event, title="Opening")
    await sessions.update(event, read, title="Closing")
    with pytest.raises(ConflictError):
        await sessions.update(event, read, title="Opening")
    outdated = await sessions.bulk(event, [Update(read, {"title": "Opening"})])
    assert [outcome.status for outcome in outdated.outcomes] == ["error"]

    changed = await sessions.update_fields(event, read, {"audience": "All"})
    assert (changed.title, changed.custom("audience")) == ("Closing", "All")
    assert place.sent() == {"custom_fields": {"audience": "All"}}
    await sessions.delete(event, read)
    await sessions.restore(event, read)
    assert (await sessions.bulk(event, [Delete(read)])).succeeded == 1


@pytest.mark.parametrize("family", FAMILIES)
async def test_many_at_once_have_one_result(place: Place, family: str) -> None:
    service, event = getattr(place.sb, family), place.event
    first, second = await service.search(event).collect(limit=2)
    unique = "email" if family == "contacts" else next(iter(NEW[family]))
    new = [Create({**NEW[family], unique: f"{number}@example.org"}) for number in range(118)]
    operations = [
        *new,
        Update(first, CHANGED[family]),
        Delete(second),
        Delete("no-such-id"),
        Update("no-such-id", {}),
    ]
    result = await service.bulk(event, operations)
    assert [outcome.index for outcome in result.outcomes] == list(range(122))
    assert len(result.batch_ids) == 2
    assert (result.succeeded, result.failed) == (120, 2)
    assert [outcome.id for outcome in result.outcomes[118:120]] == [first.id, second.id]
    for failure in result.failures:
        assert failure.error is not None
        assert failure.error.message
    assert (await service.get(event, result.outcomes[117].id)).id == result.outcomes[117].id
    with pytest.raises(NotFoundError):
        await service.get(event, second.id)


METADATA = ["rooms", "tracks", "tags", "formats", "levels", "languages", "statuses"]


@pytest.mark.parametrize("family", METADATA)
async def test_settings_are_made_renamed_and_deleted(place: Place, family: str) -> None:
    service, event = getattr(place.sb, family), place.event
    made = await service.create(event, name="Neu")
    assert (await service.update(event, made.id, name="Größer")).name == "Größer"
    assert "Größer" in {one.name async for one in service.list(event)}
    assert "Größer" in {one.name async for one in service.search(event)}
    await service.delete(event, made.id)
    assert made.id not in {one.id async for one in service.list(event)}
    with pytest.raises(NotFoundError):
        await service.update(event, made.id, name="Neu")


async def test_settings_have_what_their_family_has(place: Place) -> None:
    room = await place.sb.rooms.create(place.event, name="Aula", capacity=300)
    assert (await place.sb.rooms.update(place.event, room, capacity=None)).capacity is None
    assert place.sent() == {"capacity": None}
    assert (await place.sb.tracks.create(place.event, name="Maps", color="#123456")).color == "#123456"
    status = await place.sb.statuses.create(place.event, name="On hold", extra={"category": "pending"})
    assert status.status == "pending"
    await place.sb.statuses.delete(place.event, status)
    assert (await place.sb.statuses.restore(place.event, status)).name == "On hold"


async def test_a_field_is_made_changed_and_deleted(place: Place) -> None:
    made = await place.sb.fields.create(place.event, name="Shirt size", type="select", module_id="contact")
    assert made.internal_name == "shirt_size"
    assert (await place.sb.fields.update(place.event, made, name="T-shirt")).public_name == "T-shirt"
    await place.sb.fields.delete(place.event, made)
    assert made.id not in {field.id async for field in place.sb.fields.list(place.event)}


async def test_a_session_is_written_under_ids_and_read_with_objects(place: Place) -> None:
    room = await place.sb.rooms.search(place.event).first()
    tags = await place.sb.tags.search(place.event).collect(limit=2)
    assert room is not None
    session = await place.sb.sessions.create(
        place.event,
        title="Maps for all",
        starts_at=START,
        ends_at=START + timedelta(minutes=45),
        room_id=str(room.id),
        tag_ids=[str(tag.id) for tag in tags],
    )
    assert (session.starts_at, session.room) == (START, room)
    assert session.tags == tuple(tags)
    moved = await place.sb.sessions.update(place.event, session, room_id=None)
    assert moved.room is None
    assert place.sent()["room_id"] is None


async def test_custom_fields_are_written_as_they_are_read(place: Place) -> None:
    sessions = place.sb.sessions
    session = await sessions.create(
        place.event, title="Any", custom_fields={"audience": "All", "keywords": ["a"]}
    )
    copy = await sessions.create(place.event, title="Copy", custom_fields=session.custom_fields)
    assert copy.custom("keywords") == ["a"]
    changed = await sessions.update_fields(place.event, copy, {"keywords": None, "audience": "Some"})
    assert (changed.custom("keywords"), changed.custom("audience"), changed.title) == (None, "Some", "Copy")
    assert place.sent() == {"custom_fields": {"keywords": None, "audience": "Some"}}


async def test_a_contact_is_written_under_other_names_than_it_is_read(place: Place) -> None:
    contact = await place.sb.contacts.create(
        place.event, email="a@example.org", company="Fjord Data", phone="+1 555 0199"
    )
    assert (contact.company_name, contact.phone_mobile) == ("Fjord Data", "+1 555 0199")


async def test_what_a_token_may_not_see_is_not_written_back(place: Place) -> None:
    blind = place.server.issue_token(hide_personal_data=True)
    async with AsyncSession(blind, base_url=place.server.base_url) as sb:
        contact = await sb.contacts.search(place.event).first()
        assert contact is not None
        count = len(place.server.requests)
        with pytest.raises(ValueError, match="email is masked"):
            await sb.contacts.update(place.event, contact, email=contact.email)
        with pytest.raises(ValueError, match="email is masked"):
            await sb.contacts.create(place.event, email=str(contact.email))
        with pytest.raises(ValueError, match="operation 0: email is masked"):
            await sb.contacts.bulk(place.event, [Update(contact, {"email": contact.email})])
        with pytest.raises(ValueError, match=r"custom_fields\.mail is masked"):
            await sb.sessions.update_fields(place.event, "a", {"mail": contact.email})
        assert len(place.server.requests) == count


@pytest.mark.parametrize("text", ["*** CANCELLED *** Maps for all", "***New*** room", "Agenda\n*****\nIntro"])
async def test_texts_with_stars_are_written(place: Place, text: str) -> None:
    session = await place.sb.sessions.create(place.event, title=text, custom_fields={"audience": text})
    assert (session.title, session.custom("audience")) == (text, text)
    assert (await place.sb.sessions.update(place.event, session, title=f"{text}!")).title == f"{text}!"
    assert (await place.sb.sponsors.create(place.event, name=text)).name == text
    assert (await place.sb.tracks.create(place.event, name=text)).name == text
    result = await place.sb.sessions.bulk(place.event, [Create({"title": text})])
    assert result.succeeded == 1


MASK = "j***@a***.com"


async def test_masks_are_written_where_the_caller_allows_it(place: Place) -> None:
    sb, event = place.sb, place.event
    session = await sb.sessions.create(event, title="T", custom_fields={"audience": MASK}, allow_masked=True)
    assert session.custom("audience") == MASK
    for change in (
        sb.sessions.update(event, session, custom_fields={"audience": MASK}, allow_masked=True),
        sb.sessions.update_fields(event, session, {"audience": MASK}, allow_masked=True),
    ):
        assert (await change).custom("audience") == MASK
    sponsor = await sb.sponsors.create(event, name="S", custom_fields={"booth": MASK}, allow_masked=True)
    await sb.sponsors.update(event, sponsor, custom_fields={"booth": MASK}, allow_masked=True)
    made = [
        Create({"title": "T", "custom_fields": {"audience": MASK}}),
        Update(str(session.id), {}, {"mail": MASK}),
    ]
    assert (await sb.sessions.bulk(event, made, allow_masked=True)).succeeded == 2


async def test_what_a_session_stands_in_the_way_of_is_told(place: Place) -> None:
    sessions = place.sb.sessions
    parent = await sessions.create(place.event, title="Parent")
    part = await sessions.create(place.event, title="Part", parent_session_id=str(parent.id))
    with pytest.raises(ConflictError, match="subsessions"):
        await sessions.delete(place.event, parent)
    await sessions.delete(place.event, part)
    await sessions.delete(place.event, parent)
    deleted = await sessions.search_statuses(
        place.event, deleted_after=START - timedelta(days=9999)
    ).collect()
    assert {parent.id, part.id} <= {row.id for row in deleted}


async def test_an_account_needs_a_name_or_an_account(place: Place) -> None:
    with pytest.raises(TypeError, match="pass name or account_id"):
        await place.sb.sponsors.create(place.event, custom_fields={})
    assert not place.server.requests


async def test_what_the_api_refuses_says_why(place: Place) -> None:
    taken = await place.sb.contacts.search(place.event).first()
    assert taken is not None
    with pytest.raises(BadRequestError) as refused:
        await place.sb.contacts.create(place.event, email=str(taken.email).upper())
    assert "email" in (refused.value.api_message or "")


async def test_a_missing_scope_is_named(place: Place) -> None:
    reader = place.server.issue_token(scopes=["read:sessions", "write:contacts"])
    async with AsyncSession(reader, base_url=place.server.base_url) as sb:
        with pytest.raises(PermissionDeniedError, match="write:sessions"):
            await sb.sessions.create(place.event, title="No")
    legacy = place.server.issue_token(scopes=())
    async with AsyncSession(legacy, base_url=place.server.base_url) as sb:
        with pytest.raises(PermissionDeniedError, match="write:metadata"):
            await sb.rooms.create(place.event, name="No")
        assert await sb.rooms.list(place.event).count()


async def test_a_token_may_be_held_to_some_events(place: Place) -> None:
    first, second = place.server.event_ids
    local = place.server.issue_token(events=[second])
    async with AsyncSession(local, base_url=place.server.base_url) as sb:
        assert [event.id async for event in sb.events.list()] == [second]
        assert await sb.sessions.search(second).count()
        with pytest.raises(PermissionDeniedError):
            await sb.sessions.search(first).count()


async def test_records_may_stand_for_ids_only_with_an_id(place: Place) -> None:
    with pytest.raises(ValueError, match="the Session has no id"):
        await place.sb.sessions.update(place.event, Session(title="?"), title="!")
    with pytest.raises(ValueError, match="the Sponsor has no id"):
        await place.sb.sponsors.delete(place.event, Sponsor())
    with pytest.raises(ValueError, match="the Exhibitor has no id"):
        await place.sb.exhibitors.restore(place.event, Exhibitor())
    assert not place.server.requests
