"""httpx2 and pydantic, one request after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast

import httpx2

from benchmarks.contenders import HEADERS
from benchmarks.jobs.work import SEARCHES
from benchmarks.model_variants import PydanticVariants
from benchmarks.recording import RECORDS_PER_PAGE
from sessionboard_async import Page
from sessionboard_async.models import Session

_RECORDS = dict(SEARCHES.values())


class Httpx2Pydantic:
    """httpx2 and pydantic models."""

    def __init__(self, client: httpx2.AsyncClient, base_url: str) -> None:
        self._client = client
        self._base_url = base_url
        variants = PydanticVariants()
        self._session: Any = variants.of(Session)
        self._model_of: Callable[[str], Any] = cache(
            lambda path: variants.of(cast("Any", Page)[_RECORDS[path]])
        )

    async def stream(self, event: int) -> list[str | None]:
        ids: list[str | None] = []
        async for page in self._pages(event, "sessions"):
            ids += [session.id for session in page.results]
        return ids

    async def export(self, event: int, folder: Path) -> None:
        for resource, (path, _) in SEARCHES.items():
            with folder.joinpath(f"{resource}.jsonl").open("w", encoding="utf-8") as file:
                async for page in self._pages(event, path):
                    for record in page.results:
                        file.write(record.model_dump_json(by_alias=True, exclude_unset=True))
                        file.write("\n")

    async def events(self, events: Sequence[int]) -> list[list[str | None]]:
        return [await self.stream(event) for event in events]

    async def gets(self, event: int, ids: Collection[str]) -> list[str | None]:
        titles: list[str | None] = []
        for id_ in ids:
            url = f"{self._base_url}/v1/event/{event}/sessions/{id_}"
            answer = await self._client.get(url, headers=HEADERS)
            titles.append(self._session.model_validate_json(answer.content).title)
        return titles

    async def _pages(self, event: int, path: str) -> AsyncIterator[Any]:
        number = last = 1
        while number <= last:
            url = f"{self._base_url}/v1/event/{event}/{path}?page={number}&pageSize={RECORDS_PER_PAGE}"
            answer = await self._client.post(url, content=b"{}", headers=HEADERS)
            page = self._model_of(path).model_validate_json(answer.content)
            last = page.pagination.total_pages
            yield page
            number += 1


@asynccontextmanager
async def httpx2_pydantic(base_url: str) -> AsyncIterator[Httpx2Pydantic]:
    """Open httpx2."""
    async with httpx2.AsyncClient() as client:
        yield Httpx2Pydantic(client, base_url)
