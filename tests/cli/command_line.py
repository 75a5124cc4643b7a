"""Runs the command line as a shell does: beside a pipe, or on a terminal of its own."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sessionboard_async.testing import EmbeddedServer

COMMAND = [sys.executable, "-m", "sessionboard_async"]
SECONDS = 20
"""No command takes as long; a bound keeps a broken one from hanging."""


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONBOARD_")}
    return {**kept, "PYTHONWARNINGS": "error", "COLUMNS": "100", **variables}


def at(server: EmbeddedServer) -> dict[str, str]:
    return environment(SESSIONBOARD_BASE_URL=server.base_url, SESSIONBOARD_TOKEN=server.token)


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def run_at(server: EmbeddedServer, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command against a server, and make sure that it tells nobody the token."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=at(server),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert server.token not in done.stdout + done.stderr
    return done


def run_killed(server: EmbeddedServer, *arguments: str | int | Path) -> None:
    """Run a command that is killed again and again; see ``tests.support.killed_commands``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed_commands", *map(str, arguments)],
        env=at(server),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def one_error(done: subprocess.CompletedProcess[str]) -> str:
    """Return the message of a command that failed with one line and no output."""
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+\n", done.stderr), done.stderr
    return done.stderr


@contextmanager
def started(command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


needs_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs terminals of its own")


class Terminal:
    """A command on a terminal of its own.

    Attributes:
        process: The command.
    """

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self._screen = screen
        self._sent = b""

    @property
    def shown(self) -> str:
        """All that the screen was sent so far, without its control sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._sent.decode(errors="replace"))

    @property
    def cursor_is_shown(self) -> bool:
        """Whether the cursor is there, which whatever draws hides."""
        return self._sent.rfind(b"\x1b[?25h") >= self._sent.rfind(b"\x1b[?25l")

    def read(self) -> bool:
        """Read what comes next; tell whether there may be more."""
        ready, _, _ = select.select([self._screen], [], [], SECONDS)
        assert ready, f"nothing more was shown after {self.shown!r}"
        try:
            piece = os.read(self._screen, 65536)
        except OSError:  # the way Linux tells that the other side was closed
            return False
        self._sent += piece
        return bool(piece)

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read until something is shown."""
        while not (found := re.search(pattern, self.shown)):
            assert self.read(), f"{pattern!r} was never shown, but {self.shown!r}"
        return found

    def read_to_its_end(self) -> int:
        """Read all, and return the exit code."""
        while self.read():
            pass
        return self.process.wait(SECONDS)


@contextmanager
def terminal(
    *arguments: str | Path,
    env: dict[str, str] | None = None,
    columns: int = 80,
    kind: str = "xterm-256color",
) -> Iterator[Terminal]:
    """Run a command on a terminal; it ends with the block at the latest."""
    ours, theirs = os.openpty()
    variables = environment() if env is None else env
    try:
        with subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            env=variables | {"TERM": kind, "COLUMNS": str(columns)},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        ) as process:
            os.close(theirs)
            try:
                yield Terminal(process, ours)
            finally:
                process.kill()
    finally:
        os.close(ours)


def on_a_terminal(*arguments: str | Path, columns: int = 80) -> tuple[int, str]:
    """Run a command on a terminal, and return its exit code and all that was shown."""
    with terminal(*arguments, columns=columns) as run:
        code = run.read_to_its_end()
        return code, run.shown
