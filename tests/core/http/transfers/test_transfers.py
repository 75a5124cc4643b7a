"""Uploads and downloads: streamed contents, and the headers that go to the API and to upload addresses."""

from __future__ import annotations

import asyncio
import email.policy
import io
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aiohttp
import anyio
import pytest
from aiohttp import web

from sessionboard_async import AttemptTimeoutError, ConnectionLostError, NotFoundError, Retry, Timeout
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint
from sessionboard_async.core.http.request import Request, build_request, storage_request
from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.source import FileContent
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.errors import StorageError
from tests.support.engine import engine_to
from tests.support.http_server import TOKEN, HttpServer, RawHandler, read_request

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

UPLOAD: Endpoint[None] = Endpoint("test-upload", "POST", "/v1/files/upload", None)
DOWNLOAD: Endpoint[None] = Endpoint("test-download", "GET", "/v1/files/{file_id}", None)
for _declared in (UPLOAD, DOWNLOAD):
    del ENDPOINTS[_declared.operation_id]  # other tests read the list of all operations


def upload_to(server: HttpServer, content: bytes, **headers: str) -> Request:
    address = f"{server.base_url}/bucket/key?X-Amz-Signature=s%2Fecret"
    return storage_request("PUT", Transfer(content=FileContent(content), address=address, headers=headers))


# Uploads


async def test_a_form_arrives_complete(serve: Serve, tmp_path: Path) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.json_response({})

    data = os.urandom(700_000)
    path = tmp_path / "Folien «Größe».pdf"
    path.write_bytes(data)
    server = await serve(take)
    transfer = Transfer(
        content=FileContent(path), form={"title": "Größe – 大きさ"}, content_type="application/pdf"
    )
    async with engine_to(server.base_url) as engine:
        await engine.send(build_request(UPLOAD, {}, transfer=transfer))
    head = f"Content-Type: {server.headers[0]['content-type']}\r\n\r\n".encode()
    form = email.message_from_bytes(head + server.bodies[0], policy=email.policy.HTTP)
    title, file = form.iter_parts()
    assert title.get_param("name", header="Content-Disposition") == "title"
    assert title.get_content() == "Größe – 大きさ"
    assert file.get_param("name", header="Content-Disposition") == "file"
    assert file.get_filename() == "Folien «Größe».pdf"
    assert file.get_content_type() == "application/pdf"
    assert file.get_content() == data
    assert server.headers[0]["x-access-token"] == TOKEN
    assert int(server.headers[0]["content-length"]) == len(server.bodies[0])


async def test_an_upload_address_gets_its_own_headers_and_nothing_else(serve: Serve) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(headers={"ETag": '"abc"'})

    storage, api = await serve(take), await serve(take)
    async with engine_to(api.base_url) as engine:
        response = await engine.send(upload_to(storage, b"%PDF", **{"Content-Type": "application/pdf"}))
    assert response.headers["ETag"] == '"abc"'
    assert storage.requests == ["PUT /bucket/key?X-Amz-Signature=s%2Fecret"]
    assert storage.bodies == [b"%PDF"]
    assert storage.headers == [
        {
            "host": storage.base_url.removeprefix("http://"),
            "content-length": "4",
            "content-type": "application/pdf",
        }
    ]
    assert api.requests == []


async def test_nothing_of_a_client_of_the_callers_goes_to_an_upload_address(serve: Serve) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response()

    storage = await serve(take)
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer of-the-caller"}, cookies={"own": "cookie"}
    ) as client:
        async with engine_to(storage.base_url, client=client) as engine:
            await engine.send(upload_to(storage, b"%PDF"))
            assert set(storage.headers[0]) == {"host", "content-length"}
        assert not client.closed


async def test_a_broken_upload_is_sent_again_from_its_beginning(serve: Serve) -> None:
    async def fail_once(request: web.Request) -> web.Response:
        return web.Response(status=503 if len(storage.requests) == 1 else 200)

    storage = await serve(fail_once)
    file = io.BytesIO(b"skipped%PDF")
    file.seek(7)
    transfer = Transfer(content=FileContent(file), address=f"{storage.base_url}/key")
    async with engine_to(storage.base_url) as engine:
        await engine.send(storage_request("PUT", transfer))
    assert storage.bodies == [b"%PDF", b"%PDF"]


async def test_a_refusal_of_the_storage_is_a_storage_error(serve: Serve) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(
            status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>", content_type="text/xml"
        )

    storage = await serve(refuse)
    async with engine_to(storage.base_url) as engine:
        with pytest.raises(StorageError, match="the upload address has expired") as failure:
            await engine.send(upload_to(storage, b"%PDF"))
    assert failure.value.status == 403
    assert "Signature=" not in str(failure.value)
    assert "key" not in str(failure.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://storage.example.com/key",
        "ftp://127.0.0.1/key",
        "",
        "key",
        "https://",
        "https://storage.example.com:99999/key",
        "https://storage.example.com/a b",
        "https://storage.example.com/a\r\nHost: b",
        "https://storage.example.com/\u00fc",
    ],
)
def test_an_insecure_upload_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an https:// URL"):
        storage_request("PUT", Transfer(content=FileContent(b""), address=address))


async def test_a_file_that_cannot_be_read_is_no_failure_of_the_network(serve: Serve, tmp_path: Path) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response()

    server = await serve(take)
    path = tmp_path / "slides.pdf"
    path.write_bytes(b"%PDF")
    transfer = Transfer(content=FileContent(path), address=f"{server.base_url}/key")
    path.unlink()
    async with engine_to(server.base_url) as engine:
        with pytest.raises(FileNotFoundError):
            await engine.send(storage_request("PUT", transfer))


async def test_an_upload_may_take_longer_than_an_attempt_while_bytes_move(serve: Serve) -> None:
    async def slowly(request: web.Request) -> web.Response:
        async for _ in request.content.iter_chunked(1 << 20):
            await asyncio.sleep(0.02)
        return web.Response()

    class Slow(FileContent):
        async def chunks(self) -> AsyncGenerator[bytes]:
            for _ in range(8):
                await asyncio.sleep(0.1)
                yield b"x"

    server = await serve(slowly)
    content = Slow(b"x" * 8)
    async with engine_to(server.base_url, timeout=Timeout(attempt=0.5, total=0.5)) as engine:
        response = await engine.send(
            storage_request("PUT", Transfer(content=content, address=f"{server.base_url}/key"))
        )
    assert response.status == 200


async def test_an_answer_may_take_long_after_an_upload_that_took_long(serve: Serve) -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.25)
        response = web.StreamResponse(headers={"Content-Length": "2"})
        await response.prepare(request)
        await asyncio.sleep(0.25)
        await response.write(b"{}")
        return response

    server = await serve(slowly)
    async with engine_to(server.base_url, timeout=Timeout(attempt=0.4), retry=Retry(attempts=1)) as engine:
        assert (await engine.send(upload_to(server, b"%PDF"))).body == b"{}"


async def test_an_upload_is_sent_once_an_attempt_on_a_connection_that_breaks(serve_bytes: ServeBytes) -> None:
    sent: list[bytes] = []

    async def take_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Of each connection, only the first request is answered.
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""):
            sent.append((await read_request(reader)).partition(b"\r\n")[0])
            writer.write(answer)

    address = f"{await serve_bytes(take_one)}/key"
    async with engine_to(address, retry=Retry(attempts=1)) as engine:
        transfer = Transfer(content=FileContent(b"%PDF"), address=address)
        await engine.send(storage_request("PUT", transfer))
        with pytest.raises(ConnectionLostError):
            await engine.send(storage_request("PUT", transfer))
    assert len(sent) == 2


# Downloads


async def test_a_download_may_take_longer_than_an_attempt_while_bytes_arrive(
    serve: Serve, tmp_path: Path
) -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(6):
            await asyncio.sleep(0.1)
            await response.write(b"x")
        return response

    server = await serve(slowly)
    path = tmp_path / "slides.pdf"
    timeout = Timeout(attempt=0.4, total=0.4)
    async with engine_to(server.base_url, timeout=timeout, retry=Retry(attempts=1)) as engine:
        await engine.send(build_request(DOWNLOAD, {"file_id": "f"}, transfer=Transfer(sink=Sink(path))))
    assert path.read_bytes() == b"x" * 6


async def test_a_download_goes_to_its_path_in_chunks(serve: Serve, tmp_path: Path) -> None:
    data = os.urandom(900_000)

    async def give(request: web.Request) -> web.Response:
        return web.Response(body=data, content_type="application/pdf")

    server = await serve(give)
    sink = Sink(tmp_path / "report.pdf")
    async with engine_to(server.base_url, max_response_bytes=1000) as engine:
        response = await engine.send(build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=sink)))
    assert (tmp_path / "report.pdf").read_bytes() == data
    assert (sink.size, response.body) == (len(data), b"")
    assert response.headers["Content-Type"] == "application/pdf"
    assert server.headers[0]["accept-encoding"] == "identity"


async def test_a_broken_download_starts_again_in_a_file_and_not_in_a_writer(
    serve: Serve, tmp_path: Path
) -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "8"})
        await answer.prepare(request)
        await answer.write(b"%PDF")
        if len(server.requests) % 2:
            assert request.transport is not None
            request.transport.close()
        else:
            await answer.write(b"-1.4")
        return answer

    server = await serve(give)
    path, writer = tmp_path / "report.pdf", io.BytesIO()
    async with engine_to(server.base_url) as engine:
        await engine.send(build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(path))))
        with pytest.raises(ConnectionLostError):
            await engine.send(build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(writer))))
    assert path.read_bytes() == b"%PDF-1.4"
    assert writer.getvalue() == b"%PDF"
    assert len(server.requests) == 3


async def test_an_error_in_place_of_a_download_leaves_no_file(serve: Serve, tmp_path: Path) -> None:
    async def give(request: web.Request) -> web.Response:
        return web.json_response({"error": "NotFoundError", "message": "no report yet"}, status=404)

    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(NotFoundError, match="no report yet"):
            await engine.send(
                build_request(
                    DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(tmp_path / "report.pdf"))
                ),
            )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("way", ["cancel", "stall"])
async def test_a_download_that_is_cancelled_or_stalls_leaves_nothing_open(
    serve: Serve, tmp_path: Path, way: str
) -> None:
    async def give(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "8"})
        await answer.prepare(request)
        await answer.write(b"%PDF")
        if len(server.requests) == 1:
            await asyncio.sleep(60)
        await answer.write(b"-1.4")
        return answer

    server = await serve(give)
    request = build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(tmp_path / "report.pdf")))
    timeout = Timeout(attempt=0.2 if way == "stall" else None)
    async with engine_to(server.base_url, timeout=timeout, retry=Retry(attempts=1), pool_size=1) as engine:
        if way == "stall":
            with pytest.raises(AttemptTimeoutError, match="no bytes were sent or received"):
                await engine.send(request)
        else:
            with anyio.move_on_after(0.1) as scope:
                await engine.send(request)
            assert scope.cancelled_caught
        assert os.listdir(tmp_path) == []
        # The only place in the pool is free again.
        with anyio.fail_after(2):
            await engine.send(request)
    assert (tmp_path / "report.pdf").read_bytes() == b"%PDF-1.4"


async def test_a_full_disk_is_no_failure_of_the_network(serve: Serve) -> None:
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    async def give(request: web.Request) -> web.Response:
        return web.Response(body=b"%PDF")

    server = await serve(give)
    async with engine_to(server.base_url) as engine:
        with pytest.raises(OSError, match="No space left"):
            await engine.send(build_request(DOWNLOAD, {"file_id": "1"}, transfer=Transfer(sink=Sink(Full()))))
    assert len(server.requests) == 1
