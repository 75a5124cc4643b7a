"""Sponsors and exhibitors: two families that share their methods."""

from __future__ import annotations

from typing import TypedDict, TypeVar, Unpack

from msgspec import UNSET

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.models import Exhibitor, Sponsor
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services._common.bulk.operations import BulkValues
from sessionboard_async.services._common.ids.arguments import Id, Kinds
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.payloads import CustomFields, Extra, Writable
from sessionboard_async.services._common.records import RecordService, RecordWrites, UpdatedAt, record_writes

T = TypeVar("T", bound=RecordWithFields)


class AccountUpdate(UpdatedAt, total=False):
    """Values that update a sponsor or exhibitor.

    Attributes:
        name: The name.
        custom_fields: Values of custom fields.
        updated_at: The record's ``updated_at`` as it was read. If the record was changed since, the API
            refuses the update with a ``ConflictError``.
    """

    name: Writable[str]
    custom_fields: Writable[CustomFields]


class AccountCreate(TypedDict, total=False):
    """Values that create a sponsor or exhibitor; ``name`` or ``account_id`` is required.

    Attributes:
        name: The name.
        account_id: An account of the organization to add to the event.
        custom_fields: Values of custom fields.
    """

    name: Writable[str]
    account_id: Writable[Id]
    custom_fields: Writable[CustomFields]


def account_search(operation: str, path: str, record: type[T]) -> Endpoint[T]:
    """Declare the search of a family."""
    answer = page_of(record, dated=True)
    return Endpoint(operation, "POST", path, answer, idempotent=True, scope="read:contacts")


def account_get(operation: str, path: str, record: type[T]) -> Endpoint[T]:
    """Declare the operation that gets one record of a family."""
    return Endpoint(operation, "GET", path, record, scope="read:contacts", limit="entity-reads")


class AccountService(RecordService[T, T | Id]):
    """Sponsors or exhibitors, each with its contacts."""

    async def create(
        self,
        event_id: EventLike,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[AccountCreate],
    ) -> T:
        """Create a sponsor or exhibitor.

        ``name`` or ``account_id`` is required.

        Scope ``write:sponsors`` or ``write:exhibitors``; rate-limit category of the family's writes, and the
        daily quota; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values, as in ``AccountCreate``.

        Returns:
            The created sponsor or exhibitor.

        Raises:
            BadRequestError: If the API refuses a value.
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        if all(values.get(name, UNSET) in (None, UNSET) for name in ("name", "account_id")):
            raise TypeError("pass name or account_id")
        return await self._create(event_id, values, extra, allow_masked=allow_masked)

    async def update(
        self,
        event_id: EventLike,
        record: T | Id,
        *,
        extra: Extra | None = None,
        allow_masked: bool = False,
        **values: Unpack[AccountUpdate],
    ) -> T:
        """Update a sponsor or exhibitor. Only the fields you pass are sent.

        Scope ``write:sponsors`` or ``write:exhibitors``; rate-limit category of the family's writes; not
        retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            record: The record as it was read, whose ``updated_at`` is sent back; or its id.
            extra: More properties, under the API's names.
            allow_masked: Whether to write values that look like the API's masks, such as ``j***@a***.com``.
            **values: The values to change, as in ``AccountUpdate``; ``None`` clears a value.

        Returns:
            The updated record. A search may return an older copy for three minutes.

        Raises:
            ConflictError: If the record was changed after this ``updated_at``.
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._update(event_id, record, values, extra, allow_masked=allow_masked)


class Sponsors(AccountService[Sponsor]):
    """The sponsors of an event. The API answers 403 or 404 if the event has the feature switched off.

    Scope ``read:contacts`` for reading, ``write:sponsors`` for writing. Rate-limit categories:
    ``entity-reads`` for ``get``, ``sponsor-writes`` for writing; no documented limit for other reads.
    """

    _ID_ARGUMENT: str = "sponsor_id"
    _KINDS: Kinds = Sponsor
    _SEARCH: Endpoint[Sponsor] = account_search("search-sponsors", "/v1/event/{event_id}/sponsors", Sponsor)
    _GET: Endpoint[Sponsor] = account_get(
        "get-sponsor", "/v1/event/{event_id}/sponsors/{sponsor_id}", Sponsor
    )
    _WRITES: RecordWrites[Sponsor] = record_writes(
        "sponsor",
        Sponsor,
        BulkValues(AccountCreate, AccountUpdate, Sponsor),
        create="create-sponsor",
        update="update-sponsor",
        delete="delete-sponsor",
        restore="restore-sponsor",
        bulk="bulk-sponsors",
    )


class Exhibitors(AccountService[Exhibitor]):
    """The exhibitors of an event. The API answers 403 or 404 if the event has the feature switched off.

    Scope ``read:contacts`` for reading, ``write:exhibitors`` for writing. Rate-limit categories:
    ``entity-reads`` for ``get``, ``exhibitor-writes`` for writing; no documented limit for other reads.
    """

    _ID_ARGUMENT: str = "exhibitor_id"
    _KINDS: Kinds = Exhibitor
    _SEARCH: Endpoint[Exhibitor] = account_search(
        "search-exhibitors", "/v1/event/{event_id}/exhibitors", Exhibitor
    )
    _GET: Endpoint[Exhibitor] = account_get(
        "get-exhibitor", "/v1/event/{event_id}/exhibitors/{exhibitor_id}", Exhibitor
    )
    _WRITES: RecordWrites[Exhibitor] = record_writes(
        "exhibitor",
        Exhibitor,
        BulkValues(AccountCreate, AccountUpdate, Exhibitor),
        create="create-exhibitor",
        update="update-exhibitor",
        delete="delete-exhibitor",
        restore="restore-exhibitor",
        bulk="bulk-exhibitors",
    )
