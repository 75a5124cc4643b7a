"""Requests that lose the loop, the process or the client that they belong to keep no permit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer, program

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")

PROGRAM = Path(__file__).with_name("vanishing_owners.py")
WAYS = ("closed_by_an_exception", "stopped", "abandoned", "forked")
# Leases of a store are returned, too.
SHARED = ("closed_by_an_exception shared", "stopped shared")


@pytest.fixture
def store(request: pytest.FixtureRequest) -> str:
    """The URL of a store, or an empty text on a system without one."""
    if program() is None:
        return ""
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


@pytest.mark.slow
def test_a_new_client_answers_in_less_than_a_second(store: str) -> None:
    done = subprocess.run(
        # The leftovers of closed loops and of forks with threads are the point here.
        [sys.executable, "-W", "ignore", str(PROGRAM), store],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    seconds = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert tuple(seconds) == (WAYS if not store else WAYS + SHARED), done.stderr[-2000:]
    for way, text in seconds.items():
        assert text.replace(".", "").isdigit(), (way, text)
        assert float(text) < 1, way
