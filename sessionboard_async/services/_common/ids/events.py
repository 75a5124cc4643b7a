"""The event in the address of an operation."""

from __future__ import annotations

from typing import TypeAlias

from sessionboard_async.models.events import Event
from sessionboard_async.services._common.ids.arguments import Id, Path, id_of

EventLike: TypeAlias = Event | Id
"""An event, or its id."""


def event_id_of(event: EventLike) -> str | int:
    """Return the id of an event.

    Raises:
        TypeError: If it is a record of another type.
        ValueError: If the event has no id.
    """
    return id_of("event_id", event, Event)


def event_path(event_id: EventLike) -> Path:
    """Return the path arguments of an event."""
    return {"event_id": event_id_of(event_id)}
