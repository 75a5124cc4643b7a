"""Transcriptions, over a real connection."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, ServerError
from sessionboard_async.models import (
    Transcription,
    TranscriptionFragment,
    TranscriptionSummary,
    TranscriptionTranslation,
)
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

OF_EVENT = "/v1/event/4630/transcriptions"
OF_SESSION = "/v1/event/4630/sessions/s/transcriptions"


def session(server: HttpServer) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)


async def answering(serve: Serve, body: object, status: int = 200) -> HttpServer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=204) if status == 204 else web.json_response(body, status=status)

    return await serve(answer)


async def test_lists_are_typed_by_kind_and_an_unknown_kind_fails_nothing(serve: Serve) -> None:
    rows = [{"id": type_, "type": type_} for type_ in ("fragment", "translation", "caption", None)]
    server = await answering(serve, {"data": rows, "pagination": {"currentPage": 1, "totalPages": 1}})
    async with session(server) as sb:
        of_event = await sb.transcriptions.list(
            4630, type="fragment", session_id="s", language_code="de", include_partial=True
        ).collect()
        of_session = await sb.transcriptions.list_for_session(4630, "s", page_size=10).collect()
    kinds = [TranscriptionFragment, TranscriptionTranslation, Transcription, Transcription]
    assert [type(row) for row in of_event] == [type(row) for row in of_session] == kinds
    filters = "type=fragment&session_id=s&language_code=de&include_partial=true"
    assert server.requests == [
        f"GET {OF_EVENT}?{filters}&page=1&pageSize=100",
        f"GET {OF_SESSION}?page=1&pageSize=10",
    ]


async def test_one_transcription_by_either_way(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": "t", "type": "summary", "transcription": "They met."}})
    async with session(server) as sb:
        found = await sb.transcriptions.get(4630, "t")
        same = await sb.transcriptions.get_for_session(4630, "s", "t")
    assert isinstance(found, TranscriptionSummary)
    assert found == same
    assert found.transcription == "They met."
    assert server.requests == [f"GET {OF_EVENT}/t", f"GET {OF_SESSION}/t"]


async def test_writes_send_what_was_passed(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": "t", "type": "fragment"}}, 201)
    async with session(server) as sb:
        created = await sb.transcriptions.create(
            4630, "s", type="fragment", transcription="Good morning", extra={"language_code": "en"}
        )
        await sb.transcriptions.create(4630, "s", type="insight")
        await sb.transcriptions.update(4630, "s", "t", transcription=None)
        await sb.transcriptions.update(4630, "s", "t", extra={"speaker": "Ada"})
    assert isinstance(created, TranscriptionFragment)
    assert server.requests == [f"POST {OF_SESSION}"] * 2 + [f"PUT {OF_SESSION}/t"] * 2
    assert [json.loads(body) for body in server.bodies] == [
        {"type": "fragment", "transcription": "Good morning", "language_code": "en"},
        {"type": "insight"},
        {"transcription": None},
        {"speaker": "Ada"},
    ]


async def test_deleting_answers_nothing(serve: Serve) -> None:
    server = await answering(serve, None, 204)
    async with session(server) as sb:
        await sb.transcriptions.delete(4630, "s", "t")
    assert server.requests == [f"DELETE {OF_SESSION}/t"]


async def test_a_write_that_may_have_arrived_is_not_sent_again(serve: Serve) -> None:
    server = await answering(serve, {}, 500)
    async with session(server) as sb:
        with pytest.raises(ServerError):
            await sb.transcriptions.create(4630, "s", type="fragment")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"type": "caption"}, "type must be one of fragment, summary, insight, translation"),
        ({"type": "fragment", "transcription": 5}, "transcription must be str, not int"),
        ({"type": "fragment", "extra": {"type": "summary"}}, "pass type by keyword"),
    ],
)
async def test_a_bad_value_is_refused_before_any_request(arguments: dict[str, Any], said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises((ValueError, TypeError), match=said):
            await sb.transcriptions.create(4630, "s", **arguments)
        with pytest.raises(ValueError, match="type must be one of"):
            sb.transcriptions.list(4630, type="caption")  # type: ignore[arg-type]  # wrong on purpose
