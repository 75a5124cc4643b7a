"""A process that is killed while it writes leaves the copy unchanged, or completely written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sqlite.sample_changes import at, everything, open_copy, upsert

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

WRITE_AND_DIE = """
import os, shutil, signal, sys

from sqlalchemy import Engine, event

from sessionboard_async.sqlite import Database
from sessionboard_async.change_feed.feed import Change
from tests.sqlite.sample_changes import at

source, directory = sys.argv[1:]


def die_before(number):
    seen = 0

    def count(*_):
        nonlocal seen
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)


def write(path):
    inside = {"tags": [{"id": "t"}], "participants": [{"id": "p"}], "custom_fields": [{"id": "f"}]}
    changes = [
        Change(kind="upsert", resource="sessions", id="a", record={"title": "New", **inside}),
        Change(kind="upsert", resource="sessions", id="c", record={"title": "New", **inside}),
        Change(kind="deleted", resource="sessions", id="b"),
        Change(kind="upsert", resource="rooms", id="r", record={"name": "New"}),
    ]
    with Database(path, event_id=4630, base_url="https://api.example.com") as database:
        database.apply(changes, at("new"))


number, status = 0, -1
while status:
    path = f"{directory}/{number}.db"
    if source:
        shutil.copy(source, path)
    child = os.fork()
    if not child:
        die_before(number)
        write(path)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    number += 1
"""
"""Writes again and again, killed before the first statement, the second, and so on, until it completes."""


def killed_copies(source: Path | None, directory: Path) -> list[Path]:
    """Return the files left by the kills, in their order; the last process was not killed."""
    directory.mkdir()
    subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, str(source or ""), str(directory)], check=True, timeout=300
    )
    return sorted(directory.glob("*.db"), key=lambda path: int(path.stem))


@pytest.mark.slow
def test_changes_and_their_checkpoint_are_written_together_or_not_at_all(memory_folder: Path) -> None:
    source = memory_folder / "event.db"
    with open_copy(source) as copy:
        copy.apply(
            [upsert("a", title="Old", tags=[{"id": "o"}]), upsert("b", speakers=[{"id": "q"}])], at("old")
        )
    before = everything(source)
    *killed, whole = killed_copies(source, memory_folder / "killed")
    assert len(killed) > 15
    assert [everything(path) for path in killed] == [before] * len(killed)
    assert everything(whole) != before
    with open_copy(killed[-1]) as copy, open_copy(whole) as other:
        assert copy.checkpoint == at("old")
        assert other.checkpoint == at("new")


@pytest.mark.slow
def test_a_new_file_is_a_copy_or_empty(memory_folder: Path) -> None:
    *killed, whole = killed_copies(None, memory_folder / "killed")
    assert len(killed) > 30
    for path in killed:
        with open_copy(path) as copy:
            assert copy.checkpoint is None
            assert set(copy.counts().values()) == {0}
    with open_copy(whole) as copy:
        assert copy.checkpoint == at("new")
