"""The target of a download: a file that appears when complete, a pipe or device, or the caller's object."""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import secrets
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from sessionboard_async.core.flush import flush_file, flush_folder
from sessionboard_async.core.http.transfers.local_errors import local_errors
from sessionboard_async.core.http.transfers.source import AsyncFile, is_text

_POLL_SECONDS = 0.01
"""The interval of looking whether a pipe is read; the event loops of some systems cannot wait for pipes."""


class Writer(Protocol):
    """The target of a download: an open binary file, or any object with such a ``write``."""

    def write(self, data: bytes, /) -> Any:
        """Write some bytes; may be a coroutine function.

        Args:
            data: The bytes, all of which are to be written.
        """


Target = str | os.PathLike[str] | Writer
"""The target of a download: the path of a file, which appears when complete, or an object to write to.

A link is followed. A file that is replaced keeps its permissions; a new one can be read by its owner alone.
The bytes for a pipe or device are written to it as they arrive.
"""


class Sink:
    """The target of a download.

    Args:
        target: A path, or an object with a ``write`` method.

    Raises:
        TypeError: If the target is neither, or is a text file.
        OSError: If the path is a folder or a socket, in no folder, or has a name that is too long.
    """

    def __init__(self, target: Target) -> None:
        if isinstance(target, AsyncFile):
            target = cast("Writer", target.wrapped)
        is_path = isinstance(target, (str, os.PathLike))
        if not is_path and (not callable(getattr(target, "write", None)) or is_text(target)):
            raise TypeError(
                f"cannot write to {type(target).__name__}: pass a path or an object whose `write` takes bytes"
            )
        self._target: Path | Writer = (
            _validated_path(target) if isinstance(target, (str, os.PathLike)) else target
        )
        mode = _mode(self._target) if isinstance(self._target, Path) else None
        self._appears_when_complete: bool = mode is not None and (not mode or stat.S_ISREG(mode))
        self._is_pipe: bool = mode is not None and stat.S_ISFIFO(mode)
        self.size: int = 0

    @property
    def can_start_again(self) -> bool:
        """Whether a failed download may be retried: bytes passed on cannot be taken back."""
        return self._appears_when_complete or not self.size

    async def take(self, chunks: AsyncGenerator[bytes]) -> None:
        """Write all chunks. A file appears only when it is complete.

        Raises:
            LocalFileError: If the target cannot be written.
        """
        self.size = 0
        if not isinstance(self._target, Path):
            await self._pass_on(chunks, self._target.write)
        elif self._appears_when_complete:
            await self._take_into_file(self._target, chunks)
        else:
            await self._take_into_device(self._target, chunks)

    async def _take_into_file(self, path: Path, chunks: AsyncGenerator[bytes]) -> None:
        # Imported here: it takes several milliseconds, and most clients transfer no files.
        from sessionboard_async.core.threads import run_in_thread

        # Without the name of the target: with it, the name might be too long.
        unfinished = path.with_name(f".{secrets.token_hex(8)}.part")
        opened: list[BinaryIO] = []
        try:
            # Each of these ends in its thread before a cancellation goes on: nothing can appear afterwards.
            with local_errors():
                await run_in_thread(partial(_create, unfinished, opened))
            async for chunk in chunks:
                with local_errors():
                    await run_in_thread(partial(opened[0].write, chunk))
                self.size += len(chunk)
            with local_errors():
                await run_in_thread(partial(_complete, opened[0], unfinished, path))
        finally:
            # Not in a thread: a cancelled task could not wait for one. A failure must not hide the first.
            for file in opened:
                with suppress(OSError):
                    file.close()
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)

    async def _take_into_device(self, path: Path, chunks: AsyncGenerator[bytes]) -> None:
        with local_errors():
            device = await _open_device(path, is_pipe=self._is_pipe)
        try:
            async for chunk in chunks:
                left = memoryview(chunk)
                while left:
                    with local_errors():
                        try:
                            written = os.write(device, left)
                        except BlockingIOError:
                            written = 0
                    if not written:
                        await asyncio.sleep(_POLL_SECONDS)
                    left = left[written:]
                    self.size += written
        finally:
            with suppress(OSError):
                os.close(device)

    async def _pass_on(self, chunks: AsyncGenerator[bytes], write: Callable[[bytes], Any]) -> None:
        from anyio import to_thread

        is_async = inspect.iscoroutinefunction(write)
        async for chunk in chunks:
            # Even a failed write may have passed some of them on.
            self.size += len(chunk)
            with local_errors():
                written = write(chunk) if is_async else await to_thread.run_sync(write, chunk)
                if inspect.isawaitable(written):
                    written = await written
                if isinstance(written, int) and written < len(chunk):
                    raise OSError(f"only {written} of {len(chunk)} bytes were written: pass a buffered file")


def _validated_path(target: str | os.PathLike[str]) -> Path:
    path = Path(target)
    mode = _mode(path)
    # A pipe without a name, such as /dev/stdout may be, can be opened only through its link.
    if not mode or stat.S_ISREG(mode):
        # Links are followed: what they lead to is replaced, not they.
        path = Path(os.path.realpath(target))
        mode = _mode(path)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "cannot write the download: it is a folder", str(target))
    if stat.S_ISSOCK(mode):
        raise OSError(errno.ENXIO, "cannot write the download: it is a socket", str(target))
    if not path.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "cannot write the download: its folder does not exist", str(target)
        )
    return path


def _mode(path: Path) -> int:
    """Return the kind and permissions of a file; 0 if there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _create(path: Path, opened: list[BinaryIO]) -> None:
    """Create a file, and add it to the list, so that a cancelled caller can close it too."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # Downloads may hold personal data: only the owner may read them.
    opened.append(os.fdopen(os.open(path, flags, 0o600), "wb"))


def _complete(file: BinaryIO, unfinished: Path, path: Path) -> None:
    """Move a complete file to its place, with the owner and permissions of the file that it replaces."""
    try:
        replaced = path.stat()
    except FileNotFoundError:
        replaced = None
    if replaced is not None:
        if hasattr(os, "chown"):
            # Only a privileged process may give files away.
            with suppress(PermissionError):
                os.chown(unfinished, replaced.st_uid, replaced.st_gid)
        os.chmod(unfinished, stat.S_IMODE(replaced.st_mode))
    flush_file(file)
    file.close()
    os.replace(unfinished, path)
    flush_folder(path.parent)


async def _open_device(path: Path, *, is_pipe: bool) -> int:
    """Open a pipe or device; wait until a pipe is opened for reading."""
    while True:
        try:
            # Blocked in a thread, neither opening nor writing could be cancelled.
            return os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            if error.errno != errno.ENXIO or not is_pipe:
                raise
        await asyncio.sleep(_POLL_SECONDS)
