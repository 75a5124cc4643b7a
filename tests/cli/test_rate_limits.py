"""The command line with rate limits: waits, their display, and a server with limits."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import click
import pytest
from aiohttp import web
from click.testing import CliRunner

from sessionboard_async import (
    AsyncSession,
    DailyQuotaExceeded,
    RateLimitError,
    RateLimitWaitExceeded,
    Retry,
    SessionboardError,
)
from sessionboard_async.cli.commands.serve import serve as serve_with
from sessionboard_async.cli.connection import Connection, with_connection
from sessionboard_async.errors import RequestContext
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.cli.command_line import (
    SECONDS,
    at,
    environment,
    needs_terminals,
    run,
    run_at,
    run_forked,
    started,
    terminal,
)
from tests.support.http_server import TOKEN, Handler, HttpServer

Serve = Callable[[Handler], Awaitable[HttpServer]]

QUARTER = ServerLimits(requests=1, window=900, searches=True)
"""One request per quarter of an hour."""

TIME = r"(?:\d{4}-\d\d-\d\d )?(\d\d:\d\d:\d\d)"
"""With a date where it is not today."""

SECOND = ServerLimits(requests=1, window=1, searches=True)


@pytest.fixture
def slow_server() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=101, limits=QUARTER).in_thread() as server:
        yield server


def export(server: EmbeddedServer, directory: Path, *arguments: str) -> list[str]:
    return ["export", f"{server.event_id}", "--to", str(directory), *arguments]


# Waiting


def test_a_wait_is_one_line_without_a_terminal(slow_server: EmbeddedServer, tmp_path: Path) -> None:
    before = datetime.now().replace(microsecond=0)
    arguments = export(slow_server, tmp_path, "--only", "sessions")
    with started(arguments, at(slow_server)) as command:
        line = command.stderr.readline()
        found = re.fullmatch(rf"Waiting for the rate limit: search-sessions until {TIME}\n", line)
        assert found, line
        until = datetime.combine(before, datetime.strptime(found[1], "%H:%M:%S").time())
        until += timedelta(days=until < before)
        assert timedelta(minutes=15) <= until - before <= timedelta(minutes=15, seconds=SECONDS)
        code, output, errors = command.end(signal.SIGTERM)
    assert (code, output) == (143, "")
    assert errors.startswith("Terminated. ")
    assert list(tmp_path.iterdir()) == []


@needs_terminals
@pytest.mark.traced_processes
def test_a_wait_is_a_countdown_on_a_terminal_and_ctrl_c_ends_it(
    slow_server: EmbeddedServer, tmp_path: Path
) -> None:
    with terminal(*export(slow_server, tmp_path, "--only", "sessions"), env=at(slow_server)) as screen:
        shown = screen.read_until(r"Waiting for the rate limit: search-sessions (14:59|15:0\d) left")
        screen.read_until(f"(?!{shown[1]})\\d\\d:\\d\\d left")
        screen.process.send_signal(signal.SIGINT)
        assert screen.read_to_end() == 130
    assert screen.cursor_is_shown
    *_, last_drawn, word = screen.shown.rstrip().splitlines()
    assert last_drawn.startswith("sessions ")
    assert word.startswith("Interrupted. An export that is started with --resume")
    assert "Traceback" not in screen.shown
    assert list(tmp_path.iterdir()) == []


@needs_terminals
def test_an_export_continues_after_each_wait_and_is_never_refused(tmp_path: Path) -> None:
    with EmbeddedServer(sessions=101, limits=SECOND).in_thread() as server:
        with terminal(*export(server, tmp_path, "--only", "sessions,tags"), env=at(server)) as screen:
            assert screen.read_to_end() == 0
        assert server.refusals == 0
    assert re.search(r"sessions .*100/101 ", screen.shown)
    assert re.search(r"Waiting for the rate limit: search-sessions 00:0\d left", screen.shown)
    *_, one, other, summary = screen.shown.splitlines()
    # The bars are in the order in which the files were opened.
    sessions, tags = sorted((one, other))
    assert re.search(r"^sessions .*101/101 ", sessions)
    assert re.search(r"^tags ", tags)
    assert "records in 2 files" in summary


@needs_terminals
@pytest.mark.parametrize("command", ["events", pytest.param("check", marks=pytest.mark.traced_processes)])
def test_other_commands_show_countdowns(slow_server: EmbeddedServer, command: str) -> None:
    assert run_at(slow_server, "events").exit_code == 0
    with terminal(command, env=at(slow_server)) as screen:
        screen.read_until(r"Waiting for the rate limit: list-events 1\d:\d\d left")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.read_to_end() == 143
    assert screen.cursor_is_shown
    assert screen.shown.rstrip().endswith("Terminated.")


def test_a_dumb_terminal_gets_lines(slow_server: EmbeddedServer, tmp_path: Path) -> None:
    arguments = export(slow_server, tmp_path, "--only", "sessions")
    with terminal(*arguments, env=at(slow_server), kind="dumb") as screen:
        screen.read_until(rf"Waiting for the rate limit: search-sessions until {TIME}\r\n")
    # A countdown would have to be drawn over.
    assert "left" not in screen.shown


@pytest.mark.anyio
async def test_concurrency_limits_the_requests_in_flight(serve: Serve, tmp_path: Path) -> None:
    many = 10
    enough = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        if server.under_way == many:
            enough.set()
        with anyio.move_on_after(2):
            await enough.wait()
        pagination = {"currentPage": 1, "pageSize": 100, "totalPages": 0, "totalResults": 0}
        return web.json_response({"results": [], "pagination": pagination})

    server = await serve(answer)
    arguments = ["export", "1", "--to", f"{tmp_path}", "--concurrency", f"{many}"]
    variables = {"SESSIONBOARD_TOKEN": TOKEN, "SESSIONBOARD_BASE_URL": server.base_url}
    code, _, errors = await asyncio.to_thread(run_forked, *arguments, **variables)
    assert code == 0, errors
    assert server.most_under_way == many


@pytest.mark.parametrize(
    "error",
    [
        RateLimitWaitExceeded(
            "it would wait 800 s,\nlonger than it may", context=RequestContext("GET", "/v1/tags")
        ),
        DailyQuotaExceeded("the daily quota of 1000 writes is used up", retry_after=3600.0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_limit_that_is_not_waited_for_is_a_one_line_error(error: SessionboardError) -> None:
    @click.command()
    @with_connection
    async def write(_: Connection) -> None:
        raise error

    done = CliRunner().invoke(write)
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+\n", done.stderr)
    assert all(word in done.stderr for word in error.message.split())


# Serving


@pytest.mark.parametrize(
    ("arguments", "header", "value"),
    [
        ([], "RateLimit-Limit", "3"),
        (["--limit-headers", "x"], "X-RateLimit-Remaining", "2"),
        (["--limit-headers", "draft-8"], "RateLimit-Policy", '"window";q=3;w=900'),
        (["--limit-headers", "none"], "RateLimit-Limit", None),
    ],
)
def test_serve_limits_requests(arguments: list[str], header: str, value: str | None) -> None:
    serving = ["serve", "--limit", "3/900", "--limit-searches", *arguments]
    with started(serving, environment()) as command:
        hint = command.stdout.readline()
        address = re.search(r"SESSIONBOARD_BASE_URL=(\S+) SESSIONBOARD_TOKEN='([^']+)'", hint)
        assert address, hint

        async def ask_four_times() -> list[str | None]:
            sb = AsyncSession(address[2], base_url=address[1], limits=None, retry=Retry(attempts=1))
            async with sb:
                answers = [await sb.request("GET", "/v1/events") for _ in range(3)]
                with pytest.raises(RateLimitError):
                    await sb.request("GET", "/v1/events")
            return [answer.headers.get(header) for answer in answers]

        assert anyio.run(ask_four_times)[0] == value


def test_serve_limits_searches_only_on_request(tmp_path: Path) -> None:
    with started(["serve", "--limit", "1/900", "--sessions", "300"], environment()) as command:
        hint = command.stdout.readline()
        address = re.search(r"SESSIONBOARD_BASE_URL=(\S+) SESSIONBOARD_TOKEN='([^']+)'", hint)
        assert address, hint
        where = ["--base-url", address[1], "--token", address[2]]
        done = run("export", "4630", "--to", tmp_path, "--only", "sessions", *where)
    assert done.exit_code == 0
    assert done.stderr.startswith("sessions: 300 records\n300 records in 1 files")


@pytest.mark.parametrize("limit", ["20", "20/", "/2", "0/2", "20/0", "20/-1", "2.5/2", "20/nan", "a/b"])
def test_an_invalid_limit_is_a_usage_error(limit: str) -> None:
    done = CliRunner().invoke(serve_with, ["--limit", limit])
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"--limit must be requests/seconds, both positive, such as 20/2, not {limit!r}" in done.stderr


@pytest.mark.parametrize("arguments", [["--limit-headers", "x"], ["--limit-searches"]])
def test_options_of_a_limit_without_a_limit_are_a_usage_error(arguments: list[str]) -> None:
    done = CliRunner().invoke(serve_with, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--limit" in done.stderr
    assert "need --limit" in done.stderr
