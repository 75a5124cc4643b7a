"""A web page or a message in place of a file is an error, and nothing of it is written."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, DecodeError, Retry
from sessionboard_async.core.http.documents import checked_file
from sessionboard_async.errors import RequestContext
from sessionboard_async.models.uploads import UploadAddress
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

CONTEXT = RequestContext("GET", "/v1/file")
PAGE = b"<!doctype html><title>Sign in</title>"
NO_FILES: dict[str, tuple[bytes, str]] = {
    "a page": (PAGE, "text/html"),
    "a page as a document": (PAGE, "application/pdf"),
    "a failure": (
        b'{"success": false, "message": "not enabled for %s"}' % TOKEN.encode(),
        "application/json",
    ),
    "an error": (b'{"error": "ConflictError", "message": "not enabled"}', "application/json"),
    "a message": (b'{"message": "not enabled"}', "application/pdf"),
}


def pieces(*parts: bytes) -> AsyncGenerator[bytes]:
    async def generate() -> AsyncGenerator[bytes]:
        for part in parts:
            yield part

    return generate()


@pytest.mark.parametrize("kind", NO_FILES)
async def test_no_download_and_no_rows_are_a_page_or_a_message(
    serve: Serve, tmp_path: Path, kind: str
) -> None:
    body, content_type = NO_FILES[kind]

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type)

    server = await serve(answer)
    writer = io.BytesIO()
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: sb.content.download_event_document(1, "event_report", tmp_path / "report.pdf"),
            lambda: sb.content.download_event_document(1, "event_report", writer),
            lambda: sb.insights.execute_file("SELECT 1", writer),
        ]
        for call in calls:
            with pytest.raises(DecodeError) as caught:
                await call()
            error = caught.value
            assert error.reports_failure is ("page" not in kind)
            assert error.reports_failure is ("not enabled" in str(error))
            assert TOKEN not in str(error)
            assert error.operation is not None
    assert (os.listdir(tmp_path), writer.getvalue()) == ([], b"")


async def test_a_download_in_place_of_which_a_page_came_is_retried(serve: Serve, tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        if len(server.requests) % 2:
            return web.Response(body=PAGE, content_type="text/html")
        return web.Response(body=b"a,b\n1,2\n", content_type="text/csv")

    server = await serve(answer)
    path = tmp_path / "report.csv"
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        await sb.content.download_event_document(1, "event_report", path)
        assert path.read_bytes() == b"a,b\n1,2\n"
        path.unlink()
        await sb.insights.execute_file("SELECT 1", path)
        assert path.read_bytes() == b"a,b\n1,2\n"
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "parts",
    [
        (b"%PDF", b"-1.4"),
        (b"%",),
        (b"\xef\xbb\xbfa,b\n", b"1,2\n"),
        (b"\xef", b"\xbb", b"\xbf", b"a"),
        (b"<svg>", b" " * 2_000, b"</svg>"),
        (b" " * 2_000, PAGE),
        (b'{"rows":', b"[1]}"),
        (b'{"rows":"' + b"x" * 70_000, b'"}'),
        (b'{"broken', b" off"),
        (b"{}" + b"\xff",),
        (),
    ],
    ids=lambda parts: str(parts)[:24],
)
async def test_files_pass_unchanged(parts: tuple[bytes, ...]) -> None:
    chunks = [chunk async for chunk in checked_file(pieces(*parts), "application/octet-stream", CONTEXT, ())]
    assert b"".join(chunks) == b"".join(parts)


async def test_the_first_bytes_decide_as_soon_as_they_can() -> None:
    checked = checked_file(pieces(b"%PDF", b"-1.4"), None, CONTEXT, ())
    assert await anext(checked) == b"%PDF"
    await checked.aclose()


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_page_is_recognized_in_pieces(size: int) -> None:
    page = b"\xef\xbb\xbf\n" + PAGE
    parts = [page[start : start + size] for start in range(0, len(page), size)]
    with pytest.raises(DecodeError, match="a web page instead of a file"):
        [chunk async for chunk in checked_file(pieces(*parts), None, CONTEXT, ())]


async def test_a_page_in_place_of_the_answer_of_a_storage_stores_nothing(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=PAGE, content_type="text/html")

    server = await serve(answer)
    upload = UploadAddress(url=f"{server.base_url}/bucket/key?signature=secret")
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        with pytest.raises(DecodeError, match="a web page came instead of the storage's answer") as caught:
            await sb.send_file(upload, b"recording")
    assert "secret" not in str(caught.value)
