"""Rooms of an event."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.models import Room
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.crud import CRUDEndpoints
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
    """Values that create a room."""


class RoomUpdate(NamedUpdate, RoomValues):
    """Values that update a room."""


class Rooms(MetadataService[Room]):
    """The rooms of an event."""

    CRUD: CRUDEndpoints[Room] = metadata_endpoints(
        "rooms",
        Room,
        list_all="list-rooms",
        create="create-room",
        update="update-room",
        delete="delete-room",
    )
    SEARCH: Endpoint[Room] = metadata_search("search-rooms", "rooms", Room)

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[RoomCreate]
    ) -> Room:
        """Create one.

        Scope ``write:metadata``; limit category ``metadata-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``RoomCreate``.

        Returns:
            The record as it was created.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type.
            ValueError: If a value is masked.
        """
        return await self._create(event_id, RoomCreate, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[RoomUpdate],
    ) -> Room:
        """Change what is passed of one, and nothing else.

        Scope ``write:metadata``; limit category ``metadata-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``RoomUpdate``; ``None`` clears.

        Returns:
            The record as it is now.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._update(event_id, id, RoomUpdate, values, extra)
