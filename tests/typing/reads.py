"""Result types of reads, as the type checkers see them: checked by mypy and pyright, never run.

One function per service. A wrong annotation anywhere on the way from the endpoint to the caller fails here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, assert_type

import msgspec

from sessionboard_async import (
    Answered,
    AsyncSession,
    Cache,
    Page,
    Pager,
    Response,
    ResponseInfo,
    Retry,
    Timeout,
)
from sessionboard_async.models import (
    Contact,
    ContactSessions,
    Event,
    Exhibitor,
    Field,
    Format,
    Language,
    Level,
    OrgContactSessions,
    Room,
    Session,
    SessionSpeaker,
    SessionStatus,
    Sponsor,
    Status,
    Tag,
    Track,
)

ORGANIZATION = "3f0c2a52-0000-0000-0000-000000000000"
NOON = datetime.fromisoformat("2026-08-01T12:00:00Z")


async def session() -> None:
    async with AsyncSession("TOKEN", region="eu", cache=Cache(ttl=5)) as sb:
        assert_type(sb, AsyncSession)
        assert_type(sb.with_options(timeout=Timeout(total=5), retry=Retry(attempts=2)), AsyncSession)
    assert_type(await sb.request("GET", "/v1/events", query={"page": 1, "tags": ["a", "b"]}), Response)
    assert_type((await sb.request("GET", "/v1/events")).json(), Any)
    assert_type((await sb.request("POST", "/v1/events", json={"a": 1})).headers, Mapping[str, str])


async def with_response(sb: AsyncSession) -> None:
    answered = await sb.with_response.sessions.get(4630, "s", expand=["composition"])
    assert_type(answered, Answered[Session])
    assert_type(answered.record, Session)
    assert_type(answered.headers, Mapping[str, str])
    assert_type(await sb.with_response.sessions.update(4630, "s", title="New"), Answered[Session])
    assert_type(await sb.with_response.speakers.get(4630, "s"), Answered[Contact])
    assert_type(await sb.with_response.tracks.delete(4630, "t"), Answered[None])


async def pager(pager: Pager[Session]) -> None:
    async for talk in await pager.stream():
        assert_type(talk, Session)
    async for talk in pager:
        assert_type(talk, Session)
    async for page in pager.pages():
        assert_type(page, Page[Session])
        assert_type(page.results, tuple[Session, ...])
        assert_type(page.skipped, int)
        assert_type(page.response, ResponseInfo | None)
    assert_type([talk.title async for talk in pager], list[str | None])
    assert_type(await pager.first(), Session | None)
    assert_type(await pager.collect(), list[Session])
    assert_type(await pager.collect(limit=10), list[Session])
    assert_type(await pager.count(), int)


async def raw(pager: Pager[Session]) -> None:
    assert_type(pager.raw(), Pager[dict[str, Any]])
    async for record in pager.raw():
        assert_type(record, dict[str, Any])
    async for page in pager.raw().pages():
        assert_type(page, Page[dict[str, Any]])
    assert_type(await pager.raw().first(), dict[str, Any] | None)
    assert_type(pager.raw_json(), Pager[msgspec.Raw])
    async for json in pager.raw_json():
        assert_type(bytes(json), bytes)


class Talk(msgspec.Struct):
    id: str
    title: str
    room: Room | None = None


@dataclass
class TalkData:
    title: str


class TalkDict(TypedDict):
    title: str


async def into(pager: Pager[Session]) -> None:
    assert_type(pager.into(Talk), Pager[Talk])
    async for talk in pager.into(Talk):
        assert_type(talk, Talk)
    async for page in pager.into(Talk).pages():
        assert_type(page, Page[Talk])
    assert_type(await pager.into(Talk).first(), Talk | None)
    assert_type(await pager.into(Talk).collect(), list[Talk])
    assert_type(pager.into(TalkData), Pager[TalkData])
    assert_type(pager.into(TalkDict), Pager[TalkDict])
    assert_type(await pager.into(TalkDict).collect(), list[TalkDict])
    assert_type(pager.into(Talk).raw(), Pager[dict[str, Any]])


async def events(sb: AsyncSession) -> None:
    assert_type(await sb.events.get(4630), Event)
    assert_type(sb.events.list(page_size=50, prefetch=8, limit=None, on_invalid="skip"), Pager[Event])
    async for event in sb.events.list():
        assert_type(event, Event)
        assert_type(event.id, int | str | None)


async def sessions(sb: AsyncSession) -> None:
    found = sb.sessions.search(
        4630,
        status="accepted",
        is_abstract=False,
        created_after=NOON,
        created_before="2026-08-01T12:00:00Z",
        updated_after=None,
        sort="-updated_at",
        expand=["translated_fields", "subsession_details"],
        page_size=50,
    )
    assert_type(found, Pager[Session])
    assert_type(
        sb.sessions.list("4630", track_id="a", search="maps", expand=("composition",)), Pager[Session]
    )
    statuses = sb.sessions.search_statuses(4630, deleted_after=NOON, sort="-deleted_at")
    assert_type(statuses, Pager[SessionStatus])
    talk = await sb.sessions.get(4630, "an-id", expand=["composition"])
    assert_type(talk, Session)
    assert_type(talk.starts_at, datetime | None)
    assert_type(talk.room, Room | None)
    assert_type(talk.people, tuple[SessionSpeaker, ...])
    assert_type(talk.translated("fr"), Session)
    assert_type(talk.translations, dict[str, dict[str, str]])


async def speakers(sb: AsyncSession) -> None:
    assert_type(sb.speakers.search(4630, updated_after=NOON), Pager[Contact])
    speaker = await sb.speakers.get(4630, "an-id")
    assert_type(speaker, Contact)
    assert_type(speaker.translated("fr"), Contact)


async def contacts(sb: AsyncSession) -> None:
    assert_type(sb.contacts.search(4630), Pager[Contact])
    assert_type(await sb.contacts.get(4630, "an-id"), Contact)
    assert_type(await sb.contacts.sessions(4630, "an-id"), ContactSessions)


async def org_contacts(sb: AsyncSession) -> None:
    assert_type(sb.org_contacts.search(ORGANIZATION), Pager[Contact])
    assert_type(await sb.org_contacts.get(ORGANIZATION, "an-id"), Contact)
    assert_type(await sb.org_contacts.sessions(ORGANIZATION, "an-id"), OrgContactSessions)


async def accounts(sb: AsyncSession) -> None:
    assert_type(sb.sponsors.search(4630, sort="created_at"), Pager[Sponsor])
    assert_type(await sb.sponsors.get(4630, "an-id"), Sponsor)
    assert_type(sb.exhibitors.search(4630), Pager[Exhibitor])
    exhibitor = await sb.exhibitors.get(4630, "an-id")
    assert_type(exhibitor, Exhibitor)
    assert_type(exhibitor.translated("fr"), Exhibitor)
    async for sponsor in sb.sponsors.search(4630):
        assert_type(sponsor, Sponsor)


async def fields(sb: AsyncSession) -> None:
    assert_type(sb.fields.list(4630), Pager[Field])
    assert_type(sb.fields.search(4630, module="session", source="custom", scope="event"), Pager[Field])


async def metadata_lists(sb: AsyncSession) -> None:
    assert_type(sb.rooms.list(4630), Pager[Room])
    assert_type(sb.tracks.list(4630), Pager[Track])
    assert_type(sb.tags.list(4630), Pager[Tag])
    assert_type(sb.formats.list(4630), Pager[Format])
    assert_type(sb.levels.list(4630), Pager[Level])
    assert_type(sb.languages.list(4630), Pager[Language])
    assert_type(sb.statuses.list(4630), Pager[Status])


async def metadata_searches(sb: AsyncSession) -> None:
    assert_type(sb.rooms.search(4630, created_after=NOON), Pager[Room])
    assert_type(sb.tracks.search(4630), Pager[Track])
    assert_type(sb.tags.search(4630), Pager[Tag])
    assert_type(sb.formats.search(4630), Pager[Format])
    assert_type(sb.levels.search(4630), Pager[Level])
    assert_type(sb.languages.search(4630), Pager[Language])
    assert_type(sb.statuses.search(4630), Pager[Status])
    async for status in sb.statuses.search(4630):
        assert_type(status.name, str | None)
