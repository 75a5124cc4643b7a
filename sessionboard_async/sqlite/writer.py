"""Writes changes of records to their tables, inside a transaction that is open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import Column, Connection, bindparam, delete, exists, insert, select
from sqlalchemy.dialects import sqlite

from sessionboard_async.sqlite.rows import Row, Value, json_text, part_rows, people_rows, utc_text, values
from sessionboard_async.sqlite.schema import PEOPLE, RESOURCES, SESSION_PEOPLE, ResourceTables

_IDS_PER_QUESTION = 500
"""SQLite may have been built to take no more than 999 values in one statement."""


class RecordChange(Protocol):
    """What happened to a record; a ``Change`` of ``sync`` with a dict for a record is one."""

    @property
    def kind(self) -> Literal["upsert", "deleted", "left_scope"]:
        """Whether it is there in this form, or not any more."""
        ...

    @property
    def resource(self) -> str:
        """The resource, such as ``sessions``."""
        ...

    @property
    def id(self) -> str:
        """The record's id."""
        ...

    @property
    def record(self) -> Mapping[str, Any] | None:
        """The record as the API sent it; ``None`` unless it is an upsert."""
        ...


class _StoredRecord(NamedTuple):
    """What there is of a record, before or after changes."""

    json: str
    updated_at: Value
    record: Mapping[str, Any] | None


def validate_changes(changes: Iterable[RecordChange]) -> None:
    """Refuse changes that cannot be written.

    Raises:
        ValueError: If a resource or kind is unknown, an id is empty, or an upsert has no record.
    """
    for change in changes:
        if change.resource not in RESOURCES:
            raise ValueError(f"there is no table for {change.resource!r}; there are {', '.join(RESOURCES)}")
        if change.kind not in ("upsert", "deleted", "left_scope"):
            raise ValueError(f"a change is an upsert, deleted or left_scope, and not {change.kind!r}")
        if not change.id or not isinstance(change.id, str):
            raise ValueError(f"a change of {change.resource} has no id, or one that is no string")
        if change.kind == "upsert" and not isinstance(change.record, Mapping):
            raise ValueError(f"the upsert of {change.id!r} in {change.resource} has no dict for a record")


def write_changes(connection: Connection, changes: Iterable[RecordChange]) -> Counter[str]:
    """Write changes in their order, and count what became of them."""
    tally: Counter[str] = Counter()
    by_resource: dict[str, list[RecordChange]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    for name, those in by_resource.items():
        resource = RESOURCES[name]
        stored = _stored(connection, resource, dict.fromkeys(change.id for change in those))
        standing = _after(those, stored, tally)
        touched = [id_ for id_ in stored | standing if stored.get(id_) is not standing.get(id_)]
        _remove(connection, resource, [id_ for id_ in touched if id_ in stored])
        _insert(connection, resource, {id_: standing[id_] for id_ in touched if id_ in standing})
    return tally


def _after(
    changes: Iterable[RecordChange], stored: Mapping[str, _StoredRecord], tally: Counter[str]
) -> dict[str, _StoredRecord]:
    standing = dict(stored)
    for change in changes:
        before = standing.get(change.id)
        if change.record is None or change.kind != "upsert":
            tally["removed"] += standing.pop(change.id, None) is not None
            continue
        updated_at = values([RESOURCES[change.resource].updated_at], change.record)["updated_at"]
        after = _StoredRecord(json_text(change.record), updated_at, change.record)
        if before is not None and _is_older(after.updated_at, before.updated_at):
            tally["outdated"] += 1
        elif before is not None and after.json == before.json:
            tally["unchanged"] += 1
        else:
            tally["upserted"] += 1
            standing[change.id] = after
    return standing


def _is_older(updated_at: Value, than: Value) -> bool:
    """Tell whether a time is surely before another one; of what is no time, nobody knows."""
    one, other = utc_text(updated_at), utc_text(than)
    return one is not None and other is not None and one < other


def _stored(connection: Connection, resource: ResourceTables, ids: Iterable[str]) -> dict[str, _StoredRecord]:
    columns = resource.table.c
    found: dict[str, _StoredRecord] = {}
    for some in _in_pieces(ids):
        question = select(columns.id, columns.record, columns.updated_at).where(columns.id.in_(some))
        found |= {id_: _StoredRecord(json, time, None) for id_, json, time in connection.execute(question)}
    return found


def _remove(connection: Connection, resource: ResourceTables, ids: Sequence[str]) -> None:
    if not ids:
        return
    table = resource.table
    people = _people_on(connection, ids) if table.name == "sessions" else []
    # What belongs to the record goes with it, by its foreign key.
    connection.execute(delete(table).where(table.c.id == bindparam("gone")), [{"gone": id_} for id_ in ids])
    if people:
        is_on_a_session = exists().where(SESSION_PEOPLE.c.person_id == PEOPLE.c.id)
        connection.execute(
            delete(PEOPLE).where(PEOPLE.c.id == bindparam("person"), ~is_on_a_session),
            [{"person": id_} for id_ in people],
        )


def _insert(connection: Connection, resource: ResourceTables, standing: Mapping[str, _StoredRecord]) -> None:
    records = {id_: one.record for id_, one in standing.items() if one.record is not None}
    if not records:
        return
    rows = [
        {"id": id_, **values(resource.places, record), "record": standing[id_].json}
        for id_, record in records.items()
    ]
    connection.execute(insert(resource.table), rows)
    for part in resource.parts:
        rows = [row for id_, record in records.items() for row in part_rows(part, id_, record)]
        if rows:
            connection.execute(insert(part.table), rows)
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
    known: dict[Value, Value] = {}
    for some in _in_pieces(str(id_) for id_ in newest):
        question = select(PEOPLE.c.id, PEOPLE.c.updated_at).where(PEOPLE.c.id.in_(some))
        known |= {person.id: person.updated_at for person in connection.execute(question)}
    rows = [row for id_, row in newest.items() if not _is_older(row["updated_at"], known.get(id_))]
    if rows:
        # Not INSERT OR REPLACE: that removes the row first, and with it the person from all other sessions.
        upsert = sqlite.insert(PEOPLE)
        changed = {column.name: column for column in upsert.excluded if not column.primary_key}
        connection.execute(upsert.on_conflict_do_update(index_elements=[PEOPLE.c.id], set_=changed), rows)
    connection.execute(insert(SESSION_PEOPLE), roles)


def _people_on(connection: Connection, sessions: Sequence[str]) -> list[str]:
    people: Column[str] = SESSION_PEOPLE.c.person_id
    found: dict[str, None] = {}
    for some in _in_pieces(sessions):
        question = select(people).distinct().where(SESSION_PEOPLE.c.session_id.in_(some))
        found |= dict.fromkeys(connection.scalars(question))
    return list(found)


def _in_pieces(ids: Iterable[str]) -> Iterator[list[str]]:
    those = list(ids)
    for start in range(0, len(those), _IDS_PER_QUESTION):
        yield those[start : start + _IDS_PER_QUESTION]
