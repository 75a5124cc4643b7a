"""Methods that families of operations share: search, get, list, create, update and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar, Unpack

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import Record
from sessionboard_async.services._common.filters import Expansion, RecordSearch, expansions
from sessionboard_async.services._common.ids.arguments import Id, Kinds, Path, id_of, record_type
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.payloads import Extra
from sessionboard_async.services._common.service import Service

T = TypeVar("T", bound=Record)
R = TypeVar("R", bound=Record | Id)


class SearchService(Service, Generic[T]):
    """A family of records of an event that has a search."""

    _SEARCH: Endpoint[T]

    def search(self, event_id: EventLike, **search: Unpack[RecordSearch]) -> Pager[T]:
        """Search the records of an event.

        Scope ``read:contacts`` for people, sponsors and exhibitors, ``read:events`` for settings (the API
        does not document all of these scopes); not rate limited.

        Args:
            event_id: The event, or its id.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A pager of records.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, a time has no offset, or
                an id is empty.
            TypeError: If an id is ``None``, a keyword is unknown, or a value has the wrong type.
        """
        return self._search(self._SEARCH, event_path(event_id), search)


class RetrieveService(SearchService[T], Generic[T, R]):
    """A family of records of an event that can be searched, and retrieved by id.

    ``R`` is what stands for a record in a call: the record, in any of its forms, or its id.
    """

    _ID_ARGUMENT: str
    _KINDS: Kinds
    _GET: Endpoint[T]

    async def get(
        self,
        event_id: EventLike,
        id: R,  # noqa: A002  # the API's own word
        *,
        expand: Sequence[Expansion] = (),
    ) -> T:
        """Get a record by its id.

        To read many records, use ``search``: it is not rate limited. The API may answer with a copy of a
        session that is up to three minutes old.

        Scope ``read:sessions`` for sessions, ``read:contacts`` for other records (the API does not document
        all of these scopes); rate-limit category ``entity-reads``, except for speakers, which have none.

        Args:
            event_id: The event, or its id.
            id: The record, in any of its forms, or its id; for a speaker, the contact.
            expand: Expansions to include.

        Returns:
            The record.

        Raises:
            NotFoundError: If no record has this id, or the contact was merged into another one.
            ValueError: If an id is empty, or an expansion is not one that the API knows.
            TypeError: If an id is ``None``.
        """
        path = self._path(event_id, id)
        query = None if expand == () else {"expand": expansions(expand)}
        return await self._record(self._GET, path, query)

    def _path(self, event_id: EventLike, record: R) -> Path:
        return {**event_path(event_id), self._ID_ARGUMENT: id_of(self._ID_ARGUMENT, record, self._KINDS)}


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

    def list(self, event_id: EventLike, **options: Unpack[PagerOptions]) -> Pager[T]:
        """List all records of an event; the API sends them at once.

        Scope ``read:events`` (not documented for all families); rate-limit category ``entity-reads`` for
        fields and settings, whose ``search`` is not rate limited; no rate limit is documented for drafts,
        rules and personas.

        Args:
            event_id: The event, or its id.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of records.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
            TypeError: If the event's id is ``None``.
        """
        return self._pages(self._CRUD.list, event_path(event_id), **options)

    async def delete(self, event_id: EventLike, id: T | Id) -> None:  # noqa: A002  # the API's own word
        """Delete a record. Only statuses can be restored.

        Scope ``write:fields``, ``write:metadata`` or ``write:events``; rate-limit category of the family's
        writes; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            id: The record, or its id.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self._CRUD.delete, self._path(event_id, id))

    async def _create(
        self, event_id: EventLike, kind: type[Any], values: Mapping[str, Any], extra: Extra | None
    ) -> T:
        return await self._write(self._CRUD.create, event_path(event_id), kind, values, extra)

    async def _update(
        self,
        event_id: EventLike,
        id_: T | Id,
        kind: type[Any],
        values: Mapping[str, Any],
        extra: Extra | None,
    ) -> T:
        return await self._write(self._CRUD.update, self._path(event_id, id_), kind, values, extra)

    def _path(self, event_id: EventLike, id_: T | Id) -> Path:
        name = self._CRUD.id_argument
        return {**event_path(event_id), name: id_of(name, id_, record_type(self._CRUD.create))}
