"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from sessionboard_async.core.flush import flush_file, flush_folder

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


def open_private(path: Path, mode: Literal["wb", "r+b"]) -> BinaryIO:
    """Open a file, which is created for its owner alone. Symbolic links are not followed.

    Raises:
        OSError: If the file cannot be opened, or is a symbolic link.
    """
    return open(path, mode, opener=_open_private)  # the caller closes it


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | _NO_LINKS, 0o600)


def keep_mode(file: Path, replaced: Path) -> None:
    """Give a file the permissions of another that it will replace, if there is one.

    Raises:
        OSError: If they cannot be read or set.
    """
    with suppress(FileNotFoundError):
        file.chmod(stat.S_IMODE(replaced.stat().st_mode))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all, and wait until it is on the disk.

    Raises:
        OSError: If it cannot be written; an earlier file is unchanged then.
    """
    temporary = path.with_name(f".{path.name}.part")
    file = open_private(temporary, "wb")
    try:
        with file:
            file.write(content)
            flush_file(file)
        keep_mode(temporary, path)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    flush_folder(path.parent)
