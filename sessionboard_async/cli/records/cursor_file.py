"""The file that keeps the cursor of a change feed between runs."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from sessionboard_async._printable import printable
from sessionboard_async.export.private_files import replace_file
from sessionboard_async.export.target_lock import TargetLock, lock_of_file

_SHARE_OF_TIME = 10
"""A cursor may be large: one that took a second to save is saved again after ten at the earliest."""


class CursorFile:
    """A file with a cursor, locked against other runs while it is open.

    Args:
        path: The file; it is created if it does not exist, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        busy = "another run uses this cursor: wait for it, or choose another file"
        self._lock = TargetLock(lock_of_file(path), path, busy)
        self._unsaved: dict[str, Any] | None = None
        self._next_save = 0.0

    def __enter__(self) -> Self:
        self._lock.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._save()
        finally:
            self._lock.release()

    def load(self) -> dict[str, Any] | None:
        """Return the cursor; ``None`` if there is no file.

        Raises:
            ValueError: If the file holds something else.
            OSError: If it cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise ValueError(printable(f"{self._path} holds no cursor: choose another file")) from None

    def update(self, cursor: dict[str, Any]) -> None:
        """Save a cursor now or, at the latest, when the file is closed.

        Raises:
            OSError: If the file cannot be written.
        """
        self._unsaved = cursor
        if time.monotonic() >= self._next_save:
            self._save()

    def _save(self) -> None:
        if self._unsaved is None:
            return
        start = time.monotonic()
        # Links are followed, as when the file is read.
        replace_file(self._path.resolve(), msgspec.json.encode(self._unsaved) + b"\n")
        self._unsaved = None
        now = time.monotonic()
        self._next_save = now + _SHARE_OF_TIME * (now - start)
