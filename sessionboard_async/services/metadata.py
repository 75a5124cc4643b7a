"""Settings of an event that sessions refer to: families that share their methods."""

from __future__ import annotations

from typing import TypedDict, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint, Method, list_of, page_of
from sessionboard_async.models import Format, Language, Level, Status, Tag, Track
from sessionboard_async.models.base import Record
from sessionboard_async.services._common.crud import CRUDEndpoints, CRUDService, SearchService
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable

T = TypeVar("T", bound=Record)
A = TypeVar("A")


class NamedCreate(RequiredName):
    """Values that create a record with a name.

    Attributes:
        name: The public name.
    """


class NamedUpdate(TypedDict, total=False):
    """Values that update a record with a name.

    Attributes:
        name: The public name.
    """

    name: Writable[str]


class ColorValues(TypedDict, total=False):
    """The color of a track or status.

    Attributes:
        color: A CSS color such as ``#2E7D32``.
    """

    color: Writable[str]


class ColoredCreate(NamedCreate, ColorValues):
    """Values that create a track or status.

    Attributes:
        name: The public name.
        color: A CSS color such as ``#2E7D32``.
    """


class ColoredUpdate(NamedUpdate, ColorValues):
    """Values that update a track or status.

    Attributes:
        name: The public name.
        color: A CSS color such as ``#2E7D32``.
    """


_EVENT = "/v1/event/{event_id}"


def metadata_endpoints(
    path: str, record: type[T], *, list_all: str, create: str, update: str, delete: str
) -> CRUDEndpoints[T]:
    """Declare the operations of a family.

    Args:
        path: The name of the family in paths.
        record: The type of its records.
        list_all: The ``operationId`` of the operation that lists all records. The ids that follow are those
            of the other operations.
        create: Creates a record.
        update: Updates a record.
        delete: Deletes a record.
    """
    base = f"{_EVENT}/{path}"
    one = f"{base}/{{id}}"

    def write(operation: str, method: Method, path: str, answer: type[A] | None) -> Endpoint[A]:
        return Endpoint(operation, method, path, answer, scope="write:metadata", limit="metadata-writes")

    return CRUDEndpoints(
        id_argument="id",
        list=Endpoint(list_all, "GET", base, list_of(record), scope="read:events", limit="entity-reads"),
        create=write(create, "POST", f"{base}/create", record),
        update=write(update, "PUT", one, record),
        delete=write(delete, "DELETE", one, None),
    )


def metadata_search(operation: str, path: str, record: type[T], *, dated: bool = True) -> Endpoint[T]:
    """Declare the search of a family by its name in paths."""
    answer = page_of(record, dated=dated)
    return Endpoint(operation, "POST", f"{_EVENT}/{path}", answer, idempotent=True, scope="read:events")


class MetadataService(SearchService[T], CRUDService[T]):
    """Settings of an event: families that can be searched, listed and written."""


class NamedService(MetadataService[T]):
    """Settings with a name only."""

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[NamedCreate]
    ) -> T:
        """Create a setting.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``NamedCreate``.

        Returns:
            The created setting.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, NamedCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: T | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[NamedUpdate],
    ) -> T:
        """Update a setting. Only the fields you pass are sent.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            id: The setting, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``NamedUpdate``; ``None`` clears a value.

        Returns:
            The updated setting.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, NamedUpdate, values, extra)


class ColoredService(MetadataService[T]):
    """Settings with a name and a color."""

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[ColoredCreate]
    ) -> T:
        """Create a track or status.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``ColoredCreate``.

        Returns:
            The created track or status.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, ColoredCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: T | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[ColoredUpdate],
    ) -> T:
        """Update a track or status. Only the fields you pass are sent.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            id: The track or status, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``ColoredUpdate``; ``None`` clears a value.

        Returns:
            The updated track or status.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, ColoredUpdate, values, extra)


class Tracks(ColoredService[Track]):
    """The tracks of an event.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Track] = metadata_endpoints(
        "tracks",
        Track,
        list_all="list-tracks",
        create="create-track",
        update="update-track",
        delete="delete-track",
    )
    _SEARCH: Endpoint[Track] = metadata_search("search-tracks", "tracks", Track)


class Tags(NamedService[Tag]):
    """The tags of an event.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Tag] = metadata_endpoints(
        "tags",
        Tag,
        list_all="list-tags",
        create="create-tag",
        update="update-tag",
        delete="delete-tag",
    )
    _SEARCH: Endpoint[Tag] = metadata_search("search-tags", "tags", Tag)


class Formats(NamedService[Format]):
    """The formats of an event's sessions.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Format] = metadata_endpoints(
        "formats",
        Format,
        list_all="list-formats",
        create="create-format",
        update="update-format",
        delete="delete-format",
    )
    _SEARCH: Endpoint[Format] = metadata_search("search-formats", "formats", Format)


class Levels(NamedService[Level]):
    """The levels of an event's sessions.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Level] = metadata_endpoints(
        "levels",
        Level,
        list_all="list-levels",
        create="create-level",
        update="update-level",
        delete="delete-level",
    )
    _SEARCH: Endpoint[Level] = metadata_search("search-levels", "levels", Level)


class Languages(NamedService[Language]):
    """The languages that an event's sessions are held in.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Language] = metadata_endpoints(
        "languages",
        Language,
        list_all="list-languages",
        create="create-language",
        update="update-language",
        delete="delete-language",
    )
    _SEARCH: Endpoint[Language] = metadata_search("search-languages", "languages", Language)


class Statuses(ColoredService[Status]):
    """The session statuses that an event defines.

    Scope ``read:events`` for reading, ``write:metadata`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``metadata-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Status] = metadata_endpoints(
        "statuses",
        Status,
        list_all="list-statuses",
        create="create-status",
        update="update-status",
        delete="delete-status",
    )
    _SEARCH: Endpoint[Status] = metadata_search(
        "search-session-statuses", "session-statuses", Status, dated=False
    )
    _RESTORE: Endpoint[Status] = Endpoint(
        "restore-status",
        "POST",
        "/v1/event/{event_id}/statuses/{id}/restore",
        Status,
        scope="write:metadata",
        limit="metadata-writes",
    )

    async def restore(self, event_id: EventLike, id: Status | Id) -> Status:  # noqa: A002  # the API's own word
        """Restore a deleted status.

        Scope ``write:metadata``; rate-limit category ``metadata-writes``; not retried when the outcome is
        unknown.

        Args:
            event_id: The event, or its id.
            id: The status, or its id.

        Returns:
            The restored status.

        Raises:
            NotFoundError: If no deleted status has this id.
            ValueError: If the id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._RESTORE, self._path(event_id, id))
