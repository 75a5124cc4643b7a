"""The lock of a folder or file that one export or sync at a time may write to."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sessionboard_async._printable import printable
from sessionboard_async.errors import ConfigurationError

_OPTIONS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)

FOLDER_LOCK = ".export-lock"
"""The lock file within the target folder of an export."""


def lock_of_file(path: Path) -> Path:
    """Return the lock file beside a database, the same for all symbolic links to it."""
    path = path.resolve()
    # The name of the database may be as long as names can be.
    return path.with_name(f".sync-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.lock")


class TargetLock:
    """A lock that ends with the process. Every method blocks: run it in a thread.

    The file exists only while the lock is held, or after its process was killed: then it locks nothing.

    Args:
        path: The lock file, in an existing folder.
        target: What it locks, to name it in errors.
        busy: The message of the error if another process, or another task of this one, holds the lock.

    Raises:
        ConfigurationError: If the extra ``export`` is not installed.
    """

    def __init__(self, path: Path, target: Path, busy: str) -> None:
        self._lock_descriptor = _lock_function()
        self._path = path
        self._target = target
        self._busy = busy
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Acquire the lock without waiting.

        Raises:
            BlockingIOError: If it is held.
            OSError: If the file cannot be created or locked.
        """
        while self._descriptor is None:
            try:
                descriptor = os.open(self._path, _OPTIONS, 0o600)
            except (FileNotFoundError, NotADirectoryError) as error:
                # The folder is missing: callers know the target in it, not the lock file.
                error.filename = printable(str(self._target))
                raise
            is_ours = False
            try:
                if not self._lock_descriptor(descriptor):
                    raise BlockingIOError(errno.EWOULDBLOCK, self._busy, printable(str(self._target)))
                # Its last holder may have removed the file between the two calls above.
                is_ours = _is_at(descriptor, self._path)
            finally:
                if not is_ours:
                    os.close(descriptor)
            if is_ours:
                self._descriptor = descriptor

    def release(self) -> None:
        """Remove the file and release the lock, if it is held."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        with suppress(OSError):  # Windows does not remove an open file, nor others from a read-only folder.
            self._path.unlink()
        os.close(descriptor)


def _lock_function() -> Callable[[int], bool]:
    try:
        from filelock import lock_descriptor
    except ImportError:
        raise ConfigurationError(
            "exports and copies need more packages: python -m pip install 'sessionboard-async[export]'"
        ) from None
    return lambda descriptor: lock_descriptor(descriptor, blocking=False)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
