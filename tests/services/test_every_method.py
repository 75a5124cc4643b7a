"""Every method of every service, with every filter, sort and expansion, against the embedded server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessionboard_async import AsyncSession, NotFoundError, models
from sessionboard_async.cli.coverage import endpoints_of
from sessionboard_async.services import load_services
from sessionboard_async.testing import EmbeddedServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

FAMILIES = {
    "rooms": models.Room,
    "tracks": models.Track,
    "tags": models.Tag,
    "formats": models.Format,
    "levels": models.Level,
    "languages": models.Language,
    "statuses": models.Status,
}
SEARCHES = {
    "sessions": models.Session,
    "speakers": models.Contact,
    "contacts": models.Contact,
    "sponsors": models.Sponsor,
    "exhibitors": models.Exhibitor,
    "fields": models.Field,
    **FAMILIES,
}
STATUSES = ("accepted", "accept_queue", "pending", "decline_queue", "declined")


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=150, sponsors=20, exhibitors=20) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url) as sb:
        yield sb


def ids(records: Any) -> list[Any]:
    return [record.id for record in records]


async def test_events(server: EmbeddedServer, sb: AsyncSession) -> None:
    events = await sb.events.list().collect()
    assert [event.id for event in events] == list(server.event_ids)
    assert {type(event) for event in events} == {models.Event}
    assert all(event.name and event.timezone for event in events)
    assert [event.features and event.features.translated_fields for event in events] == [True, False]
    assert await sb.events.list(page_size=1).collect() == events
    for wanted in (events[1], events[1].id, str(events[1].id)):
        assert wanted is not None
        assert await sb.events.get(wanted) == events[1]
    with pytest.raises(NotFoundError, match="no such event"):
        await sb.events.get(999_999)
    with pytest.raises(TypeError, match="event_id"):
        await sb.events.get(None)  # type: ignore[arg-type]  # the mistake


# Searches


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_finds_everything_and_every_record_is_typed(
    server: EmbeddedServer, sb: AsyncSession, name: str
) -> None:
    pager = getattr(sb, name).search(server.event_id, page_size=7)
    found = await pager.collect()
    assert found
    assert {type(record) for record in found} == {SEARCHES[name]}
    assert len(set(ids(found))) == len(found) == await pager.count()
    in_order = {} if name in {"fields", "statuses"} else {"sort": {"order": "createdAt", "sort": "asc"}}
    assert server.requests[0].body == in_order


# Fields have tests of their own below; the five statuses of the API have no timestamps.
@pytest.mark.parametrize("name", sorted(SEARCHES.keys() - {"fields", "statuses"}))
@pytest.mark.parametrize("field", ["created", "updated"])
@pytest.mark.untraced
async def test_times_filter_and_sort_a_search(
    server: EmbeddedServer, sb: AsyncSession, name: str, field: str
) -> None:
    search = getattr(sb, name).search
    everything = await search(server.event_id).collect()

    def time(record: Any) -> datetime:
        when = getattr(record, f"{field}_at")
        assert isinstance(when, datetime)
        assert when.utcoffset() is not None
        return when

    rising = await search(server.event_id, sort=f"{field}_at").collect()
    assert [time(record) for record in rising] == sorted(map(time, everything))
    falling = await search(server.event_id, sort=f"-{field}_at").collect()
    assert [time(record) for record in falling] == sorted(map(time, everything), reverse=True)
    assert server.requests[-1].body == {"sort": {"order": f"{field}At", "sort": "desc"}}

    middle = time(rising[len(rising) // 2])
    for bound, expected in (
        ("after", {record.id for record in everything if time(record) > middle}),
        ("before", {record.id for record in everything if time(record) < middle}),
    ):
        for when in (middle, middle.isoformat(), middle.astimezone(UTC) + timedelta(0)):
            found = await search(server.event_id, **{f"{field}_{bound}": when}).collect()
            assert set(ids(found)) == expected
    both = {f"{field}_after": time(rising[0]), f"{field}_before": middle}
    found = await search(server.event_id, **both).collect()
    assert set(ids(found)) == {record.id for record in everything if time(rising[0]) < time(record) < middle}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.untraced
async def test_sessions_by_status(server: EmbeddedServer, sb: AsyncSession, status: Any) -> None:
    everything = await sb.sessions.search(server.event_id).collect()
    found = await sb.sessions.search(server.event_id, status=status).collect()
    assert ids(found) == [talk.id for talk in everything if talk.status == status]
    assert set(ids(await sb.sessions.list(server.event_id, status=status).collect())) == set(ids(found))
    rows = await sb.sessions.search_statuses(server.event_id, status=status).collect()
    assert {row.status for row in rows} == {status}
    assert set(ids(found)) <= set(ids(rows))


@pytest.mark.parametrize("is_abstract", [True, False])
async def test_sessions_and_abstracts(server: EmbeddedServer, sb: AsyncSession, is_abstract: bool) -> None:
    everything = await sb.sessions.search(server.event_id).collect()
    found = await sb.sessions.search(server.event_id, is_abstract=is_abstract).collect()
    assert 0 < len(found) < len(everything)
    assert ids(found) == [talk.id for talk in everything if talk.is_abstract is is_abstract]
    listed = await sb.sessions.list(server.event_id, is_abstract=is_abstract).collect()
    assert set(ids(listed)) == set(ids(found))


async def test_a_list_of_sessions_has_filters_of_its_own(server: EmbeddedServer, sb: AsyncSession) -> None:
    everything = await sb.sessions.list(server.event_id).collect()
    assert set(ids(everything)) == set(ids(await sb.sessions.search(server.event_id).collect()))
    track = next(talk.track for talk in everything if talk.track)
    tag = next(talk.tags[0] for talk in everything if talk.tags)
    title = next(talk.title for talk in everything if talk.title)
    by_track = await sb.sessions.list(server.event_id, track_id=track.id).collect()
    assert ids(by_track) == [talk.id for talk in everything if talk.track and talk.track.id == track.id]
    by_tag = await sb.sessions.list(server.event_id, tag_id=tag.id).collect()
    assert ids(by_tag) == [talk.id for talk in everything if tag.id in ids(talk.tags or ())]
    by_words = await sb.sessions.list(server.event_id, search=title).collect()
    assert by_words
    assert {title in (talk.title or "") for talk in by_words} == {True}
    assert server.requests[-1].query["page_size"] == "100"


async def test_what_is_not_assigned_is_none_wherever_it_comes_from(
    server: EmbeddedServer, sb: AsyncSession
) -> None:
    searched = {talk.id: talk for talk in await sb.sessions.search(server.event_id).collect()}
    listed = {talk.id: talk for talk in await sb.sessions.list(server.event_id).collect()}
    for name in ("room", "track", "level", "format", "language"):
        assert {id_ for id_, talk in searched.items() if getattr(talk, name) is None}
        for id_, talk in searched.items():
            assert getattr(talk, name) == getattr(listed[id_], name)


# Sessions


async def test_get_gives_the_session_of_the_search(server: EmbeddedServer, sb: AsyncSession) -> None:
    found = await sb.sessions.search(server.event_id, limit=5).collect()
    assert len(found) == 5
    for talk in found:
        assert talk.id is not None
        assert await sb.sessions.get(server.event_id, talk.id) == talk
        assert await sb.sessions.get(str(server.event_id), talk.id) == talk


async def test_translated_fields(server: EmbeddedServer, sb: AsyncSession) -> None:
    plain = await sb.sessions.search(server.event_id).collect()
    assert len(plain) > 1
    assert not any(talk.translations for talk in plain)
    expanded = await sb.sessions.search(server.event_id, expand=["translated_fields"]).collect()
    talk = next(talk for talk in expanded if "title" in talk.translations.get("fr", {}))
    assert talk.translated("fr").title == talk.translations["fr"]["title"] != talk.title
    assert talk.translated("fr-CA").title == talk.translated("fr").title
    assert talk.translated("pt").title == talk.title
    assert talk.id is not None
    assert await sb.sessions.get(server.event_id, talk.id, expand=["translated_fields"]) == talk
    listed = await sb.sessions.list(server.event_id, expand=["translated_fields"]).collect()
    assert {one.id: one.translations for one in listed} == {one.id: one.translations for one in expanded}
    untranslated = await sb.sessions.search(server.event_ids[1], expand=["translated_fields"]).collect()
    assert len(untranslated) > 1
    assert not any(talk.translations for talk in untranslated)


async def test_subsessions(server: EmbeddedServer, sb: AsyncSession) -> None:
    plain = await sb.sessions.search(server.event_id).collect()
    parent = next(talk for talk in plain if talk.subsessions)
    assert parent.id is not None
    assert parent.subsessions is not None
    full = await sb.sessions.get(server.event_id, parent.id, expand=["subsession_details"])
    assert full.subsessions is not None
    assert ids(full.subsessions) == ids(parent.subsessions)
    assert {part.status for part in parent.subsessions} == {None}
    assert None not in {part.is_public for part in full.subsessions}
    part = await sb.sessions.get(server.event_id, str(parent.subsessions[0].id))
    assert isinstance(part, models.Session)
    assert part.parent_session_friendly_id == parent.friendly_id
    assert not part.subsessions


async def test_compositions(server: EmbeddedServer, sb: AsyncSession) -> None:
    plain = await sb.sessions.search(server.event_id).collect()
    linked = await sb.sessions.search(server.event_id, expand=["linked_sources", "composition"]).collect()
    sources = [talk for talk in linked if talk.id not in ids(plain)]
    assert sources
    for source in sources:
        assert source.composition_status is not None
        assert source.composition_status.role == "source"
        assert source.composition_status.is_read_only
        assert source.composition_status.target is not None
        target = await sb.sessions.get(
            server.event_id, str(source.composition_status.target.id), expand=["composition"]
        )
        assert target.composition is not None
        assert source.id in ids(target.composition.sources or ())


async def test_search_statuses_tells_what_was_deleted(server: EmbeddedServer, sb: AsyncSession) -> None:
    rows = await sb.sessions.search_statuses(server.event_id).collect()
    assert {type(row) for row in rows} == {models.SessionStatus}
    deleted = [row for row in rows if row.deleted_at]
    assert deleted
    assert not set(ids(deleted)) & set(ids(await sb.sessions.search(server.event_id).collect()))
    latest = await sb.sessions.search_statuses(server.event_id, sort="-deleted_at").collect()
    times = [row.deleted_at for row in latest if row.deleted_at]
    assert times == sorted(times, reverse=True)
    middle = times[len(times) // 2]
    after = await sb.sessions.search_statuses(server.event_id, deleted_after=middle).collect()
    assert set(ids(after)) == {row.id for row in deleted if row.deleted_at and row.deleted_at > middle}
    before = await sb.sessions.search_statuses(server.event_id, deleted_before=middle).collect()
    assert set(ids(before)) == {row.id for row in deleted if row.deleted_at and row.deleted_at < middle}
    with pytest.raises(NotFoundError):
        await sb.sessions.get(server.event_id, str(deleted[0].id))


# People and accounts


@pytest.mark.parametrize("name", ["speakers", "contacts", "sponsors", "exhibitors"])
async def test_get_gives_the_record_of_the_search(
    server: EmbeddedServer, sb: AsyncSession, name: str
) -> None:
    service = getattr(sb, name)
    for expand in ([], ["translated_fields"]):
        found = await service.search(server.event_id, expand=expand, limit=12).collect()
        for record in found:
            assert await service.get(server.event_id, record.id, expand=expand) == record
        assert any(record.translations for record in found) == bool(expand)
    with pytest.raises(NotFoundError):
        await service.get(server.event_id, "no such id/%2e")


async def test_speakers_are_contacts(server: EmbeddedServer, sb: AsyncSession) -> None:
    speakers = await sb.speakers.search(server.event_id).collect()
    contacts = await sb.contacts.search(server.event_id).collect()
    assert set(ids(speakers)) < set(ids(contacts))


async def test_the_sessions_of_a_contact(server: EmbeddedServer, sb: AsyncSession) -> None:
    talks = await sb.sessions.search(server.event_id, expand=["linked_sources"]).collect()
    person = next(person for talk in talks for person in talk.people if person.id)
    of_event = await sb.contacts.sessions(server.event_id, str(person.id))
    assert isinstance(of_event, models.ContactSessions)
    assert of_event.sessions
    titles = {talk.id: talk.title for talk in talks}
    assert {row.id for row in of_event.sessions} <= titles.keys() | {None} | set(
        ids(await sb.sessions.search_statuses(server.event_id, expand=["linked_sources"]).collect())
    )
    known = {row.id: row.title for row in of_event.sessions if row.id in titles}
    assert known == {id_: titles[id_] for id_ in known} != {}
    of_all = await sb.org_contacts.sessions(server.org_id, str(person.id))
    assert isinstance(of_all, models.OrgContactSessions)
    assert of_all.sessions
    here = [row.id for row in of_all.sessions if row.event_id == server.event_id]
    assert here == [row.id for row in of_event.sessions]


async def test_the_contacts_of_an_organization(server: EmbeddedServer, sb: AsyncSession) -> None:
    everybody = await sb.org_contacts.search(server.org_id, sort="created_at").collect()
    for event_id in server.event_ids:
        assert set(ids(await sb.contacts.search(event_id).collect())) < set(ids(everybody))
    times = [person.created_at for person in everybody if person.created_at]
    assert times == sorted(times)
    person = await sb.org_contacts.get(server.org_id, str(everybody[0].id), expand=["translated_fields"])
    assert person.id == everybody[0].id


# Settings


@pytest.mark.parametrize("name", FAMILIES)
async def test_lists_and_searches_of_settings_agree(
    server: EmbeddedServer, sb: AsyncSession, name: str
) -> None:
    listed = await getattr(sb, name).list(server.event_id).collect()
    assert listed
    assert {type(record) for record in listed} == {FAMILIES[name]}
    searched = await getattr(sb, name).search(server.event_id).collect()
    assert sorted(ids(listed)) == sorted(ids(searched))
    assert len(await getattr(sb, name).list(server.event_id, limit=2).collect()) == 2


async def test_fields(server: EmbeddedServer, sb: AsyncSession) -> None:
    listed = await sb.fields.list(server.event_id).collect()
    searched = await sb.fields.search(server.event_id).collect()
    assert sorted(ids(listed)) == sorted(ids(searched))
    modules = {
        module: ids(await sb.fields.search(server.event_id, module=module).collect())
        for module in ("session", "contact", "account")
    }
    assert all(modules.values())
    assert sorted(id_ for found in modules.values() for id_ in found) == sorted(ids(searched))
    for source in ("standard", "custom"):
        found = await sb.fields.search(server.event_id, source=source).collect()
        assert ids(found) == [field.id for field in searched if field.field_source == source] != []
    for scope in ("global", "event"):
        found = await sb.fields.search(server.event_id, scope=scope).collect()
        assert ids(found) == [field.id for field in searched if field.scope == scope] != []
    rising = await sb.fields.search(server.event_id, sort="created_at").collect()
    times = [field.created_at for field in rising if field.created_at]
    assert times == sorted(times)
    assert len(times) == len(rising)
    after = await sb.fields.search(server.event_id, created_after=times[0]).collect()
    assert set(ids(after)) == {
        field.id for field in rising if field.created_at and field.created_at > times[0]
    }


async def test_the_value_of_a_custom_field_is_found_by_the_name_that_fields_give_it(
    server: EmbeddedServer, sb: AsyncSession
) -> None:
    names = {
        field.internal_name
        for field in await sb.fields.search(server.event_id, module="session", source="custom").collect()
    }
    talks = await sb.sessions.search(server.event_id).collect()
    used = {field.internal_name for talk in talks for field in talk.custom_fields or ()}
    assert used
    assert used <= names
    assert any(talk.custom(str(name)) is not None for talk in talks for name in used)


async def test_every_operation_that_reads_an_event_was_asked_for(
    server: EmbeddedServer, sb: AsyncSession
) -> None:
    event_id, org_id = server.event_id, server.org_id
    talk, person = await sb.sessions.search(event_id).first(), await sb.speakers.search(event_id).first()
    sponsor, exhibitor = (
        await sb.sponsors.search(event_id).first(),
        await sb.exhibitors.search(event_id).first(),
    )
    assert talk
    assert person
    assert sponsor
    assert exhibitor
    for name in (*FAMILIES, "fields"):
        await getattr(sb, name).list(event_id).first()
        await getattr(sb, name).search(event_id).first()
    for pager in (
        sb.events.list(),
        sb.sessions.list(event_id),
        sb.sessions.search_statuses(event_id),
        sb.contacts.search(event_id),
        sb.org_contacts.search(org_id),
    ):
        assert await pager.first()
    await sb.sessions.get(event_id, str(talk.id))
    await sb.speakers.get(event_id, str(person.id))
    await sb.contacts.get(event_id, str(person.id))
    await sb.contacts.sessions(event_id, str(person.id))
    await sb.org_contacts.get(org_id, str(person.id))
    await sb.org_contacts.sessions(org_id, str(person.id))
    await sb.sponsors.get(event_id, str(sponsor.id))
    await sb.exhibitors.get(event_id, str(exhibitor.id))
    families = (
        "events",
        "sessions",
        "speakers",
        "contacts",
        "org_contacts",
        "sponsors",
        "exhibitors",
        "fields",
    )
    assert {request.operation for request in server.requests} == {
        endpoint.operation_id
        for name in (*families, *FAMILIES)
        for _, endpoint in endpoints_of(load_services()[name])
        if endpoint.idempotent
    }
