"""What is written to the sessions of one event: created, changed, deleted, restored."""

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
    """A change of one session that was checked: its row as it will be, and the details that change."""

    row: SessionRow
    details: Mapping[str, object]


class SessionEditor:
    """Writes to the sessions of one event.

    Bodies are those of the API: ids of rooms, tracks and so on, custom fields by their internal names.
    """

    def __init__(self, event: EventData) -> None:
        self._event = event
        self._agenda = event.agenda

    def create(self, values: Mapping[str, Any]) -> SessionRow:
        """Create a session, or a subsession where the values name a parent.

        Raises:
            RequestError: With 400 where the values are no session.
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
        """Change a session: only what the values hold, and ``None`` clears.

        Raises:
            RequestError: With 404 where there is none, with 409 where the ``updated_at`` is stale or the
                session is the source of a composition, with 400 where the values are wrong.
        """
        return self.apply(self.prepare(session_id, values))

    def prepare(self, session_id: str, values: Mapping[str, Any]) -> Edit:
        """Check a change as ``update`` does, and change nothing yet."""
        row = self._writable(session_id)
        read_values(values, _KNOWN)
        refuse_stale(values, iso_timestamp(row.updated), "session")
        if values.get("is_abstract", row.is_abstract) is not row.is_abstract:
            raise RequestError(400, "is_abstract cannot be changed after a session was created")
        details = self._detail_changes(self._event.details.of(row), values, self._event.clock.read())
        return Edit(row._replace(**self._row_changes(values)), details)

    def apply(self, edit: Edit) -> SessionRow:
        """Make a change that was checked."""
        row = edit.row._replace(updated=self._event.now())
        self._event.details.write(row, edit.details)
        self._agenda.replace(row)
        return row

    def update_fields(self, session_id: str, values: Mapping[str, Any]) -> SessionRow:
        """Change custom fields of a session, and nothing else.

        Raises:
            RequestError: As ``update``.
        """
        read_values(values, _KNOWN, required=("custom_fields",))
        written = {name: values[name] for name in ("custom_fields", "updated_at") if name in values}
        return self.update(session_id, written)

    def delete(self, session_id: str) -> None:
        """Delete a session, so that it can be restored.

        Raises:
            RequestError: With 404 where there is none, with 409 where it has subsessions that are not
                deleted, or is the source of a composition.
        """
        row = self._writable(session_id)
        if not row.number and any(part.deleted is None for part in self._agenda.parts(row)):
            raise RequestError(409, "the session has active subsessions; delete them first")
        now = self._event.now()
        self._agenda.replace(row._replace(deleted=now, updated=now))

    def restore(self, session_id: str) -> SessionRow:
        """Bring a deleted session back.

        Raises:
            RequestError: With 404 where none was deleted under this id, with 409 where it is a part of one
                that is deleted too.
        """
        row = self._agenda.find(session_id)
        if row is None or row.deleted is None:
            raise RequestError(404, "there is no such session, or it is not deleted")
        if row.number and self._agenda.rows[row.ordinal].deleted is not None:
            raise RequestError(409, "the session that it belongs to is deleted; restore that one first")
        row = row._replace(deleted=None, updated=self._event.now())
        self._agenda.replace(row)
        return row

    def setting(self, name: str, id_: object, family: str) -> object:
        """Check the id of a room, track and so on; ``None`` stands for none of them.

        Raises:
            RequestError: With 400, naming the property, where there is none with this id.
        """
        if id_ is not None and self._event.metadata.find(family, id_) is None:
            raise RequestError(400, f"{name} names none of the event's {family}")
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
            # A text that stays what it is keeps its translations.
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
    """Read when something starts and ends, in milliseconds since 1970.

    Args:
        values: The body of a write.
        starts_at: The start where the body says nothing of it.
        ends_at: The end where the body says nothing of it.

    Returns:
        Those of both that the body holds.

    Raises:
        RequestError: With 400 where one is no time, or the end is not after the start.
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
    """Leave out the values that stay what they are, so that they keep their translations."""
    if given is None:
        return None
    return {name: value for name, value in given.items() if name not in held or held[name].value != value}
