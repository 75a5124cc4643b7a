"""Rows of a server that reports no total: their end is a guess, which is logged."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]


@pytest.mark.parametrize(
    ("rows", "warned"), [(100, ["page 2 equals page 1, and the API reports no total"]), (3, [])]
)
async def test_a_guessed_end_is_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture, rows: int, warned: list[str]
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"results": [{"id": "one"}] * rows})

    server = await serve(answer)
    with caplog.at_level(logging.WARNING, "sessionboard_async"):
        async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
            assert len(await sb.insights.execute("SELECT 1").collect()) == rows
    assert len(caplog.messages) == len(warned)
    assert all(words in caplog.text for words in warned)
