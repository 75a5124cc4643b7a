"""Runs commands in forked children and kills them; modules are imported once, so that a run is quick.

``python -m tests.support.killed_commands times KILLS TARGET COMMAND…`` kills a command again and again, after
random times, before it completes, and runs it to its end at last.

``python -m tests.support.killed_commands changes DIRECTORY COMMAND…`` runs a command for a new target in the
directory, which dies before its n-th change of a file of the target, and then runs it to its end: for 0, 1, 2
and so on, until it completes before it dies. Each target begins as a copy of ``DIRECTORY/earlier``, if that
exists. After each death, a manifest in the target must describe the files beside it.

``python -m tests.support.killed_commands prints DIRECTORY COMMAND…`` does the same with ``cursor.json`` in a
folder for each number, and appends what all runs for it print to ``NUMBER.jsonl`` beside the folder.

The target is appended to the command.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import anyio
import msgspec

import sessionboard_async.sqlite  # noqa: F401  # the command ``sync`` imports it in every child otherwise
from sessionboard_async.cli.app import sessionboard
from sessionboard_async.export.manifest import Manifest
from sessionboard_async.services import load_services

_DIED = 9

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}


def start(command: list[str], prepare: Callable[[], object] = lambda: None) -> int:
    """Start a command in a child, and return the process id."""
    child = os.fork()
    if child:
        return child
    status: object = 1
    try:
        prepare()
        sessionboard(command)
    except SystemExit as end:
        status = end.code
    finally:
        os._exit(status if isinstance(status, int) else 1)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(command: list[str], prepare: Callable[[], object] = lambda: None) -> None:
    assert wait(start(command, prepare)) == 0


def kill_at_times(kills: int, target: Path, command: list[str]) -> None:
    began = time.monotonic()
    run([*command, str(target)])
    lasts = time.monotonic() - began
    remove(target)
    random, killed = Random(5), 0
    while killed < kills:
        child = start([*command, str(target)])
        time.sleep(random.uniform(lasts / 10, lasts))
        os.kill(child, signal.SIGKILL)
        status = wait(child)
        if status == -signal.SIGKILL:
            killed += 1
        else:
            assert status == 0
            remove(target)
    run([*command, str(target)])


def remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink()


def die_at_changes(directory: Path, command: list[str]) -> None:
    number = 0
    while True:
        target = str(directory / str(number))
        if (directory / "earlier").exists():
            shutil.copytree(directory / "earlier", target)
        status = wait(start([*command, target], lambda: die_at(number, target)))  # noqa: B023  # called at once
        if status == 0:
            return
        assert status == _DIED
        check_manifest(Path(target))
        run([*command, target])
        number += 1


def die_between_prints(directory: Path, command: list[str]) -> None:
    for number in itertools.count():
        folder = directory / str(number)
        if (directory / "earlier").exists():
            shutil.copytree(directory / "earlier", folder)
        else:
            folder.mkdir(parents=True)
        given = [*command, str(folder / "cursor.json")]
        status = wait(start(given, partial(print_and_die_at, number, folder)))
        run(given, partial(print_to, folder))
        if status == 0:
            return
        assert status == _DIED


def print_to(folder: Path) -> None:
    """Let this process append to a file what it prints."""
    file = os.open(folder.with_name(f"{folder.name}.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.close(file)


def print_and_die_at(number: int, folder: Path) -> None:
    print_to(folder)
    die_at(number, f"{folder}{os.sep}")


def check_manifest(target: Path) -> None:
    if (target / "manifest.json").exists():
        manifest = msgspec.json.decode((target / "manifest.json").read_bytes(), type=Manifest)
        described = {summary.file: summary.bytes for summary in manifest.resources.values()}
        described |= {file.file: file.bytes for file in manifest.earlier.values()}
        assert described == {name: (target / name).stat().st_size for name in described}


def die_at(number: int, target: str) -> None:
    """Let this process die as by SIGKILL before a change of the files of a target."""
    left = number

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if is_change(event, arguments, target):
            left -= 1
            if left < 0:
                os._exit(_DIED)

    sys.addaudithook(watch)


def is_change(event: str, arguments: tuple[object, ...], target: str) -> bool:
    if event == "open":
        path, _, flags = arguments
        return str(path).startswith(target) and bool(int(str(flags)) & (os.O_WRONLY | os.O_RDWR))
    # A folder is removed by names relative to it.
    return event in _CHANGES and (
        str(arguments[0]).startswith(target) or not os.path.isabs(str(arguments[0]))
    )


if __name__ == "__main__":
    load_services()
    anyio.run(anyio.sleep, 0)  # loads its modules for asyncio
    kind, *arguments = sys.argv[1:]
    if kind == "times":
        kill_at_times(int(arguments[0]), Path(arguments[1]), arguments[2:])
    elif kind == "prints":
        die_between_prints(Path(arguments[0]), arguments[1:])
    else:
        die_at_changes(Path(arguments[0]), arguments[1:])
