"""Agenda drafts, and the rules and personas of agenda planning."""

from __future__ import annotations

from typing import Any, ClassVar

from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp


class AgendaDraft(Record, frozen=True, kw_only=True):
    """A draft of the schedule, in which sessions are placed before a commit applies it.

    ``status`` is an open string, such as ``draft`` or ``committed``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name", "status")

    id: str | None = None
    event_id: EventId | None = None
    name: str | None = None
    description: str | None = None
    status: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    admin_url: str | None = None


class DraftSession(Record, frozen=True, kw_only=True):
    """The time and room that a draft gives to a session."""

    _shown: ClassVar[tuple[str, ...]] = ("id",)

    id: str | None = None
    draft_id: str | None = None
    session_id: str | None = None
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    room_id: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class DraftChanges(OpenRecord, frozen=True, kw_only=True):
    """The changes that committing a draft would make. Their form is not documented: see ``as_sent``.

    Attributes:
        changes: The single changes, if the API lists them.
    """

    _array: ClassVar[str | None] = "changes"

    changes: tuple[dict[str, Any], ...] | None = None


class Rule(Record, frozen=True, kw_only=True):
    """A constraint on the schedule; ``config`` depends on ``type``."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: str | None = None
    event_id: EventId | None = None
    name: str | None = None
    type: str | None = None
    config: dict[str, Any] | None = None
    enabled: bool | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class Persona(Record, frozen=True, kw_only=True):
    """An invented attendee, from whose point of view the API judges a schedule.

    The form of ``config`` is not documented.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: str | None = None
    event_id: EventId | None = None
    name: str | None = None
    description: str | None = None
    config: dict[str, Any] | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
