"""What fields, settings, drafts, rules and personas have in common: a list that can be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar, Unpack

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.payloads import Extra
from sessionboard_async.services._common.service import Service

T = TypeVar("T")


class CollectionEndpoints(msgspec.Struct, Generic[T], frozen=True):
    """The operations of one family, and what its paths call the id of a record."""

    id_argument: str
    list: Endpoint[T]
    create: Endpoint[T]
    update: Endpoint[T]
    delete: Endpoint[None]


class CollectionService(Service, Generic[T]):
    """What all such families can do."""

    ENDPOINTS: ClassVar[CollectionEndpoints[Any]]

    def list(self, event_id: EventId | None, **options: Unpack[PagerOptions]) -> Pager[T]:
        """List all at once.

        Scope ``read:events``, as far as is known. Fields and settings count in the limit category
        ``entity-reads``: where that matters, ``search`` them. For drafts, rules and personas no limit is
        documented.

        Args:
            event_id: The event.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of records.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
            TypeError: If the event's id is ``None``.
        """
        return self._pages(self.ENDPOINTS.list, {"event_id": event_id}, **options)

    async def delete(self, event_id: EventId | None, id: str | None) -> None:  # noqa: A002  # the API's own word
        """Delete one. No operation brings it back, but for statuses.

        Scope ``write:fields``, ``write:metadata`` or ``write:events``; limit category of the family's writes;
        not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        await self._record(self.ENDPOINTS.delete, self._path(event_id, id))

    async def _create(
        self, event_id: EventId | None, kind: type[Any], values: Mapping[str, Any], extra: Extra | None
    ) -> T:
        endpoint: Endpoint[T] = self.ENDPOINTS.create
        return await self._write(endpoint, {"event_id": event_id}, kind, values, extra)

    async def _update(
        self,
        event_id: EventId | None,
        id_: str | None,
        kind: type[Any],
        values: Mapping[str, Any],
        extra: Extra | None,
    ) -> T:
        endpoint: Endpoint[T] = self.ENDPOINTS.update
        return await self._write(endpoint, self._path(event_id, id_), kind, values, extra)

    def _path(self, event_id: EventId | None, id_: str | None) -> dict[str, EventId | None]:
        return {"event_id": event_id, self.ENDPOINTS.id_argument: id_}
