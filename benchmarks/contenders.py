"""The ways to stream an event's sessions that are held against each other.

Each opens its client once and then streams as often as it is asked to. A stream asks for page after page up
to the last one, touches the title of every record, and lets go of a page before it reads the next.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Unpack

import aiohttp
import msgspec

from benchmarks.recording import RECORDS_PER_PAGE
from sessionboard_async import AsyncSession, Page, PagerOptions
from sessionboard_async.models import Session

Stream = Callable[[int], Awaitable[int]]
"""Streams an event of so many pages, and returns how many records came."""

Contender = Callable[[str], AbstractAsyncContextManager[Stream]]
"""Opens a client for a base URL."""

TOKEN = "a-token-for-nothing"
HEADERS = {"x-access-token": TOKEN, "Content-Type": "application/json"}
BODY = b"{}"


def page_url(base_url: str, pages: int, number: int) -> str:
    """Return the address of one page."""
    return f"{base_url}/v1/event/{pages}/sessions?page={number}&pageSize={RECORDS_PER_PAGE}"


@asynccontextmanager
async def floor(base_url: str) -> AsyncIterator[Stream]:
    """Open bare aiohttp with one kept msgspec decoder: the least that has to be done."""
    decoder = msgspec.json.Decoder(Page[Session])
    async with aiohttp.ClientSession() as client:

        async def stream(pages: int) -> int:
            records = 0
            for number in range(1, pages + 1):
                async with client.post(
                    page_url(base_url, pages, number), data=BODY, headers=HEADERS
                ) as answer:
                    page = decoder.decode(await answer.read())
                for session in page.results:
                    _ = session.title
                records += len(page.results)
                del page, session
            return records

        yield stream


@asynccontextmanager
async def us(base_url: str, **options: Unpack[PagerOptions]) -> AsyncIterator[Stream]:
    """Open this package: retries, limiter, checks and all, with its defaults or with options of a pager."""
    async with AsyncSession(TOKEN, base_url=base_url) as sb:

        async def stream(pages: int) -> int:
            records = 0
            async for session in sb.sessions.search(pages, **options):
                _ = session.title
                records += 1
            return records

        yield stream


@asynccontextmanager
async def httpx_pydantic(base_url: str, *, from_dicts: bool = False) -> AsyncIterator[Stream]:
    """Open httpx with pydantic v2: fed with bytes, its fastest way, or with dicts, its most usual one."""
    import httpx

    from benchmarks.twins import pydantic_page

    model: Any = pydantic_page()
    async with httpx.AsyncClient() as client:

        async def stream(pages: int) -> int:
            records = 0
            for number in range(1, pages + 1):
                answer = await client.post(page_url(base_url, pages, number), content=BODY, headers=HEADERS)
                if from_dicts:
                    page = model.model_validate(answer.json())
                else:
                    page = model.model_validate_json(answer.content)
                for session in page.results:
                    _ = session.title
                records += len(page.results)
                del page, session
            return records

        yield stream


@asynccontextmanager
async def aiohttp_json(base_url: str) -> AsyncIterator[Stream]:
    """Open bare aiohttp with the standard library's JSON: dicts, without any types."""
    async with aiohttp.ClientSession() as client:

        async def stream(pages: int) -> int:
            records = 0
            for number in range(1, pages + 1):
                async with client.post(
                    page_url(base_url, pages, number), data=BODY, headers=HEADERS
                ) as answer:
                    page = json.loads(await answer.read())
                for session in page["results"]:
                    _ = session["title"]
                records += len(page["results"])
                del page, session
            return records

        yield stream


CONTENDERS: dict[str, Contender] = {
    "floor": floor,
    "us": us,
    "us by time, prefetch=1": partial(us, prefetch=1),
    "us by page numbers": partial(us, consistency="pages"),
    "httpx+pydantic": httpx_pydantic,
    "httpx+pydantic from dicts": partial(httpx_pydantic, from_dicts=True),
    "aiohttp+json": aiohttp_json,
}
