"""Many tasks doing everything at once, under faults: nothing is lost, sent twice, or left behind.

``pytest tests/endurance --endurance 1200`` runs for 20 minutes and prints its counts every minute.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import threading
import warnings
from pathlib import Path

import pytest

from tests.endurance.run import Run, megabytes

pytestmark = pytest.mark.slow

ROUNDS = 4
"""Operations of each task, unless a time is given."""

MOST_GROWTH = 200.0
"""Megabytes by which the memory may grow after the first third: the server keeps what is written to it."""


def test_many_tasks_under_faults_lose_and_leave_nothing(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = request.config.get_terminal_writer()

    def report(line: str) -> None:
        with capsys.disabled():
            terminal.line(line)
            terminal.flush()

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    seconds: float | None = request.config.getoption("--endurance")
    run = Run(tmp_path, seed=1, rounds=ROUNDS, seconds=seconds, report=report)
    gc.collect()
    threads, files = set(threading.enumerate()), open_files()
    before = megabytes()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(run.main())
        gc.collect()
    if seconds is not None:
        report(run.tally.report())

    memory = [*run.memory[len(run.memory) // 3 :], megabytes()] if run.memory else [before, megabytes()]
    assert not run.tally.failures, "\n".join(run.tally.failures)
    assert [str(warning.message) for warning in caught] == []
    assert set(threading.enumerate()) - threads == set()
    assert open_files() - files == set()
    assert [*tmp_path.iterdir()] == []
    assert max(memory) - memory[0] < MOST_GROWTH


def open_files() -> set[str]:
    """Return the open files and sockets of this process, where the system lists them."""
    folder = Path("/proc/self/fd")
    return {os.readlink(file) for file in folder.iterdir() if file.exists()} if folder.exists() else set()
