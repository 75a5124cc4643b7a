"""Waits before retries and for answers: their display, and the bound of all waits."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sessionboard_async.cli.display import StatusDisplay
from sessionboard_async.cli.waits import report_waits
from sessionboard_async.core.rate_limits.limiter import Limits
from sessionboard_async.core.waits import Waits
from sessionboard_async.errors import RequestContext
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.cli.command_line import (
    SECONDS,
    at,
    needs_terminals,
    one_error,
    run_at,
    started,
    terminal,
)
from tests.support.virtual_time import run as run_in_virtual_time

HOUR = 3600


@pytest.fixture(autouse=True)
def ends_in_time() -> Iterator[None]:
    """End a command in this process that waits in spite of a bound."""
    timer = threading.Timer(SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    yield
    timer.cancel()
    timer.join()


def busy(server: EmbeddedServer, seconds: int, status: int = 503) -> None:
    server.faults.append(Fault("status", every=1, status=status, retry_after=seconds))


def commands(server: EmbeddedServer, directory: Path) -> dict[str, list[str]]:
    event = f"{server.event_id}"
    return {
        "events": ["events"],
        "check": ["check"],
        "export": ["export", event, "--only", "rooms", "--to", str(directory)],
        "sync": ["sync", event, "--only", "rooms", "--to", str(directory / "event.db")],
    }


NAMES = ("events", "check", "export", "sync")


def assert_sent_once(server: EmbeddedServer) -> None:
    """Check that no request was repeated; an export sends several at once."""
    operations = [request.operation for request in server.requests]
    assert operations
    assert len(operations) == len({*operations})


# Shown


@pytest.mark.parametrize("name", NAMES)
def test_a_wait_before_a_retry_is_one_line_without_a_terminal(
    server: EmbeddedServer, tmp_path: Path, name: str
) -> None:
    busy(server, 50 * HOUR)
    before = datetime.now().replace(microsecond=0)
    arguments = [*commands(server, tmp_path)[name], "--max-wait", "100h"]
    with started(arguments, at(server)) as command:
        line = command.stderr.readline()
        found = re.fullmatch(r"Waiting to retry: [a-z-]+ until ([\d: -]+) \(503 [^()\n]+\)(, .+)?\n", line)
        assert found, line
        until = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S") - before
        assert timedelta(hours=50) <= until <= timedelta(hours=50, seconds=SECONDS)
        code, output, errors = command.end(signal.SIGTERM)
    assert (code, output) == (143, "")
    assert errors.startswith("Terminated."), errors


@needs_terminals
def test_a_wait_before_a_retry_is_a_countdown_on_a_terminal(server: EmbeddedServer) -> None:
    busy(server, HOUR)
    with terminal("events", "--max-wait", "2h", env=at(server), columns=150) as screen:
        shown = screen.read_until(
            r"Waiting to retry: list-events (59:5\d|1:00:0\d) left \(503 \w+: an injected fault\)"
        )
        screen.read_until(f"(?!{shown[1]})\\d\\d:\\d\\d left")
        screen.process.send_signal(signal.SIGINT)
        assert screen.read_to_end() == 130
    assert screen.cursor_is_shown
    assert "Traceback" not in screen.shown


class Asked:
    """A call whose request was sent."""

    def __init__(self, operation: str) -> None:
        self.context: RequestContext = RequestContext("POST", "/v1/rooms", operation, attempts=1)


def test_an_answer_that_takes_long_is_one_line_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        waits, call = Waits(), Asked("search-rooms")
        with StatusDisplay() as display:
            async with report_waits(Limits(None), waits.snapshot, display.show_waits):
                waits.begin(call)
                await asyncio.sleep(1.9)
                assert capsys.readouterr().err == ""
                await asyncio.sleep(20)
                first = capsys.readouterr().err
                assert re.fullmatch(r"Waiting for an answer: search-rooms since [\d:]+\n", first)
                waits.begin(call)
                await asyncio.sleep(20)
                waits.end(call)
                await asyncio.sleep(1.9)
                assert capsys.readouterr().err == ""

    run_in_virtual_time(main())


def test_a_command_without_calls_under_way_waits_for_files(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        waits, call = Waits(), Asked("search-rooms")
        with StatusDisplay() as display:
            async with report_waits(Limits(None), waits.snapshot, display.show_waits):
                await asyncio.sleep(1.9)
                waits.begin(call)
                await asyncio.sleep(1.4)
                waits.end(call)
                await asyncio.sleep(1.9)
                assert capsys.readouterr().err == ""
                await asyncio.sleep(20)
        assert re.fullmatch(
            r"Waiting for files, on a slow disk or for another process: since [\d:]+\n",
            capsys.readouterr().err,
        )

    run_in_virtual_time(main())


@pytest.mark.slow
def test_a_sync_shows_that_it_waits_for_another_process(server: EmbeddedServer, tmp_path: Path) -> None:
    command = commands(server, tmp_path)["sync"]
    assert run_at(server, *command).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "event.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with started(command, at(server)) as waiting:
            line = waiting.stderr.readline()
            other.execute("ROLLBACK")
            code, _, errors = waiting.read_to_end()
    assert re.fullmatch(r"Waiting for files, on a slow disk or for another process: since [\d:]+\n", line), (
        line
    )
    assert code == 0
    assert errors.startswith("0 records written and 0 removed; ")


@pytest.mark.slow
def test_a_command_names_the_answer_that_it_waits_for(tmp_path: Path) -> None:
    with EmbeddedServer(sessions=3, latency=4).in_thread() as server:
        done = run_at(server, *commands(server, tmp_path)["export"])
    assert done.exit_code == 0
    assert re.fullmatch(
        # One line where both have begun when it is written.
        r"Waiting for an answer: list-events since [\d:]+"
        r"(, |\nWaiting for an answer: )search-rooms since [\d:]+\n"
        r"rooms: \d+ records\n\d+ records in 1 files, .*\n",
        done.stderr,
    ), done.stderr


# Bounded


@pytest.mark.parametrize("name", NAMES)
def test_a_retry_after_more_than_an_hour_is_an_error_at_once(
    server: EmbeddedServer, tmp_path: Path, name: str
) -> None:
    busy(server, HOUR + 1)
    error = one_error(run_at(server, *commands(server, tmp_path)[name]))
    assert error.endswith("longer than --max-wait allows\n")
    assert_sent_once(server)


@pytest.mark.parametrize("name", NAMES)
def test_a_longer_wait_for_the_rate_limit_is_an_error_at_once(
    server: EmbeddedServer, tmp_path: Path, name: str
) -> None:
    busy(server, 600, 429)
    error = one_error(run_at(server, *commands(server, tmp_path)[name], "--max-wait", "5m"))
    assert "longer than --max-wait" in error
    assert_sent_once(server)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), (" 1s ", 1)]
)
def test_max_wait_has_units(server: EmbeddedServer, text: str, seconds: int) -> None:
    busy(server, seconds)
    error = one_error(run_at(server, "events", "--max-wait", text))
    assert f"(the server asks to wait {seconds} s, request id" in error
    assert error.endswith("longer than --max-wait allows\n")


def test_an_answer_that_takes_longer_than_max_wait_is_an_error() -> None:
    with EmbeddedServer(sessions=3, latency=SECONDS).in_thread() as server:
        error = one_error(run_at(server, "events", "--max-wait", "1s"))
    assert "not done within --max-wait of 1 s" in error


@pytest.mark.parametrize("text", ["0", "0h", "-1s", "1.5h", "", "h", "inf", "nan", "1d", "1e3", "9" * 400])
def test_an_invalid_max_wait_is_a_usage_error(server: EmbeddedServer, text: str) -> None:
    done = run_at(server, "events", f"--max-wait={text}")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--max-wait'" in done.stderr
    assert not server.requests


def test_a_failure_after_all_attempts_does_not_blame_max_wait(server: EmbeddedServer) -> None:
    server.faults.append(Fault("status", every=1, status=400, retry_after=1))
    assert "--max-wait" not in one_error(run_at(server, "events"))
