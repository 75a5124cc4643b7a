"""Contents that can be read for every retry, and downloads that are written completely or not at all."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.core.http.request import storage_request
from sessionboard_async.core.http.transfers.local_errors import LocalFileError
from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.source import FileContent
from sessionboard_async.core.http.transfers.transfer import Transfer

pytestmark = pytest.mark.anyio


async def read(content: FileContent) -> bytes:
    return b"".join([chunk async for chunk in content.chunks()])


async def pieces(*given_pieces: bytes, error: Exception | None = None) -> AsyncGenerator[bytes]:
    for piece in given_pieces:
        yield piece
    if error is not None:
        raise error


class FullWhenClosed(io.BufferedWriter):
    """A file on a disk that reports only at the end that it is full, as network file systems do."""

    def close(self) -> None:
        is_open = not self.closed
        super().close()
        if is_open:
            raise OSError(errno.ENOSPC, "No space left on device")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(size=st.sampled_from([0, 1, 262_143, 262_144, 262_145, 600_000]), start=st.integers(0, 9))
async def test_content_of_any_source_can_be_read_repeatedly(tmp_path: Path, size: int, start: int) -> None:
    data = os.urandom(size)
    path = tmp_path / "slides.pdf"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(min(start, size))
        contents = [
            FileContent(data),
            FileContent(path),
            FileContent(str(path)),
            FileContent(io.BytesIO(data)),
        ]
        for content in contents:
            assert (content.size, await read(content), await read(content)) == (size, data, data)
        rest = FileContent(file)
        assert (rest.size, await read(rest), await read(rest)) == (
            size - min(start, size),
            data[start:],
            data[start:],
        )
        assert not file.closed


async def test_a_file_of_anyio_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"notes")
    async with await anyio.open_file(path, "rb") as file:
        assert await read(FileContent(file)) == b"notes"


def test_the_name_of_a_file_is_that_of_its_path_or_the_one_given(tmp_path: Path) -> None:
    path = tmp_path / "slides.pdf"
    path.write_bytes(b"%PDF")
    assert FileContent(path).file_name == "slides.pdf"
    assert FileContent(path, file_name="keynote.pdf").file_name == "keynote.pdf"
    assert FileContent(b"").file_name is None


def test_an_invalid_source_is_refused_at_once(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as pipe, open(writer, "wb"), pytest.raises(ValueError, match="is not seekable"):
        FileContent(pipe)
    with pytest.raises(TypeError, match="cannot upload int"):
        FileContent(5)  # type: ignore[arg-type]  # invalid on purpose
    with pytest.raises(FileNotFoundError):
        FileContent(tmp_path / "missing.pdf")
    with pytest.raises(ValueError, match="is not a regular file"):
        FileContent(tmp_path)


async def test_a_file_that_becomes_shorter_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "slides.pdf"
    path.write_bytes(b"0123456789")
    content = FileContent(path)
    path.write_bytes(b"01234")
    with pytest.raises(LocalFileError) as failure:
        await read(content)
    assert "became shorter" in str(failure.value.error)


async def test_a_download_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"the one of yesterday")
    sink = Sink(path)
    seen: list[bytes] = []

    async def watched() -> AsyncGenerator[bytes]:
        for piece in (b"%PDF", b"-1.4"):
            seen.append(path.read_bytes())
            yield piece

    await sink.take(watched())
    assert seen == [b"the one of yesterday"] * 2
    assert path.read_bytes() == b"%PDF-1.4"
    assert sink.size == 8
    assert os.listdir(tmp_path) == ["report.pdf"]


async def test_a_download_that_breaks_leaves_nothing_and_can_start_again(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    sink = Sink(path)
    with pytest.raises(ConnectionResetError):
        await sink.take(pieces(b"%PDF", error=ConnectionResetError()))
    assert os.listdir(tmp_path) == []
    assert sink.can_start_again
    await sink.take(pieces(b"%PDF-1.4"))
    assert path.read_bytes() == b"%PDF-1.4"
    assert sink.size == 8


async def test_a_failure_to_close_the_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"an earlier report")
    monkeypatch.setattr(os, "fdopen", lambda number, mode: FullWhenClosed(io.FileIO(number, mode)))
    with pytest.raises(LocalFileError) as caught:
        await Sink(path).take(pieces(b"%PDF"))
    assert isinstance(caught.value.error, OSError)
    assert caught.value.error.errno == errno.ENOSPC
    assert path.read_bytes() == b"an earlier report"
    assert os.listdir(tmp_path) == ["report.pdf"]


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    async def stalled() -> AsyncGenerator[bytes]:
        yield b"%PDF"
        await anyio.sleep_forever()

    with anyio.move_on_after(0.05) as scope:
        await Sink(tmp_path / "report.pdf").take(stalled())
    assert scope.cancelled_caught
    assert os.listdir(tmp_path) == []


async def test_writers_may_be_plain_or_async(tmp_path: Path) -> None:
    plain = io.BytesIO()
    await Sink(plain).take(pieces(b"%PDF", b"-1.4"))
    assert plain.getvalue() == b"%PDF-1.4"

    class Collector:
        def __init__(self) -> None:
            self.got = b""

        async def write(self, data: bytes) -> None:
            self.got += data

    collector = Collector()
    await Sink(collector).take(pieces(b"%PDF", b"-1.4"))
    assert collector.got == b"%PDF-1.4"
    async with await anyio.open_file(tmp_path / "report.pdf", "wb") as file:
        await Sink(file).take(pieces(b"%PDF"))
    assert (tmp_path / "report.pdf").read_bytes() == b"%PDF"


async def test_a_download_to_a_writer_cannot_start_again() -> None:
    sink = Sink(io.BytesIO())
    assert sink.can_start_again
    with pytest.raises(ConnectionResetError):
        await sink.take(pieces(b"%PDF", error=ConnectionResetError()))
    assert not sink.can_start_again


async def test_a_writer_that_fails_is_distinct_from_the_network() -> None:
    class Full:
        def write(self, data: bytes) -> Any:
            raise OSError(28, "No space left on device")

    with pytest.raises(LocalFileError) as failure:
        await Sink(Full()).take(pieces(b"%PDF"))
    assert isinstance(failure.value.error, OSError)


def test_an_invalid_target_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot write to int"):
        Sink(5)  # type: ignore[arg-type]  # invalid on purpose
    with pytest.raises(IsADirectoryError):
        Sink(tmp_path)
    with pytest.raises(FileNotFoundError):
        Sink(tmp_path / "missing" / "report.pdf")


class Socket:
    """A reader without ``seek`` and ``seekable``."""

    def read(self, size: int = -1) -> bytes:
        return b""


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        (io.StringIO("text"), TypeError, "cannot upload StringIO"),
        (anyio.wrap_file(io.StringIO("text")), TypeError, "cannot upload StringIO"),
        (Socket(), ValueError, "is not seekable"),
    ],
)
def test_a_source_that_cannot_be_read_twice_is_refused_at_once(
    source: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        FileContent(source)


@pytest.mark.parametrize("target", [io.StringIO(), anyio.wrap_file(io.StringIO())])
def test_a_text_file_as_target_is_refused_at_once(target: Any) -> None:
    with pytest.raises(TypeError, match="cannot write to StringIO"):
        Sink(target)


@pytest.mark.parametrize("name", ["a\r\nX-Own: b.pdf", "\x00.pdf", "\ud800.pdf"])
def test_a_name_with_control_characters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="file_name must not have control characters"):
        FileContent(b"%PDF", file_name=name)
    with pytest.raises(ValueError, match="content_type must not have control characters"):
        Transfer(content_type=name)
    with pytest.raises(TypeError, match="file_name must be a string, not int"):
        FileContent(b"%PDF", file_name=5)  # type: ignore[arg-type]  # invalid on purpose


async def test_a_short_write_is_an_error() -> None:
    class Short(io.RawIOBase):
        def write(self, data: Any, /) -> int:
            return len(data) - 1

    with pytest.raises(LocalFileError) as failure:
        await Sink(Short()).take(pieces(b"%PDF"))
    assert "only 3 of 4 bytes were written" in str(failure.value.error)


@pytest.mark.parametrize("name", ["Content-Length", "content-length"])
@pytest.mark.parametrize("announced", ["4", "6", "9"])
def test_content_of_another_size_than_announced_is_refused(name: str, announced: str) -> None:
    content = FileContent(b"123456")
    transfer = Transfer(content=content, address="https://s.example.com", headers={name: announced})
    if announced == "6":
        assert storage_request("PUT", transfer).transfer == transfer
        return
    with pytest.raises(ValueError, match=f"has 6 bytes, but the upload was announced with {announced}"):
        storage_request("PUT", transfer)
