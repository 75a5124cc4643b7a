"""The tables of queries, with one record per row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.metadata import FAMILIES
from sessionboard_async.testing._data.people import ROLES
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.registry import Group

OLDEST_FIRST = Criteria(descending=False)

Columns = Mapping[str, str]
"""The names of columns and their types: ``text``, ``number``, ``boolean`` or ``datetime``."""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        columns: The fixed columns, apart from ``event_id``, which every table has.
        records: Returns the rows of one event; keys that are no columns are ignored.
        module: The module whose custom fields become columns; ``None`` for none.
    """

    columns: Columns
    records: Callable[[Organization, EventData], Iterable[Record]]
    module: str | None = None


def _texts(names: str) -> Columns:
    return dict.fromkeys(names.split(), "text")


_DATES = {"created_at": "datetime", "updated_at": "datetime"}
_NAMED = {"id": "text", "name": "text", **_DATES}
_FRIENDLY = {"id": "text", "friendly_id": "text", "friendly_id_raw": "number"}
_SETTINGS = ("track", "room", "level", "format", "language")
_SESSIONS = {
    **_FRIENDLY,
    **_texts("title description status custom_status_id custom_status"),
    **dict.fromkeys(("is_abstract", "is_public"), "boolean"),
    **dict.fromkeys(("starts_at", "ends_at"), "datetime"),
    **dict.fromkeys(("capacity", "ceu_credits"), "number"),
    **_texts("external_url client_session_id"),
    **{name: "text" for setting in _SETTINGS for name in (f"{setting}_id", setting)},
    **_texts("tags admin_url"),
    **_DATES,
}
_CONTACTS = {
    **_texts(
        "id friendly_id full_name first_name last_name email title company_name about photo_url pronouns "
        "languages industry topic_expertise phone_mobile phone_home address_line_1 address_line_2 "
        "address_city address_state address_postal_code address_country website_url linkedin_url "
        "twitter_url"
    ),
    **_DATES,
}
_ACCOUNTS = {
    **_FRIENDLY,
    **_texts(
        "name description phone website_url address_line_1 address_line_2 address_city address_state "
        "address_postal_code address_country logo_image_url"
    ),
    **_DATES,
}
_PARTICIPANTS = {
    **_texts("id session_id contact_id role_slug role_name core_role full_name email company_name"),
    "order": "number",
    "is_public": "boolean",
}
_FAMILY_COLUMNS = {
    "rooms": {"capacity": "number", "order": "number"},
    "tracks": {"color": "text", "order": "number"},
    "tags": {},
}


def _sessions(_: Organization, event: EventData) -> Iterator[Record]:
    for row in event.sessions(OLDEST_FIRST, linked_sources=False):
        session = event.program.session(row, unassigned={}, expand=())
        named = {name: _object(session.get(name)) for name in (*_SETTINGS, "custom_status")}
        yield {
            **session,
            **{f"{name}_id": value.get("id") for name, value in named.items()},
            **{name: value.get("name") for name, value in named.items()},
            "tags": ", ".join(str(tag["name"]) for tag in _objects(session.get("tags"))),
        }


def _participants(_: Organization, event: EventData) -> Iterator[Record]:
    for row in event.sessions(OLDEST_FIRST, linked_sources=False):
        session = event.program.session(row, unassigned={}, expand=())
        for person in _objects(session.get("participants")):
            role = _object(person.get("participant_role"))
            yield {
                **person,
                "id": person.get("session_participant_id"),
                "session_id": session["id"],
                "contact_id": person["id"],
                "role_slug": role.get("slug"),
                "role_name": role.get("name"),
                "core_role": role.get("core_role"),
            }


def _session_tags(_: Organization, event: EventData) -> Iterator[Record]:
    for row in event.sessions(OLDEST_FIRST, linked_sources=False):
        for tag in row.tag_ids:
            yield {"session_id": event.agenda.id(row), "tag_id": tag}


def contacts_of(organization: Organization, event: EventData) -> Iterator[Record]:
    """Yield the contacts of an event, the oldest first."""
    return _people(organization, event.contacts, "CONT")


def _speakers(organization: Organization, event: EventData) -> Iterator[Record]:
    return _people(organization, event.speakers, "SPK")


def _people(organization: Organization, group: Group, prefix: str) -> Iterator[Record]:
    for row in group.select(OLDEST_FIRST):
        yield organization.people.contact(row.ordinal, prefix=prefix)


def _accounts(_: Organization, event: EventData, *, kind: str) -> Iterator[Record]:
    accounts = event.sponsors if kind == "sponsor" else event.exhibitors
    for row in accounts.rows:
        account = accounts.account(row.ordinal)
        yield {**account, "address_country": account.get("address_coutnry")}


def _metadata(_: Organization, event: EventData, *, family: str) -> Iterable[Record]:
    return event.metadata.all(family)


TABLES: Mapping[str, Table] = {
    "sessions": Table(_SESSIONS, _sessions, "session"),
    "speakers": Table(_CONTACTS, _speakers, "contact"),
    "contacts": Table(_CONTACTS, contacts_of, "contact"),
    "participant_contacts": Table(_PARTICIPANTS, _participants),
    "session_tags": Table(_texts("session_id tag_id"), _session_tags),
    "sponsors": Table(_ACCOUNTS, partial(_accounts, kind="sponsor"), "account"),
    "exhibitors": Table(_ACCOUNTS, partial(_accounts, kind="exhibitor"), "account"),
    **{
        family: Table(
            {**_NAMED, **_FAMILY_COLUMNS.get(family, {"order": "number"})}, partial(_metadata, family=family)
        )
        for family in FAMILIES
    },
}
"""All tables, by name."""


def columns_of(name: str, events: Sequence[EventData]) -> dict[str, str]:
    """Return the columns of a table for some events, custom fields included, with their types."""
    table = TABLES[name]
    columns = {"event_id": "number", **table.columns}
    for event in events:
        for field in event.fields.rows:
            if field.module != table.module or field.source != "custom":
                continue
            record = event.fields.record(field)
            # Column names in SQLite are case-insensitive.
            column = str(record["internal_name"]).lower()
            if re.fullmatch(r"[a-z_]\w*", column, re.ASCII):
                columns.setdefault(column, _COLUMN_TYPES.get(str(record["field_type"]), "text"))
    return columns


_COLUMN_TYPES = {"number": "number", "checkbox": "boolean", "datetime": "datetime", "date": "datetime"}


def rows_of(name: str, organization: Organization, events: Sequence[EventData]) -> Iterator[Record]:
    """Yield the rows of a table for some events; a row may lack columns and have other keys."""
    table = TABLES[name]
    for event in events:
        for record in table.records(organization, event):
            custom = {
                str(field["internal_name"]).lower(): field["value"]
                for field in _objects(record.get("custom_fields"))
            }
            yield {**custom, **record, "event_id": event.id}


def schema_of(events: Sequence[EventData], *, roles: bool) -> Record:
    """Return the schema of queries.

    Args:
        events: The events whose custom fields are included.
        roles: Include the roles of people in the sessions of these events.
    """
    entities = [
        {
            "name": name,
            "fields": [{"name": column, "type": type_} for column, type_ in columns_of(name, events).items()],
        }
        for name in TABLES
    ]
    if not roles:
        return {"entities": entities}
    slugs = [
        {"slug": role.slug, "name": role.name, "name_plural": role.plural, "core_role": role.core}
        for role in ROLES
    ]
    return {"entities": entities, "session_participant_roles": slugs}


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _objects(value: object) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", value) if isinstance(value, Sequence) else ()
