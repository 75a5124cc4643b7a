"""Rooms of an event."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.models import Room
from sessionboard_async.services._common.crud import CRUDEndpoints
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.payloads import Extra, Writable
from sessionboard_async.services.metadata import (
    MetadataService,
    NamedCreate,
    NamedUpdate,
    metadata_endpoints,
    metadata_search,
)


class RoomValues(TypedDict, total=False):
    """The capacity of a room.

    Attributes:
        capacity: The number of seats.
    """

    capacity: Writable[int]


class RoomCreate(NamedCreate, RoomValues):
    """Values that create a room.

    Attributes:
        name: The public name.
        capacity: The number of seats.
    """


class RoomUpdate(NamedUpdate, RoomValues):
    """Values that update a room.

    Attributes:
        name: The public name.
        capacity: The number of seats.
    """


class Rooms(MetadataService[Room]):
    """The rooms of an event.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Room] = metadata_endpoints(
        "rooms",
        Room,
        list_all="list-rooms",
        create="create-room",
        update="update-room",
        delete="delete-room",
    )
    _SEARCH: Endpoint[Room] = metadata_search("search-rooms", "rooms", Room)

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[RoomCreate]
    ) -> Room:
        """Create a room.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``RoomCreate``.

        Returns:
            The created room.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, RoomCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: Room | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[RoomUpdate],
    ) -> Room:
        """Update a room. Only the fields you pass are sent.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            id: The room, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``RoomUpdate``; ``None`` clears a value.

        Returns:
            The updated room.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, RoomUpdate, values, extra)
