"""Write changes of records to their tables, in an open transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Column, Connection, bindparam, delete, exists, insert, select
from sqlalchemy.dialects import sqlite

from sessionboard_async.core.timestamps import format_utc
from sessionboard_async.export.resources import validate_resources
from sessionboard_async.sqlite.rows import Row, array_rows, people_rows, values
from sessionboard_async.sqlite.schema import PEOPLE, RESOURCES, SESSION_PEOPLE, ResourceTables
from sessionboard_async.sqlite.values import Value, json_text, utc_text

_IDS_PER_STATEMENT = 500
"""SQLite may be built with a limit of 999 values in a statement."""


class RecordChange(Protocol):
    """A change of a record, such as a ``Change`` of a change feed with plain dicts."""

    @property
    def kind(self) -> Literal["upsert", "deleted", "left_scope"]:
        """Whether the record is written or removed."""
        ...

    @property
    def resource(self) -> str:
        """The resource, such as ``sessions``."""
        ...

    @property
    def id(self) -> str:
        """The id of the record."""
        ...

    @property
    def record(self) -> Mapping[str, Any] | None:
        """The record as the API sent it; ``None`` unless the change is an upsert."""
        ...


class _StoredRecord(NamedTuple):
    """A record in the copy, before or after changes; ``record`` is set only if it is new."""

    json: str
    updated_at: Value
    record: Mapping[str, Any] | None


def validate_changes(changes: Iterable[RecordChange]) -> None:
    """Check changes before any of them is written.

    Raises:
        ValueError: If a resource or kind is unknown, an id is empty, or an upsert has no record.
    """
    for change in changes:
        validate_resources([change.resource])
        if change.kind not in ("upsert", "deleted", "left_scope"):
            raise ValueError(f"kind must be upsert, deleted or left_scope, not {change.kind!r}")
        if not change.id or not isinstance(change.id, str):
            raise ValueError(f"a change of {change.resource} has no id, or one that is not a string")
        if change.kind == "upsert" and not isinstance(change.record, Mapping):
            raise ValueError(f"the record of the upsert of {change.id!r} in {change.resource} is not a dict")


def write_changes(
    connection: Connection, changes: Iterable[RecordChange], *, keep_newer: bool, zone: tzinfo | None
) -> Counter[str]:
    """Write changes in their order, and return the number of changes with each outcome.

    Args:
        connection: An open transaction.
        changes: The changes.
        keep_newer: Whether upserts leave records that are newer.
        zone: The time zone of the event, for local times; ``None`` if it is not known.
    """
    tally: Counter[str] = Counter()
    by_resource: dict[str, list[RecordChange]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    for name, group in by_resource.items():
        resource = RESOURCES[name]
        stored = _stored(connection, resource, dict.fromkeys(change.id for change in group))
        current = _after(group, stored, tally, keep_newer=keep_newer)
        touched = [id_ for id_ in stored | current if stored.get(id_) is not current.get(id_)]
        _remove(connection, resource, [id_ for id_ in touched if id_ in stored])
        _insert(connection, resource, {id_: current[id_] for id_ in touched if id_ in current}, zone)
    return tally


def _after(
    changes: Iterable[RecordChange],
    stored: Mapping[str, _StoredRecord],
    tally: Counter[str],
    *,
    keep_newer: bool,
) -> dict[str, _StoredRecord]:
    current = dict(stored)
    for change in changes:
        before = current.get(change.id)
        if change.record is None or change.kind != "upsert":
            tally["removed"] += current.pop(change.id, None) is not None
            continue
        updated_at = values([RESOURCES[change.resource].updated_at], change.record)["updated_at"]
        after = _StoredRecord(json_text(change.record), updated_at, change.record)
        if keep_newer and before is not None and _is_older(after.updated_at, before.updated_at):
            tally["outdated"] += 1
        elif before is not None and after.json == before.json:
            tally["unchanged"] += 1
        else:
            tally["upserted"] += 1
            current[change.id] = after
    return current


def _is_older(updated_at: Value, than: Value) -> bool:
    """Return whether a timestamp is before another one; ``False`` if one of them is not a timestamp."""
    one, other = utc_text(updated_at), utc_text(than)
    return one is not None and other is not None and one < other


def _stored(connection: Connection, resource: ResourceTables, ids: Iterable[str]) -> dict[str, _StoredRecord]:
    columns = resource.table.c
    found: dict[str, _StoredRecord] = {}
    for chunk in _chunks(ids):
        query = select(columns.id, columns.record, columns.updated_at).where(columns.id.in_(chunk))
        found |= {id_: _StoredRecord(json, time, None) for id_, json, time in connection.execute(query)}
    return found


def _remove(connection: Connection, resource: ResourceTables, ids: Sequence[str]) -> None:
    if not ids:
        return
    table = resource.table
    people = _people_on(connection, ids) if table.name == "sessions" else []
    # The rows of its arrays are removed with it, by their foreign keys.
    connection.execute(delete(table).where(table.c.id == bindparam("gone")), [{"gone": id_} for id_ in ids])
    if people:
        is_on_a_session = exists().where(SESSION_PEOPLE.c.person_id == PEOPLE.c.id)
        connection.execute(
            delete(PEOPLE).where(PEOPLE.c.id == bindparam("person"), ~is_on_a_session),
            [{"person": id_} for id_ in people],
        )


def _insert(
    connection: Connection,
    resource: ResourceTables,
    current: Mapping[str, _StoredRecord],
    zone: tzinfo | None,
) -> None:
    records = {id_: item.record for id_, item in current.items() if item.record is not None}
    if not records:
        return
    rows = [
        {"id": id_, **values(resource.sources, record, zone), "record": current[id_].json}
        for id_, record in records.items()
    ]
    connection.execute(insert(resource.table), rows)
    for array in resource.arrays:
        rows = [row for id_, record in records.items() for row in array_rows(array, id_, record)]
        if rows:
            connection.execute(insert(array.table), rows)
    if resource.table.name == "sessions":
        _insert_people(connection, records)


def _insert_people(connection: Connection, sessions: Mapping[str, Mapping[str, Any]]) -> None:
    newest: dict[Value, Row] = {}
    roles: list[Row] = []
    for id_, record in sessions.items():
        people, on_session = people_rows(id_, record)
        roles += on_session
        for person in people:
            before = newest.get(person["id"])
            if before is None or not _is_older(person["updated_at"], before["updated_at"]):
                newest[person["id"]] = person
    if not newest:
        return
    # A time in the future would keep every later version out.
    latest = format_utc(datetime.now(UTC) + timedelta(days=1), "microseconds")
    known: dict[Value, Value] = {}
    for chunk in _chunks(str(id_) for id_ in newest):
        query = select(PEOPLE.c.id, PEOPLE.c.updated_at).where(PEOPLE.c.id.in_(chunk))
        known |= {
            person.id: None if _is_older(latest, person.updated_at) else person.updated_at
            for person in connection.execute(query)
        }
    rows = [row for id_, row in newest.items() if not _is_older(row["updated_at"], known.get(id_))]
    if rows:
        # INSERT OR REPLACE would remove the row first, and with it the person from all other sessions.
        upsert = sqlite.insert(PEOPLE)
        changed = {column.name: column for column in upsert.excluded if not column.primary_key}
        connection.execute(upsert.on_conflict_do_update(index_elements=[PEOPLE.c.id], set_=changed), rows)
    connection.execute(insert(SESSION_PEOPLE), roles)


def _people_on(connection: Connection, sessions: Sequence[str]) -> list[str]:
    people: Column[str] = SESSION_PEOPLE.c.person_id
    found: dict[str, None] = {}
    for chunk in _chunks(sessions):
        query = select(people).distinct().where(SESSION_PEOPLE.c.session_id.in_(chunk))
        found |= dict.fromkeys(connection.scalars(query))
    return list(found)


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    all_ids = list(ids)
    for start in range(0, len(all_ids), _IDS_PER_STATEMENT):
        yield all_ids[start : start + _IDS_PER_STATEMENT]
