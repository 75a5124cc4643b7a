"""The settings of an event that sessions refer to."""

from __future__ import annotations

from typing import ClassVar

from sessionboard_async.models.base import EventId, Record, Timestamp


class Metadata(Record, frozen=True, kw_only=True):
    """The fields that all settings of an event share.

    The API sends ``event_id`` only inside sessions, and not for every kind; tags have no ``order``; the
    format inside a session has only ``id`` and ``name``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")
    _short_form: ClassVar[str | None] = "name"

    id: str | None = None
    event_id: EventId | None = None
    name: str | None = None
    order: int | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class Tag(Metadata, frozen=True, kw_only=True):
    """A tag; a session may have several."""


class Track(Metadata, frozen=True, kw_only=True):
    """A track: a series of sessions on one subject."""

    color: str | None = None


class Language(Metadata, frozen=True, kw_only=True):
    """A language of sessions."""


class Format(Metadata, frozen=True, kw_only=True):
    """A format of sessions, such as workshop, panel or keynote."""


class Level(Metadata, frozen=True, kw_only=True):
    """A level of difficulty of sessions."""


class Room(Metadata, frozen=True, kw_only=True):
    """A room, with its number of seats if known."""

    capacity: int | None = None


class Status(Record, frozen=True, kw_only=True):
    """A session status that an event defines.

    ``status`` is the API's status that it stands for, and that decides what happens to the session; ``name``
    is the public name. On a session from a search, only ``id`` and ``name`` may be set.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name", "status")
    _short_form: ClassVar[str | None] = "name"

    id: str | None = None
    name: str | None = None
    status: str | None = None
    status_name: str | None = None
    color: str | None = None
    order: int | None = None
    is_custom: bool | None = None
    created_at: Timestamp | None = None
    created_by_user_id: int | None = None
    created_by_user_name: str | None = None
