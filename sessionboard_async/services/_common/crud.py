"""Methods that families of operations share: search, get, list, create, update and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, Unpack

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.filters import Expansion, RecordSearch, expansions
from sessionboard_async.services._common.paths import Path
from sessionboard_async.services._common.payloads import Extra
from sessionboard_async.services._common.service import Service

T = TypeVar("T")


class SearchService(Service, Generic[T]):
    """A family of records of an event that has a search."""

    _SEARCH: Endpoint[T]

    def search(self, event_id: EventId | None, **search: Unpack[RecordSearch]) -> Pager[T]:
        """Search the records of an event.

        Scope ``read:contacts`` for people, sponsors and exhibitors, ``read:events`` for settings (the API
        does not document all of these scopes); not rate limited.

        Args:
            event_id: The event.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A pager of records.

        Raises:
            ValueError: If a value is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self._SEARCH, {"event_id": event_id}, search)


class RetrieveService(SearchService[T]):
    """A family of records of an event that can be searched, and retrieved by id."""

    _ID_ARGUMENT: str
    _GET: Endpoint[T]

    async def get(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        expand: Sequence[Expansion] = (),
    ) -> T:
        """Get a record by its id.

        To read many records, use ``search``: it is not rate limited. The API may answer with a copy of a
        session that is up to three minutes old.

        Scope ``read:sessions`` for sessions, ``read:contacts`` for other records (the API does not document
        all of these scopes); rate-limit category ``entity-reads``, except for speakers, which have none.

        Args:
            event_id: The event.
            id: The id of the record: of the contact for a speaker; of a session or a subsession.
            expand: Expansions to include.

        Returns:
            The record.

        Raises:
            NotFoundError: If no record has this id, or the contact was merged into another one.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = {"event_id": event_id, self._ID_ARGUMENT: id}
        query = None if expand == () else {"expand": expansions(expand)}
        return await self._record(self._GET, path, query)


class CRUDEndpoints(msgspec.Struct, Generic[T], frozen=True):
    """The operations of a family whose records are listed, created, updated and deleted.

    Attributes:
        id_argument: The name that the paths give to the id of a record.
    """

    id_argument: str
    list: Endpoint[T]
    create: Endpoint[T]
    update: Endpoint[T]
    delete: Endpoint[None]


class CRUDService(Service, Generic[T]):
    """A family of records of an event that are listed, created, updated and deleted."""

    _CRUD: CRUDEndpoints[T]

    def list(self, event_id: EventId | None, **options: Unpack[PagerOptions]) -> Pager[T]:
        """List all records of an event; the API sends them at once.

        Scope ``read:events`` (not documented for all families); rate-limit category ``entity-reads`` for
        fields and settings, whose ``search`` is not rate limited; no rate limit is documented for drafts,
        rules and personas.

        Args:
            event_id: The event.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of records.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
            TypeError: If the event's id is ``None``.
        """
        return self._pages(self._CRUD.list, {"event_id": event_id}, **options)

    async def delete(self, event_id: EventId | None, id: str | None) -> None:  # noqa: A002  # the API's own word
        """Delete a record. Only statuses can be restored.

        Scope ``write:fields``, ``write:metadata`` or ``write:events``; rate-limit category of the family's
        writes; not retried when the outcome is unknown.

        Args:
            event_id: The event.
            id: The id of the record.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self._CRUD.delete, self._path(event_id, id))

    async def _create(
        self, event_id: EventId | None, kind: type[Any], values: Mapping[str, Any], extra: Extra | None
    ) -> T:
        return await self._write(self._CRUD.create, {"event_id": event_id}, kind, values, extra)

    async def _update(
        self,
        event_id: EventId | None,
        id_: str | None,
        kind: type[Any],
        values: Mapping[str, Any],
        extra: Extra | None,
    ) -> T:
        return await self._write(self._CRUD.update, self._path(event_id, id_), kind, values, extra)

    def _path(self, event_id: EventId | None, id_: str | None) -> Path:
        return {"event_id": event_id, self._CRUD.id_argument: id_}
