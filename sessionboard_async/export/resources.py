"""The resources of an event that exports, change feeds and copies read, and their services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sessionboard_async import services
from sessionboard_async._suggestions import did_you_mean
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.services._common.crud import RetrieveService
from sessionboard_async.services.metadata import MetadataService

EventService = RetrieveService[Any, Any] | MetadataService[Any] | services.Fields
"""A service with a ``search`` for the records of an event."""

_SERVICES: dict[str, Callable[[AsyncSession], EventService]] = {
    "sessions": lambda sb: sb.sessions,
    "speakers": lambda sb: sb.speakers,
    "contacts": lambda sb: sb.contacts,
    "sponsors": lambda sb: sb.sponsors,
    "exhibitors": lambda sb: sb.exhibitors,
    "fields": lambda sb: sb.fields,
    "rooms": lambda sb: sb.rooms,
    "tracks": lambda sb: sb.tracks,
    "tags": lambda sb: sb.tags,
    "formats": lambda sb: sb.formats,
    "levels": lambda sb: sb.levels,
    "languages": lambda sb: sb.languages,
    "statuses": lambda sb: sb.statuses,
}

RESOURCES: tuple[str, ...] = tuple(_SERVICES)
"""The resources that can be exported and followed; each is a service of ``AsyncSession``."""


def event_service(sb: AsyncSession, resource: str) -> EventService:
    """Return the service of a resource."""
    return _SERVICES[resource](sb)


def event_search(sb: AsyncSession, resource: str) -> Callable[..., Pager[Any]]:
    """Return the ``search`` of a resource; its filters and the type of its records depend on the resource."""
    return event_service(sb, resource).search


def validate_resources(resources: Iterable[str]) -> tuple[str, ...]:
    """Return each resource once, in the order given.

    Raises:
        ValueError: If a resource is unknown.
        TypeError: If it is a single string.
    """
    if isinstance(resources, str):
        raise TypeError(f"resources must be a sequence of strings: write [{resources!r}]")
    unique = tuple(dict.fromkeys(resources))
    if unknown := [resource for resource in unique if resource not in RESOURCES]:
        names = ", ".join(map(repr, unknown))
        question = did_you_mean(unknown, RESOURCES)
        raise ValueError(f"unknown resources: {names}; the resources are {', '.join(RESOURCES)}{question}")
    return unique
