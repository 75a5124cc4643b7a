"""The tables of a copy."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

from sessionboard_async.sqlite.columns import EVENT, LAYOUT, PERSON, ROLE, ColumnSource
from sessionboard_async.sqlite.values import ColumnKind

SCHEMA_VERSION = 3


class ArrayTable(NamedTuple):
    """A table with the entries of an array of each record."""

    name: str
    table: Table
    owner: str
    sources: tuple[ColumnSource, ...]


class ResourceTables(NamedTuple):
    """The table of a resource, and the tables of the arrays in its records."""

    table: Table
    sources: tuple[ColumnSource, ...]
    updated_at: ColumnSource
    arrays: tuple[ArrayTable, ...]


_NUMBERS: set[ColumnKind] = {"number", "typed_number", "typed_boolean"}

METADATA = MetaData()


def _columns(sources: tuple[ColumnSource, ...]) -> list[Column[str | int]]:
    return [Column(source.column, Integer if source.kind in _NUMBERS else Text) for source in sources]


def _owned_by(name: str) -> Column[str]:
    """Return a column with the id of a record; its row is removed together with the record."""
    owner = ForeignKey(f"{name}.id", ondelete="CASCADE")
    return Column(_owner(name), Text, owner, primary_key=True)


def _owner(resource: str) -> str:
    return f"{resource.removesuffix('s')}_id"


def _array_table(resource: str, name: str, array: str, sources: tuple[ColumnSource, ...]) -> ArrayTable:
    table = Table(
        f"{resource.removesuffix('s')}_{name}",
        METADATA,
        _owned_by(resource),
        Column("position", Integer, primary_key=True),
        *_columns(sources),
    )
    return ArrayTable(array, table, _owner(resource), sources)


def _resource(name: str) -> ResourceTables:
    sources, arrays = LAYOUT[name]
    id_, record = Column("id", Text, primary_key=True), Column("record", Text, nullable=False)
    table = Table(name, METADATA, id_, *_columns(sources), record)
    updated_at = next(source for source in sources if source.column == "updated_at")
    return ResourceTables(
        table, sources, updated_at, tuple(_array_table(name, suffix, *arrays[suffix]) for suffix in arrays)
    )


EVENT_TABLE = Table(
    "event",
    METADATA,
    Column("id", Text, primary_key=True),
    *_columns(EVENT),
    Column("record", Text, nullable=False),
)
"""One row; none if the API does not list the event."""

RESOURCES = {name: _resource(name) for name in LAYOUT}

PEOPLE = Table("people", METADATA, Column("id", Text, primary_key=True), *_columns(PERSON))

SESSION_PEOPLE = Table(
    "session_people",
    METADATA,
    _owned_by("sessions"),
    Column("position", Integer, primary_key=True),
    Column("person_id", Text, ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    *_columns(ROLE),
    Column("is_public", Integer),
)
Index("session_people_by_person", SESSION_PEOPLE.c.person_id)

STATE = Table(
    "sessionboard_copy",
    METADATA,
    Column("schema_version", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("expand", Text, nullable=False),
    Column("checkpoint", Text),
)
"""One row: the source of the copy, and the checkpoint of its feed."""
