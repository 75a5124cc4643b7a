"""The plugin in test suites of others: fixtures that depend on each other, under anyio and pytest-asyncio."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.untraced]

SUITE = """
import asyncio

import pytest

{head}


@{fixture}
async def talk(sessionboard, sessionboard_server):
    loop = asyncio.get_running_loop()
    created = await sessionboard.sessions.create(sessionboard_server.event_id, title="Of the fixture")
    yield created
    assert asyncio.get_running_loop() is loop
    assert not sessionboard.closed
    await sessionboard.sessions.delete(sessionboard_server.event_id, created)


@{fixture}
async def renamed(sessionboard, sessionboard_server, talk):
    return await sessionboard.sessions.update(sessionboard_server.event_id, talk, title="Renamed")


{mark}
async def test_fixtures_depend_on_each_other(sessionboard, sessionboard_server, talk, renamed):
    assert (await sessionboard.sessions.get(sessionboard_server.event_id, talk)).title == renamed.title
    assert renamed.title == "Renamed"
    assert len(sessionboard_server.requests) == 3


{mark}
async def test_the_next_test_has_a_server_of_its_own(sessionboard, sessionboard_server, talk):
    assert len(sessionboard_server.requests) == 1


def test_that_is_not_async(sessionboard_server):
    assert not sessionboard_server.requests
"""
ANYIO = {
    "head": "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'",
    "fixture": "pytest.fixture",
    "mark": "@pytest.mark.anyio",
}
STRICT = {
    "head": "import pytest_asyncio",
    "fixture": "pytest_asyncio.fixture",
    "mark": "@pytest.mark.asyncio",
}
AUTO = {"head": "", "fixture": "pytest.fixture", "mark": ""}


@pytest.mark.parametrize(
    ("words", "options"),
    [
        pytest.param(ANYIO, ("-p", "no:asyncio"), id="anyio"),
        pytest.param(STRICT, ("--asyncio-mode=strict",), id="strict"),
        pytest.param(AUTO, ("--asyncio-mode=auto",), id="auto"),
    ],
)
def test_fixtures_that_depend_on_the_client(
    words: dict[str, str], options: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "test_suite.py"
    file.write_text(SUITE.format(**words), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    # They are of this project's tests, and warn where their own options are missing.
    command += ["-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:randomly"]
    if options[0].startswith("--asyncio"):
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    done = subprocess.run(
        [*command, *options, str(file)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
