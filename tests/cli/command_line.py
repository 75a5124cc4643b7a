"""Runs the command line: in this process, in a process of its own, or on a terminal."""

from __future__ import annotations

import multiprocessing
import os
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from click.testing import CliRunner, Result

from sessionboard_async.cli.app import sessionboard
from sessionboard_async.testing import EmbeddedServer
from tests.cli.forked import ForkedCommand
from tests.support.canaries import WATCH

COMMAND = [sys.executable, "-m", "sessionboard_async"]
SECONDS = 60
"""A bound for commands that hang; no command takes as long."""

_VARIABLES = ("SESSIONBOARD_TOKEN", "SESSIONBOARD_REGION", "SESSIONBOARD_BASE_URL")


def environment(**variables: str) -> dict[str, str]:
    """Return the variables for a process of its own."""
    others = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
    return {**others, "PYTHONWARNINGS": "error", "COLUMNS": "100", **variables}


def at(server: EmbeddedServer) -> dict[str, str]:
    return environment(SESSIONBOARD_BASE_URL=server.base_url, SESSIONBOARD_TOKEN=server.token)


def run(*arguments: str | Path, **variables: str) -> Result:
    """Run a command in this process."""
    unset: dict[str, str | None] = dict.fromkeys(_VARIABLES)
    env = {**unset, "COLUMNS": "100", **variables}
    result = CliRunner().invoke(sessionboard, [*map(str, arguments)], env=env)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    WATCH.search("a command", result.output)
    return result


def run_at(server: EmbeddedServer, *arguments: str | Path) -> Result:
    """Run a command in this process against a server, and check that it does not print the token."""
    result = run(*arguments, SESSIONBOARD_BASE_URL=server.base_url, SESSIONBOARD_TOKEN=server.token)
    assert server.token not in result.output
    return result


def run_process(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    WATCH.search("a command", done.stdout + done.stderr)
    return done


def run_forked(*arguments: str | Path, **variables: str) -> tuple[int, str, str]:
    """Run a command in a process that is quickly there; return its exit code, output and errors."""
    with started([*map(str, arguments)], environment(**variables)) as command:
        return command.read_to_end()


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


def one_error(result: Result) -> str:
    """Return the message of a command that failed with one line and no output."""
    assert (result.exit_code, result.stdout) == (1, "")
    assert re.fullmatch(r"Error: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


def usage_error(result: Result) -> str:
    """Return the message of a command that was used wrongly."""
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(r"Usage: [^\n]+\nTry [^\n]+\n\nError: [^\n]+\n", result.stderr), result.stderr
    return result.stderr


Command = subprocess.Popen[str] | ForkedCommand


def start(arguments: list[str], env: dict[str, str], stdin: int, stdout: int, stderr: int) -> Command:
    """Start a command with files for its standard streams, and the default action for SIGINT."""
    # Coverage is measured from the start of a process.
    measured = "COVERAGE_PROCESS_CONFIG" in env
    if "forkserver" in multiprocessing.get_all_start_methods() and not measured:
        return ForkedCommand(arguments, env, (stdin, stdout, stderr), SECONDS)
    return subprocess.Popen(
        [*COMMAND, *arguments], env=env, stdin=stdin, stdout=stdout, stderr=stderr, text=True
    )


@contextmanager
def ended(process: Command) -> Iterator[None]:
    """Kill a process at the end of the block, or when it hangs."""
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        process.kill()
        process.wait()


class Started:
    """A command beside pipes.

    Attributes:
        process: The command.
        stdout: Its output.
        stderr: Its errors.
    """

    def __init__(self, process: Command, stdout: TextIO, stderr: TextIO) -> None:
        self.process = process
        self.stdout = stdout
        self.stderr = stderr

    def end(self, number: int) -> tuple[int, str, str]:
        """Send a signal; return the exit code, and the output and errors that were not read."""
        self.process.send_signal(number)
        return self.read_to_end()

    def read_to_end(self) -> tuple[int, str, str]:
        # The rest is short: it fits into the pipes.
        output, errors = self.stdout.read(), self.stderr.read()
        return self.process.wait(), output, errors


@contextmanager
def started(arguments: list[str], env: dict[str, str]) -> Iterator[Started]:
    """Start a command beside pipes; it ends with the block at the latest."""
    output, errors = os.pipe(), os.pipe()
    with (
        open(os.devnull) as nothing,
        open(output[0], encoding="utf-8") as stdout,
        open(errors[0], encoding="utf-8") as stderr,
    ):
        try:
            process = start(arguments, env, nothing.fileno(), output[1], errors[1])
        finally:
            os.close(output[1])
            os.close(errors[1])
        with ended(process):
            yield Started(process, stdout, stderr)


needs_terminals = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals")


class Terminal:
    """A command on a terminal of its own. Reading has a deadline for the whole command.

    Attributes:
        process: The command.
    """

    def __init__(self, process: Command, descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor
        self._sent = b""
        self._deadline = time.monotonic() + SECONDS

    @property
    def shown(self) -> str:
        """The text sent to the terminal so far, without control sequences."""
        return without_controls(self._sent.decode(errors="replace"))

    @property
    def cursor_is_shown(self) -> bool:
        """Whether the cursor is visible; live displays hide it."""
        return self._sent.rfind(b"\x1b[?25h") >= self._sent.rfind(b"\x1b[?25l")

    def read(self) -> bool:
        """Read the next piece of output; return whether there may be more."""
        left = max(0.0, self._deadline - time.monotonic())
        ready, _, _ = select.select([self._descriptor], [], [], left)
        assert ready, f"the command did not end in {SECONDS} s, after {self.shown[-2000:]!r}"
        try:
            piece = os.read(self._descriptor, 65536)
        except OSError:  # Linux reports the other end being closed in this way.
            return False
        self._sent += piece
        assert time.monotonic() < self._deadline, f"still running, after {self.shown[-2000:]!r}"
        return bool(piece)

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read until a pattern is shown."""
        while not (found := re.search(pattern, self.shown)):
            assert self.read(), f"{pattern!r} was never shown, but {self.shown!r}"
        return found

    def read_to_end(self) -> int:
        """Read all output, and return the exit code."""
        while self.read():
            pass
        WATCH.search("a terminal", self.shown)
        return self.process.wait()


def without_controls(text: str) -> str:
    """Return a text without the control sequences of terminals."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


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
    variables |= {"TERM": kind, "COLUMNS": str(columns)}
    try:
        process = start([*map(str, arguments)], variables, theirs, theirs, theirs)
        os.close(theirs)
        with ended(process):
            yield Terminal(process, ours)
    finally:
        os.close(ours)


def on_a_terminal(*arguments: str | Path, columns: int = 80) -> tuple[int, str]:
    """Run a command on a terminal, and return its exit code and the text shown."""
    with terminal(*arguments, columns=columns) as run:
        code = run.read_to_end()
        return code, run.shown
