"""The output of every command equals the files in the folder ``expected``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.cli.golden import FOLDER, MODES, by_command, help_at, output_in

UPDATE = "run python -m tests.cli.golden, and read what changed"


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=3, hide_personal_data=True).in_thread() as server:
        yield server


@pytest.mark.parametrize("columns", [80, 40])
def test_help_is_as_expected_and_fits(columns: int) -> None:
    text = help_at(columns)
    expected = by_command((FOLDER / f"help-{columns}.txt").read_text(encoding="utf-8"))
    # The list of commands is compared by the slow test below.
    del expected["sessionboard --help"]
    shown = by_command(text)
    assert {name: shown.get(name) for name in expected} == expected, UPDATE
    commands = re.findall(r"^ +sessionboard .+$", text, re.MULTILINE)
    wide = [line for line in text.splitlines() if len(line) > columns and line not in commands]
    assert [line for line in wide if "[" not in line] == []


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 40])
def test_the_help_of_every_command_is_in_the_files(columns: int) -> None:
    assert help_at(columns) == (FOLDER / f"help-{columns}.txt").read_text(encoding="utf-8"), UPDATE


FAST = "terminal-40"


@pytest.mark.parametrize(
    "mode", [mode if mode == FAST else pytest.param(mode, marks=pytest.mark.slow) for mode in MODES]
)
def test_output_is_as_expected(server: EmbeddedServer, mode: str) -> None:
    text = output_in(mode, server)
    assert text == (FOLDER / f"{mode}.txt").read_text(encoding="utf-8"), UPDATE
    assert ("␛[3" in text) is False
    assert ("␛[1m" in text) is ("terminal" in mode)
