"""The definitions of fields, standard and custom."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack, get_args

from sessionboard_async.core.endpoint import Endpoint, list_of, page_of
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.models import Field
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.crud import CRUDEndpoints, CRUDService
from sessionboard_async.services._common.filters import FIELD_SEARCH, FieldSearch, one_of
from sessionboard_async.services._common.payloads import Extra, Writable

FieldModule = Literal["session", "account", "contact"]
"""What has the field; ``account`` stands for sponsors and exhibitors."""

FieldSource = Literal["standard", "custom"]
"""Whether every event has the field or somebody made it."""

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
    module_id: Writable[str]


_ALL = "/v1/event/{event_id}/fields"


class Fields(CRUDService[Field]):
    """The definitions of an event's fields, standard and custom."""

    CRUD: CRUDEndpoints[Field] = CRUDEndpoints(
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
    SEARCH: Endpoint[Field] = Endpoint(
        "search-fields", "POST", _ALL, page_of(Field), idempotent=True, scope="read:events"
    )

    def search(
        self,
        event_id: EventId | None,
        *,
        module: FieldModule | None = None,
        source: FieldSource | None = None,
        scope: FieldScope | None = None,
        **search: Unpack[FieldSearch],
    ) -> Pager[Field]:
        """Search field definitions.

        Args:
            event_id: The event.
            module: Only fields of this kind of record.
            source: Only standard, or only custom fields.
            scope: Only fields of the organization, or only those of the event.
            **search: Filters, sort, expansions and paging, as in ``FieldSearch``.

        Returns:
            A stream of fields. Scope ``read:events``, as far as is known; not rate limited.

        Raises:
            ValueError: If an argument is not one that the API knows, or a time has no offset.
            TypeError: If an id is ``None``, or a keyword is unknown.
        """
        filters = {
            "module": None if module is None else one_of("module", module, get_args(FieldModule)),
            "source": None if source is None else one_of("source", source, get_args(FieldSource)),
            "scope": None if scope is None else one_of("scope", scope, get_args(FieldScope)),
        }
        return self._search(self.SEARCH, {"event_id": event_id}, search, filters, kind=FIELD_SEARCH)

    async def create(
        self, event_id: EventId | None, *, extra: Extra | None = None, **values: Unpack[FieldValues]
    ) -> Field:
        """Create a custom field.

        Scope ``write:fields``; limit category ``field-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event.
            extra: Further properties, under the API's own names.
            **values: What it shall be, as in ``FieldValues``.

        Returns:
            The field, as far as the API tells: its document promises nothing.

        Raises:
            TypeError: If a value is unknown or of the wrong type.
            ValueError: If a value is masked.
        """
        return await self._create(event_id, FieldValues, values, extra)

    async def update(
        self,
        event_id: EventId | None,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        extra: Extra | None = None,
        **values: Unpack[FieldValues],
    ) -> Field:
        """Change what is passed of a custom field, and nothing else.

        Scope ``write:fields``; limit category ``field-writes``; not sent again once it may have arrived. The
        API's document does not say what can be changed; what creates a field is offered here.

        Args:
            event_id: The event.
            id: Its id.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``FieldValues``.

        Returns:
            The field, as far as the API tells.

        Raises:
            NotFoundError: If there is no such field.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._update(event_id, id, FieldValues, values, extra)
