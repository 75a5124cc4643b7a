"""Events."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, Record


class EventFeatures(Record, frozen=True, kw_only=True):
    """The features that are switched on for an event."""

    _shown: ClassVar[tuple[str, ...]] = ("translated_fields",)

    translated_fields: bool | None = None


class Event(Record, frozen=True, kw_only=True):
    """An event that the token has access to.

    The two regions number their events independently, so an ``id`` is unique only with its region.
    ``timezone`` is an IANA name, such as ``America/Chicago``; all timestamps of the API are UTC.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "name")

    id: EventId | None = None
    name: str | None = None
    timezone: str | None = None
    features: EventFeatures | None = None

    def __post_init__(self) -> None:
        if self.features == EventFeatures():
            force_setattr(self, "features", None)
