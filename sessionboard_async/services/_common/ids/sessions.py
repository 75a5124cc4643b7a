"""The session in the address of an operation."""

from __future__ import annotations

from typing import TypeAlias

from sessionboard_async.models.base import Record
from sessionboard_async.models.people import ContactSessionSummary
from sessionboard_async.models.sessions import Session, SessionStatus, Subsession, SubsessionStatus
from sessionboard_async.services._common.ids.arguments import Id, Path, id_of
from sessionboard_async.services._common.ids.events import EventLike, event_path

SessionLike: TypeAlias = Session | Subsession | SessionStatus | SubsessionStatus | ContactSessionSummary | Id
"""A session or subsession, in any of its forms, or its id."""


def session_path(event_id: EventLike, session_id: SessionLike) -> Path:
    """Return the path arguments of a session."""
    return {**event_path(event_id), "session_id": id_of("session_id", session_id, SessionLike)}


def part_path(
    event_id: EventLike, session_id: SessionLike, name: str, part: Record | Id, kind: type[Record]
) -> Path:
    """Return the path arguments of a record that belongs to a session, such as a file.

    Args:
        event_id: The event.
        session_id: The session.
        name: The name that the path gives to the id of the record.
        part: The record, or its id.
        kind: The type of the record.
    """
    return {**session_path(event_id, session_id), name: id_of(name, part, kind)}
