"""A copy in a SQLite database survives being killed at any moment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.cli.command_line import run_at, run_killed
from tests.sqlite.sample_changes import everything

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

SESSIONS = 110


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(
        sessions=SESSIONS, contacts=20, speakers=10, events=1, latency=0.01
    ).in_thread() as server:
        yield server


def records(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables except the checkpoint."""
    tables = everything(path)
    del tables["sessionboard_copy"]
    return tables


@pytest.mark.parametrize("kills", [1, pytest.param(50, marks=pytest.mark.slow)])
def test_a_killed_copy_is_completed_by_the_next_runs(
    server: EmbeddedServer, memory_folder: Path, kills: int
) -> None:
    undisturbed, killed = memory_folder / "undisturbed.db", memory_folder / "killed.db"
    event = str(server.event_id)
    assert run_at(server, "sync", event, "--to", undisturbed).exit_code == 0

    run_killed(server, "times", kills, killed, "sync", event, "--to")

    assert records(killed) == records(undisturbed)
    assert len(records(killed)["sessions"]) == SESSIONS
