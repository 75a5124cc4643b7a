"""The output of commands: what the API sent controls no terminal, and no encoding fails."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from sessionboard_async.cli.app import sessionboard
from sessionboard_async.cli.connection import Connection
from tests.cli.command_line import run, without_controls
from tests.cli.fixed_api import Api
from tests.support.http_server import TOKEN

HOSTILE = "A\x1b]0;x\x07\x1b[2J\x1b]52;c;eA==\x07[bold red]m[/]\x9b31m\u202e\u2028\r\nCRITICAL forged"
CITY = "東京"


def check(shown: str) -> None:
    """Check that a text has no control characters but those that divide rows and cells."""
    assert "CRITICAL" in shown
    assert all(part.isprintable() for line in shown.split("\n") for part in line.split("\t")), shown
    assert not any(line.startswith("CRITICAL") for line in shown.split("\n"))


@pytest.mark.parametrize("terminal", [False, True])
def test_names_of_the_api_control_no_terminal(api: Api, terminal: bool) -> None:
    api.list({"id": 1, "name": HOSTILE, "timezone": f"Europe/{HOSTILE}"})
    done = api.run("events", COLUMNS="400", **({"FORCE_COLOR": "1"} if terminal else {}))
    assert done.exit_code == 0
    check(without_controls(done.stdout))
    assert "[bold red]m[/]" in done.stdout
    if not terminal:
        assert len(done.stdout.splitlines()) == 1
        assert done.stdout.count("\t") == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"error": HOSTILE, "message": HOSTILE}),
        (400, {"errors": [{"field": HOSTILE, "message": HOSTILE}]}),
        (200, {"results": [{"id": HOSTILE, "name": [1]}], "pagination": {"totalResults": 1}}),
        (200, {"results": [{"id": 1, "name": {HOSTILE: 1}}, HOSTILE], "pagination": {"totalResults": 2}}),
    ],
)
def test_errors_of_the_api_control_no_terminal(api: Api, status: int, body: object) -> None:
    api.status, api.body = status, body
    api.headers = {"X-Request-Id": "r\x1b[2J CRITICAL"}
    done = api.run("events")
    shown = done.stdout + done.stderr
    assert all(part.isprintable() for line in shown.split("\n") for part in line.split("\t")), shown
    assert not any(line.startswith("CRITICAL") for line in shown.split("\n"))
    if status != 200:
        check(done.stderr)


def test_refusals_and_paths_control_no_terminal(api: Api, tmp_path: Path) -> None:
    api.status, api.body = 403, {"error": "Forbidden", "message": HOSTILE}
    done = api.run("export", "1", "--only", "rooms", "--to", tmp_path / "CRITICAL\x1b[2J", "--allow-refused")
    shown = done.stdout + done.stderr
    assert "rooms" in shown
    check(shown)


def test_exports_and_copies_keep_what_was_sent(api: Api, tmp_path: Path) -> None:
    api.list({"id": "r", "name": HOSTILE})
    assert api.run("export", "1", "--only", "rooms", "--to", tmp_path).exit_code == 0
    assert json.loads((tmp_path / "rooms.jsonl").read_bytes())["name"] == HOSTILE
    assert api.run("sync", "1", "--only", "rooms", "--to", tmp_path / "event.db").exit_code == 0
    with closing(sqlite3.connect(tmp_path / "event.db")) as database:
        ((name,),) = database.execute("SELECT name FROM rooms")
    assert name == HOSTILE


def test_output_that_the_encoding_cannot_hold_is_escaped(api: Api, tmp_path: Path) -> None:
    api.list({"id": "r", "name": f"{CITY} é", "timezone": "Asia/Tokyo"})
    target = tmp_path / CITY
    for arguments in (
        ["events"],
        ["export", "1", "--only", "rooms", "--to", f"{target}"],
        ["sync", "1", "--only", "rooms", "--to", f"{target}.db"],
    ):
        done = CliRunner(charset="cp1252").invoke(sessionboard, arguments, env=dict(api.variables))
        assert done.exit_code == 0, done.stderr
        assert r"\u6771\u4eac" in done.output
    assert (target / "manifest.json").exists()


# Arguments


@pytest.mark.parametrize("region", ["EU", " eu", "eu\n", "Eu\r\n"])
def test_a_region_is_read_as_the_client_reads_it(region: str) -> None:
    for variables, arguments in (({"SESSIONBOARD_REGION": region}, []), ({}, ["--region", region])):
        done = run("check", "--token", "\x00", *arguments, **variables)
        # The token is refused after the region was read.
        assert "The token has characters" in done.stderr
    refused = run("events", SESSIONBOARD_REGION="mars\x1b[2J", SESSIONBOARD_TOKEN=TOKEN)
    assert refused.exit_code == 2
    assert r"'mars\x1b[2J'" in refused.stderr


@pytest.mark.parametrize("command", ["export", "sync"])
@pytest.mark.parametrize("target", ["", " "])
def test_an_empty_target_is_refused(
    command: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(command, "4630", "--embedded", "--only", "rooms", "--to", target)
    assert done.exit_code == 2
    assert "it is empty" in done.stderr
    # A database is a file: no folder can stand for it.
    assert ("The current folder is" in done.stderr) == (command == "export")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("event", ["9" * 5000, "9" * 30, "٣"])
def test_a_number_that_is_no_id_is_sent_as_it_is(api: Api, tmp_path: Path, event: str) -> None:
    api.status, api.body = 404, {"error": "NotFoundError", "message": "There is no such event."}
    done = api.run("export", event, "--only", "rooms", "--to", tmp_path)
    assert "There is no such event." in done.stderr


def test_the_options_of_a_connection_show_no_credential() -> None:
    connection = Connection(TOKEN, "eu", f"https://user:{TOKEN}@example.com", embedded=False, max_wait=1.0)
    assert TOKEN not in repr(connection)
