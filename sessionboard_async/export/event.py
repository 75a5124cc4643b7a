"""The event of an export: its name, time zone and features."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import Any

from sessionboard_async.client import AsyncSession
from sessionboard_async.errors import APIError
from sessionboard_async.export.refusals import is_refusal
from sessionboard_async.models.base import EventId

logger: logging.Logger = logging.getLogger("sessionboard_async")


async def read_event(sb: AsyncSession, event_id: EventId) -> tuple[dict[str, Any] | None, str | None]:
    """Return the event as the API sent it, or ``None`` and why the token does not see it.

    Not ``events.get``, whose error for an event that is not listed looks like the page of a proxy. Nor as
    models: a strict client would refuse all events for the form of one of them.

    Raises:
        SessionboardError: If the list of events cannot be read, for another reason than a refusal.
    """
    try:
        async with aclosing(sb.events.list().raw().pages()) as pages:
            async for page in pages:
                for event in page.results:
                    if str(event.get("id")) == str(event_id):
                        return event, None
    except APIError as error:
        if not is_refusal(error):
            raise
        return None, str(error)
    return None, "the token does not see it in the list of events"


def warn_of_missing_event(event_id: EventId, reason: str) -> None:
    """Log that the manifest has no name and time zone of the event."""
    logger.warning("event %s: its name and time zone were not read: %s", event_id, reason)
