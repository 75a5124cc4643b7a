"""Requests that lose the loop, the process or the client that they belong to keep no permit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")

PROGRAM = Path(__file__).with_name("vanishing_owners.py")
WAYS = ("closed_by_an_exception", "stopped", "abandoned", "forked")
SHARED = ("closed_by_an_exception shared", "stopped shared")


def seconds_of(store: str) -> dict[str, str]:
    done = subprocess.run(
        # The leftovers of closed loops and of forks with threads are the point here.
        [sys.executable, "-W", "ignore", str(PROGRAM), store],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    return lines or {"nothing printed": done.stderr[-2000:]}


def assert_soon(seconds: dict[str, str], ways: tuple[str, ...]) -> None:
    assert tuple(seconds) == ways
    for way, text in seconds.items():
        assert text.replace(".", "").isdigit(), (way, text)
        assert float(text) < 1, way


def test_a_new_client_answers_in_less_than_a_second() -> None:
    assert_soon(seconds_of(""), WAYS)


def test_leases_of_a_store_are_returned_too(redis_server: RedisServer) -> None:
    assert_soon(seconds_of(redis_server.url), SHARED)
