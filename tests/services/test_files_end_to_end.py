"""Files, recordings, media and documents, from start to end against the embedded server."""

from __future__ import annotations

import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx
import pytest

from sessionboard_async import (
    AsyncSession,
    BadRequestError,
    NotFoundError,
    UnprocessableError,
    code_challenge,
)
from sessionboard_async.testing import EmbeddedServer
from sessionboard_async.testing._writes.oauth import CLIENT
from tests.support.http_server import IMPATIENT

pytestmark = pytest.mark.anyio

PDF = b"%PDF-1.4 slides"


@dataclass
class Place:
    """A server, a client of it, and a session of the event."""

    server: EmbeddedServer
    sb: AsyncSession
    talk: str

    @property
    def event(self) -> int:
        return self.server.event_id


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with EmbeddedServer(sessions=30) as server:
        # Another origin than the upload addresses have, as with the API.
        base_url = server.base_url.replace("127.0.0.1", "localhost")
        async with AsyncSession(server.token, base_url=base_url, retry=IMPATIENT) as sb:
            talk = await sb.sessions.create(server.event_id, title="Maps")
            server.requests.clear()
            yield Place(server, sb, str(talk.id))


async def fetched(url: str | None) -> bytes:
    async with httpx.AsyncClient() as client:
        return (await client.get(str(url))).content


# Files


async def test_a_file_goes_up_in_one_call_and_is_there(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "Folien «Größe».pdf"
    path.write_bytes(PDF)
    file = await place.sb.files.upload(place.event, place.talk, path, title="Folien")
    assert (file.title, file.filename, file.size, file.mimetype) == (
        "Folien",
        path.name,
        15,
        "application/pdf",
    )
    assert [one.id async for one in place.sb.files.list(place.event, place.talk)] == [file.id]
    assert await fetched(file.url) == PDF
    talk = await place.sb.sessions.get(place.event, place.talk)
    assert talk.content is not None
    assert [one.id for one in talk.content] == [file.id]


async def test_bytes_and_open_files_go_up_under_a_given_name(place: Place) -> None:
    for source in (PDF, io.BytesIO(PDF)):
        file = await place.sb.files.upload(
            place.event, place.talk, source, filename="slides", content_type="application/pdf"
        )
        assert (file.filename, file.mimetype, file.size) == ("slides", "application/pdf", len(PDF))


@pytest.mark.parametrize("name", [None, ""])
async def test_a_file_without_a_name_is_refused_at_once(place: Place, name: str | None) -> None:
    with pytest.raises(ValueError, match="has no name"):
        await place.sb.files.upload(place.event, place.talk, PDF, filename=name)
    assert not place.server.requests


async def test_an_empty_and_a_too_large_file_are_refused_at_once(place: Place, tmp_path: Path) -> None:
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(52_428_801)
    for source in (b"", large):
        with pytest.raises(ValueError, match="1 to 52428800 bytes"):
            await place.sb.files.upload(place.event, place.talk, source, filename="film.mp4")
    assert not place.server.requests


async def test_a_denied_file_is_told_by_the_api(place: Place) -> None:
    with pytest.raises(BadRequestError):
        await place.sb.files.upload(place.event, place.talk, b"MZ\x90", filename="setup.exe")


async def test_a_file_goes_up_step_by_step_and_is_replaced(place: Place) -> None:
    files = place.sb.files
    announced = await files.create(
        place.event, place.talk, filename="a.pdf", size_bytes=len(PDF), content_type="application/pdf"
    )
    assert await files.list(place.event, place.talk).collect() == []
    with pytest.raises(BadRequestError):
        await files.complete(place.event, place.talk, announced)
    etag = await place.sb.send_file(announced.upload, PDF)
    assert etag == f'"{hashlib.md5(PDF, usedforsecurity=False).hexdigest()}"'
    done = await files.complete(place.event, place.talk, announced)
    assert await fetched(done.url) == PDF
    again = await files.replace(place.event, place.talk, done, filename="b.pdf", size_bytes=4)
    await place.sb.send_file(again.upload, b"%PDF")
    replaced = await files.complete(place.event, place.talk, done)
    assert await fetched(replaced.url) == b"%PDF"
    assert (await files.update(place.event, place.talk, done, title="Talk")).title == "Talk"
    await files.delete(place.event, place.talk, done)
    assert await files.list(place.event, place.talk).collect() == []


async def test_no_token_reaches_the_storage(place: Place) -> None:
    announced = await place.sb.files.create(place.event, place.talk, filename="a.bin", size_bytes=4)
    await place.sb.send_file(announced.upload, b"data")
    put = place.server.requests[-1]
    assert (put.method, put.operation) == ("PUT", None)
    assert {"x-access-token", "authorization", "user-agent", "accept", "cookie"}.isdisjoint(put.header_names)


async def test_there_is_nothing_to_send_without_an_address(place: Place) -> None:
    with pytest.raises(ValueError, match="announce the file first"):
        await place.sb.send_file(None, PDF)
    assert not place.server.requests


# Recordings and media


async def test_a_recording_becomes_pcm(place: Place) -> None:
    recordings = place.sb.recordings
    announced = await recordings.create(place.event, place.talk, filename="talk.mp3", size_bytes=4)
    with pytest.raises(UnprocessableError):
        await recordings.complete(place.event, place.talk, announced)
    await place.sb.send_file(announced.upload, b"ID3\x04")
    done = await recordings.complete(place.event, place.talk, announced, duration_seconds=1.5)
    assert (done.status, done.duration_seconds) == ("completed", 1.5)
    assert str(done.s3_key).endswith(".pcm")
    assert (await recordings.get(place.event, place.talk, announced)).id == announced.id
    assert [one.id async for one in recordings.list(place.event, place.talk)] == [announced.id]


async def test_a_medium_goes_up_in_parts_and_is_transcribed(place: Place) -> None:
    media = place.sb.media
    begun = await media.initiate(place.event, place.talk, filename="talk.mp4", size_bytes=10)
    key, upload_id = str(begun.key), str(begun.upload_id)
    signed = await media.sign_parts(
        place.event, place.talk, key=key, upload_id=upload_id, part_numbers=[1, 2]
    )
    data = {1: b"first", 2: b"other"}
    etags = {n: await place.sb.send_file(address, data[n]) for n, address in signed.addresses.items()}
    item = await media.complete(
        place.event,
        place.talk,
        key=key,
        upload_id=upload_id,
        parts=[(number, str(etag)) for number, etag in etags.items()],
        filename="talk.mp4",
        size_bytes=10,
    )
    seen = [(await media.get(place.event, place.talk, item)).transcript_status for _ in range(3)]
    assert seen == ["queued", "processing", "ready"]
    found = await place.sb.transcriptions.list_for_session(place.event, place.talk).collect()
    assert [one.type for one in found] == ["fragment"]


async def test_an_upload_in_parts_can_be_given_up(place: Place) -> None:
    begun = await place.sb.media.initiate(place.event, place.talk, filename="talk.mp4", size_bytes=10)
    key, upload_id = str(begun.key), str(begun.upload_id)
    await place.sb.media.abort(place.event, place.talk, key=key, upload_id=upload_id)
    with pytest.raises(NotFoundError):
        await place.sb.media.sign_parts(
            place.event, place.talk, key=key, upload_id=upload_id, part_numbers=[1]
        )


# Documents


async def test_a_report_comes_down_to_a_path_and_to_a_writer(place: Place, tmp_path: Path) -> None:
    path, writer = tmp_path / "report.pdf", io.BytesIO()
    content = place.sb.content
    report = await content.download_event_document(place.event, "event_report", path, variant="daily")
    assert place.server.requests[-1].query["variant"] == "daily"
    assert report.content_type == "application/pdf"
    assert path.read_bytes().startswith(b"%PDF")
    assert report.size == path.stat().st_size
    await content.download_event_document(place.event, "event_report", writer, variant="daily")
    assert writer.getvalue() == path.read_bytes()


async def test_a_session_has_a_summary_and_a_card(place: Place, tmp_path: Path) -> None:
    packs = await place.sb.content.list(place.event, expand=["summary"]).collect()
    talk = next(pack for pack in packs if pack.has_summary)
    card = await place.sb.content.download_session_document(
        place.event, talk, "summary_card", tmp_path / "card.png"
    )
    assert card.content_type == "image/png"
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")
    async with await anyio.open_file(tmp_path / "summary.pdf", "wb") as file:
        await place.sb.content.download_session_document(place.event, talk, "summary_pdf", file)
    assert (tmp_path / "summary.pdf").read_bytes().startswith(b"%PDF")


async def test_a_document_that_is_not_there_leaves_no_file(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await place.sb.content.download_session_document(
            place.event, place.talk, "poster", tmp_path / "poster.pdf"
        )
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240  # nothing else runs


async def test_a_variant_that_the_api_does_not_know_is_refused_at_once(place: Place, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="variant must be one of full, daily, theme"):
        await place.sb.content.download_event_document(
            place.event,
            "event_report",
            tmp_path / "a.pdf",
            variant="monthly",  # type: ignore[arg-type]  # wrong on purpose
        )
    assert not place.server.requests


# OAuth


async def test_an_access_token_of_oauth_reads_as_a_bearer_token(place: Place) -> None:
    verifier = "v" * 64
    code = place.server.approve(CLIENT.id, CLIENT.redirect_uris[0], code_challenge(verifier))
    tokens = await place.sb.oauth.exchange_code(
        code=code, redirect_uri=CLIENT.redirect_uris[0], client_id=CLIENT.id, code_verifier=verifier
    )
    base_url = place.server.base_url
    async with AsyncSession(tokens.access_token, token_type="Bearer", base_url=base_url) as sb:
        assert await sb.events.list().count() == 2
    assert "authorization" in place.server.requests[-1].header_names
    assert "x-access-token" not in place.server.requests[-1].header_names
