"""Files to upload from and download to, which are never in memory as a whole."""

from __future__ import annotations

import inspect
import io
import os
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import msgspec

from sessionboard_async.core.http.base_url import refuse_control_characters

T = TypeVar("T")
P = ParamSpec("P")

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


class Writer(Protocol):
    """The target of a download: an open binary file, or any object with such a ``write``."""

    def write(self, data: bytes, /) -> Any:
        """Write some bytes; may be a coroutine function."""


Target = str | os.PathLike[str] | Writer
"""The target of a download: the path of a file, which appears when complete, or an object to write to."""


class LocalFileError(Exception):
    """A failure to read the source or to write the target, as distinct from failures of the network.

    Attributes:
        error: The exception of the operating system or of the caller's object.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception = error


@contextmanager
def _local() -> Generator[None]:
    failure: LocalFileError | None = None
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again by the transport
        failure = LocalFileError(error)
    if failure is not None:
        raise failure


async def _in_thread(function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
    # Imported here: it takes several milliseconds, and most clients transfer no files.
    from anyio import to_thread

    return await to_thread.run_sync(partial(function, *arguments, **keywords))


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
        elif hasattr(source, "read") and not isinstance(cast("object", source), io.TextIOBase):
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
        _validate_header_text("file_name", self.file_name)

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
        opened: list[BinaryIO] = []
        left = self.size
        try:
            with _local():
                file = await _in_thread(_open, source, "rb", opened)
                await _in_thread(file.seek, self._start)
            while left:
                with _local():
                    chunk = await _in_thread(file.read, min(left, _CHUNK))
                    if not chunk:
                        raise OSError("the file became shorter during the upload")
                left -= len(chunk)
                yield chunk
        finally:
            # Not in a thread: a cancelled task could not wait for one.
            for file in opened:
                file.close()


def _open(source: Path | BinaryIO, mode: str, opened: list[BinaryIO]) -> BinaryIO:
    """Open a path, and add the file to the list, so that a cancelled caller can close it too."""
    if not isinstance(source, Path):
        return source
    file = cast("BinaryIO", source.open(mode))
    opened.append(file)
    return file


class Sink:
    """The target of a download.

    Args:
        target: A path, or an object with a ``write`` method.

    Raises:
        TypeError: If the target is neither, or is a text file.
        OSError: If the path is a folder, or in none.
    """

    def __init__(self, target: Target) -> None:
        if isinstance(target, AsyncFile):
            target = cast("Writer", target.wrapped)
        is_writer = callable(getattr(target, "write", None)) and not isinstance(target, io.TextIOBase)
        if not is_writer and not isinstance(target, (str, os.PathLike)):
            raise TypeError(
                f"cannot write to {type(target).__name__}: pass a path or an object whose `write` takes bytes"
            )
        self._target: Path | Writer = (
            _validated_path(target) if isinstance(target, (str, os.PathLike)) else target
        )
        self.size: int = 0

    @property
    def can_start_again(self) -> bool:
        """Whether a failed download may be retried: bytes passed to a writer cannot be taken back."""
        return isinstance(self._target, Path) or not self.size

    async def take(self, chunks: AsyncGenerator[bytes]) -> None:
        """Write all chunks. A target that is a path appears only when it is complete.

        Raises:
            LocalFileError: If the target cannot be written.
        """
        self.size = 0
        if isinstance(self._target, Path):
            await self._take_into_file(self._target, chunks)
        else:
            await self._pass_on(chunks, self._target.write)

    async def _take_into_file(self, path: Path, chunks: AsyncGenerator[bytes]) -> None:
        unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        opened: list[BinaryIO] = []
        try:
            with _local():
                file = await _in_thread(_open, unfinished, "xb", opened)
            await self._pass_on(chunks, file.write)
            with _local():
                await _in_thread(file.close)
                await _in_thread(unfinished.replace, path)
        finally:
            # Not in a thread: a cancelled task could not wait for one.
            for file in opened:
                with suppress(OSError):
                    file.close()
            unfinished.unlink(missing_ok=True)

    async def _pass_on(self, chunks: AsyncGenerator[bytes], write: Callable[[bytes], Any]) -> None:
        is_async = inspect.iscoroutinefunction(write)
        async for chunk in chunks:
            with _local():
                written = write(chunk) if is_async else await _in_thread(write, chunk)
                if inspect.isawaitable(written):
                    written = await written
                if isinstance(written, int) and written < len(chunk):
                    raise OSError(f"only {written} of {len(chunk)} bytes were written: pass a buffered file")
            self.size += len(chunk)


def _validated_path(target: str | os.PathLike[str]) -> Path:
    path = Path(target)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the download to {path}: it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write the download to {path}: its folder does not exist")
    return path


class Transfer(msgspec.Struct, frozen=True, eq=False):
    """The streamed parts of a request.

    Attributes:
        content: The body.
        form: The fields to send with it as ``multipart/form-data``; ``None`` sends the content alone.
        content_type: The media type of the content within a form.
        sink: The target of the body of a successful answer.
        address: The upload address to send to instead of the API. The token is not sent there.
        headers: The only headers to send to that address.
    """

    content: FileContent | None = None
    form: Mapping[str, str] | None = None
    content_type: str | None = None
    sink: Sink | None = None
    address: str | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    def __repr__(self) -> str:
        # The address is a secret, and the other fields may have personal data.
        return f"<Transfer content_type={self.content_type!r}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("content_type", self.content_type)]

    def __post_init__(self) -> None:
        _validate_header_text("content_type", self.content_type)


def _validate_header_text(name: str, text: str | None) -> None:
    """Check a text for a header of a form."""
    if text is None:
        return
    if not isinstance(cast("object", text), str):
        raise TypeError(f"{name} must be a string, not {type(text).__name__}")
    refuse_control_characters(name, text)


class Download(msgspec.Struct, frozen=True):
    """The result of a download.

    Attributes:
        size: The number of bytes.
        content_type: The media type that the server sent; ``None`` if it sent none.
    """

    size: int
    content_type: str | None
