"""Bare aiohttp and msgspec: page after page, or all pages by their numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from benchmarks.contenders import HEADERS
from benchmarks.jobs.work import AT_A_TIME, SEARCHES
from benchmarks.recording import RECORDS_PER_PAGE
from sessionboard_async import Page
from sessionboard_async.models import Session


class PageAfterPage:
    """One request after the other."""

    def __init__(self, client: aiohttp.ClientSession, base_url: str) -> None:
        self._client = client
        self._base_url = base_url
        self._session = msgspec.json.Decoder(Session)
        self._sessions = msgspec.json.Decoder(Page[Session])
        self._raw = msgspec.json.Decoder(Page[msgspec.Raw])

    async def stream(self, event: int) -> list[str | None]:
        ids: list[str | None] = []
        async for page in self._pages(event, "sessions", self._sessions):
            ids += [session.id for session in page.results]
        return ids

    async def export(self, event: int, folder: Path) -> None:
        for resource, (path, _) in SEARCHES.items():
            with folder.joinpath(f"{resource}.jsonl").open("wb") as file:
                async for page in self._pages(event, path, self._raw):
                    write(file, page)

    async def events(self, events: Sequence[int]) -> list[list[str | None]]:
        return [await self.stream(event) for event in events]

    async def gets(self, event: int, ids: Collection[str]) -> list[str | None]:
        return [await self._get(event, id_) for id_ in ids]

    async def _get(self, event: int, id_: str) -> str | None:
        url = f"{self._base_url}/v1/event/{event}/sessions/{id_}"
        async with self._client.get(url, headers=HEADERS) as answer:
            return self._session.decode(await answer.read()).title

    async def _pages(self, event: int, path: str, decoder: msgspec.json.Decoder[Any]) -> AsyncIterator[Any]:
        number = last = 1
        while number <= last:
            page = await self._page(event, path, number, decoder)
            last = page.pagination.total_pages
            yield page
            number += 1

    async def _page(self, event: int, path: str, number: int, decoder: msgspec.json.Decoder[Any]) -> Any:
        url = f"{self._base_url}/v1/event/{event}/{path}?page={number}&pageSize={RECORDS_PER_PAGE}"
        async with self._client.post(url, data=b"{}", headers=HEADERS) as answer:
            return decoder.decode(await answer.read())


class Gather(PageAfterPage):
    """All pages by their numbers, once the first one has their number: some requests at a time."""

    def __init__(self, client: aiohttp.ClientSession, base_url: str) -> None:
        super().__init__(client, base_url)
        self._turns = asyncio.Semaphore(AT_A_TIME)

    async def stream(self, event: int) -> list[str | None]:
        pages = await self._all_pages(event, "sessions", self._sessions)
        return [session.id for page in pages for session in page.results]

    async def export(self, event: int, folder: Path) -> None:
        await asyncio.gather(
            *(self._write_all(event, path, folder / f"{name}.jsonl") for name, (path, _) in SEARCHES.items())
        )

    async def events(self, events: Sequence[int]) -> list[list[str | None]]:
        return await asyncio.gather(*(self.stream(event) for event in events))

    async def gets(self, event: int, ids: Collection[str]) -> list[str | None]:
        return await asyncio.gather(*(self._get(event, id_) for id_ in ids))

    async def _write_all(self, event: int, path: str, target: Path) -> None:
        pages = await self._all_pages(event, path, self._raw)
        with target.open("wb") as file:
            for page in pages:
                write(file, page)

    async def _all_pages(self, event: int, path: str, decoder: msgspec.json.Decoder[Any]) -> list[Any]:
        first = await self._page(event, path, 1, decoder)
        others = range(2, first.pagination.total_pages + 1)
        return [
            first,
            *await asyncio.gather(*(self._page(event, path, number, decoder) for number in others)),
        ]

    async def _page(self, event: int, path: str, number: int, decoder: msgspec.json.Decoder[Any]) -> Any:
        async with self._turns:
            return await super()._page(event, path, number, decoder)

    async def _get(self, event: int, id_: str) -> str | None:
        async with self._turns:
            return await super()._get(event, id_)


def write(file: Any, page: Any) -> None:
    """Write the records of a page as lines."""
    for record in page.results:
        file.write(record)
        file.write(b"\n")


@asynccontextmanager
async def page_after_page(base_url: str) -> AsyncIterator[PageAfterPage]:
    """Open bare aiohttp, to send one request after the other."""
    async with aiohttp.ClientSession() as client:
        yield PageAfterPage(client, base_url)


@asynccontextmanager
async def gather(base_url: str) -> AsyncIterator[Gather]:
    """Open bare aiohttp, to send some requests at a time."""
    async with aiohttp.ClientSession() as client:
        yield Gather(client, base_url)
