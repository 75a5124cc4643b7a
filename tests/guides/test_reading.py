"""The blocks on reading, run against the embedded server."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionboard_async.testing import EmbeddedServer, Fault
from tests.guides.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


@block("whats_new.py")
def test_the_filters_reach_the_server_and_titles_are_translated(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    accepted = len(records(sessionboard_server, "sessions", status="accepted"))
    contacts = len(records(sessionboard_server, "contacts"))
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    *talks, last = result.stdout.splitlines()
    assert any("données" in talk for talk in talks)
    assert all(" | [" in talk for talk in talks)
    assert 0 < len(talks) < accepted
    assert last == f"10 speakers in hand, {contacts} contacts in all"
    assert sessionboard_server.requests[0].body == {
        "filters": {
            "status": "accepted",
            "isAbstract": False,
            "updatedAt": {"after": "2026-03-01T00:00:00Z"},
        },
        "sort": {"order": "updatedAt", "sort": "desc"},
        "expand": ["translated_fields"],
    }


@block("go_on.py")
def test_an_iteration_continues_after_a_failure(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    contacts = [contact["id"] for contact in records(sessionboard_server, "contacts")]
    sessionboard_server.faults.append(Fault("status", status=400, on=2, operation="search-event-contacts"))
    first = run(block)
    assert first.returncode == 1
    sessionboard_server.faults.clear()
    second = run(block)
    assert (second.returncode, second.stderr) == (0, "")
    assert 0 < len(second.stdout.splitlines()) < len(contacts)
    assert [*first.stdout.splitlines(), *second.stdout.splitlines()] == contacts


@block("tally.py")
def test_the_tally_counts_each_event(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    statuses = Counter(talk["status"] for talk in records(sessionboard_server, "sessions"))
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    first, second = sorted(result.stdout.splitlines())
    assert first.startswith("Journées des données ouvertes 2026 {")
    assert second == f"Open Shelves Conference 2026 {dict(statuses)}"


@block("tally.py")
def test_the_tally_skips_an_event_that_is_forbidden(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    sessionboard_server.faults.append(Fault("status", status=403, on=1, operation="search-sessions"))
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(re.findall(r"2026 is left out: POST /v1/event/\{event_id\}/sessions: 403", result.stdout)) == 1
    assert len(re.findall(r"2026 \{.*'accepted': ", result.stdout)) == 1


@block("tally.py")
def test_the_tally_ends_with_any_other_error(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    sessionboard_server.faults.append(Fault("status", status=400, on=2, operation="search-sessions"))
    result = run(block)
    assert result.returncode == 1
    assert "BadRequestError" in result.stderr
    assert "ResourceWarning" not in result.stderr


@block("some_fields.py")
def test_records_of_a_type_of_ones_own(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    expected = records(sessionboard_server, "sessions")
    assert len(lines) == len(expected)
    assert all(line.startswith(f"{one['title']} ") for line, one in zip(lines, expected, strict=True))


@block("raw_records.py")
def test_raw_records_are_saved_as_sent(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    sponsors = records(sessionboard_server, "sponsors")
    result = run(block)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    lines = block.with_name("sponsors.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == sponsors


@pytest.mark.slow
@block("talks_frame.py")
def test_talks_of_two_events_become_a_data_frame(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    accepted = records(sessionboard_server, "sessions", status="accepted")
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    rows = re.findall(r"│ (\d+)\s+┆ (\d+)\s+┆ ([\d.]+)", result.stdout)
    assert [row[0] for row in rows] == [str(event) for event in sessionboard_server.event_ids]
    assert int(rows[0][1]) == len(accepted)
