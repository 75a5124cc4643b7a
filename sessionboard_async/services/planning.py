"""Rules and personas of agenda planning, and the methods that they share with agenda drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar, Unpack

from sessionboard_async.core.endpoint import Endpoint, Method, list_of
from sessionboard_async.models import Persona, Rule
from sessionboard_async.models.base import Record
from sessionboard_async.services._common.crud import CRUDEndpoints, CRUDService
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable

T = TypeVar("T", bound=Record)
A = TypeVar("A")


class PersonaValues(TypedDict, total=False):
    """Values of a persona, without its name.

    Attributes:
        description: The person.
        config: The basis of the API's judgement; its form is not documented.
    """

    description: Writable[str]
    config: Writable[Mapping[str, Any]]


class PersonaCreate(RequiredName, PersonaValues):
    """Values that create a persona; ``name`` is required.

    Attributes:
        name: The name.
        description: The person.
        config: The basis of the API's judgement; its form is not documented.
    """


class PersonaUpdate(PersonaValues, total=False):
    """Values that update a persona.

    Attributes:
        name: The name.
        description: The person.
        config: The basis of the API's judgement; its form is not documented.
    """

    name: Writable[str]


class RuleUpdate(TypedDict, total=False):
    """Values that update a rule; its type cannot change.

    Attributes:
        name: The name.
        config: The constraint; its form depends on the type.
        enabled: Whether the rule applies.
    """

    name: Writable[str]
    config: Writable[Mapping[str, Any]]
    enabled: Writable[bool]


class _RuleType(RequiredName):
    type: str


class RuleCreate(_RuleType, total=False):
    """Values that create a rule; ``name`` and ``type`` are required.

    Attributes:
        name: The name.
        type: The kind of the rule.
        config: The constraint; its form depends on the type.
        enabled: Whether the rule applies; the API enables it unless this is ``False``.
    """

    config: Writable[Mapping[str, Any]]
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
    """Agenda drafts, rules or personas."""

    _GET: Endpoint[T]

    async def get(self, event_id: EventLike, id: T | Id) -> T:  # noqa: A002  # the API's own word
        """Get a record by its id.

        Scope ``read:events``; no rate limit is documented.

        Args:
            event_id: The event, or its id.
            id: The record, or its id.

        Returns:
            The record.

        Raises:
            NotFoundError: If no record has this id.
            ValueError: If an id is empty.
            TypeError: If an id is ``None``.
        """
        return await self._record(self._GET, self._path(event_id, id))


class Rules(PlanningService[Rule]):
    """The constraints on the schedule of an event.

    Scope ``read:events`` for reading, ``write:events`` for writing. Rate-limit category: ``event-writes`` for
    writing; no documented limit for reads.
    """

    _CRUD: CRUDEndpoints[Rule] = planning_endpoints(
        "rules",
        "rule_id",
        Rule,
        list_all="list-event-rules",
        create="create-event-rule",
        update="update-event-rule",
        delete="delete-event-rule",
    )
    _GET: Endpoint[Rule] = planning_get("get-event-rule", "rules", "rule_id", Rule)

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[RuleCreate]
    ) -> Rule:
        """Create a rule.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``RuleCreate``.

        Returns:
            The created rule.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, RuleCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: Rule | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[RuleUpdate],
    ) -> Rule:
        """Update a rule. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            id: The rule, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``RuleUpdate``; ``None`` clears a value.

        Returns:
            The updated rule.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, RuleUpdate, values, extra)


class Personas(PlanningService[Persona]):
    """Invented attendees, from whose point of view the API judges the schedule of an event.

    Scope ``read:events`` for reading, ``write:events`` for writing. Rate-limit category: ``event-writes`` for
    writing; no documented limit for reads.
    """

    _CRUD: CRUDEndpoints[Persona] = planning_endpoints(
        "personas",
        "persona_id",
        Persona,
        list_all="list-personas",
        create="create-persona",
        update="update-persona",
        delete="delete-persona",
    )
    _GET: Endpoint[Persona] = planning_get("get-persona", "personas", "persona_id", Persona)

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[PersonaCreate]
    ) -> Persona:
        """Create a persona.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``PersonaCreate``.

        Returns:
            The created persona.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, PersonaCreate, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: Persona | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[PersonaUpdate],
    ) -> Persona:
        """Update a persona. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            id: The persona, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``PersonaUpdate``; ``None`` clears a value.

        Returns:
            The updated persona.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, PersonaUpdate, values, extra)
