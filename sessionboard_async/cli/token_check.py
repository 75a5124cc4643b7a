"""Finds out what a token can do: the events and scopes, the limits in force, and the API's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from sessionboard_async import (
    APIError,
    AsyncSession,
    Budget,
    DecodeError,
    Pager,
    PermissionDeniedError,
)
from sessionboard_async.core.http.response import http_date
from sessionboard_async.export.refusals import is_refusal
from sessionboard_async.models import Event

_READS: dict[str, Callable[[AsyncSession, int | str], Pager[Any]]] = {
    "read:events": lambda sb, event: sb.tracks.search(event, page_size=1),
    "read:sessions": lambda sb, event: sb.sessions.search(event, page_size=1),
    "read:contacts": lambda sb, event: sb.speakers.search(event, page_size=1),
    "read:transcriptions": lambda sb, event: sb.transcriptions.list(event, page_size=1),
    "read:insights": lambda sb, event: sb.dashboards.list(event_id=event, page_size=1),
}
"""By scope, an operation that needs it, changes nothing and counts against no rate limit."""


class ScopeCheck(msgspec.Struct, frozen=True):
    """Whether a token has a scope.

    Attributes:
        scope: The scope.
        allowed: Whether the API allowed an operation that needs it; ``None`` if that is not known.
        reason: The reason why not, or why it is not known.
    """

    scope: str
    allowed: bool | None
    reason: str = ""


class TokenCheck(msgspec.Struct, frozen=True):
    """What a token can do.

    Attributes:
        base_url: The address of the API.
        region: The region; ``None`` if an address was given instead.
        events: The events that it can read.
        scopes: The scopes that were tried.
        limits: The limits in force.
        clock_difference: By how many seconds the clock of this computer is ahead of the API's; ``None`` if
            the API does not send its time. The API sends whole seconds.
    """

    base_url: str
    region: str | None
    events: tuple[dict[str, Any], ...]
    scopes: tuple[ScopeCheck, ...]
    limits: tuple[Budget, ...]
    clock_difference: float | None


async def check_token(sb: AsyncSession, region: str | None) -> TokenCheck:
    """Try a token, with one small request for each scope.

    Raises:
        SessionboardError: If the token or the API does not work.
    """
    difference, events = None, list[Event]()
    scopes: list[ScopeCheck] = []
    try:
        events = await sb.events.list().collect()
        difference = await _clock_difference(sb)
    except PermissionDeniedError as error:
        if not error.from_api:
            raise
        scopes.append(ScopeCheck("read:events", False, str(error)))
    first = events[0].id if events else None
    scopes += [await _try(sb, scope, first) for scope in list(_READS)[len(scopes) :]]
    budgets = await sb.limits.snapshot()
    return TokenCheck(
        base_url=sb.base_url,
        region=region,
        events=tuple(map(_plain, events)),
        scopes=tuple(scopes),
        limits=tuple(budgets[name] for name in sorted(budgets)),
        clock_difference=difference,
    )


def _plain(event: Event) -> dict[str, Any]:
    return {"id": event.id, "name": event.name, "timezone": event.timezone}


async def _clock_difference(sb: AsyncSession) -> float | None:
    before = datetime.now(UTC)
    response = await sb.request("GET", "/v1/events", query={"page": 1, "pageSize": 1})
    now = before + (datetime.now(UTC) - before) / 2
    date = http_date(response.headers.get("Date") or "")
    return None if date is None else round((now - date).total_seconds(), 1)


async def _try(sb: AsyncSession, scope: str, event: int | str | None) -> ScopeCheck:
    if event is None:
        return ScopeCheck(scope, None, "there is no event to try it on")
    try:
        await _READS[scope](sb, event).first()
    except APIError as error:
        return ScopeCheck(scope, False if is_refusal(error) else None, str(error))
    except DecodeError as error:
        return ScopeCheck(scope, None, str(error))
    return ScopeCheck(scope, True)
