"""The blocks on exports, changes and databases, run against the embedded server."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.guides.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


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


@block("save_event.py")
def test_an_event_is_saved_with_a_manifest(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    counts = {name: len(records(sessionboard_server, name)) for name in ("sessions", "speakers")}
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"{count} {name} in {name}.jsonl" for name, count in counts.items()]
    folder = block.with_name("export")
    assert {path.name for path in folder.iterdir()} == {"sessions.jsonl", "speakers.jsonl", "manifest.json"}
    for name, count in counts.items():
        assert len((folder / f"{name}.jsonl").read_bytes().splitlines()) == count


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
