"""The blocks on limits, errors, logging and tests, run against the embedded server."""

from __future__ import annotations

import asyncio
import logging
import re
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sessionboard_async import AsyncSession, RateLimits
from sessionboard_async.testing import EmbeddedServer, Fault, ServerLimits
from tests.guides.blocks import block, records
from tests.support.redis_server import RedisServer

Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.untraced


@block("impatient.py")
def test_the_impatient_script_prints_the_title(
    block: Path, run: Run, sessionboard_server: EmbeddedServer
) -> None:
    talk = records(sessionboard_server, "sessions")[0]
    result = run(block, talk["id"])
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{talk['title']}\n", "")


@block("impatient.py")
@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([], "There is no such session."),
        (
            [Fault("status", every=1, status=429, retry_after=747)],
            "Too much asked: try again in 748 seconds.",
        ),
        (
            [Fault("status", every=1, status=403)],
            (
                "GET /v1/event/{event_id}/sessions/{session_id}: 403 ForbiddenError: an injected fault "
                "(request id embedded-000001)"
            ),
        ),
    ],
)
def test_the_impatient_script_prints_errors_as_one_line(
    block: Path, run: Run, sessionboard_server: EmbeddedServer, faults: list[Fault], said: str
) -> None:
    sessionboard_server.faults.extend(faults)
    result = run(block, "00000000-0000-0000-0000-000000000000")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"{said}\n")


@block("budgets.py")
def test_the_budgets_are_printed(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    sponsors = len(records(sessionboard_server, "sponsors"))
    result = run(block)
    assert (result.returncode, result.stdout) == (0, f"entity-reads: {100 - sponsors} of 100 left\n")
    assert 0 < sponsors < 100


PYTEST = (
    *("-m", "pytest", "-W", "error", "--strict-markers", "-p", "no:cacheprovider"),
    *("-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:randomly"),  # the blocks do not need them
    *("-o", "asyncio_default_fixture_loop_scope=function"),  # pytest-asyncio warns if it is not set
)


@pytest.mark.slow
@block("test_agenda.py")
def test_the_tests_for_anyio_pass(block: Path, run_python: Run) -> None:
    result = run_python(*PYTEST, block)
    assert "2 passed" in result.stdout, result.stdout


@pytest.mark.slow
@block("test_report.py")
def test_the_test_for_pytest_asyncio_passes(block: Path, run_python: Run) -> None:
    result = run_python(*PYTEST, block)
    assert "1 passed" in result.stdout, result.stdout


@block("why_it_waits.py")
def test_the_program_that_is_watched_ends(block: Path, run: Run, sessionboard_server: EmbeddedServer) -> None:
    sponsors = len(records(sessionboard_server, "sponsors"))
    result = run(block)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(sessionboard_server.requests) == sponsors + 1


@block("why_it_waits.py")
@pytest.mark.anyio
@pytest.mark.sessionboard_server(limits=ServerLimits(requests=1, window=600))
async def test_the_watcher_prints_what_calls_wait_for(
    block: Path, sessionboard_server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = records(sessionboard_server, "sessions")[0]["id"]
    watch = runpy.run_path(str(block))["watch"]
    address, limits = sessionboard_server.base_url, RateLimits(max_wait=None)
    async with AsyncSession(sessionboard_server.token, base_url=address, limits=limits) as sb:
        await sb.sessions.get(4630, talk)
        sessionboard_server.faults.append(Fault("slow", interval=60, every=1))
        calls = [
            asyncio.create_task(call) for call in (sb.sessions.get(4630, talk), sb.rooms.search(4630).first())
        ]
        watcher = asyncio.create_task(watch(sb, every=0.01))
        printed = ""
        while not ("wait until" in printed and "waits for the answer" in printed):
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
        for task in [watcher, *calls]:
            task.cancel()
        await asyncio.gather(watcher, *calls, return_exceptions=True)
    assert re.search(r"(?m)^entity-reads: 1 calls wait until \d\d:\d\d:\d\d UTC$", printed)
    assert re.search(r"(?m)^search-rooms, attempt 1: waits for the answer$", printed)


@block("why_it_waits.py")
@pytest.mark.anyio
async def test_the_watcher_reports_calls_that_wait_for_each_other(
    block: Path, sessionboard_server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = records(sessionboard_server, "sessions")[0]["id"]
    watch = runpy.run_path(str(block))["watch"]
    sessionboard_server.faults.append(Fault("slow", interval=60, every=1))
    async with AsyncSession(sessionboard_server.token, base_url=sessionboard_server.base_url) as sb:
        calls = [asyncio.create_task(sb.sessions.get(4630, talk)) for _ in range(3)]
        watcher = asyncio.create_task(watch(sb, every=0.01))
        printed = ""
        while "get-session" not in printed and not watcher.done():
            await asyncio.sleep(0)
            printed += capsys.readouterr().out
        for task in [watcher, *calls]:
            task.cancel()
        await asyncio.gather(watcher, *calls, return_exceptions=True)
    assert re.search(r"(?m)^entity-reads: 2 calls wait for the answers to earlier calls$", printed)
    assert watcher.cancelled()


@block("shared_limits.py")
def test_a_shared_budget_counts_what_both_clients_send(
    block: Path, run: Run, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"\d+ rooms\n", result.stdout)


@block("log_attempts.py")
def test_each_attempt_is_logged(block: Path, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "sessionboard_async")  # and set back after the test
    logging.getLogger("sessionboard_async").setLevel(logging.WARNING)
    result = run(block)
    assert result.returncode == 0
    assert re.search(r"(?m)^DEBUG .*GET /v1/event/\{event_id\}/rooms: 200, attempt 1, ", caplog.text), (
        result,
        caplog.text,
    )


@block("changing.py")
def test_nothing_is_missed_while_sessions_are_deleted(block: Path, run: Run) -> None:
    result = run(block)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"5\d\d read, 0 missed\n", result.stdout)


@block("test_titles.py")
def test_the_test_of_the_readme_passes(block: Path, run_python: Run) -> None:
    result = run_python(*PYTEST, block)
    assert "1 passed" in result.stdout, result.stdout
