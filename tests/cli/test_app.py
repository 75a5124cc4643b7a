"""The commands: output, errors and exit codes."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import msgspec
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, __version__
from sessionboard_async.__main__ import main
from sessionboard_async.export.exporter import RESOURCES, Manifest
from sessionboard_async.testing import EmbeddedServer
from tests.cli.command_line import (
    SECONDS,
    at,
    environment,
    needs_terminals,
    on_a_terminal,
    one_error,
    run,
    run_at,
    run_forked,
    run_process,
    started,
    usage_error,
)
from tests.support.http_server import TOKEN, Handler, HttpServer

Serve = Callable[[Handler], Awaitable[HttpServer]]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=30).in_thread() as server:
        yield server


# Help


def test_help_names_the_commands_and_variables() -> None:
    done = run_process("--help")
    assert done.returncode == 0
    for word in ("events", "check", "export", "serve", "SESSIONBOARD_TOKEN", "SESSIONBOARD_REGION"):
        assert word in done.stdout
    assert run("--version").stdout.strip().endswith(__version__)


# events


def test_events_are_printed_one_per_line(server: EmbeddedServer) -> None:
    done = run_at(server, "events")
    assert (done.exit_code, done.stderr) == (0, "")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [int(row[0]) for row in rows] == list(server.event_ids)
    assert all(len(row) == 3 and row[1] and "/" in row[2] for row in rows)
    assert run("events", "--embedded").stdout.count("\n") == 2


def test_a_missing_token_is_an_error_that_names_the_variable() -> None:
    for command in (["check"], ["export", "1", "--to", "nowhere"]):
        message = usage_error(run(*command))
        assert "No token: set the environment variable SESSIONBOARD_TOKEN, or use --token." in message
    assert not Path("nowhere").exists()


@pytest.mark.anyio
async def test_an_error_is_one_line_without_the_token(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"error": "first line\nsecond", "message": f"not {TOKEN}"}, status=400)

    unfriendly = await serve(answer)
    code, output, errors = await asyncio.to_thread(
        run_forked, "events", "--token", TOKEN, "--base-url", unfriendly.base_url
    )
    assert (code, output) == (1, "")
    assert re.fullmatch(r"Error: [^\n]*400[^\n]*\n", errors)
    assert TOKEN not in errors


def test_an_unencrypted_address_is_refused() -> None:
    done = run("events", "--token", TOKEN, "--base-url", "http://example.com")
    assert "--base-url must begin with https://" in usage_error(done)
    assert TOKEN not in done.stderr


@pytest.mark.parametrize(("region", "end"), [("mars", "not 'mars'."), ("ue", "not 'ue'; did you mean 'eu'?")])
def test_an_unknown_region_is_a_usage_error(region: str, end: str) -> None:
    problem = usage_error(run("events", "--region", region, SESSIONBOARD_TOKEN=TOKEN))
    assert problem.endswith(f"Error: Invalid value for '--region': region must be one of us, eu, {end}\n")
    assert TOKEN not in problem


# check


def test_check_reports_that_the_token_works(server: EmbeddedServer) -> None:
    done = run_at(server, "check")
    assert (done.exit_code, done.stderr) == (0, "")
    first = done.stdout.splitlines()[0]
    assert first == f"The token works at the given address ({server.base_url}): it can read 2 events."
    assert "on the embedded server" in run("check", "--embedded").stdout


def test_check_fails_with_an_invalid_token(server: EmbeddedServer) -> None:
    done = run("check", "--token", TOKEN, "--base-url", server.base_url)
    assert "401" in one_error(done)
    assert TOKEN not in done.stderr


# export


def test_an_export_is_summarized(server: EmbeddedServer, tmp_path: Path) -> None:
    target = tmp_path / "export"
    done = run_at(server, "export", f"{server.event_id}", "--to", target)
    assert done.exit_code == 0
    manifest = msgspec.json.decode((target / "manifest.json").read_bytes(), type=Manifest)
    records = {name: summary.records for name, summary in manifest.resources.items()}
    assert tuple(records) == RESOURCES
    *lines, summary = done.stderr.splitlines()
    assert summary.startswith(f"{sum(records.values())} records in {len(RESOURCES)} files, ")
    assert summary.endswith(f" s: {target / 'manifest.json'}")
    assert sorted(lines) == sorted(f"{name}: {n} records" for name, n in records.items())
    assert done.stdout == ""
    for name, count in records.items():
        assert (target / f"{name}.jsonl").read_bytes().count(b"\n") == count


def test_an_export_of_some_resources_with_options(server: EmbeddedServer, tmp_path: Path) -> None:
    chosen = ["--only", "sessions, tracks", "--only", "tracks", "--concurrency", "1"]
    chosen += ["--updated-after", "2020-01-01T02:00+02:00"]
    expand = ["--expand", "translated_fields,composition", "--expand", "composition"]
    done = run_at(server, "export", f"{server.event_id}", "--to", tmp_path, *chosen, *expand)
    assert done.exit_code == 0
    manifest = msgspec.json.decode((tmp_path / "manifest.json").read_bytes(), type=Manifest)
    assert tuple(manifest.resources) == ("sessions", "tracks")
    assert manifest.expand == ("composition", "translated_fields")
    assert manifest.updated_after == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "speeker"], "did you mean 'speakers'?"),
        (["--updated-after", "2026-08-01T09:00"], "is not a time with its time zone"),
        (["--quiet", "--verbose"], "--quiet excludes --verbose"),
        (["--only", ""], "--only"),
        (["--expand", "everything"], "everything"),
        (["--concurrency", "0"], "concurrency"),
    ],
)
def test_a_usage_error_has_exit_code_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run("export", "1", "--to", tmp_path / "new", "--embedded", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")
    assert said in done.stderr
    assert not (tmp_path / "new").exists()


def test_a_failed_export_prints_the_reason(server: EmbeddedServer, tmp_path: Path) -> None:
    done = run_at(server, "export", "1", "--to", tmp_path)
    assert "/v1/event/1/" in one_error(done)
    assert "there is no such event" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.anyio
@pytest.mark.traced_processes
async def test_a_number_of_records_other_than_reported_is_a_warning(serve: Serve, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        number = int(request.query["page"])
        rows = [{"id": f"t{n}"} for n in (range(100) if number == 1 else range(98, 103))]
        pagination = {"currentPage": number, "pageSize": 100, "totalPages": 2, "totalResults": 106 - number}
        return web.json_response({"results": rows, "pagination": pagination})

    changing = await serve(answer)
    arguments = ["export", "1", "--to", f"{tmp_path}", "--only", "tracks", "--base-url", changing.base_url]
    code, _, errors = await asyncio.to_thread(run_forked, *arguments, SESSIONBOARD_TOKEN=TOKEN)
    assert code == 0
    assert "Warning: 103 tracks were read and 105 reported" in errors


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        (signal.SIGINT, 130, "Interrupted. An export that is started with --resume can be continued."),
        (signal.SIGTERM, 143, "Terminated. An export that is started with --resume can be continued."),
    ],
    ids=["Ctrl-C", "terminate"],
)
def test_an_interrupted_export_ends_at_once_and_leaves_nothing(
    tmp_path: Path, name: signal.Signals, status: int, word: str
) -> None:
    (tmp_path / "tracks.jsonl").write_bytes(b"older\n")
    with EmbeddedServer(sessions=300, latency=0.15).in_thread() as server:
        arguments = ["export", f"{server.event_id}", "--to", str(tmp_path), "--concurrency", "1"]
        with started(arguments, at(server)) as command:
            assert command.stderr.readline() == "sessions: 300 records\n"
            # The next resource has begun, and its file exists.
            deadline = time.monotonic() + SECONDS
            while not list(tmp_path.glob(".export-*/speakers.jsonl")):
                assert time.monotonic() < deadline
                time.sleep(0.001)
            code, output, errors = command.end(name)
    assert (code, output) == (status, "")
    assert errors.splitlines()[-1] == word
    assert "Traceback" not in errors
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"tracks.jsonl": b"older\n"}


# serve


@pytest.mark.parametrize(
    "name", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.traced_processes)]
)
def test_serve_runs_until_a_signal(name: signal.Signals) -> None:
    with started(["serve", "--events", "1", "--sessions", "7", "--seed", "3"], environment()) as command:
        printed = command.stdout.readline()
        found = re.fullmatch(
            r"export SESSIONBOARD_BASE_URL=(http://127\.0\.0\.1:\d+) SESSIONBOARD_TOKEN='([^']+)'\n", printed
        )
        assert found, printed

        async def count() -> int:
            async with AsyncSession(found[2], base_url=found[1]) as sb:
                (event,) = await sb.events.list().collect()
                return await sb.sessions.search(event).count()

        assert anyio.run(count) == 7
        code, _, errors = command.end(name)
    assert code == 0
    assert errors.splitlines() == [
        f"Serving on {found[1]} until Ctrl-C. In another terminal:",
        "sessionboard export 4630 --to export",
    ]


def test_serve_on_a_port_in_use_is_an_error(server: EmbeddedServer) -> None:
    assert f"{server.port}" in one_error(run("serve", "--port", f"{server.port}"))


@pytest.mark.parametrize("latency", ["-1", "inf", "nan"])
def test_serve_refuses_an_invalid_latency(latency: str) -> None:
    done = run("serve", f"--latency={latency}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--latency'" in done.stderr


# Packages and terminals


@pytest.mark.parametrize("missing", ["click", "rich", "sqlalchemy"])
def test_missing_packages_are_an_error_with_the_command_to_install_them(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit, match=r"pip install 'sessionboard-async\[cli\]'"):
        main()


def test_without_packages_the_command_is_one_line() -> None:
    code = "import sys; sys.modules['rich'] = None\nfrom sessionboard_async.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "pip install 'sessionboard-async[cli]'" in done.stderr


@needs_terminals
@pytest.mark.traced_processes
def test_progress_is_drawn_on_a_terminal(server: EmbeddedServer, tmp_path: Path) -> None:
    where = ["--base-url", server.base_url, "--token", server.token]
    code, shown = on_a_terminal("export", f"{server.event_id}", "--to", tmp_path, *where)
    assert code == 0
    manifest = msgspec.json.decode((tmp_path / "manifest.json").read_bytes(), type=Manifest)
    for name, summary in manifest.resources.items():
        assert re.search(rf"{name} .*━ +{summary.records}/{summary.records} ", shown), name
    assert f"records in {len(RESOURCES)} files" in shown.splitlines()[-2] + shown.splitlines()[-1]


@needs_terminals
@pytest.mark.traced_processes
def test_events_are_a_table_on_a_terminal() -> None:
    code, shown = on_a_terminal("events", "--embedded")
    assert code == 0
    assert "time zone" in shown
    assert "Europe/Paris" in shown


# sync


@pytest.mark.parametrize("hours", ["-1", "inf", "1e300", "nan"])
def test_sync_refuses_invalid_hours(tmp_path: Path, hours: str) -> None:
    done = run("sync", "4630", "--embedded", "--to", tmp_path / "event.db", f"--sweep-every={hours}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--sweep-every'" in done.stderr
    assert not (tmp_path / "event.db").exists()


def test_sync_with_generated_data_continues_its_copy(server: EmbeddedServer, tmp_path: Path) -> None:
    command = ["sync", "4630", "--to", str(tmp_path / "event.db"), "--only", "rooms,tracks"]
    first, second = run(*command, "--embedded"), run(*command, "--embedded")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert re.search(r"^[1-9]\d* records written", first.stderr, re.MULTILINE)
    assert "\n0 records written and 0 removed; " in f"\n{second.stderr}"
    assert first.stdout == second.stdout == ""
    assert "is another copy: its address is embedded server" in one_error(run_at(server, *command))
