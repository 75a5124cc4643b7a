"""Dashboards, widgets and saved queries, of an event or of the whole organization."""

from __future__ import annotations

from typing import Any, Unpack

from sessionboard_async.core.endpoint import list_of, page_of, rows
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Dashboard, SavedQuery, Widget
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.payloads import Extra, validate
from sessionboard_async.services._common.reporting import ReportService, report_read, report_write
from sessionboard_async.services._common.scopes import InBothScopes, in_both_scopes
from sessionboard_async.services.insights_options import Filters, RunOptions
from sessionboard_async.services.report_values import (
    DashboardCreate,
    DashboardUpdate,
    QueryCreate,
    QueryUpdate,
    WidgetCreate,
    WidgetUpdate,
)

_ONE_DASHBOARD = "/dashboards/{id}"


class Dashboards(ReportService):
    """Dashboards of an event, or of the whole organization."""

    ID_ARGUMENT: str = "id"
    LIST: InBothScopes[Dashboard] = report_read(
        "list-event-dashboards", "list-org-dashboards-convenience", "/dashboards", list_of(Dashboard)
    )
    CREATE: InBothScopes[Dashboard] = report_write(
        "create-event-dashboard", "create-org-dashboard-convenience", "POST", "/dashboards/create", Dashboard
    )
    GET: InBothScopes[Dashboard] = report_read(
        "get-event-dashboard", "get-org-dashboard-convenience", _ONE_DASHBOARD, Dashboard
    )
    UPDATE: InBothScopes[Dashboard] = report_write(
        "update-event-dashboard", "update-org-dashboard-convenience", "PUT", _ONE_DASHBOARD, Dashboard
    )
    DELETE: InBothScopes[None] = report_write(
        "delete-event-dashboard", "delete-org-dashboard-convenience", "DELETE", _ONE_DASHBOARD, None
    )

    def list(self, *, event_id: EventId | None = None, **options: Unpack[PagerOptions]) -> Pager[Dashboard]:
        """List dashboards, without their widgets.

        Scope ``read:insights``; no limit is documented.

        Args:
            event_id: The event; ``None`` for those of the organization and of all its events.
            **options: Paging, as in ``PagerOptions``. Pages matter only with servers that send them here.

        Returns:
            A stream of dashboards.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
        """
        return self._pages(*self.LIST.at(event_id), **options)

    async def get(
        self,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        event_id: EventId | None = None,
    ) -> Dashboard:
        """Get a dashboard with its widgets and what they show.

        Scope ``read:insights``; no limit is documented.

        Args:
            id: Its id.
            event_id: The event; ``None`` for the whole organization.

        Returns:
            The dashboard. What its widgets show is in their ``as_sent``.

        Raises:
            NotFoundError: If there is no such dashboard.
            ValueError: If an id is empty.
            TypeError: If the id is ``None``.
        """
        return await self._record(*self._one(self.GET, id, event_id))

    async def create(
        self,
        *,
        event_id: EventId | None = None,
        extra: Extra | None = None,
        **values: Unpack[DashboardCreate],
    ) -> Dashboard:
        """Create one.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``DashboardCreate``.

        Returns:
            The record, as far as the API tells: its document promises nothing.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type.
            ValueError: If a value is masked, or the event's id is empty.
        """
        return await self._write(*self.CREATE.at(event_id), DashboardCreate, values, extra)

    async def update(
        self,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        event_id: EventId | None = None,
        extra: Extra | None = None,
        **values: Unpack[DashboardUpdate],
    ) -> Dashboard:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            id: Its id.
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``DashboardUpdate``; ``None`` clears.

        Returns:
            The record as it is now, as far as the API tells: its document promises nothing.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._write(*self._one(self.UPDATE, id, event_id), DashboardUpdate, values, extra)


class Widgets(ReportService):
    """The panels of dashboards; ``dashboards.get`` reads them."""

    ID_ARGUMENT: str = "widget_id"
    CREATE: InBothScopes[Widget] = report_write(
        "create-widget",
        "create-org-widget-convenience",
        "POST",
        "/dashboards/{dashboard_id}/widgets/create",
        Widget,
    )
    UPDATE: InBothScopes[Widget] = report_write(
        "update-widget", "update-org-widget-convenience", "PUT", "/widgets/{widget_id}", Widget
    )
    DELETE: InBothScopes[None] = report_write(
        "delete-widget", "delete-org-widget-convenience", "DELETE", "/widgets/{widget_id}", None
    )

    async def create(
        self,
        dashboard_id: str | None,
        *,
        event_id: EventId | None = None,
        extra: Extra | None = None,
        **values: Unpack[WidgetCreate],
    ) -> Widget:
        """Create a widget on a dashboard.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            dashboard_id: The dashboard that it belongs to.
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``WidgetCreate``.

        Returns:
            The record, as far as the API tells: its document promises nothing.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        endpoint, path = self.CREATE.at(event_id)
        path = {**path, "dashboard_id": dashboard_id}
        return await self._write(endpoint, path, WidgetCreate, values, extra)

    async def update(
        self,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        event_id: EventId | None = None,
        extra: Extra | None = None,
        **values: Unpack[WidgetUpdate],
    ) -> Widget:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            id: Its id.
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``WidgetUpdate``; ``None`` clears.

        Returns:
            The record as it is now, as far as the API tells: its document promises nothing.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._write(*self._one(self.UPDATE, id, event_id), WidgetUpdate, values, extra)


class Queries(ReportService):
    """Saved SbQL queries of an event, or of the whole organization. See ``insights`` to run others."""

    ID_ARGUMENT: str = "query_id"
    LIST: InBothScopes[SavedQuery] = report_read(
        "list-event-queries",
        "list-org-queries-convenience",
        "/queries",
        list_of(SavedQuery),
        of_organization=page_of(SavedQuery, size_parameter="limit"),
    )
    CREATE: InBothScopes[SavedQuery] = report_write(
        "create-event-query", "create-org-query-convenience", "POST", "/queries/create", SavedQuery
    )
    UPDATE: InBothScopes[SavedQuery] = report_write(
        "update-event-query", "update-org-query-convenience", "PUT", "/queries/{query_id}", SavedQuery
    )
    DELETE: InBothScopes[None] = report_write(
        "delete-event-query", "delete-org-query-convenience", "DELETE", "/queries/{query_id}", None
    )
    RUN: InBothScopes[dict[str, Any]] = in_both_scopes(
        "run-event-query",
        "run-org-query-convenience",
        "POST",
        "/queries/{query_id}/run",
        rows(),
        scope="write:events",
        limit="event-writes",
        idempotent=True,
    )

    def list(
        self,
        *,
        event_id: EventId | None = None,
        category: str | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[SavedQuery]:
        """List saved queries.

        Scope ``read:insights``; no limit is documented.

        Args:
            event_id: The event; ``None`` for those of the organization and of all its events.
            category: Only queries of this category; the API filters only those of the organization.
            **options: Paging, as in ``PagerOptions``. Of an event all come at once.

        Returns:
            A stream of queries.

        Raises:
            ValueError: If both an event and a category are given, the event's id is empty, or an option is
                out of bounds.
            TypeError: If the category is no string.
        """
        if event_id is not None and category is not None:
            raise ValueError("the API filters by category only without event_id: insights.queries takes both")
        filters = validate(Filters, {"category": category})
        return self._pages(*self.LIST.at(event_id), filters, **options)

    async def create(
        self, *, event_id: EventId | None = None, extra: Extra | None = None, **values: Unpack[QueryCreate]
    ) -> SavedQuery:
        """Create one.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What it shall have, as in ``QueryCreate``.

        Returns:
            The record, as far as the API tells: its document promises nothing.

        Raises:
            TypeError: If a value is unknown, missing or of the wrong type.
            ValueError: If a value is masked, or the event's id is empty.
        """
        return await self._write(*self.CREATE.at(event_id), QueryCreate, values, extra)

    async def update(
        self,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        event_id: EventId | None = None,
        extra: Extra | None = None,
        **values: Unpack[QueryUpdate],
    ) -> SavedQuery:
        """Change what is passed of one, and nothing else.

        Scope ``write:events``; limit category ``event-writes``; not sent again once it may have arrived.

        Args:
            id: Its id.
            event_id: The event; ``None`` for the whole organization.
            extra: Further properties, under the API's own names.
            **values: What shall change, as in ``QueryUpdate``; ``None`` clears.

        Returns:
            The record as it is now, as far as the API tells: its document promises nothing.

        Raises:
            NotFoundError: If there is none with this id.
            TypeError: If a value is unknown or of the wrong type, or an id is ``None``.
            ValueError: If a value is masked, or an id is empty.
        """
        return await self._write(*self._one(self.UPDATE, id, event_id), QueryUpdate, values, extra)

    def run(
        self,
        id: str | None,  # noqa: A002  # the API's own word
        *,
        event_id: EventId | None = None,
        obfuscate_pii: bool | None = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[dict[str, Any]]:
        """Run a saved query.

        Scope ``write:events``, since the API counts it as a write (limit category ``event-writes``), though
        it changes nothing; with ``read:insights`` alone use ``insights.run_query``. Sent again like a read.

        Args:
            id: Its id.
            event_id: The event; ``None`` for the whole organization.
            obfuscate_pii: Whether personal data is masked; the API does so unless this is false.
            **options: Paging, as in ``PagerOptions``.

        Returns:
            A stream of rows, as plain objects; equal rows are all delivered.

        Raises:
            ValueError: If an id is empty, or an option is out of bounds.
            TypeError: If the id is ``None``, or ``obfuscate_pii`` no boolean.
        """
        validate(RunOptions, {"obfuscate_pii": obfuscate_pii})
        body = {} if obfuscate_pii is None else {"obfuscatePii": obfuscate_pii}
        return self._pages(*self._one(self.RUN, id, event_id), body=body, **options)
