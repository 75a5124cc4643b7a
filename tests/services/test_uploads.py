"""Files, recordings and media, each step over a real connection."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, ServerError, UnprocessableError
from sessionboard_async.models import Content, FileUpload, MediaItem, MediaPart, Recording, RecordingUpload
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

SESSION = "/v1/event/4630/sessions/s"
FILES = f"{SESSION}/files"
RECORDINGS = f"{SESSION}/recordings"
UPLOAD = f"{SESSION}/media/upload"
ADDRESS = {
    "url": "https://bucket.example/key?X-Amz-Signature=secret",
    "method": "PUT",
    "headers": {"Content-Type": "application/pdf"},
}


def session(server: HttpServer) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)


async def answering(serve: Serve, body: object, status: int = 200) -> HttpServer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status) if body is None else web.json_response(body, status=status)

    return await serve(answer)


def sent(server: HttpServer) -> list[object]:
    return [json.loads(body) if body else None for body in server.bodies]


# Files


async def test_the_files_of_a_session(serve: Serve) -> None:
    server = await answering(serve, {"data": [{"id": "f-1", "size": 12}, {"id": "f-2"}]})
    async with session(server) as sb:
        files = await sb.files.list(4630, "s").collect()
    assert files == [Content(id="f-1", size=12), Content(id="f-2")]
    assert server.requests == [f"GET {FILES}"]


async def test_a_file_is_announced_completed_replaced_changed_and_deleted(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": "f", "title": "Slides", "upload": ADDRESS}})
    async with session(server) as sb:
        created = await sb.files.create(
            4630,
            "s",
            filename="slides.pdf",
            size_bytes=524_288_000,
            content_type="application/pdf",
            title="Slides",
            assigned_participant_id=None,
            extra={"is_public": True},
        )
        completed = await sb.files.complete(4630, "s", created)
        replaced = await sb.files.replace(
            4630, "s", completed, filename="v2.pdf", size_bytes=1, mimetype="application/pdf"
        )
        changed = await sb.files.update(4630, "s", "f", title=None)
        await sb.files.delete(4630, "s", "f")
    assert created == replaced
    assert isinstance(created, FileUpload)
    assert created.upload is not None
    assert (created.upload.url, created.upload.headers) == (ADDRESS["url"], ADDRESS["headers"])
    assert completed == changed == Content(id="f", title="Slides")
    assert server.requests == [
        f"POST {FILES}",
        f"POST {FILES}/f/complete",
        f"POST {FILES}/f/replace",
        f"PUT {FILES}/f",
        f"DELETE {FILES}/f",
    ]
    assert sent(server) == [
        {
            "filename": "slides.pdf",
            "size_bytes": 524_288_000,
            "content_type": "application/pdf",
            "title": "Slides",
            "assigned_participant_id": None,
            "is_public": True,
        },
        None,
        {"filename": "v2.pdf", "size_bytes": 1, "mimetype": "application/pdf"},
        {"title": None},
        None,
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"filename": "a", "size_bytes": 0}, "size_bytes must be 1 to 524288000, not 0"),
        ({"filename": "a", "size_bytes": 524_288_001}, "size_bytes must be 1 to 524288000, not 524288001"),
        ({"filename": "a", "size_bytes": "1"}, "size_bytes must be int, not str"),
        ({"filename": "a"}, "missing: size_bytes"),
        ({"size_bytes": 1}, "missing: filename"),
        ({"filename": "a", "size_bytes": 1, "color": "red"}, "unknown: color"),
    ],
)
async def test_a_bad_announcement_is_refused_before_any_request(arguments: dict[str, Any], said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises((ValueError, TypeError), match=said):
            await sb.files.create(4630, "s", **arguments)
        with pytest.raises((ValueError, TypeError), match=said):
            await sb.files.replace(4630, "s", "f", **arguments)


# Recordings


async def test_a_recording_is_announced_completed_and_read(serve: Serve) -> None:
    recording = {"id": "r", "status": "completed", "s3_key": "r.pcm", "sample_rate": 16000}
    server = await answering(serve, {"data": recording | {"upload": ADDRESS}}, 201)
    async with session(server) as sb:
        created = await sb.recordings.create(
            4630, "s", filename="r.mp3", size_bytes=7, content_type="audio/mpeg"
        )
        completed = await sb.recordings.complete(4630, "s", created, duration_seconds=1.5, file_size_bytes=7)
        await sb.recordings.complete(4630, "s", "r")
        read = await sb.recordings.get(4630, "s", "r")
    assert isinstance(created, RecordingUpload)
    assert created.upload is not None
    assert completed == read == Recording(id="r", status="completed", s3_key="r.pcm", sample_rate=16000)
    assert server.requests == [
        f"POST {RECORDINGS}",
        f"POST {RECORDINGS}/r/complete",
        f"POST {RECORDINGS}/r/complete",
        f"GET {RECORDINGS}/r",
    ]
    assert sent(server) == [
        {"filename": "r.mp3", "size_bytes": 7, "content_type": "audio/mpeg"},
        {"duration_seconds": 1.5, "file_size_bytes": 7},
        {},
        None,
    ]


async def test_the_recordings_of_a_session(serve: Serve) -> None:
    server = await answering(serve, {"data": [{"id": "r", "status": "recording"}]})
    async with session(server) as sb:
        assert await sb.recordings.list(4630, "s").collect() == [Recording(id="r", status="recording")]
    assert server.requests == [f"GET {RECORDINGS}"]


async def test_a_recording_that_cannot_be_converted_is_an_error_of_its_own(serve: Serve) -> None:
    server = await answering(serve, {"error": "TRANSCODE_ERROR", "message": "no sound in it"}, 422)
    async with session(server) as sb:
        with pytest.raises(UnprocessableError, match="no sound in it") as failure:
            await sb.recordings.complete(4630, "s", "r")
    assert failure.value.code == "TRANSCODE_ERROR"


async def test_a_recording_has_at_least_one_byte() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(ValueError, match="size_bytes must be 1 or more, not 0"):
            await sb.recordings.create(4630, "s", filename="r.mp3", size_bytes=0)


# Media


async def test_media_go_up_in_parts(serve: Serve) -> None:
    answers = {
        f"{UPLOAD}/initiate": {"key": "k", "upload_id": "u", "part_size": 5, "bucket": "b"},
        f"{UPLOAD}/sign-part": {"urls": {"1": ADDRESS["url"], "2": ADDRESS["url"]}},
        f"{UPLOAD}/complete": {"data": {"id": "m", "transcript_status": "queued"}},
    }

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(answers[request.path], status=201)

    server = await serve(answer)
    async with session(server) as sb:
        begun = await sb.media.initiate(4630, "s", filename="v.mp4", size_bytes=7, content_type="video/mp4")
        assert begun.key is not None
        assert begun.upload_id is not None
        assert (begun.part_size, begun.as_sent["bucket"]) == (5, "b")
        signed = await sb.media.sign_parts(
            4630, "s", key=begun.key, upload_id=begun.upload_id, part_numbers=range(1, 3)
        )
        assert [address.url for address in signed.addresses.values()] == [ADDRESS["url"]] * 2
        medium = await sb.media.complete(
            4630,
            "s",
            key=begun.key,
            upload_id=begun.upload_id,
            parts=[(2, '"b"'), MediaPart(1, '"a"')],
            filename="v.mp4",
            size_bytes=7,
            duration_seconds=61.5,
        )
    assert (medium.id, medium.transcript_status) == ("m", "queued")
    assert sent(server) == [
        {"filename": "v.mp4", "size_bytes": 7, "content_type": "video/mp4"},
        {"key": "k", "upload_id": "u", "part_numbers": [1, 2]},
        {
            "key": "k",
            "upload_id": "u",
            "parts": [{"part_number": 1, "etag": '"a"'}, {"part_number": 2, "etag": '"b"'}],
            "filename": "v.mp4",
            "size_bytes": 7,
            "duration_seconds": 61.5,
        },
    ]


@pytest.mark.parametrize("status", [200, 204])
async def test_an_empty_answer_is_a_success_where_none_is_described(serve: Serve, status: int) -> None:
    server = await answering(serve, None, status)
    async with session(server) as sb:
        medium = await sb.media.complete(
            4630, "s", key="k", upload_id="u", parts=[(1, "a")], filename="v.mp4", size_bytes=7
        )
        await sb.media.abort(4630, "s", key="k", upload_id="u")
    assert medium == MediaItem()
    assert server.requests == [f"POST {UPLOAD}/complete", f"POST {UPLOAD}/abort"]
    assert sent(server)[1] == {"key": "k", "upload_id": "u"}


async def test_an_undescribed_answer_is_no_error_after_a_success(serve: Serve) -> None:
    server = await answering(serve, {"media_item_id": "m"}, 201)
    async with session(server) as sb:
        medium = await sb.media.complete(
            4630, "s", key="k", upload_id="u", parts=[(1, "a")], filename="v.mp4", size_bytes=7
        )
    assert medium.id is None
    assert medium.as_sent == {"media_item_id": "m"}


async def test_how_far_a_transcript_is(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": "m", "transcript_status": "stuck", "event_id": "4630"}})
    async with session(server) as sb:
        medium = await sb.media.get(4630, "s", "m")
    assert (medium.transcript_status, medium.event_id) == ("stuck", "4630")
    assert server.requests == [f"GET {SESSION}/media/m"]


async def test_signing_is_sent_again_and_the_other_steps_are_not(serve: Serve) -> None:
    server = await answering(serve, {}, 500)
    async with session(server) as sb:
        with pytest.raises(ServerError):
            await sb.media.sign_parts(4630, "s", key="k", upload_id="u", part_numbers=[1])
        assert len(server.requests) > 1
        server.requests.clear()
        with pytest.raises(ServerError):
            await sb.media.initiate(4630, "s", filename="v.mp4", size_bytes=7)
        with pytest.raises(ServerError):
            await sb.media.complete(
                4630, "s", key="k", upload_id="u", parts=[(1, "a")], filename="v.mp4", size_bytes=7
            )
        with pytest.raises(ServerError):
            await sb.media.abort(4630, "s", key="k", upload_id="u")
        with pytest.raises(ServerError):
            await sb.recordings.create(4630, "s", filename="r.mp3", size_bytes=7)
        with pytest.raises(ServerError):
            await sb.files.create(4630, "s", filename="r.pdf", size_bytes=7)
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], "part_numbers must not be empty"),
        ([0], "the numbers of parts begin with 1, not 0"),
        ([1, 1], "part_numbers has a part twice"),
        (["1"], "the number of a part must be int, not str"),
        ([math.inf], "the number of a part must be int, not float"),
    ],
)
async def test_bad_numbers_of_parts_are_refused_before_any_request(numbers: Any, said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises((ValueError, TypeError), match=said):
            await sb.media.sign_parts(4630, "s", key="k", upload_id="u", part_numbers=numbers)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "parts must not be empty"),
        ([(1, "a"), (1, "b")], "parts has a part twice"),
        ([(1, "")], "part 1 needs the ETag"),
        ([(1, None)], "part 1 needs the ETag"),
    ],
)
async def test_bad_parts_are_refused_before_any_request(parts: Any, said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(ValueError, match=said):
            await sb.media.complete(
                4630, "s", key="k", upload_id="u", parts=parts, filename="v.mp4", size_bytes=7
            )
