"""The clients that are compared: ways to stream an event's sessions.

Each opens its client once and streams any number of times. A stream reads page after page up to the last one,
reads the title of every record, and releases a page before it requests the next.
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
"""Streams an event of a number of pages, and returns the number of records."""

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
    """Open bare aiohttp with one msgspec decoder: the least work possible."""
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
    """Open this package with its defaults (retries, limiter, checks), or with options of a pager."""
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
    """Open httpx with pydantic v2, decoding bytes (its fastest way) or dicts (the most usual one)."""
    import httpx

    from benchmarks.model_variants import pydantic_page

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
    """Open bare aiohttp with the standard library's JSON: untyped dicts."""
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
