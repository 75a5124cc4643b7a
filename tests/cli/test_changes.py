"""The command changes: lines for changes, and the file that keeps the checkpoint."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async import Checkpoint
from sessionboard_async.change_feed import Change
from sessionboard_async.cli.records.checkpoint_file import CheckpointFile
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.cli.command_line import COMMAND, ended, environment, one_error, run_at, usage_error

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
    assert {path.name for path in tmp_path.iterdir()} == {"cursor.json", "cursor.json.ids"}
    assert os.name == "nt" or stat.S_IMODE((tmp_path / "cursor.json.ids").stat().st_mode) == 0o600


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


@pytest.mark.skipif(os.name == "nt", reason="signals interrupt no writes there")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_a_terminated_run_did_not_write_comes_in_the_next_one(tmp_path: Path, unbuffered: str) -> None:
    file = tmp_path / "cursor.json"
    with EmbeddedServer(sessions=110).in_thread() as server:
        address = {"SESSIONBOARD_BASE_URL": server.base_url, "SESSIONBOARD_TOKEN": server.token}
        process = subprocess.Popen(
            [*COMMAND, "changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "sessions"],
            env=environment(PYTHONUNBUFFERED=unbuffered, **address),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        with ended(process):
            assert process.stdout is not None
            # A pipe does not hold a page: now the signal interrupts the write of the first one.
            first = os.read(process.stdout.fileno(), 1).decode()
            process.send_signal(signal.SIGTERM)
            rest, errors = process.communicate()
        assert (process.returncode, errors[:11]) == (143, "Terminated."), errors
        printed = {json.loads(line)["id"] for line in (first + rest).splitlines()}
        later = {change["id"] for change in changes(server, file, only="sessions")}
        assert printed | later == server.ids("sessions")
        assert printed


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


def test_the_ids_lie_beside_the_checkpoint_which_stays_small(tmp_path: Path) -> None:
    file = tmp_path / "cursor.json"
    with EmbeddedServer(contacts=1200, sessions=10, events=1, light=True).in_thread() as server:
        assert len(changes(server, file, only="contacts")) == 1200
        assert file.stat().st_size < 1000
        ids = json.loads((tmp_path / "cursor.json.ids").read_bytes())["ids"]
        assert ids["contacts"].keys() == server.ids("contacts")


def upsert(number: int) -> Change[dict[str, Any]]:
    return Change(kind="upsert", resource="rooms", id=f"r{number}", record={"updated_at": f"{number}"})


def at(number: int) -> Checkpoint:
    return Checkpoint(version=1, query={}, progress={"number": number})


def save(path: Path, *numbers: int) -> None:
    for number in numbers:
        with CheckpointFile(path) as file:
            file.load()
            file.update([upsert(number)], at(number))


def load(path: Path) -> tuple[Checkpoint | None, set[str]]:
    with CheckpointFile(path) as file:
        return file.load(), set(file.known("rooms"))


def test_ids_are_kept_from_run_to_run(tmp_path: Path) -> None:
    path = tmp_path / "c"
    save(path, 1, 2)
    assert load(path) == (at(2), {"r1", "r2"})
    with CheckpointFile(path) as file:
        assert file.load() == at(2)
        assert file.known("rooms") == {"r1": "1", "r2": "2"}
        assert file.known("tracks") == {}
        file.update([Change(kind="deleted", resource="rooms", id="r1")], at(3))
    assert load(path) == (at(3), {"r2"})
    before = (tmp_path / "c.ids").read_bytes()
    with CheckpointFile(path) as file:
        file.load()
        file.update([], at(4))
    assert load(path) == (at(4), {"r2"})
    assert (tmp_path / "c.ids").read_bytes() == before


def test_a_crash_between_the_two_files_loses_nothing_however_often(tmp_path: Path) -> None:
    path, blocked = tmp_path / "c", tmp_path / ".c.ids.part"
    save(path, 1)
    printed = {"r1"}
    for number in (2, 3, 4):
        before = path.read_bytes()
        save(path, number)
        path.write_bytes(before)
        # The ids of the changes that were printed, and an earlier checkpoint: nothing is printed again.
        printed.add(f"r{number}")
        assert load(path) == (at(1), printed)
        # The next run ends before it has saved new ids.
        blocked.mkdir()
        with pytest.raises(OSError, match=r"c\.ids\.part"):
            save(path, number + 1)
        blocked.rmdir()
        assert load(path) == (at(1), printed)
    save(path, 5)
    assert load(path) == (at(5), printed | {"r5"})


@pytest.mark.parametrize("damage", ["missing", "older", "newer", "of another series", "cut", "fewer"])
def test_ids_that_do_not_belong_to_the_checkpoint_are_refused(
    server: EmbeddedServer, tmp_path: Path, damage: str
) -> None:
    file, ids = tmp_path / "cursor.json", tmp_path / "cursor.json.ids"
    changes(server, file)
    stored = json.loads(ids.read_bytes())
    if damage == "older":
        stored["of"]["number"] -= 1
    elif damage == "newer":
        stored["of"]["number"] += 2
    elif damage == "of another series":
        stored["of"]["series"] = "another"
    elif damage == "fewer":
        stored["ids"]["rooms"].popitem()
    ids.write_bytes(json.dumps(stored).encode()[: -1 if damage == "cut" else None])
    if damage == "missing":
        ids.unlink()
    before = file.read_bytes()
    command = ["changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "rooms,tracks"]
    message = one_error(run_at(server, *command))
    assert "cursor.json.ids does not hold the" in message
    assert "restore both files from the same time, or remove both to begin again" in message
    assert file.read_bytes() == before


@pytest.mark.parametrize("other", [b"", b"a list of mine\n", b'{"ids": {}}'])
def test_another_file_in_the_place_of_the_ids_stays_as_it_is(
    server: EmbeddedServer, tmp_path: Path, other: bytes
) -> None:
    file, ids = tmp_path / "cursor.json", tmp_path / "cursor.json.ids"
    ids.write_bytes(other)
    command = ["changes", f"{server.event_id}", "--cursor", f"{file}", "--only", "rooms"]
    message = one_error(run_at(server, *command))
    assert "cursor.json.ids would be replaced, and does not hold ids of such a run: move it away" in message
    # As after a first run in which nothing was printed.
    save_nothing(file)
    assert "cursor.json.ids would be replaced" in one_error(run_at(server, *command))
    assert ids.read_bytes() == other


def save_nothing(path: Path) -> None:
    with CheckpointFile(path) as file:
        file.update([], at(0))


@pytest.mark.skipif(os.name == "nt", reason="Windows has other links")
def test_the_ids_are_beside_the_file_that_a_link_leads_to(tmp_path: Path) -> None:
    file, link = tmp_path / "folder" / "c", tmp_path / "link"
    file.parent.mkdir()
    link.symlink_to(file)
    save(link, 1)
    assert load(file) == load(link) == (at(1), {"r1"})
    assert {path.name for path in tmp_path.iterdir()} == {"folder", "link"}


def test_without_a_checkpoint_ids_of_an_earlier_one_do_not_count(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    file = tmp_path / "cursor.json"
    first = changes(server, file)
    file.unlink()
    assert len(changes(server, file)) == len(first)
    assert changes(server, file, "--sweep-every", "0") == []


def test_a_checkpoint_is_saved_at_the_latest_when_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with suppress(KeyboardInterrupt), CheckpointFile(path) as file:
        for number in range(1000):
            file.update([upsert(number)], at(number))
        raise KeyboardInterrupt
    assert load(path) == (at(999), {f"r{number}" for number in range(1000)})
