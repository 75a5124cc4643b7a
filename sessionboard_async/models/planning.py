"""Drafts of an agenda, and the rules and personas that it is planned by."""

from __future__ import annotations

from typing import Any, ClassVar

from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp


class AgendaDraft(Record, frozen=True, kw_only=True):
    """A workspace in which sessions are placed before the live schedule follows.

    ``status`` is ``draft`` or ``committed``, and an open string.
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
    """Where and when a draft places a session."""

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
    """What committing a draft would change. The API's document says nothing of its form: see ``as_sent``.

    Attributes:
        changes: The changes one by one, where the API lists them.
    """

    _array: ClassVar[str | None] = "changes"

    changes: tuple[dict[str, Any], ...] | None = None


class Rule(Record, frozen=True, kw_only=True):
    """A constraint that a schedule shall meet; ``config`` depends on ``type``."""

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
    """An invented attendee by whose eyes a schedule is judged; ``config`` has no documented form."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: str | None = None
    event_id: EventId | None = None
    name: str | None = None
    description: str | None = None
    config: dict[str, Any] | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
