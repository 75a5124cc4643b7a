"""The file that keeps the checkpoint of a change feed between runs."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from sessionboard_async._printable import printable
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.export.private_files import replace_file
from sessionboard_async.export.target_lock import TargetLock, lock_of_file

_SHARE_OF_TIME = 10
"""A checkpoint may be large: one that took a second to save is saved again after ten at the earliest."""


class CheckpointFile:
    """A file with a checkpoint, locked against other runs while it is open.

    Args:
        path: The file; it is created if it does not exist, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        busy = "another run uses this file: wait for it, or choose another file"
        self._lock = TargetLock(lock_of_file(path), path, busy)
        self._unsaved: Checkpoint | None = None
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

    def load(self) -> Checkpoint | None:
        """Return the checkpoint; ``None`` if there is no file.

        Raises:
            ValueError: If the file holds something else.
            OSError: If it cannot be read.
        """
        try:
            return Checkpoint.from_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise ValueError(printable(f"{self._path} holds no checkpoint: choose another file")) from None

    def update(self, checkpoint: Checkpoint) -> None:
        """Save a checkpoint now or, at the latest, when the file is closed.

        Raises:
            OSError: If the file cannot be written.
        """
        self._unsaved = checkpoint
        if time.monotonic() >= self._next_save:
            self._save()

    def _save(self) -> None:
        if self._unsaved is None:
            return
        start = time.monotonic()
        # Links are followed, as when the file is read.
        replace_file(self._path.resolve(), f"{self._unsaved.to_json()}\n".encode())
        self._unsaved = None
        now = time.monotonic()
        self._next_save = now + _SHARE_OF_TIME * (now - start)
