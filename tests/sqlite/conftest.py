"""A folder in memory, for tests that write many transactions."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory, on systems that have one: a kill of a process does not depend on the disk."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a copy."""
    return tmp_path / "event.db"
