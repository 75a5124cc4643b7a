"""Runs the command line, and dies as by SIGKILL at the n-th change that it makes to the files of a place."""

from __future__ import annotations

import os
import runpy
import sys

DIED = 9

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}


def _changes(event: str, arguments: tuple[object, ...], place: str) -> bool:
    if event == "open":
        path, _, flags = arguments
        return str(path).startswith(place) and bool(int(str(flags)) & (os.O_WRONLY | os.O_RDWR))
    # A whole directory is removed by names relative to it.
    return event in _CHANGES and (str(arguments[0]).startswith(place) or not os.path.isabs(str(arguments[0])))


def main(place: str, lives: int) -> None:
    left = lives

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if _changes(event, arguments, place):
            left -= 1
            if left < 0:
                os._exit(DIED)

    sys.addaudithook(watch)
    sys.argv = sys.argv[2:]
    runpy.run_module("sessionboard_async", run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
