"""A copy in a database, and an export with --resume, survive being killed at any moment."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.cli.command_line import COMMAND, SECONDS, at
from tests.support.dying import DIED

KILLS = 50
SESSIONS = 700


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=SESSIONS, events=1, latency=0.01).in_thread() as server:
        yield server


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that a database holds, but for where to go on from."""
    with sqlite3.connect(path) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "sessionboard_copy"
        ]
        content = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}
    connection.close()
    return content


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.glob("*.jsonl")}


def run(server: EmbeddedServer, command: list[str | Path]) -> float:
    """Run a command, and return how many seconds it took."""
    began = time.monotonic()
    subprocess.run([*COMMAND, *map(str, command)], env=at(server), timeout=SECONDS, check=True)
    return time.monotonic() - began


def kill_often(
    server: EmbeddedServer, command: list[str | Path], lasts: float, begin_anew: Callable[[], object]
) -> None:
    """Kill a command before its end again and again, ``KILLS`` times in all, then let it end."""
    random, killed = Random(5), 0
    while killed < KILLS:
        with subprocess.Popen(
            [*COMMAND, *map(str, command)], env=at(server), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                _, told = process.communicate(timeout=random.uniform(lasts / 4, lasts))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate(timeout=SECONDS)
                killed += 1
                continue
        assert process.returncode == 0, told
        begin_anew()
    run(server, command)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_copy_that_is_killed_again_and_again_holds_what_an_undisturbed_one_does(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed.db", tmp_path / "killed.db"
    command = ["sync", str(server.event_id), "--to"]
    lasts = run(server, [*command, undisturbed])

    kill_often(server, [*command, killed], lasts, lambda: killed.unlink())

    assert tables(killed) == tables(undisturbed)
    assert len(tables(killed)["sessions"]) == SESSIONS


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_an_export_that_is_killed_again_and_again_holds_what_an_undisturbed_one_does(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    command = ["export", str(server.event_id), "--to"]
    lasts = run(server, [*command, undisturbed])

    kill_often(server, [*command, killed, "--resume"], lasts, lambda: shutil.rmtree(killed))

    assert files(killed) == files(undisturbed)
    assert not (killed / ".export-unfinished").exists()


def test_an_export_can_die_before_any_change_of_a_file(server: EmbeddedServer, tmp_path: Path) -> None:
    # The kills above hardly ever meet the moments in which the files of a complete export are moved.
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    command = ["export", str(server.event_id), "--only", "rooms,levels", "--resume", "--to"]
    run(server, [*command, undisturbed])

    dying = [sys.executable, "-m", "tests.support.dying", str(killed)]
    deaths = 0
    while True:
        done = subprocess.run([*dying, str(deaths), *command, killed], env=at(server), timeout=SECONDS)
        if done.returncode == 0:
            break
        assert done.returncode == DIED
        deaths += 1
        run(server, [*command, killed])
        assert files(killed) == files(undisturbed)
        assert not (killed / ".export-unfinished").exists()
        shutil.rmtree(killed)

    assert deaths > 15
