"""Definitions of fields, standard and custom."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack, get_args

from sessionboard_async.core.endpoint import Endpoint, list_of, page_of
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.models import Field
from sessionboard_async.services._common.crud import CRUDEndpoints, CRUDService
from sessionboard_async.services._common.filters import FIELD_SEARCH, FieldSearch, one_of
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike, event_path
from sessionboard_async.services._common.payloads import Extra, Writable

FieldModule = Literal["session", "account", "contact"]
"""The kind of record that has the field; ``account`` stands for sponsors and exhibitors."""

FieldSource = Literal["standard", "custom"]
"""Whether the field is a standard field of every event, or a custom field."""

FieldScope = Literal["global", "event"]
"""Whether the field belongs to the organization or to one event."""


class FieldValues(TypedDict, total=False):
    """Values that create or update a custom field.

    Attributes:
        name: The public name.
        type: The type of its values, such as ``text``.
        module_id: The module whose records have the field.
    """

    name: Writable[str]
    type: Writable[str]
    module_id: Writable[Id]


_ALL = "/v1/event/{event_id}/fields"


class Fields(CRUDService[Field]):
    """The definitions of an event's fields, standard and custom.

    Scope ``read:events`` for reading, ``write:fields`` for writing. Rate-limit categories: ``entity-reads``
    for ``list``, ``field-writes`` for writing; no documented limit for other reads.
    """

    _CRUD: CRUDEndpoints[Field] = CRUDEndpoints(
        id_argument="field_id",
        list=Endpoint("list-fields", "GET", _ALL, list_of(Field), scope="read:events", limit="entity-reads"),
        create=Endpoint(
            "create-field",
            "POST",
            f"{_ALL}/create",
            Field,
            scope="write:fields",
            limit="field-writes",
            may_be_empty=True,
        ),
        update=Endpoint(
            "update-field",
            "PUT",
            f"{_ALL}/{{field_id}}",
            Field,
            scope="write:fields",
            limit="field-writes",
            may_be_empty=True,
        ),
        delete=Endpoint(
            "delete-field",
            "DELETE",
            f"{_ALL}/{{field_id}}",
            None,
            scope="write:fields",
            limit="field-writes",
        ),
    )
    _SEARCH: Endpoint[Field] = Endpoint(
        "search-fields", "POST", _ALL, page_of(Field), idempotent=True, scope="read:events"
    )

    def search(
        self,
        event_id: EventLike,
        *,
        module: FieldModule | None = None,
        source: FieldSource | None = None,
        scope: FieldScope | None = None,
        **search: Unpack[FieldSearch],
    ) -> Pager[Field]:
        """Search field definitions.

        Scope ``read:events``, as far as is known; not rate limited.

        Args:
            event_id: The event, or its id.
            module: Only fields of this kind of record.
            source: Only standard, or only custom fields.
            scope: Only fields of the organization, or only those of the event.
            **search: Filters, sort, expansions and paging, as in ``FieldSearch``.

        Returns:
            A pager of fields.

        Raises:
            ValueError: If a value is not one that the API knows or is out of bounds, a time has no offset, or
                an id is empty.
            TypeError: If an id is ``None``, a keyword is unknown, or a value has the wrong type.
        """
        filters = {
            "module": None if module is None else one_of("module", module, get_args(FieldModule)),
            "source": None if source is None else one_of("source", source, get_args(FieldSource)),
            "scope": None if scope is None else one_of("scope", scope, get_args(FieldScope)),
        }
        return self._search(self._SEARCH, event_path(event_id), search, filters, kind=FIELD_SEARCH)

    async def create(
        self, event_id: EventLike, *, extra: Extra | None = None, **values: Unpack[FieldValues]
    ) -> Field:
        """Create a custom field.

        Scope ``write:fields``; rate-limit category ``field-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id.
            extra: More properties, under the API's names.
            **values: The values, as in ``FieldValues``.

        Returns:
            The created field, as far as the API sends it; its document does not describe this answer.

        Raises:
            TypeError: If a keyword is unknown, a value has the wrong type, or the event's id is ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._create(event_id, FieldValues, values, extra)

    async def update(
        self,
        event_id: EventLike,
        id: Field | Id,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[FieldValues],
    ) -> Field:
        """Update a custom field. Only the fields you pass are sent.

        Scope ``write:fields``; rate-limit category ``field-writes``; not retried when the outcome is unknown.
        The API's document does not list the values; those of ``create`` are accepted.

        Args:
            event_id: The event, or its id.
            id: The custom field, or its id.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``FieldValues``.

        Returns:
            The updated field, as far as the API sends it.

        Raises:
            NotFoundError: If the field does not exist.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._update(event_id, id, FieldValues, values, extra)
