"""Calls of the services of an event's settings, with every argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer
from tests.contract.calls_records import DATES, EXPANSIONS, SEARCH


async def events(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    assert await sb.events.list().collect()
    await sb.events.get(server.event_id)


async def fields(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    assert await sb.fields.list(event).collect()
    assert await sb.fields.search(event).collect()
    await sb.fields.search(
        event, module="session", source="custom", scope="event", sort="created_at", expand=EXPANSIONS, **DATES
    ).collect()
    made = await sb.fields.create(event, name="Shoe size", type="text", module_id="session")
    await sb.fields.update(event, made, name="Shoe size (EU)", type="text", module_id="session")
    await sb.fields.delete(event, made)


async def metadata(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    event = server.event_id
    color: Any = {"color": "#2E7D32"}
    capacity: Any = {"capacity": 80}
    families: list[tuple[Any, dict[str, Any]]] = [
        (sb.rooms, capacity),
        (sb.tracks, color),
        (sb.tags, {}),
        (sb.formats, {}),
        (sb.levels, {}),
        (sb.languages, {}),
        (sb.statuses, color),
    ]
    for service, more in families:
        assert await service.list(event).collect()
        assert await service.search(event).collect()
        await service.search(event, **SEARCH).collect()
        made = await service.create(event, name="New", **more)
        await service.update(event, made.id, name="Newer", **more)
        await service.delete(event, made.id)
        if service is sb.statuses:
            await sb.statuses.restore(event, made.id)
