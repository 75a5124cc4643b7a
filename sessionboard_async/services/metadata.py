"""The settings of an event that sessions refer to: seven families, alike but for their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint, list_of, page_of
from sessionboard_async.core.pages import Pager, PagerOptions
from sessionboard_async.models import Format, Language, Level, Room, Status, Tag, Track
from sessionboard_async.models.base import EventId
from sessionboard_async.services.base import Service
from sessionboard_async.services.search import RecordSearch

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MetadataEndpoints(Generic[T]):
    """The operations of one family."""

    list: Endpoint[T]
    search: Endpoint[T]


def metadata_endpoints(
    plural: str, record: type[T], *, searched_as: str | None = None
) -> MetadataEndpoints[T]:
    """Declare the operations of a family.

    Args:
        plural: Its name in paths and operation ids.
        record: The type of its records.
        searched_as: Its name where it is searched, if that is another one.
    """
    path = "/v1/event/{event_id}/"
    searched = searched_as or plural
    return MetadataEndpoints(
        list=Endpoint(
            f"list-{plural}",
            "GET",
            path + plural,
            list_of(record),
            scope="read:events",
            limit="entity-reads",
        ),
        search=Endpoint(
            f"search-{searched}",
            "POST",
            path + searched,
            page_of(record),
            read=True,
            scope="read:events",
        ),
    )


class MetadataService(Service, Generic[T]):
    """What the seven families can do."""

    ENDPOINTS: ClassVar[MetadataEndpoints[Any]]

    def list(self, event_id: EventId | None, **options: Unpack[PagerOptions]) -> Pager[T]:
        """List all at once.

        Args:
            event_id: The event.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of records. Limit category ``entity-reads``: where that matters, ``search``.
        """
        return self._pages(self.ENDPOINTS.list, {"event_id": event_id}, **options)

    def search(self, event_id: EventId | None, **search: Unpack[RecordSearch]) -> Pager[T]:
        """Search by time.

        Args:
            event_id: The event.
            **search: Filters, sort, expansions and paging, as in ``RecordSearch``.

        Returns:
            A stream of records. Not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        return self._search(self.ENDPOINTS.search, {"event_id": event_id}, search)


class Rooms(MetadataService[Room]):
    """The rooms of an event."""

    ENDPOINTS = metadata_endpoints("rooms", Room)


class Tracks(MetadataService[Track]):
    """The tracks of an event."""

    ENDPOINTS = metadata_endpoints("tracks", Track)


class Tags(MetadataService[Tag]):
    """The tags of an event."""

    ENDPOINTS = metadata_endpoints("tags", Tag)


class Formats(MetadataService[Format]):
    """The formats of an event's sessions."""

    ENDPOINTS = metadata_endpoints("formats", Format)


class Levels(MetadataService[Level]):
    """The levels of an event's sessions."""

    ENDPOINTS = metadata_endpoints("levels", Level)


class Languages(MetadataService[Language]):
    """The languages that an event's sessions are held in."""

    ENDPOINTS = metadata_endpoints("languages", Language)


class Statuses(MetadataService[Status]):
    """The session statuses that an event defines."""

    ENDPOINTS = metadata_endpoints("statuses", Status, searched_as="session-statuses")
