"""The tables of a copy, and where in a record the value of each column is found."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, Text

SCHEMA_VERSION = 1

Kind = Literal["text", "number", "time"]
Path = tuple[str, ...]


class ColumnSource(NamedTuple):
    """A column and its value's places in a record; the first that holds something counts."""

    column: str
    paths: tuple[Path, ...]
    kind: Kind


class ArrayTable(NamedTuple):
    """A table with the entries of an array in each record."""

    array: str
    table: Table
    owner: str
    places: tuple[ColumnSource, ...]


class ResourceTables(NamedTuple):
    """The table of a resource, and the tables of what lies inside its records."""

    table: Table
    places: tuple[ColumnSource, ...]
    updated_at: ColumnSource
    parts: tuple[ArrayTable, ...]


def _places(
    kind: Kind, names: tuple[str, ...], elsewhere: dict[str, tuple[str, ...]]
) -> tuple[ColumnSource, ...]:
    found = {name: (name,) for name in names} | elsewhere
    return tuple(
        ColumnSource(column, tuple(tuple(path.split(".")) for path in paths), kind)
        for column, paths in found.items()
    )


def _text(*names: str, **elsewhere: tuple[str, ...]) -> tuple[ColumnSource, ...]:
    return _places("text", names, elsewhere)


def _number(*names: str) -> tuple[ColumnSource, ...]:
    return _places("number", names, {})


def _time(*names: str, **elsewhere: tuple[str, ...]) -> tuple[ColumnSource, ...]:
    return _places("time", names, elsewhere)


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
    # The API misspells the country of accounts, and may stop doing so.
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

_FIELDS_AND_TEXTS = {
    "custom_fields": ("custom_fields", _CUSTOM_FIELD),
    "translations": ("translated_fields", _TRANSLATION),
}
_IN_SESSIONS = {"tags": ("tags", _TAG), **_FIELDS_AND_TEXTS}

_LAYOUT: dict[str, tuple[tuple[ColumnSource, ...], dict[str, tuple[str, tuple[ColumnSource, ...]]]]] = {
    "sessions": (_SESSION, _IN_SESSIONS),
    "speakers": (_CONTACT, _FIELDS_AND_TEXTS),
    "contacts": (_CONTACT, _FIELDS_AND_TEXTS),
    "sponsors": (_ACCOUNT, _FIELDS_AND_TEXTS),
    "exhibitors": (_ACCOUNT, _FIELDS_AND_TEXTS),
    "fields": (_FIELD, {}),
    "rooms": ((*_METADATA, *_number("capacity")), {}),
    "tracks": ((*_METADATA, *_text("color")), {}),
    "tags": (_METADATA, {}),
    "formats": (_METADATA, {}),
    "levels": (_METADATA, {}),
    "languages": (_METADATA, {}),
    "statuses": (_STATUS, {}),
}
"""By resource: its columns, and by table the arrays inside its records with the columns of their entries."""

_TYPES = {"text": Text, "number": Integer, "time": Text}

METADATA = MetaData()


def _columns(places: tuple[ColumnSource, ...]) -> list[Column[str | int]]:
    return [Column(place.column, _TYPES[place.kind]) for place in places]


def _owned_by(name: str) -> Column[str]:
    """Return a column that names a record, and with which its row is removed together with the record."""
    owner = ForeignKey(f"{name}.id", ondelete="CASCADE")
    return Column(_owner(name), Text, owner, primary_key=True)


def _owner(resource: str) -> str:
    return f"{resource.removesuffix('s')}_id"


def _part(resource: str, name: str, array: str, places: tuple[ColumnSource, ...]) -> ArrayTable:
    table = Table(
        f"{resource.removesuffix('s')}_{name}",
        METADATA,
        _owned_by(resource),
        Column("position", Integer, primary_key=True),
        *_columns(places),
    )
    return ArrayTable(array, table, _owner(resource), places)


def _resource(name: str) -> ResourceTables:
    places, parts = _LAYOUT[name]
    id_, record = Column("id", Text, primary_key=True), Column("record", Text, nullable=False)
    table = Table(name, METADATA, id_, *_columns(places), record)
    updated_at = next(place for place in places if place.column == "updated_at")
    return ResourceTables(table, places, updated_at, tuple(_part(name, part, *parts[part]) for part in parts))


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
"""One row: whose copy the file is, and how far it has come."""
