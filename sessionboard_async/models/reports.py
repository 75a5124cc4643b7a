"""Dashboards, widgets and saved queries. The API's document describes few of their fields."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, OpenRecord, Timestamp


class Widget(OpenRecord, frozen=True, kw_only=True):
    """A panel of a dashboard; its data is in ``as_sent``."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "title")

    id: str | None = None
    type: str | None = None
    title: str | None = None
    query: str | None = None
    config: dict[str, Any] | None = None


class Dashboard(OpenRecord, frozen=True, kw_only=True):
    """A dashboard of an event; or of the organization, if ``event_id`` is ``None``."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: str | None = None
    name: str | None = None
    description: str | None = None
    event_id: EventId | None = None
    widgets: tuple[Widget, ...] | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class SavedQuery(OpenRecord, frozen=True, kw_only=True):
    """A saved SbQL query of an event; or of the organization, if ``event_id`` is ``None``.

    One operation spells it ``eventId``; it is read as ``event_id`` too.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: str | None = None
    name: str | None = None
    query: str | None = None
    category: str | None = None
    event_id: EventId | None = None
    event_id_in_camel_case: EventId | None = msgspec.field(default=None, name="eventId")

    def __post_init__(self) -> None:
        if self.event_id_in_camel_case is not None:
            if self.event_id is None:
                force_setattr(self, "event_id", self.event_id_in_camel_case)
            force_setattr(self, "event_id_in_camel_case", None)
