"""A copy in a database, and an export with --resume, survive being killed at any moment."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.integration.command_line import COMMAND, SECONDS, at

KILLS = 50
STARTING_SECONDS = 0.4
"""About what Python takes before a command asks for its first page."""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=1500, events=1, latency=0.01).in_thread() as server:
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


def kill_often(
    server: EmbeddedServer, command: list[str | Path], begin_anew: Callable[[], object]
) -> tuple[int, int]:
    """Kill a command again and again, then let it end; return how many kills met it, and how often it ended."""
    random, met, ended = Random(5), 0, 0
    lasts = 1.5
    while met < KILLS:
        began = time.monotonic()
        with subprocess.Popen(
            [*COMMAND, *map(str, command)],
            env=at(server),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                process.wait(STARTING_SECONDS + random.random() * (lasts - STARTING_SECONDS))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait(SECONDS)
                met += 1
            else:
                assert process.returncode == 0
                ended += 1
                lasts = time.monotonic() - began
                begin_anew()
    subprocess.run([*COMMAND, *map(str, command)], env=at(server), timeout=SECONDS, check=True)
    return met, ended


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_copy_that_is_killed_again_and_again_holds_what_an_undisturbed_one_does(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed.db", tmp_path / "killed.db"
    command = ["sync", str(server.event_id), "--to"]
    subprocess.run([*COMMAND, *command, undisturbed], env=at(server), timeout=SECONDS, check=True)

    met, _ = kill_often(server, [*command, killed], lambda: killed.unlink())

    assert met == KILLS
    assert tables(killed) == tables(undisturbed)
    assert len(tables(killed)["sessions"]) == 1500


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_an_export_that_is_killed_again_and_again_holds_what_an_undisturbed_one_does(
    server: EmbeddedServer, tmp_path: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    command = ["export", str(server.event_id), "--to"]
    subprocess.run([*COMMAND, *command, undisturbed], env=at(server), timeout=SECONDS, check=True)

    met, _ = kill_often(server, [*command, killed, "--resume"], lambda: shutil.rmtree(killed))

    assert met == KILLS
    assert files(killed) == files(undisturbed)
    assert not (killed / ".export-unfinished").exists()
