"""The Python blocks of the README keep the rules that the package keeps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def files(blocks: dict[str, str], tmp_path: Path) -> list[Path]:
    for name, source in blocks.items():
        (tmp_path / name).write_text(source, encoding="utf-8")
    return sorted(tmp_path.glob("*.py"))


def passes(root: Path, *command: str | Path) -> None:
    result = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_they_pass_the_linter(files: list[Path], root: Path) -> None:
    # Scripts print; they, and tests, are not documented by docstrings, and tests assert.
    passes(root, "ruff", "check", "--config", "pyproject.toml", "--ignore", "D,S101,T20,INP", *files)


def test_they_are_formatted(files: list[Path], root: Path) -> None:
    passes(root, "ruff", "format", "--check", "--config", "pyproject.toml", *files)


def test_their_types_fit(files: list[Path], root: Path) -> None:
    passes(root, "mypy", "--strict", "--cache-dir", ".mypy_cache/of_tests", *files)
