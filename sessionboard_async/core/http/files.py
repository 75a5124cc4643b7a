"""Bodies that are never whole in memory: where they are read from, and where they are written to."""

from __future__ import annotations

import inspect
import io
import os
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar, cast

import msgspec
from anyio import AsyncFile, to_thread

from sessionboard_async.core.http.base_url import refuse_control_characters

T = TypeVar("T")

_CHUNK = 256 * 1024

Source = bytes | str | os.PathLike[str] | BinaryIO | AsyncFile[bytes]
"""What is uploaded: bytes, the path of a file, or an open binary file that can seek, from where it stands."""


class Writer(Protocol):
    """What a download may be written to: an open binary file, or whatever has such a ``write``."""

    def write(self, data: bytes, /) -> Any:
        """Take some bytes; may be a coroutine function."""


Target = str | os.PathLike[str] | Writer
"""Where a download goes: the path of a file, which appears when it is complete, or something to write to."""


class LocalFileError(Exception):
    """A failure to read what is sent, or to write what came: kept apart from failures of the network.

    Attributes:
        error: What the operating system, or the caller's object, said.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


@contextmanager
def _local() -> Generator[None]:
    failure: LocalFileError | None = None
    try:
        yield
    except Exception as error:  # noqa: BLE001  # it is raised again where the request is given up
        failure = LocalFileError(error)
    if failure is not None:
        raise failure


class FileContent:
    """Something to upload, as often as it takes.

    Args:
        source: Where it is read from.
        file_name: The name of the file; by default that of the path.

    Raises:
        TypeError: If the source is none, such as a file that was opened as text, or the name is no string.
        ValueError: If it is a file that cannot seek, or no header can carry the name.
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
            self.size = len(self._source)
        elif isinstance(source, (str, os.PathLike)):
            self._source = path = Path(source)
            self.size = path.stat().st_size
            name = path.name
            if not path.is_file():
                raise ValueError("the path to upload is no file")
        elif hasattr(source, "read") and not isinstance(cast("object", source), io.TextIOBase):
            seekable: Callable[[], bool] | None = getattr(source, "seekable", None)
            if seekable is None or not seekable():
                raise ValueError(
                    "the file to upload cannot seek, so it could not be sent again: pass its bytes"
                )
            self._source = source
            self._start = source.tell()
            self.size = source.seek(0, os.SEEK_END) - self._start
            source.seek(self._start)
        else:
            raise TypeError(f"cannot upload {type(source).__name__}: pass bytes, a path or a binary file")
        self.file_name = _header_text("file_name", file_name or name)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Read it from its beginning, in pieces.

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
                file = await to_thread.run_sync(_open, source, "rb", opened)
                await to_thread.run_sync(file.seek, self._start)
            while left:
                with _local():
                    chunk = await to_thread.run_sync(file.read, min(left, _CHUNK))
                    if not chunk:
                        raise OSError("the file became shorter while it was uploaded")
                left -= len(chunk)
                yield chunk
        finally:
            # At once and not in a thread, as far as which a cancelled task may not get.
            for file in opened:
                file.close()


def _open(source: Path | BinaryIO, mode: str, opened: list[BinaryIO]) -> BinaryIO:
    """Open a path; what was opened is in the list even if whoever asked is gone by then."""
    if not isinstance(source, Path):
        return source
    file = cast("BinaryIO", source.open(mode))
    opened.append(file)
    return file


class Sink:
    """Where the bytes of a download go.

    Args:
        target: A path or a writer.

    Raises:
        TypeError: If the target is neither, such as a file that was opened as text.
        OSError: If the path cannot become a file.
    """

    def __init__(self, target: Target) -> None:
        if isinstance(target, AsyncFile):
            target = cast("Writer", cast("AsyncFile[bytes]", target).wrapped)
        is_writer = callable(getattr(target, "write", None)) and not isinstance(target, io.TextIOBase)
        if not is_writer and not isinstance(target, (str, os.PathLike)):
            raise TypeError(
                f"cannot write to {type(target).__name__}: pass a path or something whose `write` takes bytes"
            )
        self._target: Path | Writer = (
            _checked_path(target) if isinstance(target, (str, os.PathLike)) else target
        )
        self.size = 0

    @property
    def can_start_again(self) -> bool:
        """Whether a broken download may be begun anew: what a writer was given cannot be taken back."""
        return isinstance(self._target, Path) or not self.size

    async def take(self, chunks: AsyncGenerator[bytes]) -> None:
        """Write all that comes; a file of a path appears when all of it is there.

        Raises:
            LocalFileError: If it cannot be written.
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
                file = await to_thread.run_sync(_open, unfinished, "xb", opened)
            await self._pass_on(chunks, file.write)
            with _local():
                await to_thread.run_sync(file.close)
                await to_thread.run_sync(unfinished.replace, path)
        finally:
            # As above: at once, whatever happens to the task.
            for file in opened:
                with suppress(OSError):
                    file.close()
            unfinished.unlink(missing_ok=True)

    async def _pass_on(self, chunks: AsyncGenerator[bytes], write: Callable[[bytes], Any]) -> None:
        is_async = inspect.iscoroutinefunction(write)
        async for chunk in chunks:
            with _local():
                written = write(chunk) if is_async else await to_thread.run_sync(write, chunk)
                if inspect.isawaitable(written):
                    written = await written
                if isinstance(written, int) and written < len(chunk):
                    raise OSError(f"only {written} of {len(chunk)} bytes were taken: pass a buffered file")
            self.size += len(chunk)


def _checked_path(target: str | os.PathLike[str]) -> Path:
    path = Path(target)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the download to {path}: it is a folder")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write the download to {path}: there is no such folder")
    return path


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a request streams.

    Attributes:
        content: What is sent as its body.
        form: The fields that are sent beside it, as ``multipart/form-data``; ``None`` sends it alone.
        content_type: What the content is, within a form.
        sink: Where the body of a success goes.
        address: Where to send it in place of the API: the token does not go there.
        headers: The only headers that go to such an address.
    """

    content: FileContent | None = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content_type: str | None = None
    sink: Sink | None = None
    address: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        _header_text("content_type", self.content_type)


def _header_text(name: str, text: str | None) -> str | None:
    """Return a text that becomes part of a header of a form, if one can carry it."""
    if text is not None:
        if not isinstance(cast("object", text), str):
            raise TypeError(f"{name} must be a string, not {type(text).__name__}")
        refuse_control_characters(name, text)
    return text


class Download(msgspec.Struct, frozen=True):
    """What was downloaded.

    Attributes:
        size: How many bytes came.
        content_type: What they are, as the server says.
    """

    size: int
    content_type: str | None
