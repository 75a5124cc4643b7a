"""The definitions of fields, standard and custom."""

from __future__ import annotations

from typing import Literal, Unpack, get_args

from sessionboard_async.core.endpoint import Endpoint, list_of, page_of
from sessionboard_async.core.pages import Pager, PagerOptions
from sessionboard_async.models import Field
from sessionboard_async.models.base import EventId
from sessionboard_async.services.base import Service
from sessionboard_async.services.search import FIELD_SEARCH, FieldSearch, one_of

FieldModule = Literal["session", "account", "contact"]
"""What has the field; ``account`` stands for sponsors and exhibitors."""

FieldSource = Literal["standard", "custom"]
"""Whether every event has the field or somebody made it."""

FieldScope = Literal["global", "event"]
"""Whether the field belongs to the organization or to one event."""


class Fields(Service):
    """The definitions of an event's fields, standard and custom."""

    LIST = Endpoint(
        "list-fields",
        "GET",
        "/v1/event/{event_id}/fields",
        list_of(Field),
        scope="read:events",
        limit="entity-reads",
    )
    SEARCH = Endpoint(
        "search-fields",
        "POST",
        "/v1/event/{event_id}/fields",
        page_of(Field),
        read=True,
        scope="read:events",
    )

    def list(self, event_id: EventId | None, **options: Unpack[PagerOptions]) -> Pager[Field]:
        """List all field definitions at once.

        Args:
            event_id: The event.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of fields. Limit category ``entity-reads``: where that matters, ``search``.
        """
        return self._pages(self.LIST, {"event_id": event_id}, **options)

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
            A stream of fields. Not rate limited.

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
