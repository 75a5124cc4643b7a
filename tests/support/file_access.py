"""Records which threads use the files of a folder."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_EVENTS = ("open", "os.", "shutil.", "tempfile.", "sqlite3.connect")

_is_installed = False
_folder: Path | None = None
_accesses: list[tuple[str, int]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    # An audit hook cannot be removed, so it stays and checks whether anything is recorded.
    if _folder is not None and event.startswith(_EVENTS) and _is_inside(arguments):
        _accesses.append((event, threading.get_ident()))


def _is_inside(arguments: tuple[object, ...]) -> bool:
    return bool(arguments) and str(arguments[0]).startswith(str(_folder))


@contextmanager
def recorded_file_access(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, int]]]:
    """Yield the accesses to the files of a folder: what was done, and the thread that did it.

    ``stat`` and ``fsync`` have no audit event and are wrapped.
    """
    global _folder, _accesses, _is_installed
    if not _is_installed:
        sys.addaudithook(_audit)
        _is_installed = True
    accesses: list[tuple[str, int]] = []
    stat, fsync = os.stat, os.fsync

    def recorded_stat(path: object, *args: object, **options: object) -> os.stat_result:
        if str(path).startswith(str(folder)):
            accesses.append(("os.stat", threading.get_ident()))
        return stat(path, *args, **options)  # type: ignore[arg-type]  # handed on as they came

    def recorded_fsync(file: int) -> None:
        accesses.append(("os.fsync", threading.get_ident()))
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", recorded_stat)
        patch.setattr(os, "fsync", recorded_fsync)
        _folder, _accesses = folder, accesses
        try:
            yield accesses
        finally:
            _folder, _accesses = None, []
