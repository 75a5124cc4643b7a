"""Speakers, the contacts of an event, and the contacts of an organization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.models import Contact, ContactSessions, OrgContactSessions
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.bulk import BulkValues
from sessionboard_async.services._common.crud import RetrieveService
from sessionboard_async.services._common.filters import Expansion, RecordSearch, expansions
from sessionboard_async.services._common.payloads import CustomFields, Extra, Writable
from sessionboard_async.services._common.records import RecordService, RecordWrites, UpdatedAt, record_writes
from sessionboard_async.services._common.service import Service


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
    """

    email: Writable[str]


class _ContactEmail(TypedDict):
    email: str


class ContactCreate(_ContactEmail, ContactValues, total=False):
    """Values that create a contact; ``email`` is required, and unique in an event."""


class Speakers(RetrieveService[Contact]):
    """The speakers of an event: those of its contacts who have the role of a speaker.

    Chairpersons and moderators are contacts, and not found here.
    """

    ID_ARGUMENT: str = "contact_id"
    SEARCH: Endpoint[Contact] = Endpoint(
        "search-speakers",
        "POST",
        "/v1/event/{event_id}/speakers",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    GET: Endpoint[Contact] = Endpoint(
        "get-speaker",
        "GET",
        "/v1/event/{event_id}/speakers/{contact_id}",
        Contact,
        scope="read:contacts",
    )


class Contacts(RecordService[Contact]):
    """The contacts of an event: speakers, attendees, and everybody else who is on record."""

    ID_ARGUMENT: str = "contact_id"
    SEARCH: Endpoint[Contact] = Endpoint(
        "search-event-contacts",
        "POST",
        "/v1/event/{event_id}/contacts",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    GET: Endpoint[Contact] = Endpoint(
        "get-event-contact",
        "GET",
        "/v1/event/{event_id}/contacts/{contact_id}",
        Contact,
        scope="read:contacts",
        limit="entity-reads",
    )
    SESSIONS: Endpoint[ContactSessions] = Endpoint(
        "get-contact-sessions",
        "GET",
        "/v1/event/{event_id}/contacts/{contact_id}/sessions",
        ContactSessions,
        scope="read:contacts",
    )

    WRITES: RecordWrites[Contact] = record_writes(
        "contact",
        Contact,
        BulkValues(ContactCreate, ContactUpdate),
        create="create-contact",
        update="update-contact",
        delete="delete-contact",
        restore="restore-contact",
        bulk="bulk-contacts",
    )

    async def sessions(self, event_id: EventId | None, contact_id: str | None) -> ContactSessions:
        """Get a contact's sessions at an event, those merged into others included.

        Args:
            event_id: The event.
            contact_id: The contact.

        Returns:
            Light rows of sessions, and one status that sums them up. Scope ``read:contacts``; no limit is
            documented.

        Raises:
            NotFoundError: If there is no such contact.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.SESSIONS, {"event_id": event_id, "contact_id": contact_id})

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[ContactCreate]
    ) -> Contact:
        """Create a contact.

        Scope ``write:contacts``; limit category ``contact-writes``, and the daily quota; not sent again once
        it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``ContactCreate``.

        Returns:
            The record as it was created.

        Raises:
            BadRequestError: If the API does not take a value, or another
                contact of the event has the e-mail address.
            TypeError: If a value is unknown, missing or of the wrong type.
            ValueError: If a time has no offset, or a value is masked.
        """
        return await self._create(event_id, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        record: str | Contact | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[ContactUpdate],
    ) -> Contact:
        """Change what is passed of a contact, and nothing else.

        A new e-mail address does not change with which one the person logs in.

        Scope ``write:contacts``; limit category ``contact-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            record: Its id; or the record as it was read, whose id and ``updated_at`` are taken then.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``ContactUpdate``; ``None`` clears.

        Returns:
            The record as it is now. Use this one: what a search answers may be three minutes old.

        Raises:
            ConflictError: If it was changed since it had this ``updated_at``.
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._update(event_id, record, values, extra)


class OrgContacts(Service):
    """The contacts of a whole organization."""

    SEARCH: Endpoint[Contact] = Endpoint(
        "search-org-contacts",
        "POST",
        "/v1/organization/{org_id}/contacts",
        page_of(Contact, dated=True),
        idempotent=True,
        scope="read:contacts",
    )
    GET: Endpoint[Contact] = Endpoint(
        "get-org-contact",
        "GET",
        "/v1/organization/{org_id}/contacts/{contact_id}",
        Contact,
        scope="read:contacts",
    )
    SESSIONS: Endpoint[OrgContactSessions] = Endpoint(
        "get-org-contact-sessions",
        "GET",
        "/v1/organization/{org_id}/contacts/{contact_id}/sessions",
        OrgContactSessions,
        scope="read:contacts",
    )

    def search(self, org_id: str | None, **search: Unpack[RecordSearch]) -> Pager[Contact]:
        """Search the contacts of an organization.

        Args:
            org_id: The organization's UUID, which ``events.list`` does not tell; webhooks do.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A stream of contacts. Scope ``read:contacts``; not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.SEARCH, {"org_id": org_id}, search)

    async def get(
        self,
        org_id: str | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        expand: Sequence[Expansion] = (),
    ) -> Contact:
        """Get one contact of an organization.

        Args:
            org_id: The organization's UUID.
            id: Its id.
            expand: What the contact shall hold in addition.

        Returns:
            The contact. Scope ``read:contacts``; not rate limited.

        Raises:
            NotFoundError: If there is no such contact.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {"org_id": org_id, "contact_id": id}
        return await self._record(self.GET, path, {"expand": expansions(expand)})

    async def sessions(self, org_id: str | None, contact_id: str | None) -> OrgContactSessions:
        """Get a contact's sessions at all events of an organization.

        Args:
            org_id: The organization's UUID.
            contact_id: The contact.

        Returns:
            Light rows of sessions, each with its event, and one status that sums them up. Scope
            ``read:contacts``; not rate limited.

        Raises:
            NotFoundError: If there is no such contact.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.SESSIONS, {"org_id": org_id, "contact_id": contact_id})
