"""The Python blocks of the README and the guides follow the style of the package."""

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


def findings(root: Path, *command: str | Path) -> str:
    """Return what a tool finds wrong; nothing if it finds nothing."""
    result = subprocess.run([sys.executable, "-m", *command], cwd=root, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{result.returncode} {result.stdout}{result.stderr}"


def test_the_blocks_pass_the_linter(files: list[Path], root: Path) -> None:
    # Scripts print and have no docstrings; tests assert; a type of tokens is no password.
    ignored = "D,S101,S106,T20,INP"
    assert findings(root, "ruff", "check", "--config", "pyproject.toml", "--ignore", ignored, *files) == ""


def test_the_blocks_are_formatted(files: list[Path], root: Path) -> None:
    assert findings(root, "ruff", "format", "--check", "--config", "pyproject.toml", *files) == ""


def test_the_blocks_pass_the_type_checker(files: list[Path], root: Path) -> None:
    assert findings(root, "mypy", "--strict", *files) == ""
