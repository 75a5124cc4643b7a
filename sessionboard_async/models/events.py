"""Events."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, Record


class EventFeatures(Record, frozen=True, kw_only=True):
    """What is switched on for an event."""

    _shown: ClassVar[tuple[str, ...]] = ("translated_fields",)

    translated_fields: bool | None = None


class Event(Record, frozen=True, kw_only=True):
    """An event that the token may see.

    The two regions number their events apart: an ``id`` says nothing without the region. ``timezone`` is
    an IANA name, such as ``America/Chicago``; all times the API sends are UTC.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: EventId | None = None
    name: str | None = None
    timezone: str | None = None
    features: EventFeatures | None = None

    def __post_init__(self) -> None:
        if self.features == EventFeatures():
            force_setattr(self, "features", None)
