"""The blocks on exports, changes and databases, run against the embedded server."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

from sessionboard_async.sqlite.schema import METADATA
from sessionboard_async.testing import EmbeddedServer
from tests.guides.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


@pytest.mark.slow
@block("follow.py")
def test_the_first_run_reports_all_records_and_later_runs_changes(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    talks, speakers = (records(sessionboard_server, name) for name in ("sessions", "speakers"))
    first = run(block)
    assert (first.returncode, first.stderr) == (0, "")
    assert sorted(first.stdout.splitlines()) == sorted(
        [f"upsert sessions {talk['id']}" for talk in talks]
        + [f"upsert speakers {speaker['id']}" for speaker in speakers]
    )
    second = run(block)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    deleted = talks[0]["id"]
    url = f"{sessionboard_server.base_url}/v1/event/{sessionboard_server.event_id}/sessions/{deleted}"
    httpx.delete(url, headers={"x-access-token": sessionboard_server.token}).raise_for_status()
    third = run(block)
    assert (third.returncode, third.stdout.splitlines()) == (0, [f"deleted sessions {deleted}"])


@pytest.mark.slow
@block("own_table.py")
def test_a_table_of_ones_own_holds_the_talks_and_a_small_checkpoint(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    talks = records(sessionboard_server, "sessions")
    first = run(block)
    assert (first.returncode, first.stdout, first.stderr) == (0, f"{len(talks)} talks\n", "")
    deleted = talks[0]["id"]
    url = f"{sessionboard_server.base_url}/v1/event/{sessionboard_server.event_id}/sessions/{deleted}"
    httpx.delete(url, headers={"x-access-token": sessionboard_server.token}).raise_for_status()
    second = run(block)
    assert (second.returncode, second.stdout, second.stderr) == (0, f"{len(talks) - 1} talks\n", "")
    with closing(sqlite3.connect(block.with_name("talks.db"))) as database:
        ((checkpoint,),) = database.execute("SELECT checkpoint FROM position")
        stored = {id_ for (id_,) in database.execute("SELECT id FROM talks")}
    assert stored == {talk["id"] for talk in talks[1:]}
    assert len(checkpoint) < 1000


@block("save_event.py")
def test_an_event_is_saved_with_a_manifest(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    counts = {name: len(records(sessionboard_server, name)) for name in ("sessions", "speakers")}
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    event, *lines = result.stdout.splitlines()
    assert lines == [f"{count} {name} in {name}.jsonl" for name, count in counts.items()]
    folder = block.with_name("export")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert event == "{name} in the time zone {timezone}".format_map(manifest["event"])
    assert {path.name for path in folder.iterdir()} == {"sessions.jsonl", "speakers.jsonl", "manifest.json"}
    for name, count in counts.items():
        assert len((folder / f"{name}.jsonl").read_bytes().splitlines()) == count


@pytest.mark.slow
@block("nightly.py")
def test_a_database_answers_a_question_every_night(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    accepted = records(sessionboard_server, "sessions", status="accepted")
    rooms = Counter(talk["room"]["name"] for talk in accepted if talk["room"])
    first = run(block)
    assert (first.returncode, first.stderr) == (0, "")
    count, *answers = first.stdout.splitlines()
    assert re.fullmatch(r"\d{3,} records in the database", count)
    best = sorted(rooms.items(), key=lambda room: (-room[1], room[0]))[:3]
    assert answers == [f"{talks} {room}" for room, talks in best]
    second = run(block)
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")


@block("schedule.py")
def test_the_schedule_is_in_the_time_zone_and_the_language(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    zone = ZoneInfo("America/Chicago")
    accepted = records(sessionboard_server, "sessions", status="accepted")
    planned = [talk for talk in accepted if talk.get("starts_at") and not talk["is_abstract"]]
    times = sorted(datetime.fromisoformat(talk["starts_at"]).astimezone(zone) for talk in planned)
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    *lines, last = result.stdout.splitlines()
    schedule = [line.split(" | ") for line in lines if " | " in line]
    assert [[day, hour] for day, hour, *_ in schedule] == [f"{t:%Y-%m-%d %H:%M}".split() for t in times]
    titles = {title for _, _, title, *_ in schedule}
    assert not titles <= {talk["title"] for talk in planned}
    assert re.fullmatch(r"\d{3} people expected: .+", last)


def test_every_table_and_column_is_listed(texts: dict[str, str]) -> None:
    rows = [line.split("|")[1:4] for line in texts["database"].splitlines() if line.startswith("| `")]
    listed = {
        table: set(re.findall("`([^`]+)`", columns))
        for tables, _, columns in rows
        for table in re.findall("`([^`]+)`", tables)
    }
    columns = {table.name: {column.name for column in table.c} for table in METADATA.tables.values()}
    assert listed.keys() == columns.keys()
    for table, names in columns.items():
        owners = {"speaker_id", "contact_id", "sponsor_id", "exhibitor_id", "session_id"}
        assert names - owners == listed[table] - owners, table
    diagram = re.findall(r"^ +(\w+) \S+--\S+ (\w+) : \"(\w+)\"$", texts["database"], re.MULTILINE)
    assert len(diagram) == texts["database"].count("--o{")
    for one, many, column in diagram:
        assert one in columns
        assert column in columns[many]
