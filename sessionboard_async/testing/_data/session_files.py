"""The files of the sessions of one event: generated ones and uploads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sessionboard_async.testing._data.agenda import Agenda, SessionRow
from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.documents import PDF, pdf
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.people import People
from sessionboard_async.testing._data.registry import Group
from sessionboard_async.testing._data.seeded import DAY, iso_timestamp, uuid_for
from sessionboard_async.testing._data.storage import Storage, StoredObject, UploadTarget
from sessionboard_async.testing._data.upload_rules import (
    UploadRequest,
    read_upload_request,
    refuse_denied,
)

LARGEST_FORM_FILE = 50 * 1024 * 1024
"""The maximum size in bytes of a file uploaded as a form."""

_LARGEST = 524_288_000


class _Generated(NamedTuple):
    title: str
    filename: str
    content_type: str


_GENERATED = (
    _Generated("Slides", "slides.pdf", PDF),
    _Generated("Notes – заметки", "notes.txt", "text/plain"),
)


@dataclass
class _Pending:
    """An upload that was requested and is not complete."""

    key: str
    requested: UploadRequest
    changes: Mapping[str, object]


@dataclass
class SessionFile:
    """One file of a session; ``key`` is its storage key, ``None`` until an upload is complete."""

    id: str
    title: str | None
    filename: str
    content_type: str
    size: int
    owner: int | None
    created: int
    updated: int
    key: str | None = None
    pending: _Pending | None = None
    uploads: int = 0


class SessionFiles:
    """The files of the sessions of one event.

    Args:
        key: Seed and event index, which make the ids unique.
        agenda: The event's sessions.
        people: The organization's contacts.
        first_contact: The index of the event's first contact.
        contacts: The event's contacts, to whom files may be assigned.
        storage: The storage of the bytes.
        clock: Supplies the timestamps of writes.
    """

    def __init__(
        self,
        key: tuple[int, int],
        agenda: Agenda,
        people: People,
        first_contact: int,
        contacts: Group,
        storage: Storage,
        clock: Clock,
    ) -> None:
        self._key = key
        self._agenda = agenda
        self._people = people
        self._first_contact = first_contact
        self._contacts = contacts
        self._storage = storage
        self._clock = clock
        self._touched: dict[tuple[int, int], list[SessionFile]] = {}
        self._made = 0
        self._prefix = f"sessions/{key[1]}"
        self._generated_key = re.compile(rf"{self._prefix}/(\d{{1,9}})/(slides\.pdf|notes\.txt)")
        storage.add_source(self._generated_object)

    def records(self, row: SessionRow) -> list[Record]:
        """Return the complete files of a session, as the API returns them."""
        return [self.record(file) for file in self._of(row) if file.key is not None]

    def record(self, file: SessionFile) -> Record:
        """Return a file as the API returns it; without ``url`` if no upload was ever complete."""
        has_owner = file.owner is not None and not self._people.registry.is_deleted(file.owner)
        owner = self._people.contact(file.owner) if has_owner and file.owner is not None else {}
        address = {} if file.key is None else {"url": self._storage.download_address(file.key)}
        return {
            "id": file.id,
            **address,
            "title": file.title or file.filename,
            "filename": file.filename,
            "size": file.size,
            "mimetype": file.content_type,
            "created_at": iso_timestamp(file.created),
            "updated_at": iso_timestamp(file.updated),
            "assigned_participant_id": owner.get("id"),
            "assigned_participant_email": owner.get("email"),
            "assigned_participant_name": owner.get("full_name"),
        }

    def find(self, row: SessionRow, file_id: str) -> SessionFile:
        """Return a file of a session, complete or not, for changes.

        Raises:
            RequestError: With 404 if it does not exist.
        """
        for file in self._touch(row):
            if file.id == file_id:
                return file
        raise RequestError(404, "there is no such file")

    def request_upload(
        self, row: SessionRow, values: Mapping[str, Any], file: SessionFile | None = None
    ) -> tuple[SessionFile, UploadTarget]:
        """Request the upload of a new file, or of new bytes for an existing one.

        Args:
            row: The session.
            values: The body, with its types checked.
            file: The existing file; ``None`` for a new one.

        Returns:
            The file, and the address for its bytes.

        Raises:
            RequestError: With 400 if the request is not valid.
        """
        requested = read_upload_request(values, most=_LARGEST)
        refuse_denied(requested.filename, requested.content_type)
        changes = self._read_changes(values)
        if file is None:
            file = self._add(row, requested, changes)
        if file.pending is not None:
            # Its address stays valid, but what was sent there is no longer accepted.
            self._storage.remove(file.pending.key)
        file.uploads += 1
        key = f"{_uploads(file)}{file.uploads}/{requested.filename}"
        file.pending = _Pending(key, requested, changes)
        return file, self._storage.upload_address(key, requested.content_type)

    def complete(self, file: SessionFile) -> None:
        """Accept the uploaded bytes; does nothing if they were accepted before.

        Raises:
            RequestError: With 400 if they are not there, are not as requested, or are not accepted.
        """
        pending = file.pending
        if pending is None:
            return
        stored = self._storage.find(pending.key)
        if stored is None or not stored.body:
            raise RequestError(400, "nothing was uploaded to the address of this file")
        if len(stored.body) != pending.requested.size:
            raise RequestError(
                400, f"{len(stored.body)} bytes were uploaded instead of {pending.requested.size}"
            )
        self._take(file, pending, stored)

    def upload(
        self, row: SessionRow, requested: UploadRequest, values: Mapping[str, Any], body: bytes
    ) -> SessionFile:
        """Create a file from bytes.

        Raises:
            RequestError: With 400 if the file is not accepted.
        """
        refuse_denied(requested.filename, requested.content_type, body)
        changes = self._read_changes(values)
        self._storage.require_room(len(body))
        file = self._add(row, requested, changes)
        key = f"{_uploads(file)}0/{requested.filename}"
        stored = StoredObject(body, requested.content_type)
        self._storage.put(key, stored)
        self._take(file, _Pending(key, requested, changes), stored)
        return file

    def update(self, file: SessionFile, values: Mapping[str, Any]) -> None:
        """Update the title of a file, or the person it is assigned to.

        Raises:
            RequestError: With 400 if a value is wrong.
        """
        _apply(file, self._read_changes(values))
        file.updated = self._clock.read()

    def delete(self, row: SessionRow, file: SessionFile) -> None:
        """Remove a file from its session, and its bytes from the storage."""
        self._touch(row).remove(file)
        self._storage.remove_below(_uploads(file))

    def _add(self, row: SessionRow, requested: UploadRequest, changes: Mapping[str, object]) -> SessionFile:
        self._made += 1
        now = self._clock.read()
        file = SessionFile(
            id=uuid_for(*self._key, "file", self._made),
            title=None,
            filename=requested.filename,
            content_type=requested.content_type,
            size=requested.size,
            owner=None,
            created=now,
            updated=now,
        )
        _apply(file, changes)
        self._touch(row).append(file)
        return file

    def _take(self, file: SessionFile, pending: _Pending, stored: StoredObject) -> None:
        requested = pending.requested
        refuse_denied(requested.filename, requested.content_type, stored.body)
        if file.key is not None:
            self._storage.remove(file.key)
        file.key, file.pending, file.size = pending.key, None, len(stored.body)
        file.filename, file.content_type = requested.filename, requested.content_type
        _apply(file, pending.changes)
        file.updated = self._clock.read()

    def _read_changes(self, values: Mapping[str, Any]) -> Mapping[str, object]:
        changes: Record = {}
        if "title" in values:
            changes["title"] = values["title"]
        if "assigned_participant_id" in values:
            owner = values["assigned_participant_id"]
            changes["owner"] = None if owner is None else self._contact(owner)
        return changes

    def _contact(self, id_: str) -> int:
        try:
            return self._contacts.find(id_)
        except RequestError:
            raise RequestError(
                400, "assigned_participant_id must be the id of a contact of the event"
            ) from None

    def _of(self, row: SessionRow) -> list[SessionFile]:
        touched = self._touched.get(row.place)
        return self._generated(row) if touched is None else touched

    def _touch(self, row: SessionRow) -> list[SessionFile]:
        if row.place not in self._touched:
            self._touched[row.place] = self._generated(row)
        return self._touched[row.place]

    def _generated(self, row: SessionRow) -> list[SessionFile]:
        if row.number or row.ordinal % 4 or self._agenda.is_created(row):
            return []
        taking_part = self._agenda.cast(row) if row.ordinal % 8 else []
        owner = self._first_contact + taking_part[0].contact if taking_part else None
        return [
            SessionFile(
                id=uuid_for(*self._key, "content", row.ordinal, number),
                title=file.title,
                filename=file.filename,
                content_type=file.content_type,
                size=len(_generated_bytes(row.ordinal, file.filename)),
                owner=owner,
                created=int(row.created) + number * DAY,
                updated=int(row.created) + number * DAY,
                key=f"{self._prefix}/{row.ordinal}/{file.filename}",
            )
            for number, file in enumerate(_GENERATED[: 1 + (row.ordinal % 12 == 0)])
        ]

    def _generated_object(self, key: str) -> StoredObject | None:
        matched = self._generated_key.fullmatch(key)
        if matched is None:
            return None
        content_type = next(file.content_type for file in _GENERATED if file.filename == matched[2])
        return StoredObject(_generated_bytes(int(matched[1]), matched[2]), content_type)


def _uploads(file: SessionFile) -> str:
    """Return the prefix of the storage keys of a file's uploads."""
    return f"uploads/{file.id}/"


def _apply(file: SessionFile, changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        setattr(file, name, value)


def _generated_bytes(ordinal: int, filename: str) -> bytes:
    heading = f"SESS-{ordinal + 1}"
    if filename.endswith(".pdf"):
        return pdf(f"Slides of {heading}", ["One slide is enough."])
    return f"{heading}: заметки – notes\n".encode() * (1 + ordinal % 40)
