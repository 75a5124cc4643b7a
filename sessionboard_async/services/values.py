"""What creates and updates take by keyword, one class per kind of record.

``None`` clears a value, where a class allows it; ``UNSET`` counts as not passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.payloads import CustomFields, Writable


class Dated(TypedDict, total=False):
    """What every update of a record that others may change meanwhile takes by keyword.

    Attributes:
        updated_at: The record's ``updated_at`` as it was read: where it was changed since, the API refuses
            the write with a ``ConflictError``.
    """

    updated_at: Writable[Timestamp]


class SessionValues(TypedDict, total=False):
    """What can be written of a session at any time, beside its title.

    Attributes:
        description: HTML.
        starts_at: When it begins: an aware datetime, or an ISO 8601 string with its offset.
        ends_at: When it ends.
        capacity: How many people may come.
        room_id: The room.
        track_id: The track.
        status: One of the API's own statuses; other words are passed on.
        tag_ids: The tags, in place of those that it has.
        is_public: Whether it is shown in public.
        custom_fields: Values of custom fields.
    """

    description: Writable[str]
    starts_at: Writable[Timestamp]
    ends_at: Writable[Timestamp]
    capacity: Writable[int]
    room_id: Writable[str]
    track_id: Writable[str]
    status: Writable[str]
    tag_ids: Writable[Sequence[str]]
    is_public: Writable[bool]
    custom_fields: Writable[CustomFields]


class SessionUpdate(SessionValues, Dated, total=False):
    """What changes a session.

    Attributes:
        title: The title.
    """

    title: Writable[str]


class _Titled(TypedDict):
    title: str


class SessionCreate(_Titled, SessionValues, total=False):
    """What creates a session; ``title`` must be there.

    Attributes:
        level_id: The level. This and what follows can be set only now.
        format_id: The format.
        language_id: The language.
        parent_session_id: The session that it is a part of.
        is_abstract: Whether it is a submission and not yet on the programme.
    """

    level_id: Writable[str]
    format_id: Writable[str]
    language_id: Writable[str]
    parent_session_id: Writable[str]
    is_abstract: Writable[bool]


class SessionFields(TypedDict):
    """What changes nothing of a session but its custom fields.

    Attributes:
        custom_fields: Values of custom fields.
    """

    custom_fields: CustomFields


class ContactValues(TypedDict, total=False):
    """What can be written of a contact, beside the e-mail address.

    Attributes:
        first_name: The given name.
        last_name: The family name.
        company: What is read as ``company_name``.
        title: The job title.
        phone: What is read as ``phone_mobile`` or ``phone_home``.
        custom_fields: Values of custom fields; most of what a contact has can be written only there, if at
            all.
    """

    first_name: Writable[str]
    last_name: Writable[str]
    company: Writable[str]
    title: Writable[str]
    phone: Writable[str]
    custom_fields: Writable[CustomFields]


class ContactUpdate(ContactValues, Dated, total=False):
    """What changes a contact.

    Attributes:
        email: The e-mail address; no other contact of the event may have it.
    """

    email: Writable[str]


class _Addressed(TypedDict):
    email: str


class ContactCreate(_Addressed, ContactValues, total=False):
    """What creates a contact; ``email`` must be there, and no other contact of the event may have it."""


class AccountUpdate(Dated, total=False):
    """What changes a sponsor or exhibitor.

    Attributes:
        name: The name.
        custom_fields: Values of custom fields.
    """

    name: Writable[str]
    custom_fields: Writable[CustomFields]


class AccountCreate(TypedDict, total=False):
    """What creates a sponsor or exhibitor; ``name`` or ``account_id`` must be there.

    Attributes:
        name: The name.
        account_id: An account of the organization that becomes one.
        custom_fields: Values of custom fields.
    """

    name: Writable[str]
    account_id: Writable[str]
    custom_fields: Writable[CustomFields]


class FieldValues(TypedDict, total=False):
    """What creates or changes a custom field.

    Attributes:
        name: What people see.
        type: The type of its values, such as ``text``.
        module_id: The module whose records have it.
    """

    name: Writable[str]
    type: Writable[str]
    module_id: Writable[str]


class NamedCreate(TypedDict):
    """What every record of a family must have to be created.

    Attributes:
        name: What people see.
    """

    name: str


class NamedUpdate(TypedDict, total=False):
    """What every record of a family can be given anew.

    Attributes:
        name: What people see.
    """

    name: Writable[str]


class ColorValues(TypedDict, total=False):
    """What tracks and statuses have beside a name.

    Attributes:
        color: A CSS color such as ``#2E7D32``.
    """

    color: Writable[str]


class RoomValues(TypedDict, total=False):
    """What rooms have beside a name.

    Attributes:
        capacity: How many people it holds.
    """

    capacity: Writable[int]


class ColoredCreate(NamedCreate, ColorValues):
    """What creates a track or status, by keyword."""


class ColoredUpdate(NamedUpdate, ColorValues):
    """What changes a track or status, by keyword."""


class RoomCreate(NamedCreate, RoomValues):
    """What creates a room, by keyword."""


class RoomUpdate(NamedUpdate, RoomValues):
    """What changes a room, by keyword."""
