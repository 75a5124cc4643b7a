"""Every Python block of the README, run for real against the embedded server."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sessionboard_async.testing import EmbeddedServer, Fault
from tests.readme.blocks import block, records

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


def test_every_block_is_run_by_a_test(readme: str, blocks: dict[str, str]) -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert set(blocks) == set(re.findall(r'^@block\("(.+)"\)$', tests, re.MULTILINE))
    languages = re.findall(r"^```(\w+)", readme, re.MULTILINE)
    assert sorted(set(languages)) == ["python", "sh"]
    assert languages.count("python") == len(blocks)


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


@block("impatient.py")
def test_the_impatient_script_prints_the_title(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    talk = records(sessionboard_server, "sessions")[0]
    result = run(block, talk["id"])
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{talk['title']}\n", "")


@block("impatient.py")
@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([], "There is no such session."),
        (
            [Fault("status", every=1, status=429, retry_after=747)],
            "Too much asked: try again in 748 seconds.",
        ),
        (
            [Fault("status", every=1, status=403)],
            (
                "GET /v1/event/{event_id}/sessions/{session_id}: 403 ForbiddenError: an injected fault "
                "(request id embedded-000001)"
            ),
        ),
    ],
)
def test_the_impatient_script_prints_errors_as_one_line(
    block: Path, run: Run, sessionboard_server: EmbeddedServer, faults: list[Fault], said: str
) -> None:
    sessionboard_server.faults.extend(faults)
    result = run(block, "00000000-0000-0000-0000-000000000000")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{said}\n")


@block("budgets.py")
def test_the_budgets_are_printed(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    sponsors = len(records(sessionboard_server, "sponsors"))
    result = run(block)
    assert (result.returncode, result.stdout) == (0, f"entity-reads: {100 - sponsors} of 100 left\n")
    assert 0 < sponsors < 100


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


PYTEST = (
    *("-m", "pytest", "-W", "error", "--strict-markers", "-p", "no:cacheprovider"),
    *("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:randomly"),  # the blocks do not need them
    *("-o", "asyncio_default_fixture_loop_scope=function"),  # pytest-asyncio warns if it is not set
)


@block("test_agenda.py")
def test_the_tests_for_anyio_pass(block: Path, run_python: Run) -> None:
    result = run_python(*PYTEST, block)
    assert "2 passed" in result.stdout, result.stdout


@block("test_report.py")
def test_the_test_for_pytest_asyncio_passes(block: Path, run_python: Run) -> None:
    result = run_python(*PYTEST, block)
    assert "1 passed" in result.stdout, result.stdout


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
    rows, table = result.stdout.split("status,talks")
    counted = {status: int(talks) for status, talks in (line.split() for line in rows.splitlines())}
    assert counted.keys() >= {"accepted", "pending"}
    assert len(table.split()) >= len(counted)
