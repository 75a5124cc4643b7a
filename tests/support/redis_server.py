"""A real Redis or Valkey of the system on a free port, to start, to kill and to start again."""

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

if TYPE_CHECKING:
    from redis.asyncio import Redis

PROGRAMS = ("redis-server", "valkey-server")
REQUIRED = "SESSIONBOARD_REQUIRE_REDIS"


def program() -> str | None:
    """Return the server that this system has.

    Raises:
        AssertionError: If it has none and must have one.
    """
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    assert found or not os.environ.get(REQUIRED), f"{REQUIRED} is set, and there is no redis-server"
    return found


class RedisServer:
    """Keeps its data in memory alone: what is killed has forgotten everything."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def client(self) -> Redis:
        """Return a client that tasks can use which are to be cancelled."""
        from redis.asyncio import Redis

        # With a timeout of the socket it writes within `asyncio.wait_for`, and that of Python 3.11 swallows
        # a cancellation that comes as the write ends.
        return Redis.from_url(self.url, socket_timeout=None)

    def start(self) -> None:
        name = program()
        assert name is not None
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [name, "--port", str(self.port), *options], stdout=subprocess.DEVNULL
        )
        for _ in range(500):
            assert self._process.poll() is None, "the server ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("the server does not listen")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it: what it is told meanwhile arrives, and is carried out and answered afterwards."""
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
