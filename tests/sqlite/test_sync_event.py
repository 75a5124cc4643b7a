"""A run copies the event with its time zone, and never loses what it knows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import AsyncSession, DecodeError
from sessionboard_async.change_feed import changes
from sessionboard_async.export import export_event
from sessionboard_async.models import Event, Room
from sessionboard_async.sqlite import sync_event
from tests.sqlite.sample_changes import ask
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

NONE = {"results": [], "pagination": {"totalResults": 0}}

TIME = "2026-09-14T08:00:00Z"


@pytest.fixture
async def api() -> AsyncIterator[RecordsAPI]:
    session = {"id": "a", "title": "Talk", "starts_at": TIME, "created_at": TIME, "updated_at": TIME}
    api = RecordsAPI(sessions=[session])
    async with api.running():
        yield api


@pytest.fixture
async def sb(api: RecordsAPI) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb:
        yield sb


def local(path: Path) -> Any:
    return ask(path, "SELECT starts_local FROM talks")[0][0]


async def test_local_times_follow_the_event(api: RecordsAPI, sb: AsyncSession, path: Path) -> None:
    # The id comes as a number or as text.
    api.events = [{"id": "10", "timezone": "UTC"}, {"id": "1", "name": "First", "timezone": "Europe/Paris"}]
    await sync_event(sb, 1, path, only=["sessions"])
    assert (local(path), ask(path, "SELECT id, name FROM event")) == ("2026-09-14 10:00:00", [("1", "First")])
    api.events = [{"id": 1, "name": "Moved", "timezone": "America/Chicago"}]
    summary = await sync_event(sb, Event(id=1), path, only=["sessions"])
    assert summary.upserted == 0
    assert (local(path), ask(path, "SELECT name FROM event")) == ("2026-09-14 03:00:00", [("Moved",)])


@pytest.mark.parametrize("status", [403, 200])
async def test_an_event_that_is_not_listed_stays_as_it_was(
    api: RecordsAPI, sb: AsyncSession, path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def unlisted(_: str, called: str, __: object) -> Any:
        error = {"error": "SomeError", "message": "no"}
        return None if called else (status, NONE if status == 200 else error)

    await sync_event(sb, 1, path, only=["sessions"])
    api.override = unlisted
    summary = await sync_event(sb, 1, path, only=["sessions"])
    assert (summary.refused, local(path)) == ({}, "2026-09-14 10:00:00")
    assert not caplog.records

    new = path.with_name("new.db")
    await sync_event(sb, 1, new, only=["sessions"])
    assert local(new) is None
    (warning,) = caplog.records
    assert "event 1: the time zone None is not known" in warning.getMessage()


async def test_a_list_of_events_that_is_nonsense_is_an_error(
    api: RecordsAPI, sb: AsyncSession, path: Path
) -> None:
    await sync_event(sb, 1, path, only=["sessions"])
    api.override = lambda _, called, __: None if called else (200, {"results": None})
    with pytest.raises(DecodeError):
        await sync_event(sb, 1, path, only=["sessions"])
    assert local(path) == "2026-09-14 10:00:00"


async def test_languages_without_translations_are_refused_before_any_request(
    api: RecordsAPI, sb: AsyncSession, path: Path
) -> None:
    with pytest.raises(ValueError, match="add 'translated_fields' to expand"):
        await sync_event(sb, 1, path, languages=["fr"])
    assert api.requests == []
    await sync_event(sb, 1, path, only=["sessions"], expand=["translated_fields"], languages=["fr"])
    assert ask(path, "SELECT title, starts_local FROM talks_fr") == [("Talk", "2026-09-14 10:00:00")]


async def test_the_event_itself_works_where_its_id_does(
    api: RecordsAPI, sb: AsyncSession, tmp_path: Path
) -> None:
    event = Event(id=1, name="An event")
    exported = await export_event(sb, event, tmp_path / "export", only=["sessions"])
    followed = [change.id async for change in changes(sb, event, resources=["sessions"])]
    assert (exported.event_id, followed) == (1, ["a"])
    api.requests.clear()
    room: Any = Room(id="r")
    with pytest.raises(TypeError, match="event_id"):
        await sync_event(sb, room, tmp_path / "event.db")
    with pytest.raises(TypeError, match="event_id"):
        await export_event(sb, room, tmp_path / "other")
    assert api.requests == []
