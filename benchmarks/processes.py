"""Starting the server and the measurements, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from benchmarks.child import Rounds


class Bench:
    """Where measurements find their pages and their server.

    Attributes:
        file: The recorded pages.
        port: The server's port.
        quick: Whether to take fewer samples.
    """

    def __init__(self, file: Path, port: int, *, quick: bool) -> None:
        self.file = file
        self.port = port
        self.quick = quick

    def base_url(self, coding: str, milliseconds: int = 0) -> str:
        """Return the address at which the server answers in one way."""
        return f"http://127.0.0.1:{self.port}/{coding}/{milliseconds}"

    def often(self, full: int, quick: int) -> int:
        """Return how often to do something."""
        return quick if self.quick else full

    def measure(self, what: str, **arguments: object) -> Rounds:
        """Run one measurement in a fresh process."""
        command = [sys.executable, "-m", "benchmarks.child", json.dumps({"what": what, **arguments})]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        return cast("Rounds", json.loads(done.stdout))


@contextmanager
def serving(file: Path) -> Iterator[int]:
    """Serve recorded pages from another process, and return its port."""
    command = [sys.executable, "-m", "benchmarks.server", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
