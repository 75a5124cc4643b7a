"""Speakers, the contacts of an event, and the contacts of an organization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypedDict, Unpack
from uuid import UUID

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.models import (
    Contact,
    ContactSessions,
    OrgContactSessions,
    SessionParticipant,
    SessionSpeaker,
)
from sessionboard_async.models.accounts import AccountContact
from sessionboard_async.services._common.bulk.operations import BulkValues
from sessionboard_async.services._common.crud import RetrieveService
from sessionboard_async.services._common.filters import Expansion, RecordSearch, expansions
from sessionboard_async.services._common.ids.arguments import Id, Kinds, Path, id_of
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.payloads import CustomFields, Extra, Writable
from sessionboard_async.services._common.records import RecordService, RecordWrites, UpdatedAt, record_writes
from sessionboard_async.services._common.service import Service

ContactLike: TypeAlias = Contact | SessionSpeaker | SessionParticipant | AccountContact | Id
"""A contact, also as one of the people of a session, sponsor or exhibitor; or its id."""


class ContactValues(TypedDict, total=False):
    """Values of a contact, without the email address, that a create and an update take.

    Attributes:
        first_name: The given name.
        last_name: The family name.
        company: The company; read as ``company_name``.
        title: The job title.
        phone: The phone number; read as ``phone_mobile`` or ``phone_home``.
        custom_fields: Values of custom fields. The API takes most fields of a contact only here, if at all.
    """

    first_name: Writable[str]
    last_name: Writable[str]
    company: Writable[str]
    title: Writable[str]
    phone: Writable[str]
    custom_fields: Writable[CustomFields]


class ContactUpdate(ContactValues, UpdatedAt, total=False):
    """Values that update a contact.

    Attributes:
        email: The email address; unique in an event.
        first_name: The given name.
        last_name: The family name.
        company: The company; read as ``company_name``.
        title: The job title.
        phone: The phone number; read as ``phone_mobile`` or ``phone_home``.
        custom_fields: Values of custom fields. The API takes most fields of a contact only here, if at all.
        updated_at: The record's ``updated_at`` as it was read. If the record was changed since, the API
            refuses the update with a ``ConflictError``.
    """

    email: Writable[str]


class _ContactEmail(TypedDict):
    email: str


class ContactCreate(_ContactEmail, ContactValues, total=False):
    """Values that create a contact; ``email`` is required, and unique in an event.

    Attributes:
        email: The email address; unique in an event.
        first_name: The given name.
        last_name: The family name.
        company: The company; read as ``company_name``.
        title: The job title.
        phone: The phone number; read as ``phone_mobile`` or ``phone_home``.
        custom_fields: Values of custom fields. The API takes most fields of a contact only here, if at all.
    """


class Speakers(RetrieveService[Contact, ContactLike]):
    """The speakers of an event: its contacts who have the role of a speaker.

    Chairpersons and moderators are contacts, and not included.

    Scope ``read:contacts`` for reading. Not rate limited.
    """

    _ID_ARGUMENT: str = "contact_id"
    _KINDS: Kinds = ContactLike
    _SEARCH: Endpoint[Contact] = Endpoint(
        "search-speakers",
        "POST",
        "/v1/event/{event_id}/speakers",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    _GET: Endpoint[Contact] = Endpoint(
        "get-speaker",
        "GET",
        "/v1/event/{event_id}/speakers/{contact_id}",
        Contact,
        scope="read:contacts",
    )


class Contacts(RecordService[Contact, ContactLike]):
    """The contacts of an event: speakers, attendees, and all other people on record.

    Scope ``read:contacts`` for reading, ``write:contacts`` for writing. Rate-limit categories:
    ``entity-reads`` for ``get``, ``contact-writes`` for writing; no documented limit for other reads.
    """

    _ID_ARGUMENT: str = "contact_id"
    _KINDS: Kinds = ContactLike
    _SEARCH: Endpoint[Contact] = Endpoint(
        "search-event-contacts",
        "POST",
        "/v1/event/{event_id}/contacts",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    _GET: Endpoint[Contact] = Endpoint(
        "get-event-contact",
        "GET",
        "/v1/event/{event_id}/contacts/{contact_id}",
        Contact,
        scope="read:contacts",
        limit="entity-reads",
    )
    _SESSIONS: Endpoint[ContactSessions] = Endpoint(
        "get-contact-sessions",
        "GET",
        "/v1/event/{event_id}/contacts/{contact_id}/sessions",
        ContactSessions,
        scope="read:contacts",
    )

    _WRITES: RecordWrites[Contact] = record_writes(
        "contact",
        Contact,
        BulkValues(ContactCreate, ContactUpdate, ContactLike),
        create="create-contact",
        update="update-contact",
        delete="delete-contact",
        restore="restore-contact",
        bulk="bulk-contacts",
    )

    async def sessions(self, event_id: EventLike, contact_id: ContactLike) -> ContactSessions:
        """Get a contact's sessions at an event, including those merged into others.

        Scope ``read:contacts``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            contact_id: The contact, or its id.

        Returns:
            The sessions in a short form, and one status that summarizes them.

        Raises:
            NotFoundError: If the contact does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._SESSIONS, {**event_path(event_id), **_contact_path(contact_id)})

    async def create(
        self,
        event_id: EventLike,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[ContactCreate],
    ) -> Contact:
        """Create a contact.

        Scope ``write:contacts``; rate-limit category ``contact-writes``, and the daily quota; not retried
        when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values, as in ``ContactCreate``.

        Returns:
            The created record.

        Raises:
            BadRequestError: If the API refuses a value, or another contact of the event has the email
                address.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._create(event_id, values, extra, allow_masked=allow_masked)

    async def update(
        self,
        event_id: EventLike,
        record: ContactLike,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[ContactUpdate],
    ) -> Contact:
        """Update a contact. Only the fields you pass are sent.

        A new email address does not change the address that the person logs in with.

        Scope ``write:contacts``; rate-limit category ``contact-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            record: The record as it was read, whose ``updated_at`` is sent back; or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values to change, as in ``ContactUpdate``; ``None`` clears a value.

        Returns:
            The updated record. A search may return an older copy for three minutes.

        Raises:
            ConflictError: If the record was changed after this ``updated_at``.
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._update(event_id, record, values, extra, allow_masked=allow_masked)


class OrgContacts(Service):
    """The contacts of a whole organization."""

    _SEARCH: Endpoint[Contact] = Endpoint(
        "search-org-contacts",
        "POST",
        "/v1/organization/{org_id}/contacts",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    _GET: Endpoint[Contact] = Endpoint(
        "get-org-contact",
        "GET",
        "/v1/organization/{org_id}/contacts/{contact_id}",
        Contact,
        scope="read:contacts",
    )
    _SESSIONS: Endpoint[OrgContactSessions] = Endpoint(
        "get-org-contact-sessions",
        "GET",
        "/v1/organization/{org_id}/contacts/{contact_id}/sessions",
        OrgContactSessions,
        scope="read:contacts",
    )

    def search(self, org_id: str | UUID, **search: Unpack[RecordSearch]) -> Pager[Contact]:
        """Search the contacts of an organization.

        Scope ``read:contacts``; not rate limited.

        Args:
            org_id: The UUID of the organization, which webhooks and GDPR requests have, but not
                ``events.list``.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A pager of contacts.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, a time has no offset, or
                an id is empty.
            TypeError: If an id is ``None``, a keyword is unknown, or a value has the wrong type.
        """
        return self._search(self._SEARCH, _org_path(org_id), search)

    async def get(
        self,
        org_id: str | UUID,
        id: ContactLike,  # noqa: A002  # the API's own word
        *,
        expand: Sequence[Expansion] = (),
    ) -> Contact:
        """Get a contact of an organization.

        Scope ``read:contacts``; not rate limited.

        Args:
            org_id: The organization's UUID.
            id: The contact, or its id.
            expand: Expansions to include.

        Returns:
            The contact.

        Raises:
            NotFoundError: If the contact does not exist.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {**_org_path(org_id), **_contact_path(id)}
        return await self._record(self._GET, path, {"expand": expansions(expand)})

    async def sessions(self, org_id: str | UUID, contact_id: ContactLike) -> OrgContactSessions:
        """Get a contact's sessions at all events of an organization.

        Scope ``read:contacts``; not rate limited.

        Args:
            org_id: The organization's UUID.
            contact_id: The contact, or its id.

        Returns:
            The sessions in a short form, each with its event, and one status that summarizes them.

        Raises:
            NotFoundError: If the contact does not exist.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._SESSIONS, {**_org_path(org_id), **_contact_path(contact_id)})


def _org_path(org_id: str | UUID) -> Path:
    return {"org_id": id_of("org_id", org_id, Id)}


def _contact_path(contact_id: ContactLike) -> Path:
    return {"contact_id": id_of("contact_id", contact_id, ContactLike)}
