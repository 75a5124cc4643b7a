"""The numbers of records that the API reports, for estimates of the time left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from sessionboard_async import AsyncSession
from sessionboard_async.errors import APIError
from sessionboard_async.export.refusals import is_refusal
from sessionboard_async.export.resources import event_search
from sessionboard_async.models.base import EventId


async def reported_totals(sb: AsyncSession, event_id: EventId, resources: Sequence[str]) -> dict[str, int]:
    """Return the number of records of each resource, where the API reports it.

    One request is sent for each resource, all at the same time.

    Raises:
        SessionboardError: If a request fails, other than by a refusal of the resource.
    """
    counts = await asyncio.gather(
        *(_reported_total(sb, event_id, resource) for resource in resources), return_exceptions=True
    )
    totals: dict[str, int] = {}
    for resource, count in zip(resources, counts, strict=True):
        if isinstance(count, BaseException):
            # The command reports what is refused.
            if not (isinstance(count, APIError) and is_refusal(count)):
                raise count
        elif count is not None:
            totals[resource] = count
    return totals


async def _reported_total(sb: AsyncSession, event_id: EventId, resource: str) -> int | None:
    search = event_search(sb, resource)(event_id, page_size=1, limit=1, consistency="pages")
    async with aclosing(search.raw().pages()) as pages:
        async for page in pages:
            return None if page.pagination is None else page.pagination.total_results
    return None
