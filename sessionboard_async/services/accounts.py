"""Sponsors and exhibitors: two families, alike but for their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from msgspec import UNSET

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pages import Pager
from sessionboard_async.models import Exhibitor, Sponsor
from sessionboard_async.models.base import EventId
from sessionboard_async.models.translation import RecordWithFields
from sessionboard_async.services.records import RecordService, record_writes
from sessionboard_async.services.search import Expansion, RecordSearch, expansions
from sessionboard_async.services.values import AccountCreate, AccountUpdate
from sessionboard_async.services.writing import Extra

T = TypeVar("T", bound=RecordWithFields)


@dataclass(frozen=True, slots=True)
class AccountEndpoints(Generic[T]):
    """The operations of one family, and what its paths call the id of a record."""

    id_argument: str
    search: Endpoint[T]
    get: Endpoint[T]


def account_endpoints(singular: str, record: type[T]) -> AccountEndpoints[T]:
    """Declare the operations of a family by its name in the singular."""
    path = f"/v1/event/{{event_id}}/{singular}s"
    one = f"{path}/{{{singular}_id}}"
    return AccountEndpoints(
        id_argument=f"{singular}_id",
        search=Endpoint(
            f"search-{singular}s",
            "POST",
            path,
            page_of(record),
            read=True,
            scope="read:contacts",
        ),
        get=Endpoint(
            f"get-{singular}",
            "GET",
            one,
            record,
            scope="read:contacts",
            limit="entity-reads",
        ),
    )


class AccountService(RecordService[T]):
    """What sponsors and exhibitors can do."""

    ENDPOINTS: ClassVar[AccountEndpoints[Any]]

    def search(self, event_id: EventId | None, **search: Unpack[RecordSearch]) -> Pager[T]:
        """Search them, each with its contacts.

        Args:
            event_id: The event.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A stream of records. Scope ``read:contacts``, or one of their own; not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.ENDPOINTS.search, {"event_id": event_id}, search)

    async def get(
        self, event_id: EventId | None, account_id: str | None, *, expand: Sequence[Expansion] = ()
    ) -> T:
        """Get one.

        Args:
            event_id: The event.
            account_id: Its id.
            expand: What the record shall hold in addition.

        Returns:
            The record. Scope ``read:contacts``, or one of its own; limit category ``entity-reads``.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {"event_id": event_id, self.ENDPOINTS.id_argument: account_id}
        record: T = await self._record(self.ENDPOINTS.get, path, {"expand": expansions(expand)})
        return record

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[AccountCreate]
    ) -> T:
        """Create one.

        ``name`` or ``account_id`` must be passed.

        Scope ``write:sponsors`` or ``write:exhibitors``; limit category of the family's writes, and the daily
        quota; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``AccountCreate``.

        Returns:
            The record as it was created.

        Raises:
            BadRequestError: If the API does not take a value.
            TypeError: If a value is unknown, missing or of the wrong type.
            ValueError: If a time has no offset, or a value is masked.
        """
        if all(values.get(name, UNSET) in (None, UNSET) for name in ("name", "account_id")):
            raise TypeError("pass name or account_id")
        return await self._create(event_id, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        account: str | T | None,
        *,
        extra: Extra | None = None,
        **values: Unpack[AccountUpdate],
    ) -> T:
        """Change what is passed of one, and nothing else.

        Scope ``write:sponsors`` or ``write:exhibitors``; limit category of the family's writes; not sent
        again once it may have arrived.

        Args:
            event_id: The event.
            account: Its id; or the record as it was read, whose id and ``updated_at`` are taken then.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``AccountUpdate``; ``None`` clears.

        Returns:
            The record as it is now. Use this one: what a search answers may be three minutes old.

        Raises:
            ConflictError: If it was changed since it had this ``updated_at``.
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a time has no offset, a value is masked, or an id is empty.
        """
        return await self._update(event_id, account, values, extra)


class Sponsors(AccountService[Sponsor]):
    """The sponsors of an event. The feature may be switched off for an event: then a 403 or 404 comes."""

    ENDPOINTS = account_endpoints("sponsor", Sponsor)
    WRITES = record_writes("sponsor", Sponsor, create=AccountCreate, update=AccountUpdate)


class Exhibitors(AccountService[Exhibitor]):
    """The exhibitors of an event. The feature may be switched off for an event: then a 403 or 404 comes."""

    ENDPOINTS = account_endpoints("exhibitor", Exhibitor)
    WRITES = record_writes("exhibitor", Exhibitor, create=AccountCreate, update=AccountUpdate)
