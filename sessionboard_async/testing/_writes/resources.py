"""The resources of an event, for scheduled changes and for the questions of tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from sessionboard_async.testing._data.accounts import Accounts
from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.metadata import FAMILIES
from sessionboard_async.testing._data.query import STATUSES
from sessionboard_async.testing._data.registry import Group
from sessionboard_async.testing._data.seeded import SeededRandom, iso_timestamp, offset_timestamp
from sessionboard_async.testing._writes.record_edits import AccountEditor, ContactEditor, RecordEditor
from sessionboard_async.testing._writes.session_edits import SessionEditor

_TRIES = 64
_FLIPPED = {"accepted": "declined", "declined": "accepted"}
_FAMILIES = (*FAMILIES, "statuses")


class ResourceWriter(ABC):
    """Reads and changes the records of one resource in one event."""

    @abstractmethod
    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id and the ``updated_at`` of each record that a plain search returns."""

    def ids(self, status: str | None = None) -> Iterator[str]:
        """Yield the id of each record that a search returns, for all statuses or for one."""
        return (id_ for id_, _ in self.versions())

    @abstractmethod
    def pick(self, draw: SeededRandom) -> str | None:
        """Return the id of a random record that can be changed; ``None`` if there is none."""

    def pick_flip(self, draw: SeededRandom) -> str | None:
        """Return the id of a random record that ``flip`` can change; ``None`` if there is none."""
        return None

    @abstractmethod
    def updated(self, id_: str) -> float:
        """Return when a record, deleted or not, was last changed, in milliseconds since 1970."""

    @abstractmethod
    def insert(self, number: int, draw: SeededRandom) -> None:
        """Create a record with a number in its name."""

    @abstractmethod
    def update(self, id_: str, number: int) -> None:
        """Change a record, to a text with a number."""

    @abstractmethod
    def delete(self, id_: str) -> None:
        """Delete a record."""

    @abstractmethod
    def restore(self, id_: str) -> None:
        """Restore a deleted record."""

    def flip(self, id_: str) -> None:
        """Switch a session between accepted and declined."""
        raise TypeError(f"{type(self).__name__} has no status to flip: {id_}")


class SessionsWriter(ResourceWriter):
    """The sessions of an event, without composition sources and subsessions."""

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._agenda = event.agenda
        self._editor = event.part(SessionEditor)

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id and the ``updated_at`` of each session."""
        for row in self._agenda.rows:
            if _is_found(row):
                yield self._agenda.id(row), self._agenda.timestamp(row.updated)

    def ids(self, status: str | None = None) -> Iterator[str]:
        """Yield the id of each session, for all statuses or for one."""
        found = (row for row in self._agenda.rows if _is_found(row) and status in (None, row.status))
        return map(self._agenda.id, found)

    def pick(self, draw: SeededRandom) -> str | None:
        """Return the id of a random session."""
        return self._pick(draw, _is_found)

    def pick_flip(self, draw: SeededRandom) -> str | None:
        """Return the id of a random session that is accepted or declined."""
        return self._pick(draw, lambda row: _is_found(row) and row.status in _FLIPPED)

    def updated(self, id_: str) -> float:
        """Return when a session or one of its subsessions was last changed."""
        row = self._agenda.find(id_)
        return 0 if row is None else max(part.updated for part in (row, *self._agenda.parts(row)))

    def insert(self, number: int, draw: SeededRandom) -> None:
        """Create a session of random status."""
        self._editor.create({"title": f"Late addition {number}", "status": draw.pick(STATUSES)})

    def update(self, id_: str, number: int) -> None:
        """Change the title of a session."""
        self._editor.update(id_, {"title": f"Changed title {number}"})

    def delete(self, id_: str) -> None:
        """Delete a session, after its subsessions, as the API requires."""
        row = self._event.session(id_)
        for part in () if row is None else self._agenda.parts(row):
            if part.deleted is None:
                self._editor.delete(self._agenda.id(part))
        self._editor.delete(id_)

    def restore(self, id_: str) -> None:
        """Restore a session; its subsessions stay deleted."""
        self._editor.restore(id_)

    def flip(self, id_: str) -> None:
        """Switch a session between accepted and declined."""
        row = self._event.session(id_)
        if row is not None and row.status in _FLIPPED:
            self._editor.update(id_, {"status": _FLIPPED[row.status]})

    def _pick(self, draw: SeededRandom, is_wanted: Callable[[SessionRow], bool]) -> str | None:
        rows = self._agenda.rows
        index = _drawn(draw, len(rows), lambda index: is_wanted(rows[index]))
        return None if index is None else self._agenda.id(rows[index])


class RecordsWriter(ResourceWriter):
    """Contacts, speakers, sponsors or exhibitors of an event.

    Args:
        group: The records.
        editor: Writes to them.
        write: Formats the timestamps of these records.
        added: Returns the body of a new record with a number.
        changed: The property to change.
    """

    def __init__(
        self,
        group: Group,
        editor: RecordEditor,
        write: Callable[[int], str],
        added: Callable[[int], dict[str, Any]],
        changed: str,
    ) -> None:
        self._group = group
        self._registry = group.registry
        self._editor = editor
        self._write = write
        self._added = added
        self._changed = changed

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id and the ``updated_at`` of each record."""
        for row in self._group.rows():
            yield self._registry.id(row.ordinal), self._write(row.updated)

    def pick(self, draw: SeededRandom) -> str | None:
        """Return the id of a random record."""
        index = _drawn(draw, self._registry.total, self._group.holds)
        return None if index is None else self._registry.id(index)

    def updated(self, id_: str) -> float:
        """Return when a record, deleted or not, was last changed."""
        return self._registry.row(self._registry.index(id_)).updated

    def insert(self, number: int, draw: SeededRandom) -> None:
        """Create a record."""
        self._editor.create(self._added(number))

    def update(self, id_: str, number: int) -> None:
        """Update one property of a record."""
        self._editor.update(id_, {self._changed: f"Changed {number}"})

    def delete(self, id_: str) -> None:
        """Delete a record."""
        self._editor.delete(id_)

    def restore(self, id_: str) -> None:
        """Restore a deleted record."""
        self._editor.restore(id_)


class SettingsWriter(ResourceWriter):
    """The rooms, tracks and other settings of an event; of the statuses, only custom ones change."""

    def __init__(self, event: EventData, family: str) -> None:
        self._metadata = event.metadata
        self._family = family

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Yield the id and the ``updated_at`` of each record; statuses have none."""
        for record in self._metadata.all(self._family):
            updated = record.get("updated_at")
            yield str(record["id"]), None if updated is None else str(updated)

    def pick(self, draw: SeededRandom) -> str | None:
        """Return the id of a random record that is not a standard status."""
        records = [record for record in self._metadata.all(self._family) if record.get("is_custom", True)]
        return str(draw.pick(records)["id"]) if records else None

    def updated(self, id_: str) -> float:
        """Return when a record, deleted or not, was last changed."""
        return self._metadata.updated(self._family, id_)

    def insert(self, number: int, draw: SeededRandom) -> None:
        """Create a record."""
        category = {"category": draw.pick(STATUSES)} if self._family == "statuses" else {}
        self._metadata.create(self._family, {"name": f"Added {number}", **category})

    def update(self, id_: str, number: int) -> None:
        """Update the name of a record."""
        self._metadata.update(self._family, id_, {"name": f"Changed {number}"})

    def delete(self, id_: str) -> None:
        """Delete a record."""
        self._metadata.delete(self._family, id_)

    def restore(self, id_: str) -> None:
        """Restore a deleted record."""
        self._metadata.restore(self._family, id_)


def resource_of(event: EventData, name: str) -> ResourceWriter:
    """Return the resource of an event by name, such as ``"sessions"``.

    Raises:
        ValueError: If the resource does not exist.
    """
    match name:
        case "sessions":
            return SessionsWriter(event)
        case "contacts" | "speakers":
            group = event.contacts if name == "contacts" else event.speakers
            return RecordsWriter(group, event.part(ContactEditor), offset_timestamp, _new_contact, "title")
        case "sponsors":
            return _accounts(event, event.sponsors)
        case "exhibitors":
            return _accounts(event, event.exhibitors)
        case _ if name in _FAMILIES:
            return SettingsWriter(event, name)
        case _:
            known = ("sessions", "contacts", "speakers", "sponsors", "exhibitors", *_FAMILIES)
            raise ValueError(f"resource must be one of {', '.join(known)}, not {name!r}")


def _accounts(event: EventData, accounts: Accounts) -> RecordsWriter:
    editor = AccountEditor(event, accounts)
    return RecordsWriter(
        accounts.everyone, editor, iso_timestamp, lambda number: {"name": f"Added {number}"}, "name"
    )


def _new_contact(number: int) -> dict[str, Any]:
    return {"first_name": "Late", "last_name": f"Addition {number}", "email": f"late-{number}@example.org"}


def _is_found(row: SessionRow) -> bool:
    return row.deleted is None and not row.is_source


def _drawn(draw: SeededRandom, count: int, is_wanted: Callable[[int], bool]) -> int | None:
    """Return a random number below ``count`` that is wanted; ``None`` if none is."""
    for _ in range(_TRIES if count else 0):
        index = draw.below(count)
        if is_wanted(index):
            return index
    wanted = [index for index in range(count) if is_wanted(index)]
    return draw.pick(wanted) if wanted else None
