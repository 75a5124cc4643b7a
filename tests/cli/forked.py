"""Commands in processes that are forked from one with all modules imported: they start at once."""

from __future__ import annotations

import multiprocessing
import os
import pkgutil
import signal
import sys
import warnings
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import NoReturn

from sessionboard_async import services

IMPORTED = (
    *("__main__", "sessionboard_async.cli.app", "sessionboard_async.sqlite", "rich.live", "rich.progress"),
    *(f"sessionboard_async.services.{module.name}" for module in pkgutil.iter_modules(services.__path__)),
)


class ForkedCommand:
    """A command that was forked, as ``subprocess.Popen`` shows one.

    Attributes:
        pid: The id of its process.
    """

    def __init__(
        self, arguments: list[str], env: dict[str, str], files: tuple[int, int, int], timeout: float
    ) -> None:
        """Start a command with an environment and files for its standard streams."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(IMPORTED))
        streams = tuple(Connection(os.dup(file)) for file in files)
        self._process: ForkServerProcess = context.Process(
            target=run_command, args=(arguments, env, os.getcwd(), streams)
        )
        self._process.start()
        for stream in streams:
            stream.close()
        self._timeout = timeout
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    def wait(self) -> int:
        self._process.join(self._timeout)
        assert self._process.exitcode is not None, f"the command did not end in {self._timeout} s"
        return self._process.exitcode


def run_command(
    arguments: list[str], env: dict[str, str], folder: str, streams: tuple[Connection, ...]
) -> NoReturn:
    """Run a command in this process, which has the environment and the files of another."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # they stay open as long as the process
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace", buffering=1)  # noqa: SIM115
    # The first process may have started in the background of a shell, which ignores it there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["sessionboard", *arguments]
    warnings.simplefilter("error")
    from sessionboard_async.__main__ import main

    main()
    sys.exit()
