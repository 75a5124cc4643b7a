"""Dashboards and widgets of an event, or of the whole organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from sessionboard_async.core.endpoint import list_of
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.models import Dashboard, Widget
from sessionboard_async.services._common.ids.arguments import Id, id_of
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.payloads import Extra, RequiredName, Writable
from sessionboard_async.services._common.reporting import ReportService, report_read, report_write
from sessionboard_async.services._common.scopes import InBothScopes


class DashboardUpdate(TypedDict, total=False):
    """Values that update a dashboard.

    Attributes:
        name: The name.
        description: The purpose.
    """

    name: Writable[str]
    description: Writable[str]


class DashboardCreate(RequiredName, total=False):
    """Values that create a dashboard; ``name`` is required.

    Attributes:
        name: The name.
        description: The purpose.
        widgets: The first widgets, each as an object.
    """

    description: Writable[str]
    widgets: Writable[Sequence[Mapping[str, Any]]]


class WidgetUpdate(TypedDict, total=False):
    """Values that update a widget.

    Attributes:
        title: The public title.
        config: The presentation.
        query: The SbQL query whose rows it shows.
    """

    title: Writable[str]
    config: Writable[Mapping[str, Any]]
    query: Writable[str]


class _WidgetType(TypedDict):
    type: str


class WidgetCreate(_WidgetType, WidgetUpdate):
    """Values that create a widget; ``type`` is required.

    Attributes:
        type: The kind of the widget.
        title: The public title.
        config: The presentation.
        query: The SbQL query whose rows it shows.
    """


_ONE_DASHBOARD = "/dashboards/{id}"


class Dashboards(ReportService[Dashboard]):
    """Dashboards of an event, or of the whole organization."""

    _ID_ARGUMENT: str = "id"
    _LIST: InBothScopes[Dashboard] = report_read(
        "list-event-dashboards", "list-org-dashboards-convenience", "/dashboards", list_of(Dashboard)
    )
    _CREATE: InBothScopes[Dashboard] = report_write(
        "create-event-dashboard", "create-org-dashboard-convenience", "POST", "/dashboards/create", Dashboard
    )
    _GET: InBothScopes[Dashboard] = report_read(
        "get-event-dashboard", "get-org-dashboard-convenience", _ONE_DASHBOARD, Dashboard
    )
    _UPDATE: InBothScopes[Dashboard] = report_write(
        "update-event-dashboard", "update-org-dashboard-convenience", "PUT", _ONE_DASHBOARD, Dashboard
    )
    _DELETE: InBothScopes[None] = report_write(
        "delete-event-dashboard", "delete-org-dashboard-convenience", "DELETE", _ONE_DASHBOARD, None
    )

    def list(self, *, event_id: EventLike | None = None, **options: Unpack[PagerOptions]) -> Pager[Dashboard]:
        """List dashboards, without their widgets.

        Scope ``read:insights``; no rate limit is documented.

        Args:
            event_id: The event, or its id; ``None`` for the organization and all its events.
            **options: Paging, as in ``PagerOptions``; matters only with servers that answer in pages.

        Returns:
            A pager of dashboards.

        Raises:
            ValueError: If the event's id is empty, or an option is out of bounds.
        """
        return self._pages(*self._LIST.at(event_id), **options)

    async def get(
        self,
        id: Dashboard | Id,  # noqa: A002  # the API's own word
        *,
        event_id: EventLike | None = None,
    ) -> Dashboard:
        """Get a dashboard with its widgets and their data.

        Scope ``read:insights``; no rate limit is documented.

        Args:
            id: The dashboard, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.

        Returns:
            The dashboard; the data of a widget is in its ``as_sent``.

        Raises:
            NotFoundError: If the dashboard does not exist.
            ValueError: If an id is empty.
            TypeError: If the id is ``None``.
        """
        return await self._record(*self._one(self._GET, id, event_id))

    async def create(
        self,
        *,
        event_id: EventLike | None = None,
        extra: Extra | None = None,
        **values: Unpack[DashboardCreate],
    ) -> Dashboard:
        """Create a dashboard.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values, as in ``DashboardCreate``.

        Returns:
            The created record, as far as the API sends it; its document does not describe this answer.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or the event's id is
                ``None``.
            ValueError: If the event's id is empty.
        """
        return await self._write(*self._CREATE.at(event_id), DashboardCreate, values, extra)

    async def update(
        self,
        id: Dashboard | Id,  # noqa: A002  # the API's own word
        *,
        event_id: EventLike | None = None,
        extra: Extra | None = None,
        **values: Unpack[DashboardUpdate],
    ) -> Dashboard:
        """Update a dashboard. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            id: The dashboard, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``DashboardUpdate``; ``None`` clears a value.

        Returns:
            The updated record, as far as the API sends it; its document does not describe this answer.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._write(*self._one(self._UPDATE, id, event_id), DashboardUpdate, values, extra)


class Widgets(ReportService[Widget]):
    """Widgets, the panels of dashboards; ``dashboards.get`` returns them."""

    _ID_ARGUMENT: str = "widget_id"
    _CREATE: InBothScopes[Widget] = report_write(
        "create-widget",
        "create-org-widget-convenience",
        "POST",
        "/dashboards/{dashboard_id}/widgets/create",
        Widget,
    )
    _UPDATE: InBothScopes[Widget] = report_write(
        "update-widget", "update-org-widget-convenience", "PUT", "/widgets/{widget_id}", Widget
    )
    _DELETE: InBothScopes[None] = report_write(
        "delete-widget", "delete-org-widget-convenience", "DELETE", "/widgets/{widget_id}", None
    )

    async def create(
        self,
        dashboard_id: Dashboard | Id,
        *,
        event_id: EventLike | None = None,
        extra: Extra | None = None,
        **values: Unpack[WidgetCreate],
    ) -> Widget:
        """Create a widget on a dashboard.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            dashboard_id: The dashboard that it belongs to, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values, as in ``WidgetCreate``.

        Returns:
            The created record, as far as the API sends it; its document does not describe this answer.

        Raises:
            TypeError: If a keyword is unknown or missing, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        endpoint, path = self._CREATE.at(event_id)
        path = {**path, "dashboard_id": id_of("dashboard_id", dashboard_id, Dashboard)}
        return await self._write(endpoint, path, WidgetCreate, values, extra)

    async def update(
        self,
        id: Widget | Id,  # noqa: A002  # the API's own word
        *,
        event_id: EventLike | None = None,
        extra: Extra | None = None,
        **values: Unpack[WidgetUpdate],
    ) -> Widget:
        """Update a widget. Only the fields you pass are sent.

        Scope ``write:events``; rate-limit category ``event-writes``; not retried when the outcome is unknown.

        Args:
            id: The widget, or its id.
            event_id: The event, or its id; ``None`` for the whole organization.
            extra: More properties, under the API's names.
            **values: The values to change, as in ``WidgetUpdate``; ``None`` clears a value.

        Returns:
            The updated record, as far as the API sends it; its document does not describe this answer.

        Raises:
            NotFoundError: If no record has this id.
            TypeError: If a keyword is unknown, a value has the wrong type, or an id is ``None``.
            ValueError: If an id is empty.
        """
        return await self._write(*self._one(self._UPDATE, id, event_id), WidgetUpdate, values, extra)
