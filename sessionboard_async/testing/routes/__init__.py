"""What each operation answers: functions from the organization and a request to plain data."""

from __future__ import annotations

from sessionboard_async.testing.operations import Handler
from sessionboard_async.testing.routes import (
    accounts,
    content,
    events,
    gdpr,
    insights,
    oauth,
    people,
    planning,
    reports,
    sessions,
    settings,
    transcriptions,
    uploads,
)

OPERATIONS: dict[str, Handler] = {
    **accounts.OPERATIONS,
    **content.OPERATIONS,
    **events.OPERATIONS,
    **gdpr.OPERATIONS,
    **insights.OPERATIONS,
    **oauth.OPERATIONS,
    **people.OPERATIONS,
    **planning.OPERATIONS,
    **reports.OPERATIONS,
    **sessions.OPERATIONS,
    **settings.OPERATIONS,
    **transcriptions.OPERATIONS,
    **uploads.OPERATIONS,
}
"""Every operation that is answered, by its ``operationId``."""
