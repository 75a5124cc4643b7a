"""The command changes: lines for changes, and the file that keeps the checkpoint."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import Checkpoint
from sessionboard_async.cli.records.checkpoint_file import CheckpointFile
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.cli.command_line import one_error, run_at, usage_error

pytestmark = pytest.mark.shows_canaries


def changes(
    server: EmbeddedServer, file: Path, *arguments: str, only: str = "rooms,tracks"
) -> list[dict[str, Any]]:
    command = ["changes", f"{server.event_id}", "--cursor", str(file), "--only", only, *arguments]
    done = run_at(server, *command)
    assert (done.exit_code, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_second_run_prints_only_what_changed(server: EmbeddedServer, tmp_path: Path) -> None:
    file = tmp_path / "cursor.json"
    first = changes(server, file)
    assert {change["resource"] for change in first} == {"rooms", "tracks"}
    assert {change["kind"] for change in first} == {"upsert"}
    assert all(change["record"]["id"] == change["id"] for change in first)
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o600
    assert changes(server, file) == []
    file.chmod(0o640)
    assert changes(server, file, "--sweep-every", "0") == []
    assert os.name == "nt" or stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["cursor.json"]


def test_a_failed_run_keeps_what_it_printed(server: EmbeddedServer, tmp_path: Path) -> None:
    file = tmp_path / "cursor.json"
    command = ["changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "rooms,tracks"]
    server.faults.append(Fault("status", every=1, status=400, operation="search-tracks"))
    failed = run_at(server, *command)
    assert failed.exit_code == 1
    printed = [json.loads(line)["resource"] for line in failed.stdout.splitlines()]
    assert set(printed) == {"rooms"}
    server.faults.clear()
    assert {change["resource"] for change in changes(server, file)} == {"tracks"}


def test_refused_resources_end_with_status_3(server: EmbeddedServer, tmp_path: Path) -> None:
    server.faults.append(Fault("status", every=1, status=403, operation="search-tracks"))
    command = ["changes", f"{server.event_id}", "--cursor", f"{tmp_path / 'c'}", "--only", "rooms,tracks"]
    done = run_at(server, *command)
    assert done.exit_code == 3
    assert "Warning: tracks were refused: " in done.stderr
    assert done.stdout.count("\n") > 0
    assert run_at(server, *command, "--allow-refused").exit_code == 0


def test_a_file_without_a_checkpoint_of_this_event_stays_as_it_is(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    file = tmp_path / "cursor.json"
    changes(server, file, only="rooms")
    before = file.read_bytes()
    other = ["changes", f"{server.event_ids[1]}", "--cursor", f"{file}", "--only", "rooms"]
    assert "its event is" in one_error(run_at(server, *other))
    mine = ["changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "rooms"]
    message = one_error(run_at(server, *mine, "--expand", "composition"))
    assert "another query: its --expand is [], not ['composition']: choose another file" in message
    assert file.read_bytes() == before
    file.write_bytes(b"not JSON")
    assert "holds no checkpoint: choose another file" in one_error(run_at(server, *mine))
    assert file.read_bytes() == b"not JSON"
    assert "it is empty" in usage_error(run_at(server, "changes", "1", "--cursor", " "))


def test_one_run_at_a_time_uses_a_file(server: EmbeddedServer, tmp_path: Path) -> None:
    file = tmp_path / "cursor.json"
    with CheckpointFile(file):
        done = run_at(server, "changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "rooms")
    assert "another run uses this file" in one_error(done)


def test_a_checkpoint_is_saved_at_the_latest_when_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with suppress(KeyboardInterrupt), CheckpointFile(path) as file:
        for number in range(1000):
            file.update(Checkpoint(version=1, query={}, progress={"number": number}))
        raise KeyboardInterrupt
    assert Checkpoint.from_json(path.read_bytes()).progress == {"number": 999}
