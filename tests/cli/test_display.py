"""Progress and waits: on terminals of any size, and without one."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console, Group

from sessionboard_async.cli.live import LiveDisplay
from sessionboard_async.cli.waits import Wait
from sessionboard_async.export import RESOURCES
from sessionboard_async.export.exporter import ExportProgress
from tests.cli.command_line import usage_error, without_controls
from tests.cli.fixed_api import Api


def drawn(display: LiveDisplay, console: Console) -> list[str]:
    """Return the lines that a display draws now."""
    lines = console.render_lines(Group(*display.get_renderables()))
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


def progress(resource: str, records: int, total: int | None, *, done: bool = False) -> ExportProgress:
    return ExportProgress(resource=resource, records=records, total=total, done=done)


@pytest.mark.parametrize(("width", "height"), [(200, 30), (80, 10), (40, 10), (30, 4)])
def test_a_display_fits_the_terminal_and_shows_waits_whole(width: int, height: int) -> None:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    display = LiveDisplay(console, verbose=False)
    for number, resource in enumerate(RESOURCES):
        display.show_progress(progress(resource, 10 + number, 100_000, done=number % 2 == 0))
    end = datetime.now(UTC) + timedelta(minutes=12, seconds=40.5)
    display.show_waits([Wait("search-sessions", end)])
    lines = drawn(display, console)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    text = " ".join(line.strip() for line in lines)
    assert "Waiting for the rate limit: search-sessions 12:41 left" in text
    if height == 30:
        assert sum("/" in line for line in lines) == len(RESOURCES)
    else:
        assert "7 of 13 done" in lines
    # Resources under way come first.
    assert height != 10 or any(line.startswith("speakers") for line in lines)
    display.finish()
    assert not any("Waiting" in line for line in drawn(display, console))
    assert sum("/" in line for line in drawn(display, console)) == len(RESOURCES)


def test_the_time_left_is_estimated() -> None:
    console = Console(file=io.StringIO(), width=80, height=20, force_terminal=True)
    display = LiveDisplay(console, verbose=False)
    display.show_progress(progress("sessions", 0, 1000))
    display.show_progress(progress("sessions", 100, 1000))
    display.show_progress(progress("sessions", 200, 1000))
    (line,) = drawn(display, console)
    assert line.endswith(" left")
    display.show_progress(progress("sessions", 1000, 1000, done=True))
    display.finish()
    (line,) = drawn(display, console)
    assert line.endswith(" 00:00")


def test_resources_without_records_are_shown_only_with_verbose(api: Api, tmp_path: Path) -> None:
    # It answers the list of events as that of rooms.
    api.list()
    command = ["export", "1", "--only", "rooms", "--to", str(tmp_path)]
    assert "rooms" not in api.run(*command).stderr
    assert "rooms: 0 records\n" in api.run(*command, "--verbose").stderr
    (line,) = api.run(*command, "--quiet").output.splitlines()
    assert line.startswith("Warning: the event's name and time zone were not read: ")
    console = Console(file=io.StringIO(), width=80, height=20, force_terminal=True)
    for verbose in (False, True):
        display = LiveDisplay(console, verbose=verbose)
        display.show_progress(progress("rooms", 0, None, done=True))
        display.finish()
        assert ("rooms" in "".join(drawn(display, console))) is verbose


def test_progress_can_be_drawn_or_printed_anywhere(api: Api, tmp_path: Path) -> None:
    api.list({"id": "r", "name": "Hall"})
    command = ["export", "1", "--only", "rooms", "--to", str(tmp_path)]
    live = api.run(*command, "--progress").stderr
    assert "\x1b[?25h" in live
    assert "━" in without_controls(live)
    lines = api.run(*command, "--no-progress", FORCE_COLOR="1").stderr.splitlines()
    assert lines[0] == "rooms: 1 records"
    assert "--quiet excludes" in usage_error(api.run(*command, "--quiet", "--progress"))
