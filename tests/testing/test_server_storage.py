"""Uploads to the embedded server's storage and downloads from it, over sockets."""

from __future__ import annotations

import os
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.errors import BadRequestError, StorageError
from sessionboard_async.models.uploads import MediaPart, UploadAddress
from sessionboard_async.testing import EmbeddedServer
from sessionboard_async.testing._writes.media import PART_SIZE
from tests.support.http_server import IMPATIENT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=20) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    # A different origin than that of the storage, which is 127.0.0.1.
    base_url = server.base_url.replace("127.0.0.1", "localhost")
    async with AsyncSession(server.token, base_url=base_url, retry=IMPATIENT) as sb:
        yield sb


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def a_session(server: EmbeddedServer, sb: AsyncSession) -> str:
    session = await sb.sessions.search(server.event_id).first()
    assert session is not None
    assert session.id is not None
    return session.id


async def test_a_file_goes_up_and_comes_down(
    server: EmbeddedServer, sb: AsyncSession, http: aiohttp.ClientSession
) -> None:
    data = os.urandom(300_000)
    session_id = await a_session(server, sb)
    place = (server.event_id, session_id)
    before = await sb.files.list(*place).collect()
    made = await sb.files.create(*place, filename="Größe 100%.bin", size_bytes=len(data))
    with pytest.raises(BadRequestError):
        await sb.files.complete(*place, made)
    etag = await sb.send_file(made.upload, data)
    assert etag is not None
    assert (await sb.files.list(*place).collect()) == before
    file = await sb.files.complete(*place, made)
    assert (await sb.files.list(*place).collect()) == [*before, file]

    assert file.url is not None
    async with http.get(file.url) as response:
        assert response.status == 200
        assert response.headers["ETag"] == etag
        assert response.headers["Content-Length"] == str(len(data))
        assert "Content-Encoding" not in response.headers
        assert await response.read() == data
    async with http.get(file.url, headers={"Range": "bytes=100-199"}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
        assert await response.read() == data[100:200]


async def test_a_form_is_streamed_and_comes_down(
    server: EmbeddedServer, sb: AsyncSession, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    data = os.urandom(3_000_000)
    path = tmp_path / "Folien «Größe» 100%.pdf"
    path.write_bytes(data)
    file = await sb.files.upload(server.event_id, await a_session(server, sb), path, title="Größe – 大きさ")
    assert (file.filename, file.title, file.size) == (path.name, "Größe – 大きさ", len(data))
    assert file.mimetype == "application/pdf"
    async with http.get(str(file.url)) as response:
        assert await response.read() == data


async def test_a_token_must_not_reach_the_storage(
    server: EmbeddedServer, sb: AsyncSession, http: aiohttp.ClientSession
) -> None:
    session_id = await a_session(server, sb)
    made = await sb.recordings.create(
        server.event_id, session_id, filename="talk.wav", size_bytes=3, content_type="audio/wav"
    )
    assert made.upload is not None
    assert made.upload.url is not None
    assert made.upload.headers == {"Content-Type": "audio/wav"}
    for name in ("X-Access-Token", "authorization"):
        headers = {**made.upload.headers, name: "anything"}
        async with http.put(made.upload.url, data=b"abc", headers=headers) as response:
            assert response.status == 400
            assert response.content_type == "application/xml"
    await sb.send_file(made.upload, b"abc")
    last = server.requests[-1]
    assert (last.operation, last.method, last.body) == (None, "PUT", b"abc")
    assert "x-access-token" not in last.header_names


async def test_wrong_uploads_are_refused(
    server: EmbeddedServer, sb: AsyncSession, http: aiohttp.ClientSession
) -> None:
    session_id = await a_session(server, sb)
    made = await sb.recordings.create(
        server.event_id, session_id, filename="talk.wav", size_bytes=3, content_type="audio/wav"
    )
    assert made.upload is not None
    url = str(made.upload.url)
    with pytest.raises(StorageError) as caught:
        await sb.send_file(UploadAddress(url=url, headers={"Content-Type": "audio/mpeg"}), b"abc")
    assert caught.value.status == 403
    async with http.put(url[:-1], data=b"abc", headers=made.upload.headers) as response:
        assert response.status == 403
        assert "<Code>SignatureDoesNotMatch</Code>" in await response.text()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"

    async with http.put(url, data=pieces(), headers=made.upload.headers) as response:
        assert response.status == 411


async def test_media_go_up_in_parts(server: EmbeddedServer, sb: AsyncSession) -> None:
    data = os.urandom(1000) * 11_000
    place = (server.event_id, await a_session(server, sb))
    before = await sb.transcriptions.list_for_session(*place).count()
    upload = await sb.media.initiate(*place, filename="talk.mp4", size_bytes=len(data))
    assert upload.key is not None
    assert upload.upload_id is not None
    assert upload.part_size == PART_SIZE
    named: dict[str, Any] = {"key": upload.key, "upload_id": upload.upload_id}
    signed = await sb.media.sign_parts(*place, **named, part_numbers=[1, 2, 3])
    parts: list[MediaPart] = []
    for number, address in signed.addresses.items():
        etag = await sb.send_file(address, data[(number - 1) * PART_SIZE : number * PART_SIZE])
        assert etag is not None
        parts.append(MediaPart(number, etag))
    media = await sb.media.complete(*place, **named, parts=parts, filename="talk.mp4", size_bytes=len(data))
    statuses = [(await sb.media.get(*place, media)).transcript_status for _ in range(2)]
    # The answer is cached, and must not be stale once the transcript is ready.
    assert await sb.transcriptions.list_for_session(*place).count() == before
    statuses.append((await sb.media.get(*place, media)).transcript_status)
    assert statuses == ["queued", "processing", "ready"]
    assert await sb.transcriptions.list_for_session(*place).count() == before + 1


async def test_files_of_the_data_set_can_be_downloaded(
    server: EmbeddedServer, sb: AsyncSession, http: aiohttp.ClientSession
) -> None:
    sessions = await sb.sessions.search(server.event_id).collect()
    files = [file for session in sessions for file in session.content or ()]
    assert files != []
    for file in files:
        assert file.url is not None
        assert file.url.startswith(f"{server.base_url}/storage/")
        async with http.get(file.url) as response:
            assert response.content_type == file.mimetype
            assert len(await response.read()) == file.size


async def test_documents_come_through_the_api(server: EmbeddedServer, http: aiohttp.ClientSession) -> None:
    event = f"{server.base_url}/v1/event/{server.event_id}"
    headers = {"x-access-token": server.token}
    async with http.get(f"{event}/content", headers=headers) as response:
        [pack, *_] = (await response.json())["data"]
    documents = f"{event}/sessions/{pack['id']}/content/documents"
    async with http.get(f"{documents}/summary_card", headers=headers) as response:
        assert response.content_type == "image/png"
        card = await response.read()
    assert card.startswith(b"\x89PNG")
    assert zlib.crc32(card[12:29]) == int.from_bytes(card[29:33], "big")
    async with http.get(f"{documents}/summary_pdf") as response:
        assert response.status == 401


@pytest.mark.parametrize(("host", "status"), [("localhost", b"100"), ("elsewhere", b"421")])
async def test_the_server_ends_while_bytes_are_on_their_way(host: str, status: bytes) -> None:
    async with EmbeddedServer(sessions=5) as server:
        stream = await anyio.connect_tcp("127.0.0.1", server.port)
        head = f"PUT /storage/key HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\nExpect: 100-continue"
        await stream.send(head.encode() + b"\r\n\r\n")
        assert (await stream.receive()).startswith(b"HTTP/1.1 " + status)
        await stream.send(b"half")
        began = anyio.current_time()
    # Closing is given up after five seconds.
    assert anyio.current_time() - began < 4
    await stream.aclose()
