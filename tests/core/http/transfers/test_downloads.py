"""A download is complete or an error, whatever the target, the answer and the moment of a cancellation."""

from __future__ import annotations

import asyncio
import errno
import gzip
import logging
import os
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import (
    ConnectionLostError,
    DecodeError,
    ResponseError,
    Retry,
    SessionboardError,
    Timeout,
)
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import build_request
from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.source import FileContent
from sessionboard_async.core.http.transfers.transfer import Transfer
from tests.core.http.test_compression import COMPRESSORS
from tests.support.engine import engine_to
from tests.support.http_server import HttpServer, RawHandler, read_request, until

resource = pytest.importorskip("resource", reason="limits, pipes, devices and permissions of POSIX")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("nothing_left"),
]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

ServeBytes = Callable[[RawHandler], Awaitable[str]]

DOWNLOAD: Endpoint[None] = Endpoint("test-download", "GET", "/v1/files/{file_id}", None)
del ENDPOINTS[DOWNLOAD.operation_id]  # other tests read the list of all operations

DATA = os.urandom(600_000)
OLD = b"an earlier report"
COMPRESSED = {coding: compress(DATA[:50_000]) for coding, compress in COMPRESSORS.items()}


async def give(_: web.Request) -> web.StreamResponse:
    return web.Response(body=DATA, content_type="application/pdf")


async def download(engine: Engine, target: Any) -> None:
    await engine.send(build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(target))))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_files(folder: Path) -> list[str]:
    """Return what this process holds open in a folder."""
    if not Path("/proc/self/fd").exists():
        return []
    return [
        name
        for number in os.listdir("/proc/self/fd")
        if (name := os.path.realpath(f"/proc/self/fd/{number}")).startswith(f"{folder}/")
    ]


# Targets


async def test_a_pipe_gets_the_bytes_and_stays_a_pipe(serve: Serve, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)

    def read() -> None:
        # The download waits for its reader, and then for each of its reads.
        time.sleep(0.02)
        with pipe.open("rb", buffering=0) as file:
            while chunk := file.read(50_000):
                got.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        await download(engine, pipe)
    reader.join()
    assert b"".join(got) == DATA
    assert pipe.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


async def test_a_pipe_that_is_not_read_can_be_given_up(serve: Serve, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(download(engine, pipe), 0.1)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(download(engine, pipe), 0.1)
        finally:
            os.close(reader)
    assert open_files(tmp_path) == []


async def test_a_reader_that_closes_its_pipe_is_a_broken_pipe(serve: Serve, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    async def close_and_give(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
        await answer.prepare(request)
        await answer.write(DATA[:10])
        await until(reader_was_read)
        os.close(reader)
        await answer.write(DATA[10:])
        return answer

    def reader_was_read() -> bool:
        try:
            return os.read(reader, 10) == DATA[:10]
        except BlockingIOError:
            return False

    server = await serve(close_and_give)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(BrokenPipeError):
            await download(engine, pipe)
    assert len(server.requests) == 1


async def test_a_device_is_written_to(serve: Serve) -> None:
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        await download(engine, "/dev/null")
        assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="not on this system")
async def test_a_pipe_without_a_name_is_written_to(serve: Serve) -> None:
    server = await serve(give)
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as end:
        reading = asyncio.create_task(asyncio.to_thread(end.read))
        try:
            async with engine_to(server.base_url) as engine:
                await download(engine, f"/dev/fd/{writer}")
        finally:
            os.close(writer)
            read = await reading
    assert read == DATA


@pytest.mark.parametrize("exists", [True, False])
async def test_a_link_is_followed(serve: Serve, tmp_path: Path, exists: bool) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "report.pdf", tmp_path / "link.pdf"
    if exists:
        real.write_bytes(OLD)
    link.symlink_to(real)
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        await download(engine, link)
    assert link.is_symlink()
    assert real.read_bytes() == DATA
    assert os.listdir(real.parent) == ["report.pdf"]


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o664])
async def test_a_file_that_is_replaced_keeps_its_permissions(
    serve: Serve, tmp_path: Path, permissions: int
) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(OLD)
    path.chmod(permissions)
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        await download(engine, path)
        await download(engine, tmp_path / "new.pdf")
    assert path.read_bytes() == DATA
    assert mode(path) == permissions
    assert mode(tmp_path / "new.pdf") == 0o600


async def test_a_name_may_have_255_bytes(serve: Serve, tmp_path: Path) -> None:
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        await download(engine, tmp_path / ("r" * 251 + ".pdf"))
        with pytest.raises(OSError, match="File name too long"):
            await download(engine, tmp_path / ("r" * 252 + ".pdf"))
    assert len(server.requests) == 1


# Local failures


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
async def test_a_device_that_is_full_is_its_own_error(serve: Serve) -> None:
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(OSError, match="No space left") as full:
            await download(engine, "/dev/full")
    assert full.value.errno == errno.ENOSPC
    assert len(server.requests) == 1


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be written in a folder. The superuser may write everywhere but to a read-only disk."""
    if os.geteuid():
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("the superuser, without the right to mount, finds no read-only folder")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_a_read_only_folder_is_its_own_error(serve: Serve, tmp_path: Path) -> None:
    server = await serve(give)
    with read_only(tmp_path):
        async with engine_to(server.base_url) as engine:
            with pytest.raises(OSError, match=r"Read-only file system|Permission denied") as caught:
                await download(engine, tmp_path / "report.pdf")
        assert not isinstance(caught.value, SessionboardError)
    assert len(server.requests) == 1


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1, 100_000, 262_144, 500_000, len(DATA) - 1])
async def test_a_full_disk_is_its_own_error_at_every_write(serve: Serve, tmp_path: Path, size: int) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(OLD)
    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        with largest_file(size), pytest.raises(OSError, match="File too large") as caught:
            await download(engine, path)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == OLD
    assert os.listdir(tmp_path) == ["report.pdf"]
    assert open_files(tmp_path) == []
    assert len(server.requests) == 1


async def test_a_failure_to_clean_up_does_not_hide_the_first(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()

    async def move_folder_away(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(DATA))})
        await answer.prepare(request)
        await answer.write(DATA[:10])
        await until(lambda: bool(os.listdir(folder)))
        folder.rename(tmp_path / "elsewhere")
        await answer.write(DATA[10:])
        return answer

    server = await serve(move_folder_away)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(FileNotFoundError):
            await download(engine, folder / "report.pdf")
    assert len(server.requests) == 1
    assert open_files(tmp_path) == []


@pytest.mark.parametrize("open_file", [tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile])
async def test_temporary_files_of_text_are_refused_at_once(open_file: Any) -> None:
    with open_file(mode="w+", encoding="utf-8") as file:
        file.write("text")
        file.seek(0)
        with pytest.raises(TypeError, match="cannot upload"):
            FileContent(file)
        with pytest.raises(TypeError, match="cannot write to"):
            Sink(file)
    with open_file() as file:
        file.write(b"bytes")
        file.seek(0)
        assert FileContent(file).size == 5
        Sink(file)


# Answers


async def failing_download(
    serve: Serve, folder: Path, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> SessionboardError:
    """Download what cannot succeed in one attempt; check that nothing changed; return the error."""
    path = folder / "report.pdf"
    path.write_bytes(OLD)
    server = await serve(answer)
    async with engine_to(server.base_url, retry=Retry(attempts=1)) as engine:
        with pytest.raises(SessionboardError) as caught:
            await download(engine, path)
    assert path.read_bytes() == OLD
    assert os.listdir(folder) == ["report.pdf"]
    assert len(server.requests) == 1
    return caught.value


@pytest.mark.parametrize("status", [201, 202, 203, 204, 205, 206, 207, 226])
async def test_only_status_200_is_a_file(serve: Serve, tmp_path: Path, status: int) -> None:
    async def part(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=None if status in {204, 205} else DATA[:100])

    error = await failing_download(serve, tmp_path, part)
    assert isinstance(error, ResponseError)
    assert f"status {status}" in str(error)


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("sent", [0, 1, 400_000, len(DATA) - 1])
async def test_a_body_that_breaks_off_is_no_file(
    serve: Serve, tmp_path: Path, framing: str, sent: int
) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if framing == "length":
            answer.content_length = len(DATA)
        else:
            answer.enable_chunked_encoding()
        await answer.prepare(request)
        if sent:
            await answer.write(DATA[:sent])
        assert request.transport is not None
        request.transport.close()
        return answer

    error = await failing_download(serve, tmp_path, break_off)
    assert isinstance(error, ConnectionLostError)


@pytest.mark.parametrize("left_out", [1, 8, 20, 1000])
@pytest.mark.parametrize("coding", COMPRESSED)
async def test_compressed_data_that_break_off_are_no_file(
    serve: Serve, tmp_path: Path, coding: str, left_out: int
) -> None:
    body = COMPRESSED[coding][:-left_out]

    async def shortened(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": coding})

    error = await failing_download(serve, tmp_path, shortened)
    assert isinstance(error, DecodeError)
    assert "cut short" in str(error)


@pytest.mark.parametrize("coding", COMPRESSED)
async def test_compressed_data_are_written_decompressed(serve: Serve, tmp_path: Path, coding: str) -> None:
    async def compressed(_: web.Request) -> web.StreamResponse:
        return web.Response(body=COMPRESSED[coding], headers={"Content-Encoding": coding})

    server = await serve(compressed)
    async with engine_to(server.base_url) as engine:
        await download(engine, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes() == DATA[:50_000]


async def test_an_unknown_coding_is_no_file(serve: Serve, tmp_path: Path) -> None:
    async def unknown(_: web.Request) -> web.StreamResponse:
        return web.Response(body=DATA, headers={"Content-Encoding": "lzma"})

    assert "lzma" in str(await failing_download(serve, tmp_path, unknown))


async def test_a_body_without_length_is_a_warning(
    serve_bytes: ServeBytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + DATA)
        await writer.drain()
        writer.close()

    base_url = await serve_bytes(give_and_close)
    with caplog.at_level(logging.WARNING):
        async with engine_to(base_url) as engine:
            await download(engine, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes() == DATA
    assert caplog.messages == [
        "test-download: the server announced no length: a download that is cut short looks complete"
    ]


async def test_compressed_errors_of_downloads_are_read(serve: Serve, tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        body = gzip.compress(b'{"error": "NotFoundError", "message": "no report yet"}')
        return web.Response(status=404, body=body, headers={"Content-Encoding": "gzip"})

    assert "no report yet" in str(await failing_download(serve, tmp_path, refuse))


# Cancellation


@pytest.mark.untraced
async def test_a_download_that_is_cancelled_anywhere_is_complete_or_absent(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    server = await serve(give)
    outcomes = set()
    async with engine_to(server.base_url, timeout=Timeout(attempt=5)) as engine:
        for turns in range(0, 3_000, 7):
            path.write_bytes(OLD)
            task = asyncio.ensure_future(download(engine, path))
            for _ in range(turns):
                await asyncio.sleep(0)
                if task.done():
                    break
            is_over = task.done()
            task.cancel()
            await asyncio.wait({task})
            outcomes.add(path.read_bytes())
            assert os.listdir(tmp_path) == ["report.pdf"]
            assert open_files(tmp_path) == []
            if is_over:
                break
    assert outcomes == {OLD, DATA}
