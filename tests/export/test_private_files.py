"""Replacing files: as a whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sessionboard_async.export.private_files import replace_file


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    replace_file(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    replace_file(path, b"two")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o640)
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match=r"state\.json"):
        replace_file(path, b"two")
    assert os.listdir(tmp_path) == ["state.json"]
