"""The tables of a copy, and the fields of a record that fill each column."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

SCHEMA_VERSION = 1

ColumnKind = Literal["text", "number", "time"]
FieldPath = tuple[str, ...]


class ColumnSource(NamedTuple):
    """A column, and the paths of its value in a record; the first path with a value counts."""

    column: str
    paths: tuple[FieldPath, ...]
    kind: ColumnKind


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


def _sources(
    kind: ColumnKind, names: tuple[str, ...], elsewhere: dict[str, tuple[str, ...]]
) -> tuple[ColumnSource, ...]:
    found = {name: (name,) for name in names} | elsewhere
    return tuple(
        ColumnSource(column, tuple(tuple(path.split(".")) for path in paths), kind)
        for column, paths in found.items()
    )


def _text(*names: str, **elsewhere: tuple[str, ...]) -> tuple[ColumnSource, ...]:
    return _sources("text", names, elsewhere)


def _number(*names: str) -> tuple[ColumnSource, ...]:
    return _sources("number", names, {})


def _time(*names: str, **elsewhere: tuple[str, ...]) -> tuple[ColumnSource, ...]:
    return _sources("time", names, elsewhere)


_DATES = _time("created_at", "updated_at")

_SESSION = (
    *_text("friendly_id", "title", "status", "custom_status_id"),
    *_text(custom_status=("custom_status.name", "custom_status")),
    *_number("is_abstract", "is_public"),
    *_time("starts_at", "ends_at"),
    *_text(track_id=("track.id",), track=("track.name", "track")),
    *_text(room_id=("room.id",), room=("room.name", "room")),
    *_text(format_id=("format.id",), format=("format.name", "format")),
    *_text(level_id=("level.id",), level=("level.name", "level")),
    *_text(language_id=("language.id",), language=("language.name", "language")),
    *_number("capacity"),
    *_text("client_session_id", "external_url", "parent_session_friendly_id"),
    *_DATES,
)

PERSON = (
    *_text("full_name", "first_name", "last_name", "email", "company_name", "title"),
    *_text("photo_url", "phone_mobile", "phone_home", "linkedin_url", "website_url"),
    *_text("address_city", "address_state", "address_country"),
    *_DATES,
)

_CONTACT = (*_text("friendly_id"), *PERSON)

_ACCOUNT = (
    *_text("friendly_id", "name", "phone", "website_url", "logo_image_url"),
    *_text("address_city", "address_state"),
    # The API misspells the country of accounts, and may correct it.
    *_text(address_country=("address_country", "address_coutnry")),
    *_DATES,
)

_FIELD = (
    *_text("internal_name", "public_name", "field_type", "field_source", "scope"),
    *_number("contains_pii"),
    *_time(created_at=("createdAt", "created_at"), updated_at=("updatedAt", "updated_at")),
)

_METADATA = (*_text("name"), *_number("order"), *_DATES)

_STATUS = (
    *_text("name", "status", "status_name", "color"),
    *_number("order", "is_custom"),
    *_DATES,
)

_CUSTOM_FIELD = (
    *_text(field_id=("id",)),
    *_text(internal_name=("internal_name", "key")),
    *_text("name", "type", "value"),
    *_time("created_at"),
)

_TRANSLATION = (
    *_text(field_id=("id",)),
    *_text("translated_language", "parent_field_internal_name", "parent_field_name"),
    *_text("parent_field_id", "parent_field_source", "name", "type", "value"),
)

_TAG = _text(tag_id=("id",), name=("name",))

ROLE = (
    *_text(role=("participant_role.name",), role_slug=("participant_role.slug",)),
    *_text(core_role=("participant_role.core_role",)),
    *_text("session_participant_id"),
)

_COMMON_ARRAYS = {
    "custom_fields": ("custom_fields", _CUSTOM_FIELD),
    "translations": ("translated_fields", _TRANSLATION),
}
_SESSION_ARRAYS = {"tags": ("tags", _TAG), **_COMMON_ARRAYS}

_LAYOUT: dict[str, tuple[tuple[ColumnSource, ...], dict[str, tuple[str, tuple[ColumnSource, ...]]]]] = {
    "sessions": (_SESSION, _SESSION_ARRAYS),
    "speakers": (_CONTACT, _COMMON_ARRAYS),
    "contacts": (_CONTACT, _COMMON_ARRAYS),
    "sponsors": (_ACCOUNT, _COMMON_ARRAYS),
    "exhibitors": (_ACCOUNT, _COMMON_ARRAYS),
    "fields": (_FIELD, {}),
    "rooms": ((*_METADATA, *_number("capacity")), {}),
    "tracks": ((*_METADATA, *_text("color")), {}),
    "tags": (_METADATA, {}),
    "formats": (_METADATA, {}),
    "levels": (_METADATA, {}),
    "languages": (_METADATA, {}),
    "statuses": (_STATUS, {}),
}
"""By resource: its columns; and by table, the array of its records with the columns of its entries."""

_TYPES = {"text": Text, "number": Integer, "time": Text}

METADATA = MetaData()


def _columns(sources: tuple[ColumnSource, ...]) -> list[Column[str | int]]:
    return [Column(source.column, _TYPES[source.kind]) for source in sources]


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
    sources, arrays = _LAYOUT[name]
    id_, record = Column("id", Text, primary_key=True), Column("record", Text, nullable=False)
    table = Table(name, METADATA, id_, *_columns(sources), record)
    updated_at = next(source for source in sources if source.column == "updated_at")
    return ResourceTables(
        table, sources, updated_at, tuple(_array_table(name, suffix, *arrays[suffix]) for suffix in arrays)
    )


RESOURCES = {name: _resource(name) for name in _LAYOUT}

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
    Column("cursor", Text),
)
"""One row: the source of the copy, and the cursor of its feed."""
