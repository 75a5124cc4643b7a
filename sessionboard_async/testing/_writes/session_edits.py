"""Writes to the sessions of one event: create, update, delete, restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData
from sessionboard_async.testing._data.details import SETTINGS, Details
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import FieldValue
from sessionboard_async.testing._data.query import STATUSES, read_timestamp, read_word
from sessionboard_async.testing._data.seeded import iso_timestamp
from sessionboard_async.testing._data.store import refuse_stale
from sessionboard_async.testing._writes.requests import Values, read_values

MOST_PARTS = 200

_SETTING_IDS = {f"{name}_id": family for name, family in SETTINGS.items()}
_PLAIN: Values = {
    "is_public": bool,
    "capacity": int,
    "external_url": str,
    "client_session_id": str,
    "ceu_credits": (int, float),
}
_KNOWN: Values = {
    **_PLAIN,
    **dict.fromkeys(_SETTING_IDS, str),
    "title": str,
    "description": str,
    "starts_at": str,
    "ends_at": str,
    "updated_at": str,
    "track_id": str,
    "parent_session_id": str,
    "tag_ids": list,
    "status": str,
    "is_abstract": bool,
    "custom_fields": dict,
}


class Edit(NamedTuple):
    """A validated change of one session: its new row, and the details that change."""

    row: SessionRow
    details: Mapping[str, object]


class SessionEditor:
    """Writes to the sessions of one event.

    Bodies have the API's form: settings by id, custom fields by internal name.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._agenda = event.agenda

    def create(self, values: Mapping[str, Any]) -> SessionRow:
        """Create a session, or a subsession if the values name a parent.

        Raises:
            RequestError: With 400 if the values are wrong.
        """
        read_values(values, _KNOWN, required=("title",))
        parent = self._parent(values)
        is_abstract = bool(values.get("is_abstract"))
        if parent is not None:
            if is_abstract and not parent.is_abstract:
                raise RequestError(400, "is_abstract of a subsession is that of its session")
            is_abstract = parent.is_abstract
        now = self._event.now()
        row = SessionRow(
            ordinal=-1 if parent is None else parent.ordinal,
            number=0,
            created=now,
            updated=now,
            deleted=None,
            definition=None,
            status="pending",
            is_abstract=is_abstract,
            is_source=False,
            target=None,
            track_id=None,
            tag_ids=(),
        )
        given = {name: value for name, value in values.items() if name != "status" or value is not None}
        row = row._replace(**self._row_changes(given))
        details = self._detail_changes(Details(("", "", "")), given, int(now))
        row = self._agenda.add(row) if parent is None else self._agenda.add_part(row)
        self._event.details.write(row, details)
        return row

    def update(self, session_id: str, values: Mapping[str, Any]) -> SessionRow:
        """Update a session: only the given values change, and ``None`` clears.

        Raises:
            RequestError: With 404 if there is none, with 409 if the ``updated_at`` is stale or the
                session is the source of a composition, with 400 if the values are wrong.
        """
        return self.apply(self.prepare(session_id, values))

    def prepare(self, session_id: str, values: Mapping[str, Any]) -> Edit:
        """Validate an update without applying it; see ``update``."""
        row = self._writable(session_id)
        read_values(values, _KNOWN)
        refuse_stale(values, iso_timestamp(row.updated), "session")
        if values.get("is_abstract", row.is_abstract) is not row.is_abstract:
            raise RequestError(400, "is_abstract cannot be changed after a session was created")
        details = self._detail_changes(self._event.details.of(row), values, self._event.clock.read())
        return Edit(row._replace(**self._row_changes(values)), details)

    def apply(self, edit: Edit) -> SessionRow:
        """Apply a validated change."""
        row = edit.row._replace(updated=self._event.now())
        self._event.details.write(row, edit.details)
        self._agenda.replace(row)
        return row

    def update_fields(self, session_id: str, values: Mapping[str, Any]) -> SessionRow:
        """Update only custom fields of a session.

        Raises:
            RequestError: See ``update``.
        """
        read_values(values, _KNOWN, required=("custom_fields",))
        written = {name: values[name] for name in ("custom_fields", "updated_at") if name in values}
        return self.update(session_id, written)

    def delete(self, session_id: str) -> None:
        """Delete a session; it can be restored.

        Raises:
            RequestError: With 404 if there is none, with 409 if it has subsessions that are not
                deleted, or is the source of a composition.
        """
        row = self._writable(session_id)
        if not row.number and any(part.deleted is None for part in self._agenda.parts(row)):
            raise RequestError(409, "the session has active subsessions; delete them first")
        now = self._event.now()
        self._agenda.replace(row._replace(deleted=now, updated=now))

    def restore(self, session_id: str) -> SessionRow:
        """Restore a deleted session.

        Raises:
            RequestError: With 404 if none was deleted under this id, with 409 if its parent is deleted too.
        """
        row = self._agenda.find(session_id)
        if row is None or row.deleted is None:
            raise RequestError(404, "there is no such session, or it is not deleted")
        if row.number and self._agenda.rows[row.ordinal].deleted is not None:
            raise RequestError(409, "the parent session is deleted; restore it first")
        row = row._replace(deleted=None, updated=self._event.now())
        self._agenda.replace(row)
        return row

    def setting(self, name: str, id_: object, family: str) -> object:
        """Check the id of a room, track or other setting; ``None`` clears it.

        Raises:
            RequestError: With 400, naming the property, if the id is unknown.
        """
        if id_ is not None and self._event.metadata.find(family, id_) is None:
            raise RequestError(400, f"{name} is not the id of one of the event's {family}")
        return id_

    def _writable(self, session_id: str) -> SessionRow:
        row = self._event.session(session_id)
        if row is None:
            raise RequestError(404, "there is no such session")
        if row.is_source:
            raise RequestError(409, "the session is the source of a composition, which is read-only")
        return row

    def _parent(self, values: Mapping[str, Any]) -> SessionRow | None:
        parent_id = values.get("parent_session_id")
        if parent_id is None:
            return None
        row = self._event.session(parent_id)
        if row is None or row.number or row.is_source:
            raise RequestError(400, "parent_session_id names no session that can have subsessions")
        if sum(part.deleted is None for part in self._agenda.parts(row)) >= MOST_PARTS:
            raise RequestError(400, f"a session has at most {MOST_PARTS} subsessions")
        return row

    def _row_changes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if "status" in values:
            changes |= {"status": read_word(values["status"], "status", STATUSES), "definition": None}
        if "track_id" in values:
            changes["track_id"] = self.setting("track_id", values["track_id"], "tracks")
        if "tag_ids" in values:
            tags = cast("Sequence[object]", values["tag_ids"] or ())
            changes["tag_ids"] = tuple(dict.fromkeys(self.setting("tag_ids", tag, "tags") for tag in tags))
        return changes

    def _detail_changes(self, current: Details, values: Mapping[str, Any], now: int) -> dict[str, object]:
        changes: dict[str, object] = {name: values[name] for name in _PLAIN if name in values}
        if "is_public" in changes:
            changes["is_public"] = bool(changes["is_public"])
        if (values.get("capacity") or 0) < 0:
            raise RequestError(400, "capacity must not be negative")
        if "title" in values:
            read_values(values, _KNOWN, required=("title",))
        for name in ("title", "description"):
            # An unchanged text keeps its translations.
            if name in values and values[name] != getattr(current, name)[0]:
                changes[name] = (values[name], "", "")
        changes |= read_times(values, current.starts_at, current.ends_at)
        for name, family in _SETTING_IDS.items():
            if name in values:
                changes[name] = self.setting(name, values[name], family)
        if "custom_fields" in values:
            held, fields = current.custom_fields, self._event.fields
            given = _new_values(held, values["custom_fields"])
            changes["custom_fields"] = fields.merged_values("session", held, given, now)
        return changes


def read_times(
    values: Mapping[str, Any], starts_at: int | None, ends_at: int | None
) -> dict[str, int | None]:
    """Read start and end times, in milliseconds since 1970.

    Args:
        values: The body of a write.
        starts_at: The current start, if the body has none.
        ends_at: The current end, if the body has none.

    Returns:
        The times that the body sets.

    Raises:
        RequestError: With 400 if a time is invalid, or the end is not after the start.
    """
    times = {
        name: None if values[name] is None else read_timestamp(values[name], name)
        for name in ("starts_at", "ends_at")
        if name in values
    }
    start, end = times.get("starts_at", starts_at), times.get("ends_at", ends_at)
    if times and start is not None and end is not None and start >= end:
        raise RequestError(400, "starts_at must be before ends_at")
    return times


def _new_values(
    held: Mapping[str, FieldValue], given: Mapping[str, object] | None
) -> Mapping[str, object] | None:
    """Leave out unchanged values, so that they keep their translations."""
    if given is None:
        return None
    return {name: value for name, value in given.items() if name not in held or held[name].value != value}
