"""A real Redis or Valkey on a free port, to start, kill and start again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from redis.asyncio import Redis

PROGRAMS = ("redis-server", "valkey-server")
REQUIRED = "SESSIONBOARD_REQUIRE_REDIS"


def program() -> str | None:
    """Return the name of a server that is installed.

    Raises:
        AssertionError: If none is, and the environment requires one.
    """
    found = next(filter(shutil.which, PROGRAMS), None)
    assert found or not os.environ.get(REQUIRED), f"{REQUIRED} is set, and there is no redis-server"
    return found


def stores() -> pytest.MarkDecorator:
    """Run a test with a Redis and, among the slow tests, with a Valkey, as far as they are installed."""
    marks = [[], [pytest.mark.slow]]
    return pytest.mark.parametrize(
        "redis_server",
        [pytest.param(name, marks=own) for name, own in zip(PROGRAMS, marks, strict=True)],
        indirect=True,
    )


class RedisServer:
    """A server that keeps its data in memory only: once killed, it has forgotten everything.

    Args:
        folder: A folder of its own.
        name: The program, a Redis or a Valkey; by default one that is installed.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self._folder = folder
        self.program: str | None = name or program()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def client(self) -> Redis:
        """Return a client for tasks that are cancelled."""
        from redis.asyncio import Redis

        # With a timeout of the socket it writes within `asyncio.wait_for`, which in Python 3.11 swallows a
        # cancellation that arrives as the write ends.
        return Redis.from_url(self.url, socket_timeout=None)

    def start(self) -> None:
        assert self.program is not None
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [self.program, "--port", str(self.port), *options], stdout=subprocess.DEVNULL
        )
        for _ in range(500):
            assert self._process.poll() is None, "the server ended: another program may have taken its port"
            if _process_at(self.port) == self._process.pid:
                return
            time.sleep(0.01)
        raise AssertionError("the server does not listen")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Suspend the server: messages sent meanwhile are carried out and answered afterwards."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _process_at(port: int) -> int | None:
    """Return the process id of the server at a port: tests in parallel must not take each other's server."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"INFO server\r\nQUIT\r\n")
            with connection.makefile("rb") as lines:
                answer = lines.read()
    except OSError:
        return None
    found = [line for line in answer.split(b"\r\n") if line.startswith(b"process_id:")]
    return int(found[0].partition(b":")[2]) if found else None
