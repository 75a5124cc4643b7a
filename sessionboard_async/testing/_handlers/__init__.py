"""Handlers of the API's operations: functions from the organization and a request to plain data."""

from __future__ import annotations

from sessionboard_async.testing._handlers import (
    accounts,
    content,
    events,
    files,
    gdpr,
    insights,
    media,
    metadata,
    oauth,
    people,
    planning,
    recordings,
    reports,
    session_writes,
    sessions,
    settings,
    transcriptions,
)
from sessionboard_async.testing._writes.requests import Handler

OPERATIONS: dict[str, Handler] = {
    **accounts.OPERATIONS,
    **content.OPERATIONS,
    **events.OPERATIONS,
    **files.OPERATIONS,
    **gdpr.OPERATIONS,
    **insights.OPERATIONS,
    **media.OPERATIONS,
    **metadata.OPERATIONS,
    **oauth.OPERATIONS,
    **people.OPERATIONS,
    **planning.OPERATIONS,
    **recordings.OPERATIONS,
    **reports.OPERATIONS,
    **session_writes.OPERATIONS,
    **sessions.OPERATIONS,
    **settings.OPERATIONS,
    **transcriptions.OPERATIONS,
}
"""All handlers, by ``operationId``."""
