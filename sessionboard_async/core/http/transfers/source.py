"""The source of an upload, which is never in memory as a whole."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncGenerator, Callable
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast, runtime_checkable

from sessionboard_async.core.http.base_url import refuse_control_characters
from sessionboard_async.core.http.transfers.local_errors import local_errors

_CHUNK = 256 * 1024


@runtime_checkable
class AsyncFile(Protocol):
    """A file opened by `anyio.open_file`. Importing anyio's own class takes several milliseconds."""

    @property
    def wrapped(self) -> IO[bytes]:
        """The file that it wraps."""
        ...

    async def aclose(self) -> None:
        """Close the file."""


Source = bytes | str | os.PathLike[str] | BinaryIO | AsyncFile
"""The source of an upload: bytes, the path of a file, or a seekable binary file, from its position."""


def is_text(file: object) -> bool:
    """Return whether a file is open for text; temporary files of text are no ``io.TextIOBase``."""
    return isinstance(file, io.TextIOBase) or getattr(file, "encoding", None) is not None


class FileContent:
    """Content to upload, which can be read again for a retry.

    Args:
        source: The source: bytes, a path, or a seekable binary file.
        file_name: The name of the file; by default that of the path.

    Raises:
        TypeError: If the source has another type, such as a text file, or the name is no string.
        ValueError: If the source is a file that cannot seek or no regular file, or the name has control
            characters.
        OSError: If there is no such file.
    """

    def __init__(self, source: Source, *, file_name: str | None = None) -> None:
        self._source: bytes | Path | BinaryIO
        self._start = 0
        name = None
        if isinstance(source, AsyncFile):
            source = cast("BinaryIO", source.wrapped)
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._source = bytes(source)
            self.size: int = len(self._source)
        elif isinstance(source, (str, os.PathLike)):
            self._source = path = Path(source)
            self.size = path.stat().st_size
            name = path.name
            if not path.is_file():
                raise ValueError("the path to upload is not a regular file")
        elif hasattr(source, "read") and not is_text(source):
            seekable: Callable[[], bool] | None = getattr(source, "seekable", None)
            if seekable is None or not seekable():
                raise ValueError(
                    "the file to upload is not seekable, so it could not be sent again: pass its bytes"
                )
            self._source = source
            self._start = source.tell()
            self.size = source.seek(0, os.SEEK_END) - self._start
            source.seek(self._start)
        else:
            raise TypeError(f"cannot upload {type(source).__name__}: pass bytes, a path or a binary file")
        self.file_name: str | None = file_name or name
        validate_header_text("file_name", self.file_name)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Read the content from its start, in chunks.

        Raises:
            LocalFileError: If it cannot be read, or became shorter.
        """
        source = self._source
        if isinstance(source, bytes):
            for start in range(0, len(source), _CHUNK):
                yield source[start : start + _CHUNK]
            return
        # Imported here: it takes several milliseconds, and most clients transfer no files.
        from sessionboard_async.core.threads import run_in_thread

        opened: list[BinaryIO] = []
        left = self.size
        try:
            with local_errors():
                file = await run_in_thread(partial(_open, source, opened))
                await run_in_thread(partial(file.seek, self._start))
            while left:
                with local_errors():
                    chunk = await run_in_thread(partial(file.read, min(left, _CHUNK)))
                    if not chunk:
                        raise OSError("the file became shorter during the upload")
                left -= len(chunk)
                yield chunk
        finally:
            # Not in a thread: a cancelled task could not wait for one.
            for file in opened:
                file.close()


def _open(source: Path | BinaryIO, opened: list[BinaryIO]) -> BinaryIO:
    """Open a path, and add the file to the list, so that a cancelled caller can close it too."""
    if not isinstance(source, Path):
        return source
    file = source.open("rb")
    opened.append(file)
    return file


def validate_header_text(name: str, text: str | None) -> None:
    """Check a text for a header of a form."""
    if text is None:
        return
    if not isinstance(cast("object", text), str):
        raise TypeError(f"{name} must be a string, not {type(text).__name__}")
    refuse_control_characters(name, text)
