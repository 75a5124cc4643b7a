"""Answers that are refusals, pages of firewalls or nonsense never cost a copy its records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sessionboard_async import APIError, AsyncSession, ConfigurationError, DecodeError
from sessionboard_async.sqlite import SyncSummary, sync_event
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import Record, RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

ONLY = ["rooms", "contacts", "statuses"]
PAGE = "<html>Attention required!</html>"


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record(id_: str) -> Record:
    time = iso(datetime.now(UTC) - timedelta(hours=3))
    return {"id": id_, "name": f"Record {id_}", "created_at": time, "updated_at": time}


@pytest.fixture
async def api() -> AsyncIterator[RecordsAPI]:
    api = RecordsAPI(
        rooms=[record(f"r{number}") for number in range(12)],
        contacts=[record(f"c{number}") for number in range(12)],
        statuses=[{"id": f"t{number}", "name": "A status"} for number in range(12)],
    )
    async with api.running():
        yield api


@pytest.fixture
async def sb(api: RecordsAPI) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb:
        yield sb


async def sync(sb: AsyncSession, path: Path) -> SyncSummary:
    return await sync_event(sb, 1, path, only=ONLY, sweep_every=timedelta())


def names(path: Path) -> dict[str, dict[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            resource: {
                id_: json.loads(content)["name"]
                for id_, content in connection.execute(f"SELECT id, record FROM {resource}")
            }
            for resource in ONLY
        }


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_a_refused_resource_keeps_its_records(
    api: RecordsAPI, sb: AsyncSession, path: Path, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    await sync(sb, path)
    before = names(path)
    refused = (status, {"error": "SomeError", "message": "not here"})
    api.override = lambda _, called, __: None if called.startswith("contacts") else refused
    del api.records["contacts"][0]
    summary = await sync(sb, path)
    assert summary.refused.keys() == {"rooms", "statuses"}
    assert str(status) in summary.refused["rooms"]
    assert (summary.removed, summary.counts["rooms"], summary.counts["statuses"]) == (1, 12, 12)
    del before["contacts"]["c0"]
    assert names(path) == before
    (warning,) = [entry.getMessage() for entry in caplog.records if entry.levelname == "WARNING"]
    assert "rooms, statuses" in warning
    caplog.clear()
    assert (await sync_event(sb, 1, path, only=ONLY, allow_refused=True)).refused.keys() == {
        "rooms", "statuses"
    }  # fmt: skip
    assert not caplog.records


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((403, PAGE), APIError),
        ((404, PAGE), APIError),
        ((405, PAGE), APIError),
        ((200, {"results": None}), DecodeError),
        ((200, {"data": None}), DecodeError),
        ((200, {"results": None, "pagination": None}), DecodeError),
        ((200, {"message": "hello"}), DecodeError),
        ((200, PAGE), DecodeError),
    ],
)
async def test_nonsense_is_an_error_and_changes_nothing(
    api: RecordsAPI, sb: AsyncSession, path: Path, answer: tuple[int, object], error: type[Exception]
) -> None:
    await sync(sb, path)
    before = names(path)
    api.override = lambda *_: answer
    with pytest.raises(error):
        await sync(sb, path)
    assert names(path) == before
    api.override = lambda *_: None
    assert (await sync(sb, path)).removed == 0


async def test_a_record_from_the_future_is_replaced_by_what_it_is_later(
    api: RecordsAPI, sb: AsyncSession, path: Path
) -> None:
    api.records["contacts"][3] |= {"name": "From the future", "updated_at": "2099-01-01T00:00:00.000Z"}
    await sync(sb, path)
    assert names(path)["contacts"]["c3"] == "From the future"
    api.records["contacts"][3] |= {"name": "From today", "updated_at": iso(datetime.now(UTC))}
    await sync_event(sb, 1, path, only=ONLY)
    assert names(path)["contacts"]["c3"] == "From today"


async def test_a_record_restored_from_a_backup_replaces_the_newer_one(
    api: RecordsAPI, sb: AsyncSession, path: Path
) -> None:
    await sync(sb, path)
    api.records["contacts"][3] |= {"name": "Restored", "updated_at": "2026-01-01T00:00:00.000Z"}
    await sync(sb, path)
    assert names(path)["contacts"]["c3"] == "Restored"


@pytest.mark.parametrize(
    "damaged",
    [
        "{",
        "[]",
        '"text"',
        "7",
        b"\xff\xfe",
        '{"version": 1}',
        '{"version": "\ud800"}'.encode("utf-8", "replace"),
        '{"version": 1, "query": {"operation": "search-rooms"}, "progress": {}}',
    ],
)
async def test_a_damaged_checkpoint_is_an_error_that_names_the_file(
    api: RecordsAPI, sb: AsyncSession, path: Path, damaged: object
) -> None:
    await sync(sb, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE sessionboard_copy SET checkpoint = ?", (damaged,))
        connection.commit()
    before = names(path)
    api.requests.clear()
    with pytest.raises(ConfigurationError, match=path.name) as caught:
        await sync(sb, path)
    assert "choose another file" in str(caught.value)
    assert not api.requests
    assert names(path) == before
