"""This package with its defaults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.contenders import TOKEN
from sessionboard_async import AsyncSession
from sessionboard_async.export import RESOURCES, export_event


class Ours:
    """This package.

    Args:
        sb: The client.
        only: The resources to export.
    """

    def __init__(self, sb: AsyncSession, only: Iterable[str] = RESOURCES) -> None:
        self._sb = sb
        self._only = only

    async def stream(self, event: int) -> list[str | None]:
        return [session.id async for session in self._sb.sessions.search(event)]

    async def export(self, event: int, folder: Path) -> None:
        await export_event(self._sb, event, folder, only=self._only)

    async def events(self, events: Sequence[int]) -> list[list[str | None]]:
        return await asyncio.gather(*map(self.stream, events))

    async def gets(self, event: int, ids: Collection[str]) -> list[str | None]:
        sessions = await asyncio.gather(*(self._sb.sessions.get(event, id_) for id_ in ids))
        return [session.title for session in sessions]


@asynccontextmanager
async def us(base_url: str) -> AsyncIterator[Ours]:
    """Open this package."""
    async with AsyncSession(TOKEN, base_url=base_url) as sb:
        yield Ours(sb)


@asynccontextmanager
async def us_sessions_alone(base_url: str) -> AsyncIterator[Ours]:
    """Open this package, to export the longest resource alone."""
    async with AsyncSession(TOKEN, base_url=base_url) as sb:
        yield Ours(sb, only=("sessions",))
