"""Calls of the services of dashboards, widgets, saved queries and insights, with every argument.

Each call is made for an event and for the whole organization.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer

QUERY = "SELECT sessions.title FROM sessions LIMIT 3"


async def dashboards(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    for where in ({"event_id": server.event_id}, {"event_id": None}):
        scope: Any = where
        made = await sb.dashboards.create(
            name="Numbers", description="How many.", widgets=[{"type": "number"}], **scope
        )
        await sb.dashboards.update(made, name="All numbers", description="How many of all.", **scope)
        await sb.dashboards.get(made, **scope)
        assert await sb.dashboards.list(**scope).collect()
        widget = await sb.widgets.create(
            made, type="table", title="Titles", config={"rows": 3}, query=QUERY, **scope
        )
        await sb.widgets.update(widget, title="Three titles", config={"rows": 2}, query=QUERY, **scope)
        await sb.insights.dashboard(made, **scope)
        await sb.widgets.delete(widget, **scope)
        await sb.dashboards.delete(made, **scope)


async def queries(sb: AsyncSession, server: EmbeddedServer, _: Path) -> None:
    for where in ({"event_id": server.event_id}, {"event_id": None}):
        scope: Any = where
        made = await sb.queries.create(name="Titles", query=QUERY, category="sessions", **scope)
        await sb.queries.update(made, name="Three titles", query=QUERY, category="talks", **scope)
        assert await sb.queries.list(**scope).collect()
        assert await sb.queries.run(made, obfuscate_pii=False, **scope).collect()
        assert await sb.insights.queries(**scope).collect()
        await sb.insights.run_query(made, obfuscate_pii=False, **scope).collect()
        await sb.queries.delete(made, **scope)


async def insights(sb: AsyncSession, server: EmbeddedServer, folder: Path) -> None:
    for where in ({"event_id": server.event_id}, {"event_id": None}):
        scope: Any = where
        assert await sb.insights.execute(QUERY, obfuscate_pii=False, **scope).collect()
        await sb.insights.generate("the titles of all sessions", **scope)
        await sb.insights.schema(**scope)
        await sb.insights.suggestions(**scope)
    await sb.insights.event_schema(server.event_id)

    events: Any = {"event_ids": list(server.event_ids)}
    everything: Any = {
        "search": "a",
        "sort_by": "title",
        "sort_direction": "desc",
        "group_by": "title",
        "pivot": "title",
    }
    await sb.insights.execute(QUERY, event_id=server.event_id, **everything).collect()
    await sb.insights.execute(QUERY, **events).collect()
    path = folder / "titles.csv"
    await sb.insights.execute_file(QUERY, path, format="csv", page=1, limit=2)
    saved = await sb.queries.create(name="Titles", query=QUERY)
    await sb.insights.run_query_file(saved, path, format="csv", **events)
    await sb.insights.run_query_file(saved, path, event_id=server.event_id)
    await sb.insights.run_query(saved, **events).collect()
    history: Any = [{"role": "user", "content": "I want titles."}]
    await sb.insights.generate("all of them", conversation_history=history, **events)
    await sb.insights.generate("its talks", event_id=server.event_id, conversation_history=history)
    await sb.insights.suggestions(event_id=server.event_id, category="sessions")
    await sb.insights.queries(event_id=server.event_id, category="sessions").collect()
    await sb.queries.list(category="sessions").collect()
