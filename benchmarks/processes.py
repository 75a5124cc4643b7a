"""Processes of the server and of the measurements."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from benchmarks.measurements import Rounds


class Bench:
    """The pages, the server and the size of a run.

    Attributes:
        file: The recorded pages.
        port: The server's port.
        quick: Whether to take fewer samples.
    """

    def __init__(self, file: Path, port: int, *, quick: bool) -> None:
        self.file = file
        self.port = port
        self.quick = quick

    @property
    def host(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    def base_url(self, coding: str, milliseconds: int = 0) -> str:
        """Return the address of the server with an encoding and a latency."""
        return f"{self.host}/{coding}/{milliseconds}"

    def often(self, full: int, quick: int) -> int:
        """Return the number of repetitions: ``quick`` in a quick run, otherwise ``full``."""
        return quick if self.quick else full

    def measure(self, measurement: str, **arguments: object) -> Rounds:
        """Run one measurement in a fresh process."""
        command = [
            sys.executable,
            "-m",
            "benchmarks.measurements",
            json.dumps({"measurement": measurement, **arguments}),
        ]
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
