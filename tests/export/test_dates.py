"""Wrong clocks and records of any date: every record arrives, and the manifest says how many."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, BadRequestError
from sessionboard_async.export.exporter import export_event
from tests.export.exports import lines
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
Row = dict[str, str | None]

NOW = datetime.now(UTC)

EVENTS = {
    "results": [{"id": 1, "name": "An event"}],
    "pagination": {"currentPage": 1, "pageSize": 100, "totalPages": 1, "totalResults": 1},
}


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


CLOCKS: dict[str, str | None] = {
    "right": http_date(NOW),
    "ten years behind": http_date(NOW.replace(year=NOW.year - 10, day=1)),
    "two hours behind": http_date(NOW - timedelta(hours=2)),
    "two hours ahead": http_date(NOW + timedelta(hours=2)),
    "a day behind": http_date(NOW - timedelta(days=1)),
    "a day ahead": http_date(NOW + timedelta(days=1)),
    "1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "none": None,
    "garbage": "yesterday",
}

OTHERS: dict[str, str | None] = {
    "of now": None,
    "of the future": (NOW + timedelta(days=400)).isoformat(),
    "of the year 1": "0001-01-01T00:00:00+00:00",
    "of the year 9999": "9999-12-31T23:59:59+00:00",
    "without a time": None,
}


def rows(kind: str) -> list[Row]:
    """Return 230 records of the last days, ten of which are of a kind."""
    found: list[Row] = []
    for number in range(230):
        created: str | None = (NOW - timedelta(hours=230 - number)).isoformat()
        if number % 23 == 7:
            created = NOW.isoformat() if kind == "of now" else OTHERS[kind]
        found.append({"id": f"t{number}", "created_at": created, "updated_at": created})
    return found


def search(
    records: list[Row], query: dict[str, str], body: bytes, held_back: Collection[str] = ()
) -> dict[str, Any]:
    """Answer as the API does; a record without a time is not found by time, and is last.

    Args:
        records: The records.
        query: The query.
        body: The body of the request.
        held_back: The ids of records that are counted but not returned.
    """
    bounds = json.loads(body or b"{}").get("filters", {}).get("createdAt", {})
    times = {name: datetime.fromisoformat(time) for name, time in bounds.items()}
    selected = [
        row
        for row in records
        if not times
        or (
            (created := row["created_at"]) is not None
            and times.get("after", datetime.min.replace(tzinfo=UTC)) < datetime.fromisoformat(created)
            and times.get("before", datetime.max.replace(tzinfo=UTC)) > datetime.fromisoformat(created)
        )
    ]
    selected.sort(key=lambda row: (row["created_at"] is None, row["created_at"] or ""))
    page, size = int(query.get("page", "1")), int(query.get("pageSize", "100"))
    return {
        "results": [row for row in selected[(page - 1) * size : page * size] if row["id"] not in held_back],
        "pagination": {
            "currentPage": page,
            "pageSize": size,
            "totalPages": -(-len(selected) // size),
            "totalResults": len(selected),
        },
    }


@pytest.mark.parametrize("resume", [False, True], ids=["", "resumed"])
@pytest.mark.parametrize("kind", OTHERS)
@pytest.mark.parametrize("clock", CLOCKS)
async def test_every_record_arrives_whatever_the_clocks(
    serve: Serve, tmp_path: Path, clock: str, kind: str, resume: bool
) -> None:
    records, date, failing = rows(kind), CLOCKS[clock], resume

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/v1/events":
            return web.json_response(EVENTS)
        if failing and len(server.requests) == 4:
            return web.json_response({"error": "BadRequestError"}, status=400)
        found = search(records, dict(request.query), await request.read())
        response = web.json_response(found)
        response.headers["Date"] = "" if date is None else date
        return response

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        if resume:
            with pytest.raises(BadRequestError):
                await export_event(sb, 1, tmp_path, only=["sessions"], resume=True)
            failing = False
        manifest = await export_event(sb, 1, tmp_path, only=["sessions"], resume=resume)
    ids = [json.loads(line)["id"] for line in lines(tmp_path, "sessions")]
    assert sorted(ids) == sorted(str(row["id"]) for row in records)
    summary = manifest.resources["sessions"]
    assert (summary.records, summary.reported) == (230, 230)


@pytest.mark.parametrize("resume", [False, True], ids=["", "resumed"])
@pytest.mark.parametrize("hidden", [{3, 77, 150, 229}, {229}, {*range(100)}], ids=len)
async def test_the_manifest_reports_the_records_that_the_api_counts_and_holds_back(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, hidden: set[int], resume: bool
) -> None:
    records, failing = rows("of now"), resume
    held_back = [f"t{number}" for number in hidden]

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/v1/events":
            return web.json_response(EVENTS)
        if failing and len(server.requests) == 3:
            return web.json_response({"error": "BadRequestError"}, status=400)
        found = search(records, dict(request.query), await request.read(), held_back)
        return web.json_response(found)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        if resume:
            with pytest.raises(BadRequestError):
                await export_event(sb, 1, tmp_path, only=["sessions"], resume=True)
            failing = False
        with caplog.at_level(logging.WARNING, "sessionboard_async"):
            manifest = await export_event(sb, 1, tmp_path, only=["sessions"], resume=resume)
    summary = manifest.resources["sessions"]
    assert (summary.records, summary.reported) == (230 - len(hidden), 230)
    assert len(lines(tmp_path, "sessions")) == summary.records
    assert len(caplog.records) == 1, caplog.text


@pytest.mark.parametrize("resource", ["sessions", "fields"])
@pytest.mark.parametrize(
    ("total", "reported"),
    [(0, None), (-5, None), (50, None), (99, None), (231, 231), (10**30, None), (None, None), ([], None)],
    ids=str,
)
async def test_a_total_is_reported_unless_the_records_disprove_it(
    serve: Serve, tmp_path: Path, resource: str, total: object, reported: int | None
) -> None:
    records = rows("of now")

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/v1/events":
            return web.json_response(EVENTS)
        found = search(records, dict(request.query), await request.read())
        pagination: dict[str, object] = {**found["pagination"], "totalResults": total}
        return web.json_response({**found, "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        manifest = await export_event(sb, 1, tmp_path, only=[resource])
    assert len(lines(tmp_path, resource)) == 230
    summary = manifest.resources[resource]
    assert (summary.records, summary.reported) == (230, reported)
