"""Sponsors and exhibitors: two families, alike but for their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint, page_of
from sessionboard_async.core.pages import Pager
from sessionboard_async.models import Exhibitor, Sponsor
from sessionboard_async.models.base import EventId
from sessionboard_async.services.base import Service
from sessionboard_async.services.search import Expansion, RecordSearch, expansions

T = TypeVar("T")


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


class AccountService(Service, Generic[T]):
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


class Sponsors(AccountService[Sponsor]):
    """The sponsors of an event. The feature may be switched off for an event: then a 403 or 404 comes."""

    ENDPOINTS = account_endpoints("sponsor", Sponsor)


class Exhibitors(AccountService[Exhibitor]):
    """The exhibitors of an event. The feature may be switched off for an event: then a 403 or 404 comes."""

    ENDPOINTS = account_endpoints("exhibitor", Exhibitor)
