"""Clocks and records with wrong times: every record and change arrives all the same."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import AsyncSession, Checkpoint
from sessionboard_async.change_feed import ChangeFeed, changes
from sessionboard_async.sqlite import sync_event
from tests.change_feed.following import stored
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import Record, RecordsAPI

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

DAY = timedelta(days=1)
NOW = datetime.now(UTC)

DATES: dict[str, Callable[[], str | None]] = {
    "right": lambda: _http(timedelta()),
    "ten years behind": lambda: _http(-3652 * DAY),
    "a day behind": lambda: _http(-DAY),
    "two hours behind": lambda: _http(-timedelta(hours=2)),
    "two hours ahead": lambda: _http(timedelta(hours=2)),
    "a day ahead": lambda: _http(DAY),
    "9999": lambda: "Fri, 31 Dec 9999 23:59:59 GMT",
    "missing": lambda: None,
    "garbage": lambda: "yesterday",
}

KINDS = {
    "contacts": None,
    "speakers": "2099-06-01T12:00:00.000Z",
    "sponsors": "0001-01-01T00:00:00.000Z",
    "exhibitors": "",
    "sessions": None,
}
"""The time of some of the records of each resource; ``None`` for an ordinary one, empty for none."""


def _http(skew: timedelta) -> str:
    return format_datetime(datetime.now(UTC) + skew, usegmt=True)


def iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def record(number: int, strange: str | None, *, is_strange: bool = True) -> Record:
    time: str | None = iso(NOW - timedelta(hours=1) * (200 - number))
    if strange is not None and is_strange:
        time = strange or None
    return {"id": f"r{number}", "name": f"Record {number}", "created_at": time, "updated_at": time}


def sample() -> dict[str, list[Record]]:
    """Return 105 records of each resource, of which every fifth has a strange time."""
    return {
        resource: [record(number, strange, is_strange=number % 5 == 0) for number in range(105)]
        for resource, strange in KINDS.items()
    }


def change(api: RecordsAPI) -> None:
    """Change an ordinary and a strange record, add a strange one, and delete one, of each resource."""
    for resource, strange in KINDS.items():
        records = api.records[resource]
        records[1] |= {"name": "Changed", "updated_at": iso(datetime.now(UTC))}
        records[5] |= {"name": "Changed", "updated_at": records[5]["updated_at"]}
        if strange is None:
            records[5]["updated_at"] = iso(datetime.now(UTC))
        records.append(record(200, strange))
        gone = records.pop(10)
        if resource == "sessions":
            api.deleted.append(gone | {"deleted_at": iso(datetime.now(UTC))})


async def follow(feed: ChangeFeed[dict[str, Any]], copy: dict[str, dict[str, Record]]) -> int:
    count = 0
    async for changed in feed:
        count += 1
        if changed.record is None:
            copy[changed.resource].pop(changed.id)
        else:
            copy.setdefault(changed.resource, {})[changed.id] = changed.record
    return count


def content(api: RecordsAPI) -> dict[str, dict[str, Record]]:
    return {resource: {one["id"]: one for one in records} for resource, records in api.records.items()}


@pytest.mark.parametrize("date", DATES)
async def test_every_change_arrives_whatever_the_times_say(date: str) -> None:
    async with (
        RecordsAPI(**sample()).running() as api,
        AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb,
    ):
        api.date = DATES[date]()
        copy: dict[str, dict[str, Record]] = {}
        feed = changes(sb, 1, resources=KINDS).raw()
        await follow(feed, copy)
        assert copy == content(api)

        change(api)
        checkpoint = stored(feed)
        feed = changes(sb, 1, resources=KINDS, resume=checkpoint).raw()
        await follow(feed, copy)
        for resource, records in content(api).items():
            assert copy[resource]["r1"] == records["r1"], resource
        for resource in ("contacts", "sessions"):
            assert copy[resource]["r5"] == content(api)[resource]["r5"]
            assert "r200" in copy[resource]
        assert "r10" not in copy["sessions"]

        checkpoint = stored(feed)
        feed = changes(sb, 1, resources=KINDS, resume=checkpoint, sweep_every=timedelta()).raw()
        await follow(feed, copy)
        assert copy == content(api)

        checkpoint = stored(feed)
        feed = changes(sb, 1, resources=KINDS, resume=checkpoint, sweep_every=timedelta()).raw()
        assert await follow(feed, copy) == 0


def held(path: Path) -> dict[str, dict[str, Record]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            resource: {
                id_: json.loads(record)
                for id_, record in connection.execute(f"SELECT id, record FROM {resource}")
            }
            for resource in KINDS
        }


@pytest.mark.parametrize(
    "date",
    # Read by the same rules as the others; the changes above arrive with all of them.
    [
        pytest.param(date, marks=pytest.mark.slow) if date.startswith(("two", "a day b", "garb")) else date
        for date in DATES
    ],
)
@pytest.mark.untraced
async def test_a_copy_is_complete_whatever_the_times_say(date: str, tmp_path: Path) -> None:
    path = tmp_path / "event.db"

    async with (
        RecordsAPI(**sample()).running() as api,
        AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb,
    ):
        api.date = DATES[date]()
        first = await sync_event(sb, 1, path, only=KINDS)
        assert (first.upserted, first.removed) == (525, 0)
        assert held(path) == content(api)

        change(api)
        await sync_event(sb, 1, path, only=KINDS, sweep_every=timedelta())
        assert held(path) == content(api)
        again = await sync_event(sb, 1, path, only=KINDS, sweep_every=timedelta())
        assert (again.upserted, again.removed) == (0, 0)


async def test_no_change_is_missed_while_the_clock_of_the_api_jumps() -> None:
    names = ("contacts", "sessions")
    async with (
        RecordsAPI(
            **{name: [record(number, None) for number in range(30)] for name in names}
        ).running() as api,
        AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb,
    ):
        copy: dict[str, dict[str, Record]] = {}
        checkpoint: Checkpoint | None = None
        for number, date in enumerate([*DATES.values(), *reversed(DATES.values())]):
            api.date = date()
            feed = changes(sb, 1, resources=names, resume=checkpoint).raw()
            await follow(feed, copy)
            assert copy == content(api)
            checkpoint = stored(feed)
            for name in names:
                api.records[name][number] |= {"name": "Changed", "updated_at": iso(datetime.now(UTC))}
                api.records[name].append(record(300 + number, None) | {"updated_at": iso(datetime.now(UTC))})
            gone = api.records["sessions"].pop()
            api.deleted.append(gone | {"deleted_at": iso(datetime.now(UTC))})
