"""Flushing to the disk: what was written must outlive a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

_NOT_SUPPORTED = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EPERM}
"""Answers of network and user-space file systems to an operation that they do not have."""


def flush_file(file: IO[bytes]) -> None:
    """Write all that a file buffers to the disk.

    Raises:
        OSError: If it cannot be written.
    """
    file.flush()
    os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Write the names in a folder to the disk, after a file was moved there or removed.

    Raises:
        OSError: If they cannot be written. A system that has no such operation is no error.
    """
    if os.name == "nt":
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
