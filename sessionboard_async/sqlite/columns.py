"""The columns of each table, and the fields of a record that fill them."""

from __future__ import annotations

from typing import NamedTuple

from sessionboard_async.sqlite.values import ColumnKind

FieldPath = tuple[str, ...]


class ColumnSource(NamedTuple):
    """A column, and the paths of its value in a record; the first path with a value counts."""

    column: str
    paths: tuple[FieldPath, ...]
    kind: ColumnKind


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


def _kind(kind: ColumnKind, column: str, path: str) -> tuple[ColumnSource, ...]:
    return _sources(kind, (), {column: (path,)})


_DATES = _time("created_at", "updated_at")

EVENT = _text("name", "timezone", "features")

_SESSION = (
    *_text("friendly_id", "title", "status", "custom_status_id"),
    *_text(custom_status=("custom_status.name", "custom_status")),
    *_number("is_abstract", "is_public"),
    *_time("starts_at", "ends_at"),
    *_kind("local_time", "starts_local", "starts_at"),
    *_kind("local_time", "ends_local", "ends_at"),
    *_text(track_id=("track.id",), track=("track.name", "track")),
    *_text(room_id=("room.id",), room=("room.name", "room")),
    *_text(format_id=("format.id",), format=("format.name", "format")),
    *_text(level_id=("level.id",), level=("level.name", "level")),
    *_text(language_id=("language.id",), language=("language.name", "language")),
    *_number("capacity", "ceu_credits"),
    *_text("client_session_id", "external_url", "parent_session_friendly_id", "description"),
    *_DATES,
)

PERSON = (
    *_text("full_name", "first_name", "last_name", "email", "company_name", "title"),
    *_text("photo_url", "phone_mobile", "phone_home", "linkedin_url", "website_url"),
    *_text("address_city", "address_state", "address_country", "about"),
    *_DATES,
)

_CONTACT = (*_text("friendly_id"), *PERSON)

_ACCOUNT = (
    *_text("friendly_id", "name", "description", "phone", "website_url", "logo_image_url"),
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
    *_kind("typed_number", "value_number", "value"),
    *_kind("typed_boolean", "value_boolean", "value"),
    *_kind("typed_time", "value_time", "value"),
    *_time("created_at"),
)

_TRANSLATION = (
    *_text(field_id=("id",)),
    *_text("translated_language"),
    *_kind("language_tag", "language_tag", "translated_language"),
    *_text("parent_field_internal_name", "parent_field_name"),
    *_text("parent_field_id", "parent_field_source", "name", "type", "value"),
)

_TAG = _text(tag_id=("id",), name=("name",))

_SPONSOR = (*_text(sponsor_id=("id",)), *_text("name", "website_url", "logo_image_url"))

_EXHIBITOR = (*_text(exhibitor_id=("id",)), *_text("name", "website_url", "logo_image_url"))

_FILE = (
    *_text(file_id=("id",)),
    *_text("title", "filename", "mimetype", "url"),
    *_number("size"),
    *_text("assigned_participant_id", "assigned_participant_name"),
    *_DATES,
)

ROLE = (
    *_text(role=("participant_role.name",), role_slug=("participant_role.slug",)),
    *_text(core_role=("participant_role.core_role",)),
    *_text("session_participant_id"),
)

_COMMON_ARRAYS = {
    "custom_fields": ("custom_fields", _CUSTOM_FIELD),
    "translations": ("translated_fields", _TRANSLATION),
}
_SESSION_ARRAYS = {
    "tags": ("tags", _TAG),
    "sponsors": ("sponsors", _SPONSOR),
    "exhibitors": ("exhibitors", _EXHIBITOR),
    "files": ("content", _FILE),
    **_COMMON_ARRAYS,
}

LAYOUT: dict[str, tuple[tuple[ColumnSource, ...], dict[str, tuple[str, tuple[ColumnSource, ...]]]]] = {
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
