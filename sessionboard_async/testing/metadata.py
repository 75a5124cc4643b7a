"""The rooms, tracks, tags, formats, levels, languages and session statuses of one event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sessionboard_async.testing.chance import DAY, HOUR, milliseconds, uuid_for, zulu
from sessionboard_async.testing.fields import Record
from sessionboard_async.testing.texts import FORMATS, LANGUAGES, LEVELS, ROOMS, TAGS, TRACKS

FAMILIES = ("rooms", "tracks", "tags", "formats", "levels", "languages")

_FIRST = milliseconds(2025, 9, 8, 9)
_CAPACITIES = (480, 120, 40, None, 60, 25, 18, None)


class DatedRow(NamedTuple):
    """What records without further filters are sorted by."""

    ordinal: int
    created: int
    updated: int


class Status(NamedTuple):
    """A status of sessions: one of the five that exist everywhere, or one that the organization named."""

    name: str
    category: str
    color: str
    is_custom: bool = False


STATUS_DEFINITIONS: tuple[Status, ...] = (
    Status("Accepted", "accepted", "#2E7D32"),
    Status("Accept queue", "accept_queue", "#9CCC65"),
    Status("Pending", "pending", "#FFB300"),
    Status("Decline queue", "decline_queue", "#EF9A9A"),
    Status("Declined", "declined", "#C62828"),
    Status("Confirmed – contract signed", "accepted", "#1B5E20", True),
    Status("Waiting for slides", "accept_queue", "#7CB342", True),
    Status("Zweite Begutachtung", "pending", "#FF8F00", True),
)
_STANDARD_NAMES = {status.category: status.name for status in STATUS_DEFINITIONS if not status.is_custom}


class Metadata:
    """The settings of one event that sessions refer to."""

    def __init__(self, seed: int, event_id: int, position: int) -> None:
        self._key = (seed, position)
        self._event_id = event_id
        self._families = {
            "rooms": [self._room(order, name) for order, name in enumerate(ROOMS)],
            "tracks": [self._track(order, *track) for order, track in enumerate(TRACKS)],
            "tags": [self._named("tags", order, name) for order, name in enumerate(TAGS)],
            "formats": [
                self._ordered("formats", order, name, event_id) for order, name in enumerate(FORMATS)
            ],
            "levels": [self._ordered("levels", order, name, None) for order, name in enumerate(LEVELS)],
            "languages": [
                self._ordered("languages", order, name, event_id) for order, name in enumerate(LANGUAGES)
            ],
            "statuses": [self._status(order, status) for order, status in enumerate(STATUS_DEFINITIONS)],
        }

    def all(self, family: str) -> Sequence[Record]:
        """Return every record of a family, in the order that the event's team gave them."""
        return self._families[family]

    def rows(self, family: str) -> list[DatedRow]:
        """Return what the records of a family are sorted by."""
        return [DatedRow(index, _created(index), _updated(index)) for index in range(len(self.all(family)))]

    def _dates(self, order: int) -> Record:
        return {"created_at": zulu(_created(order)), "updated_at": zulu(_updated(order))}

    def _named(self, family: str, order: int, name: str) -> Record:
        return {"id": uuid_for(*self._key, family, order), "name": name, **self._dates(order)}

    def _ordered(self, family: str, order: int, name: str, event_id: int | None) -> Record:
        return {
            "id": uuid_for(*self._key, family, order),
            **({} if event_id is None else {"event_id": event_id}),
            "name": name,
            "order": order,
            **self._dates(order),
        }

    def _room(self, order: int, name: str) -> Record:
        return {
            **self._ordered("rooms", order, name, None),
            "capacity": _CAPACITIES[order % len(_CAPACITIES)],
        }

    def _track(self, order: int, name: str, color: str) -> Record:
        return {**self._ordered("tracks", order, name, self._event_id), "color": color}

    def _status(self, order: int, status: Status) -> Record:
        return {
            "id": uuid_for(*self._key, "statuses", order),
            "name": status.name,
            "status": status.category,
            "status_name": _STANDARD_NAMES[status.category],
            "color": status.color,
            "order": order,
            "is_custom": status.is_custom,
            "created_at": zulu(_created(order)) if status.is_custom else None,
            "created_by_user_id": 1001 + order if status.is_custom else None,
            "created_by_user_name": "Grace Sampleton" if status.is_custom else None,
        }


def _created(order: int) -> int:
    return _FIRST + order * HOUR


def _updated(order: int) -> int:
    return _created(order) + order * 5 % 7 * DAY
