"""Content packs, over a real connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, NotFoundError
from sessionboard_async.models import ContentItem, Podcast, Recap, SessionContent, Summary
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

SUMMARY = {"id": "i-1", "type": "summary", "text": "They met.", "provider": "claude"}
MIND_MAP = {"id": "i-2", "type": "mind_map", "nodes": [1, 2]}


def session(server: HttpServer) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT)


async def answering(serve: Serve, body: object, status: int = 200) -> HttpServer:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return await serve(answer)


async def test_packs_come_page_by_page_with_items_of_their_kinds(serve: Serve) -> None:
    async def page(request: web.Request) -> web.Response:
        number = int(request.query["page"])
        return web.json_response(
            {
                "data": [{"id": f"s-{number}", "has_summary": True, "items": [SUMMARY, MIND_MAP]}],
                "pagination": {"current_page": number, "page_size": 1, "total_pages": 2, "total_results": 2},
            }
        )

    server = await serve(page)
    async with session(server) as sb:
        packs = await sb.content.list(
            4630,
            session_id="s",
            expand=["summary", "items"],
            interval_sec=30,
            provider="claude",
            page_size=1,
        ).collect()
    assert [pack.id for pack in packs] == ["s-1", "s-2"]
    assert [[type(item) for item in pack.items or ()] for pack in packs] == [[Summary, ContentItem]] * 2
    assert server.requests[0] == (
        "GET /v1/event/4630/content?session_id=s&expand=summary%2Citems&interval_sec=30&provider=claude"
        "&page=1&pageSize=1"
    )


async def test_without_arguments_nothing_is_asked_for(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": 4630, "items": [{"type": "recap"}]}})
    async with session(server) as sb:
        event = await sb.content.event(4630)
        pack = await sb.content.session(4630, "a b")
    assert event.id == 4630
    assert event.items is not None
    assert [type(item) for item in event.items] == [Recap]
    assert isinstance(pack, SessionContent)
    assert server.requests == [
        "GET /v1/event/4630/content/event",
        "GET /v1/event/4630/sessions/a%20b/content",
    ]


async def test_expansions_and_options_of_single_packs(serve: Serve) -> None:
    server = await answering(serve, {"data": {"id": "s"}})
    async with session(server) as sb:
        await sb.content.event(4630, expand=["recap"])
        await sb.content.session(4630, "s", expand=["items"], interval_sec=7200, provider="openai")
    assert server.requests == [
        "GET /v1/event/4630/content/event?expand=recap",
        "GET /v1/event/4630/sessions/s/content?expand=items&interval_sec=7200&provider=openai",
    ]


@pytest.mark.parametrize(
    ("sent", "kind"), [({"id": "p", "type": "podcast"}, Podcast), (MIND_MAP, ContentItem), ({}, ContentItem)]
)
async def test_an_item_is_of_the_class_of_its_kind(serve: Serve, sent: dict[str, Any], kind: type) -> None:
    server = await answering(serve, {"data": sent})
    async with session(server) as sb:
        item = await sb.content.item(4630, "summary_pdf", session_id="s", interval_sec=5, provider="other")
    assert type(item) is kind
    assert item.as_sent == sent
    assert server.requests == [
        "GET /v1/event/4630/content/items/summary_pdf?session_id=s&interval_sec=5&provider=other"
    ]


async def test_a_missing_item_is_an_error(serve: Serve) -> None:
    server = await answering(serve, {"error": "NotFoundError", "message": "no such item"}, 404)
    async with session(server) as sb:
        with pytest.raises(NotFoundError, match="no such item"):
            await sb.content.item(4630, "gone")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"interval_sec": 0}, "interval_sec must be 1 or more, and at most 3600"),
        ({"interval_sec": 3601}, "interval_sec must be 1 or more, and at most 3600"),
        ({"interval_sec": True}, "interval_sec must be int, not bool"),
        ({"provider": "gemini"}, "provider must be one of claude, openai"),
        ({"expand": ["recap"]}, "expand must be one of transcription"),
        ({"expand": "items"}, r"write \['items'\]"),
    ],
)
async def test_a_bad_argument_is_refused_before_any_request(arguments: dict[str, Any], said: str) -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises((ValueError, TypeError), match=said):
            sb.content.list(4630, **arguments)


async def test_a_bad_argument_for_one_pack_is_refused_before_any_request() -> None:
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:9") as sb:
        with pytest.raises(ValueError, match="interval_sec must be 1 or more"):
            await sb.content.session(4630, "s", interval_sec=0)
        with pytest.raises(ValueError, match="interval_sec must be 1 or more"):
            await sb.content.item(4630, "i", interval_sec=-1)
        with pytest.raises(TypeError, match="item_id must be"):
            await sb.content.item(4630, None)  # type: ignore[arg-type]  # the mistake
        with pytest.raises(ValueError, match="expand must be one of"):
            await sb.content.event(4630, expand=["mind_map"])  # type: ignore[list-item]  # wrong on purpose
