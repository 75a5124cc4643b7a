"""The blocks of the README and the first guides, run against the embedded server."""

from __future__ import annotations

import re
import runpy
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.guides.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


@block("first_script.py")
def test_the_first_script_prints_the_events_and_the_accepted_talks(
    block: Path, run_python: Run, sessionboard_server: EmbeddedServer
) -> None:
    accepted = records(sessionboard_server, "sessions", status="accepted")
    result = run_python(block)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "4630 Open Shelves Conference 2026 America/Chicago"
    assert [line.partition(" ")[2] for line in lines[1:2]] == [
        "Journées des données ouvertes 2026 Europe/Paris"
    ]
    printed = [re.sub(r"^(None|2026-\d\d-\d\d \d\d:\d\d:00\+00:00) ", "", line) for line in lines[2:]]
    assert printed == [talk["title"] for talk in accepted]


def functions(path: Path) -> dict[str, Any]:
    """Run a block of which another program imports its functions."""
    return runpy.run_path(str(path))


@block("home.py")
def test_the_front_page_prints_the_accepted_talks(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    accepted = records(sessionboard_server, "sessions", status="accepted")
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert [
        line.rpartition(talk["title"])[1]
        for line, talk in zip(result.stdout.splitlines(), accepted, strict=True)
    ]


@block("without_token.py")
def test_a_server_of_its_own_needs_no_token(block: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SESSIONBOARD_TOKEN", "SESSIONBOARD_BASE_URL"):
        monkeypatch.delenv(name)
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r".+ \| \['.+'\]\n", result.stdout)


@block("agenda.py")
def test_the_agenda_has_local_times(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    accepted = [
        talk for talk in records(sessionboard_server, "sessions", status="accepted") if talk.get("starts_at")
    ]
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    first, second = re.findall(r"(?m)^(\d+) .+ 2026$", result.stdout)
    agenda = result.stdout.partition(f"\n{second} ")[0].splitlines()[1:]
    assert first == str(sessionboard_server.event_id)
    assert sorted(re.sub(r"^  ... \d\d:\d\d (.*) \(.+\)$", r"\1", line) for line in agenda) == sorted(
        talk["title"] for talk in accepted
    )
    earliest = min(datetime.fromisoformat(talk["starts_at"]) for talk in accepted)
    assert agenda[0].split()[1] == f"{earliest.astimezone(ZoneInfo('America/Chicago')):%H:%M}"


@block("stream.py")
@pytest.mark.anyio
async def test_the_stream_prints_translated_titles(
    block: Path, sessionboard: AsyncSession, capsys: pytest.CaptureFixture[str]
) -> None:
    await functions(block)["french_titles"](sessionboard)
    lines = capsys.readouterr().out.splitlines()
    assert any("données" in line for line in lines)
    assert all(" | [" in line for line in lines)


@block("rename.py")
@pytest.mark.anyio
async def test_a_session_is_renamed_unless_it_changed_meanwhile(
    block: Path,
    sessionboard: AsyncSession,
    sessionboard_server: EmbeddedServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    talk = records(sessionboard_server, "sessions")[0]["id"]
    rename = functions(block)["rename"]
    await rename(sessionboard, talk, "Keynote")
    assert (await sessionboard.sessions.get(4630, talk)).title == "Keynote"
    assert capsys.readouterr().out == ""
    sessionboard_server.faults.append(Fault("status", status=409, every=1, operation="update-session"))
    await rename(sessionboard, talk, "Another")
    assert capsys.readouterr().out.startswith("changed meanwhile: ")


@block("accept_all.py")
@pytest.mark.anyio
async def test_all_pending_sessions_of_all_events_are_accepted(
    block: Path,
    sessionboard: AsyncSession,
    sessionboard_server: EmbeddedServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pending = len(records(sessionboard_server, "sessions", status="pending"))
    await functions(block)["accept_all"](sessionboard)
    assert f"Open Shelves Conference 2026 {pending} of {pending}" in capsys.readouterr().out.splitlines()
    assert pending
    assert records(sessionboard_server, "sessions", status="pending") == []


@block("any_request.py")
def test_any_request_can_be_sent(block: Path, run: Run) -> None:
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"200 application/json; charset=utf-8 \d+\n", result.stdout)


@block("with_facts.py")
def test_an_answer_has_its_facts(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    talk = records(sessionboard_server, "sessions")[0]
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(rf"{re.escape(talk['title'])} 200 1 embedded-\d+\n", result.stdout)
