"""What can be searched, and got one by one: sessions, people, accounts and settings of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.filters import Expansion, RecordSearch, expansions
from sessionboard_async.services._common.service import Service

T = TypeVar("T")


class SearchableService(Service, Generic[T]):
    """What families can do that have a search."""

    SEARCH: ClassVar[Endpoint[Any]]

    def search(self, event_id: EventId | None, **search: Unpack[RecordSearch]) -> Pager[T]:
        """Search those of an event.

        Scope ``read:contacts`` for people, sponsors and exhibitors, and ``read:events`` for settings, as far
        as is known; not rate limited.

        Args:
            event_id: The event.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A stream of records.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.SEARCH, {"event_id": event_id}, search)


class ReadableService(SearchableService[T]):
    """What families can do whose records can also be got one by one."""

    ID_ARGUMENT: ClassVar[str]
    GET: ClassVar[Endpoint[Any]]

    async def get(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        expand: Sequence[Expansion] = (),
    ) -> T:
        """Get one.

        To read many, search: this counts in the limit category ``entity-reads`` (but for speakers), and a
        search in none. Of a session, the API may answer with what it was up to three minutes ago.

        Scope ``read:sessions`` for sessions, and ``read:contacts`` for all others, as far as is known.

        Args:
            event_id: The event.
            id: Its id: for a speaker that of the contact; a session's may be that of a subsession.
            expand: What the record shall hold in addition.

        Returns:
            The record.

        Raises:
            NotFoundError: If there is none with this id. A contact that was merged into another one is gone.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {"event_id": event_id, self.ID_ARGUMENT: id}
        record: T = await self._record(self.GET, path, {"expand": expansions(expand)})
        return record
