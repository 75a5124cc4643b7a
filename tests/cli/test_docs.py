"""``sessionboard docs``: guides on a terminal and elsewhere."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from sessionboard_async.cli.app import sessionboard
from sessionboard_async.guides import read


@pytest.mark.parametrize("arguments", [[], ["index"], ["reading"], ["reading", "--raw"]])
def test_a_guide_is_printed_as_markdown_elsewhere(arguments: list[str]) -> None:
    done = CliRunner().invoke(sessionboard, ["docs", *arguments])
    assert done.exit_code == 0
    assert done.output == read(arguments[0] if arguments else "index")


@pytest.mark.parametrize("guide", ["index", "database"])
def test_a_guide_is_formatted_on_a_terminal(monkeypatch: pytest.MonkeyPatch, guide: str) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("PAGER", "cat")
    done = CliRunner().invoke(sessionboard, ["docs", guide])
    assert done.exit_code == 0
    assert "\x1b[" in done.output
    assert "```" not in done.output


def test_a_misspelt_guide_is_usage() -> None:
    done = CliRunner().invoke(sessionboard, ["docs", "raeding"])
    assert done.exit_code == 2
    assert "did you mean 'reading'?" in done.output
