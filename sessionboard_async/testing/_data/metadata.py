"""The rooms, tracks, tags, formats, levels, languages and session statuses of one event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import STATUSES, read_timestamp, read_word
from sessionboard_async.testing._data.seeded import DAY, HOUR, iso_timestamp, milliseconds, uuid_for
from sessionboard_async.testing._data.store import RecordStore
from sessionboard_async.testing._data.texts import FORMATS, LANGUAGES, LEVELS, ROOMS, TAGS, TRACKS

FAMILIES = {
    "rooms": "room",
    "tracks": "track",
    "tags": "tag",
    "formats": "format",
    "levels": "level",
    "languages": "language",
}
"""The families of settings that sessions refer to, with their singular; statuses are separate."""

_FIRST = milliseconds(2025, 9, 8, 9)
_CAPACITIES = (480, 120, 40, None, 60, 25, 18, None)


class DatedRow(NamedTuple):
    """The sort keys of records without further filters."""

    ordinal: int
    created: int
    updated: int

    @property
    def place(self) -> tuple[int, ...]:
        """The rank among rows with equal timestamps, which writes never change."""
        return (self.ordinal,)


class StatusDefinition(NamedTuple):
    """A session status: one of the five standard statuses, or a custom one."""

    name: str
    category: str
    color: str
    is_custom: bool = False


STATUS_DEFINITIONS: tuple[StatusDefinition, ...] = (
    StatusDefinition("Accepted", "accepted", "#2E7D32"),
    StatusDefinition("Accept queue", "accept_queue", "#9CCC65"),
    StatusDefinition("Pending", "pending", "#FFB300"),
    StatusDefinition("Decline queue", "decline_queue", "#EF9A9A"),
    StatusDefinition("Declined", "declined", "#C62828"),
    StatusDefinition("Confirmed – contract signed", "accepted", "#1B5E20", True),
    StatusDefinition("Waiting for slides", "accept_queue", "#7CB342", True),
    StatusDefinition("Zweite Begutachtung", "pending", "#FF8F00", True),
)
_STANDARD_NAMES = {status.category: status.name for status in STATUS_DEFINITIONS if not status.is_custom}
_AUTHOR = "Grace Sampleton"
_OF_EVENT = frozenset({"tracks", "formats", "languages"})
_DEFAULTS: Mapping[str, Record] = {
    "rooms": {"capacity": None},
    "tracks": {"color": "#9E9E9E"},
    "statuses": {
        "status": None,
        "status_name": None,
        "color": "#9E9E9E",
        "is_custom": True,
        "created_by_user_id": 1001,
        "created_by_user_name": _AUTHOR,
    },
}
_OWN = frozenset(
    {"id", "event_id", "created_at", "updated_at", "is_custom", "created_by_user_id", "created_by_user_name"}
)
"""Properties that a body never changes."""


class MetadataStore:
    """The settings of one event that sessions refer to: the initial ones, and all writes to them.

    Args:
        seed: The seed of the data set.
        event_id: The event.
        position: The index of the event, from 0.
        clock: Supplies the timestamps of writes.
    """

    def __init__(self, seed: int, event_id: int, position: int, clock: Clock) -> None:
        self._key = (seed, position)
        self._event_id = event_id
        self._stores = {
            family: RecordStore(name, clock, *self._key, family, records=records)
            for family, name, records in (
                ("rooms", "room", [self._room(*room) for room in enumerate(ROOMS)]),
                ("tracks", "track", [self._track(order, *track) for order, track in enumerate(TRACKS)]),
                ("tags", "tag", [self._named("tags", *tag) for tag in enumerate(TAGS)]),
                ("formats", "format", self._ordered_ones("formats", FORMATS, event_id)),
                ("levels", "level", self._ordered_ones("levels", LEVELS, None)),
                ("languages", "language", self._ordered_ones("languages", LANGUAGES, event_id)),
                ("statuses", "status", [self._status(*status) for status in enumerate(STATUS_DEFINITIONS)]),
            )
        }

    def all(self, family: str) -> Sequence[Record]:
        """Return every record of a family, in the order chosen by the event's team."""
        records = sorted(self._stores[family].all(), key=_place)
        return [_status_record(record) for record in records] if family == "statuses" else records

    def find(self, family: str, id_: object) -> Record | None:
        """Return one record; ``None`` if it does not exist or was deleted."""
        record = self._stores[family].find(id_)
        return _status_record(record) if record is not None and family == "statuses" else record

    def updated(self, family: str, id_: str) -> int:
        """Return when a record, deleted or not, was last changed, in milliseconds since 1970."""
        return read_timestamp(self._stores[family].find_any(id_)["updated_at"], "updated_at")

    def rows(self, family: str) -> list[DatedRow]:
        """Return the sort keys of the records of a family, in the order of ``all``."""
        records = sorted(self._stores[family].all(), key=_place)
        return [
            DatedRow(
                ordinal,
                read_timestamp(record["created_at"], "created_at"),
                read_timestamp(record["updated_at"], "updated_at"),
            )
            for ordinal, record in enumerate(records)
        ]

    def create(self, family: str, values: Mapping[str, object]) -> Record:
        """Create a record; unknown properties are stored too.

        Raises:
            RequestError: With 400 if the category of a status is none of the five.
        """
        store = self._stores[family]
        order = 1 + max((_place(record) for record in store.all()), default=-1)
        given = _writable_values(family, values)
        return self._answer(family, store.create({**self._defaults(family, order), **given}))

    def update(self, family: str, id_: str, values: Mapping[str, object]) -> Record:
        """Update a record; only the given values change.

        Raises:
            RequestError: With 404 if there is none, with 409 if the ``updated_at`` is stale, with 400 if it
                is one of the five standard statuses.
        """
        self._refuse_standard(family, id_)
        given = _writable_values(family, values)
        stale_check = {"updated_at": values["updated_at"]} if "updated_at" in values else {}
        return self._answer(family, self._stores[family].update(id_, {**given, **stale_check}))

    def delete(self, family: str, id_: str) -> None:
        """Delete a record; it can be restored, and sessions that refer to it show none in its place.

        Raises:
            RequestError: With 404 if there is none, with 400 if it is one of the five standard statuses.
        """
        self._refuse_standard(family, id_)
        self._stores[family].delete(id_)

    def restore(self, family: str, id_: str) -> Record:
        """Restore a deleted record.

        Raises:
            RequestError: With 404 if none was deleted under this id.
        """
        return self._answer(family, self._stores[family].restore(id_))

    def _answer(self, family: str, record: Record) -> Record:
        return _status_record(record) if family == "statuses" else record

    def _refuse_standard(self, family: str, id_: str) -> None:
        if family == "statuses" and not self._stores[family].get(id_)["is_custom"]:
            raise RequestError(400, "the status is a standard one; only custom statuses can be changed")

    def _defaults(self, family: str, order: int) -> Record:
        """Return the initial values of the properties that a body leaves out."""
        record: Record = {"event_id": self._event_id} if family in _OF_EVENT else {}
        if family != "tags":
            record["order"] = order
        return record | _DEFAULTS.get(family, {})

    def _ordered_ones(self, family: str, names: Iterable[str], event_id: int | None) -> list[Record]:
        return [self._ordered(family, order, name, event_id) for order, name in enumerate(names)]

    def _dates(self, order: int) -> Record:
        return {"created_at": iso_timestamp(_created(order)), "updated_at": iso_timestamp(_updated(order))}

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

    def _status(self, order: int, status: StatusDefinition) -> Record:
        return {
            "id": uuid_for(*self._key, "statuses", order),
            "name": status.name,
            "status": status.category,
            "status_name": _STANDARD_NAMES[status.category],
            "color": status.color,
            "order": order,
            "is_custom": status.is_custom,
            "created_by_user_id": 1001 + order if status.is_custom else None,
            "created_by_user_name": _AUTHOR if status.is_custom else None,
            **self._dates(order),
        }


def _writable_values(family: str, values: Mapping[str, object]) -> Record:
    """Return the properties that a body changes, without those that only the server sets."""
    kept = {name: value for name, value in values.items() if name not in _OWN}
    if family != "statuses":
        return kept
    kept = {name: value for name, value in kept.items() if name not in {"status", "status_name"}}
    if (category := values.get("category")) is not None:
        status = read_word(category, "category", STATUSES)
        kept |= {"status": status, "status_name": _STANDARD_NAMES[status]}
    return kept


def _place(record: Record) -> int:
    return cast("int | None", record.get("order")) or 0


def _status_record(record: Record) -> Record:
    """Return a status as the API returns it, without ``updated_at``."""
    public = {name: value for name, value in record.items() if name != "updated_at"}
    return public if record["is_custom"] else {**public, "created_at": None}


def _created(order: int) -> int:
    return _FIRST + order * HOUR


def _updated(order: int) -> int:
    return _created(order) + order * 5 % 7 * DAY
