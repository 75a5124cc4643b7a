"""A real Redis or Valkey of the system on a free port, to start, to kill and to start again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

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

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
