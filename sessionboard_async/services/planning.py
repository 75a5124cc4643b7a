"""The rules and personas that an agenda is planned by, and what its drafts share with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint, Method, list_of
from sessionboard_async.models import Persona, Rule
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.crud import CRUDEndpoints, CRUDService
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable

T = TypeVar("T")
A = TypeVar("A")

Config = Mapping[str, Any]


class PersonaValues(TypedDict, total=False):
    """What personas have beside a name.

    Attributes:
        description: Who it is.
        config: What the API makes its judgement from; its form is not documented.
    """

    description: Writable[str]
    config: Writable[Config]


class PersonaCreate(RequiredName, PersonaValues):
    """What creates a persona; ``name`` must be there."""


class PersonaUpdate(PersonaValues, total=False):
    """What changes a persona.

    Attributes:
        name: Its name.
    """

    name: Writable[str]


class RuleUpdate(TypedDict, total=False):
    """What changes a rule; its type stays.

    Attributes:
        name: Its name.
        config: What it demands; the form depends on the type.
        enabled: Whether it counts.
    """

    name: Writable[str]
    config: Writable[Config]
    enabled: Writable[bool]


class _RuleType(RequiredName):
    type: str


class RuleCreate(_RuleType, total=False):
    """What creates a rule; ``name`` and ``type`` must be there.

    Attributes:
        name: Its name.
        type: What kind of rule it is.
        config: What it demands; the form depends on the type.
        enabled: Whether it counts; it does unless this is false.
    """

    config: Writable[Config]
    enabled: Writable[bool]


def planning_endpoints(
    path: str, id_argument: str, record: type[T], *, list_all: str, create: str, update: str, delete: str
) -> CRUDEndpoints[T]:
    """Declare the operations that list and write a family.

    Args:
        path: The name of the family in paths.
        id_argument: The name that the paths give to the id of a record.
        record: The type of its records.
        list_all: The ``operationId`` of the operation that lists all records. The ids that follow are those
            of the other operations.
        create: Creates a record.
        update: Updates a record.
        delete: Deletes a record.
    """
    base = f"/v1/event/{{event_id}}/{path}"
    one = f"{base}/{{{id_argument}}}"

    def write(operation: str, method: Method, path: str, answer: type[A] | None) -> Endpoint[A]:
        return Endpoint(operation, method, path, answer, scope="write:events", limit="event-writes")

    return CRUDEndpoints(
        id_argument=id_argument,
        list=Endpoint(list_all, "GET", base, list_of(record), scope="read:events"),
        create=write(create, "POST", f"{base}/create", record),
        update=write(update, "PUT", one, record),
        delete=write(delete, "DELETE", one, None),
    )


def planning_get(operation: str, path: str, id_argument: str, record: type[T]) -> Endpoint[T]:
    """Declare the operation that gets one record of a family."""
    one = f"/v1/event/{{event_id}}/{path}/{{{id_argument}}}"
    return Endpoint(operation, "GET", one, record, scope="read:events")


class PlanningService(CRUDService[T]):
    """What drafts, rules and personas can do."""

    GET: Endpoint[T]

    async def get(self, event_id: EventId | None, id: str | None) -> T:  # noqa: A002  # the API's own word
        """Get one.

        Scope ``read:events``; no limit is documented.

        Args:
            event_id: The event.
            id: Its id.

        Returns:
            The record.

        Raises:
            NotFoundError: If there is none with this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self.GET, self._path(event_id, id))


class Rules(PlanningService[Rule]):
    """The constraints that a schedule of an event shall meet."""

    CRUD: CRUDEndpoints[Rule] = planning_endpoints(
        "rules",
        "rule_id",
        Rule,
        list_all="list-event-rules",
        create="create-event-rule",
        update="update-event-rule",
        delete="delete-event-rule",
    )
    GET: Endpoint[Rule] = planning_get("get-event-rule", "rules", "rule_id", Rule)

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[RuleCreate]
    ) -> Rule:
        """Create one.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``RuleCreate``.

        Returns:
            The record as it was created.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or the event's id is ``None``.
            ValueError: If a value is masked.
        """
        return await self._create(event_id, RuleCreate, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[RuleUpdate],
    ) -> Rule:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``RuleUpdate``; ``None`` clears.

        Returns:
            The record as it is now.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._update(event_id, id, RuleUpdate, values, extra)


class Personas(PlanningService[Persona]):
    """The invented attendees by whose eyes a schedule of an event is judged."""

    CRUD: CRUDEndpoints[Persona] = planning_endpoints(
        "personas",
        "persona_id",
        Persona,
        list_all="list-personas",
        create="create-persona",
        update="update-persona",
        delete="delete-persona",
    )
    GET: Endpoint[Persona] = planning_get("get-persona", "personas", "persona_id", Persona)

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[PersonaCreate]
    ) -> Persona:
        """Create one.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``PersonaCreate``.

        Returns:
            The record as it was created.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or the event's id is ``None``.
            ValueError: If a value is masked.
        """
        return await self._create(event_id, PersonaCreate, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[PersonaUpdate],
    ) -> Persona:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            id: Its id.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``PersonaUpdate``; ``None`` clears.

        Returns:
            The record as it is now.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._update(event_id, id, PersonaUpdate, values, extra)
