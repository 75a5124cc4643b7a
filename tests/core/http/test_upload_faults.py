"""Uploads that cannot be sent, are refused, or end early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    AttemptTimeoutError,
    ClientClosedError,
    ConnectionLostError,
    DeadlineExceededError,
    StorageError,
    Timeout,
)
from sessionboard_async.core.http.request import Request, storage_request
from sessionboard_async.core.http.transfers.source import FileContent
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.models import FileUpload, UploadAddress
from tests.support.engine import engine_to
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer, RawHandler

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]


def client(server: HttpServer) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)


def upload_to(server: HttpServer, content: bytes) -> Request:
    address = f"{server.base_url}/bucket/key?X-Amz-Signature=s%2Fecret"
    return storage_request("PUT", Transfer(content=FileContent(content), address=address))


async def no_request(request: web.Request) -> web.Response:
    pytest.fail("nothing is to be sent")


async def test_an_error_of_a_storage_does_not_repeat_its_address(serve: Serve) -> None:
    async def refuse(request: web.Request) -> web.Response:
        said = {"error": f"no {request.path}", "message": str(request.url)}
        return web.json_response(said, status=412, headers={"x-amz-request-id": "4442587FB7D0A2F9"})

    storage = await serve(refuse)
    async with engine_to(storage.base_url) as engine:
        with pytest.raises(StorageError) as failure:
            await engine.send(upload_to(storage, b"%PDF"))
    assert str(failure.value) == "PUT (an upload address): 412 (request id 4442587FB7D0A2F9)"
    assert not hasattr(failure.value, "api_message")


async def test_a_redirect_of_a_storage_is_not_followed(serve: Serve) -> None:
    async def redirect(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    storage = await serve(redirect)
    async with engine_to(storage.base_url) as engine:
        with pytest.raises(StorageError, match="307: redirects are never followed"):
            await engine.send(upload_to(storage, b"%PDF"))
    assert len(storage.requests) == 1


async def test_a_storage_that_is_busy_is_retried(serve: Serve) -> None:
    async def busy_once(request: web.Request) -> web.Response:
        return web.Response(status=429 if len(storage.requests) == 1 else 200)

    storage = await serve(busy_once)
    async with engine_to(storage.base_url) as engine:
        await engine.send(upload_to(storage, b"%PDF"))
    assert storage.bodies == [b"%PDF", b"%PDF"]


def answering(status: str) -> RawHandler:
    """Answer after the headers, without reading the body."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(60)

    return answer


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)
    writer.transport.abort()


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def accept(request: web.Request) -> web.Response:
    return web.Response()


class Watched(FileContent):
    """Content that counts its readers."""

    readers = 0

    async def chunks(self) -> AsyncGenerator[bytes]:
        self.readers += 1
        try:
            async with aclosing(super().chunks()) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self.readers -= 1


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (answering("403 Forbidden"), StorageError),
        # It cannot have stored what was not sent.
        (answering("200 OK"), ConnectionLostError),
        (hang_up, ConnectionLostError),
        (say_nothing, AttemptTimeoutError),
        (say_nothing, None),
    ],
)
async def test_an_upload_that_ends_early_holds_nothing(
    serve: Serve,
    serve_bytes: ServeBytes,
    tmp_path: Path,
    handler: RawHandler,
    error: type[Exception] | None,
) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    address = f"{await serve_bytes(handler)}/key"
    timeout = Timeout(attempt=0.1 if error is AttemptTimeoutError else None)
    other = await serve(accept)
    async with engine_to(address, timeout=timeout, pool_size=1) as engine:
        content = Watched(path)
        request = storage_request("PUT", Transfer(content=content, address=address))
        if error is None:
            with anyio.move_on_after(0.1) as scope:
                await engine.send(request)
            assert scope.cancelled_caught
        else:
            with pytest.raises(error):
                await engine.send(request)
        assert content.readers == 0
        # The only place in the pool is free again.
        with anyio.fail_after(2):
            await engine.send(upload_to(other, b"%PDF"))


async def test_a_cancelled_upload_returns_when_its_content_is_no_longer_read(serve_bytes: ServeBytes) -> None:
    class Slow(Watched):
        async def chunks(self) -> AsyncGenerator[bytes]:
            self.readers += 1
            try:
                for _ in range(self.size):
                    yield b"x"
                    await asyncio.sleep(0.01)
            finally:
                # As a file that is closed in a thread.
                with anyio.CancelScope(shield=True):
                    await asyncio.sleep(0.05)
                self.readers -= 1

    address = f"{await serve_bytes(say_nothing)}/key"
    async with engine_to(address) as engine:
        content = Slow(b"x" * 10_000)
        request = storage_request("PUT", Transfer(content=content, address=address))
        with anyio.move_on_after(0.1) as scope:
            await engine.send(request)
        assert scope.cancelled_caught
        assert content.readers == 0


async def test_closing_the_client_ends_an_upload(serve_bytes: ServeBytes, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    address = await serve_bytes(say_nothing)
    content = Watched(path)
    async with anyio.create_task_group() as tasks:
        async with engine_to(address) as engine:

            async def upload() -> None:
                with pytest.raises(ClientClosedError):
                    await engine.send(storage_request("PUT", Transfer(content=content, address=address)))

            tasks.start_soon(upload)
            await anyio.sleep(0.05)
            began = anyio.current_time()
        # A server that reads nothing would keep the connection for longer.
        assert anyio.current_time() - began < 2
    assert content.readers == 0


async def test_calls_wait_while_the_pool_is_full_of_uploads(serve: Serve) -> None:
    uploads_may_end = anyio.Event()

    async def take(request: web.Request) -> web.Response:
        if request.method == "PUT":
            await uploads_may_end.wait()
        return web.json_response([])

    server = await serve(take)
    address = UploadAddress(url=f"{server.base_url}/bucket/key", method="PUT")
    async with (
        AsyncSession(TOKEN, base_url=server.base_url, pool_size=2) as sb,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(3):
            tasks.start_soon(sb.send_file, address, b"%PDF")
        await anyio.sleep(0.05)
        with pytest.raises(DeadlineExceededError):
            await sb.with_options(timeout=Timeout(total=0.05)).rooms.list(1).collect()
        assert len(server.requests) == 2
        uploads_may_end.set()
        assert await sb.rooms.list(1).collect() == []
    assert len(server.requests) == 4


async def test_an_invalid_upload_address_is_refused_before_any_request(serve: Serve) -> None:
    server = await serve(no_request)
    announced: Any = FileUpload(url=f"{server.base_url}/key")
    async with client(server) as sb:
        with pytest.raises(TypeError, match="upload must be an UploadAddress, not FileUpload"):
            await sb.send_file(announced, b"%PDF")
        with pytest.raises(ValueError, match="announce the file first"):
            await sb.send_file(None, b"%PDF")
    assert server.requests == []


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"filename": 5}, TypeError, "file_name must be a string, not int"),
        ({"filename": "a\r\nX-Own: b"}, ValueError, "file_name must not have control characters"),
        ({"filename": "a.pdf", "content_type": 5}, TypeError, "content_type must be a string, not int"),
        ({"filename": "a.pdf", "content_type": "a\nb"}, ValueError, "content_type must not have"),
        ({"filename": "a.pdf", "title": 5}, TypeError, "title must be str, not int"),
        ({}, ValueError, "the file has no name"),
    ],
)
async def test_a_form_that_cannot_be_sent_is_refused_before_any_request(
    serve: Serve, values: dict[str, Any], error: type[Exception], said: str
) -> None:
    server = await serve(no_request)
    async with client(server) as sb:
        with pytest.raises(error, match=said):
            await sb.files.upload(1, "s", b"%PDF", **values)
    assert server.requests == []
