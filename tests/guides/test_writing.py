"""The blocks on writing, files and queries, run against the embedded server."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionboard_async.testing import EmbeddedServer, Fault
from tests.guides.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


@block("keynote.py")
def test_a_keynote_is_created_renamed_deleted_and_restored(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"SESS-\d+ Keynote: maps for all \| Everybody\n", result.stdout)
    made, changed, *_ = sessionboard_server.requests
    assert [request.method for request in sessionboard_server.requests] == ["POST", "PUT", "DELETE", "POST"]
    assert made.body == {
        "title": "Maps for all",
        "starts_at": "2026-09-14T09:00:00.000Z",
        "ends_at": "2026-09-14T09:45:00.000Z",
        "custom_fields": {"audience": "Everybody"},
    }
    assert isinstance(changed.body, dict)
    assert changed.body.keys() == {"updated_at", "title", "capacity"}
    assert "Keynote: maps for all" in {talk["title"] for talk in records(sessionboard_server, "sessions")}


@block("import_contacts.py")
def test_contacts_are_imported_and_refused_lines_are_printed(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    people = block.with_name("people.csv")
    lines = ["email,first_name", *(f"{number}@example.org,Ann" for number in range(130)), "7@example.org,Ben"]
    people.write_text("\n".join(lines), encoding="utf-8")
    result = run(block, people)
    assert (result.returncode, result.stderr) == (0, "")
    failed, done = result.stdout.splitlines()
    assert failed.startswith("line 132: error ")
    assert done == "130 of 131 contacts created"
    assert [request.operation for request in sessionboard_server.requests] == ["bulk-contacts"] * 2


@block("import_contacts.py")
def test_files_that_excel_saves_are_imported(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    people = block.with_name("people.csv")
    people.write_bytes("\ufeffemail,first_name,\r\n1@example.org,Zoë,\r\n2@example.org,Ann,,\r\n".encode())
    result = run(block, people)
    assert (result.returncode, result.stdout) == (0, "2 of 2 contacts created\n"), result.stderr

    people.write_bytes(b"email,first_name\r\n3@example.org,Ann,lost\r\n")
    result = run(block, people)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("TypeError: operation 0: unknown: None;")


@block("name_the_chairs.py")
def test_an_interrupted_job_is_finished_by_the_next_run(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    others = sum(person["title"] != "Chair" for person in records(sessionboard_server, "contacts"))
    sessionboard_server.faults.append(Fault("status", status=500, operation="bulk-contacts", on=2))
    result = run(block)
    assert (result.returncode, result.stdout) == (1, f"{{'success': 100, 'unknown': {others - 100}}}\n")
    result = run(block)
    assert (result.returncode, result.stdout) == (0, f"{{'success': {others - 100}}}\n"), result.stderr
    assert {person["title"] for person in records(sessionboard_server, "contacts")} == {"Chair"}


@block("files.py")
def test_files_are_uploaded_and_a_report_is_downloaded(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    talk = records(sessionboard_server, "sessions")[0]
    slides = block.with_name("slides.pdf")
    slides.write_bytes(b"%PDF-1.4 slides")
    result = run(block, talk["id"], slides)
    assert (result.returncode, result.stderr) == (0, "")
    uploaded, recorded, report = result.stdout.splitlines()
    assert (uploaded, recorded) == ("slides.pdf 15", "completed")
    path = block.with_name("report.pdf")
    assert report == f"application/pdf {path.stat().st_size}"
    assert path.read_bytes().startswith(b"%PDF")


@block("insights.py")
def test_insights_count_the_talks_by_status(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    counted = {status: int(talks) for status, talks in (line.split() for line in result.stdout.splitlines())}
    assert counted.keys() >= {"accepted", "pending"}
    header, *table = block.with_name("talks.csv").read_text().splitlines()
    assert header == "status,talks"
    assert len(table) >= len(counted)


@block("connect.py")
def test_a_user_is_connected(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    class Browser(io.StringIO):
        """The user consents once the application has asked."""

        def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # as io.StringIO itself
            challenge = sessionboard_server.requests[-1].query["code_challenge"]
            scope = sessionboard_server.requests[-1].query["scope"]
            return_to = "https://app.example.com/callback"
            return sessionboard_server.approve("embedded-client", return_to, challenge, scope) + "\n"

    result = run(block, stdin=Browser())
    assert result.returncode == 0, result.stderr
    assert result.stderr == "asking for read:events read:sessions\n"
    assert result.stdout.startswith("4630 Open Shelves Conference 2026\n")
