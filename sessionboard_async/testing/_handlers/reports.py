"""Handlers of saved queries, dashboards and widgets.

Each operation exists for an event and for the organization; one handler serves both, and the path decides.
The organization also sees the records of its events. The record's id is the last argument of every path.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Event
from typing import cast

from sessionboard_async.testing._data.dataset import DataOwner, EventData, Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import read_page, refuse_unknown
from sessionboard_async.testing._handlers.insights import (
    LARGEST_PAGE,
    answer,
    events_of,
    filtered_event,
    prepare,
    read_options,
)
from sessionboard_async.testing._sbql.sbql import Result
from sessionboard_async.testing._writes.requests import (
    DeferredReply,
    Handler,
    HandlerReply,
    HandlerRequest,
    Values,
    event_of,
    read_values,
    search_reply,
)

_QUERY: Values = {"name": str, "query": str, "category": str}
_DASHBOARD: Values = {"name": str, "description": str, "widgets": list}
_WIDGET: Values = {"type": str, "title": str, "config": dict, "query": str}
_KINDS: dict[str, tuple[Values, Sequence[str]]] = {
    "query": (_QUERY, ("name", "query")),
    "dashboard": (_DASHBOARD, ("name",)),
    "widget": (_WIDGET, ("type",)),
}
_OWN = frozenset({"id", "event_id", "dashboard_id", "widgets", "created_at"})


def _owners(organization: Organization, call: HandlerRequest) -> list[DataOwner]:
    """Return the owners whose records a request sees; the first one owns new records."""
    if "event_id" in call.path:
        return [event_of(organization, call)]
    visible = [event for event in organization.events.values() if call.grant.sees(event.id)]
    return [organization, *visible]


def _find(organization: Organization, call: HandlerRequest, kind: str) -> tuple[DataOwner, Record]:
    """Return the record in the path and its owner."""
    id_ = list(call.path.values())[-1]
    for owner in _owners(organization, call):
        for record in owner.store(kind).all():
            if record["id"] == id_:
                return owner, record
    raise RequestError(404, f"there is no such {kind}")


def _all(owners: Sequence[DataOwner], kind: str) -> list[Record]:
    return [record for owner in owners for record in owner.store(kind).all()]


def _read(call: HandlerRequest, kind: str, *, is_new: bool) -> Record:
    """Read a body; an update may leave out required properties, but not clear them."""
    refuse_unknown(call.query, ())
    return _validate(call.json(), kind, is_new=is_new)


def _validate(values: Record, kind: str, *, is_new: bool) -> Record:
    known, needed = _KINDS[kind]
    read_values(values, known, required=needed if is_new else [name for name in needed if name in values])
    return values


def _new(owner: DataOwner, kind: str, values: Record, **others: object) -> Record:
    empty = dict.fromkeys(name for name in _KINDS[kind][0] if name not in _OWN)
    event_id = owner.id if isinstance(owner, EventData) else None
    return owner.store(kind).create({**empty, **_writable(values), **others, "event_id": event_id})


def _writable(values: Record) -> Record:
    return {name: value for name, value in values.items() if name not in _OWN}


def _create_query(organization: Organization, call: HandlerRequest) -> Record:
    owner = _owners(organization, call)[0]
    return _new(owner, "query", _read(call, "query", is_new=True))


def _update(organization: Organization, call: HandlerRequest, *, kind: str) -> Record:
    owner, record = _find(organization, call, kind)
    return owner.store(kind).update(str(record["id"]), _writable(_read(call, kind, is_new=False)))


def _delete(organization: Organization, call: HandlerRequest, *, kind: str) -> HandlerReply:
    refuse_unknown(call.query, ())
    owner, record = _find(organization, call, kind)
    owner.store(kind).delete(str(record["id"]))
    return HandlerReply()


def _list_event_queries(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    return {"results": _all(_owners(organization, call), "query")}


def _list_queries(organization: Organization, call: HandlerRequest, *, known: Sequence[str]) -> object:
    refuse_unknown(call.query, (*known, "category", "page", "limit"))
    page = read_page(call.query, size_name="limit")
    event, category = filtered_event(organization, call), call.query.get("category")
    queries = [
        # Only this list has the event's id as ``eventId``, as in the API's document.
        {**query, "eventId": query["event_id"]} if "eventId" in known else query
        for query in _all([event] if event else _owners(organization, call), "query")
        if category is None or query["category"] == category
    ]
    return search_reply(page.of(queries), page.pagination(len(queries)))


def _run_query(organization: Organization, call: HandlerRequest) -> object:
    owner, query = _find(organization, call, "query")
    body = read_options(call)
    named = body.get("eventId") or body.get("eventIds")
    events = [owner] if isinstance(owner, EventData) and not named else events_of(organization, call, body)
    return answer(organization, call, str(query["query"]), events, body)


def _list_dashboards(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    return _all(_owners(organization, call), "dashboard")


def _create_dashboard(organization: Organization, call: HandlerRequest) -> Record:
    values = _read(call, "dashboard", is_new=True)
    widgets = [_validate_widget(widget) for widget in _listed(values.get("widgets"))]
    owner = _owners(organization, call)[0]
    dashboard = _new(owner, "dashboard", values)
    made = [_new(owner, "widget", widget, dashboard_id=dashboard["id"]) for widget in widgets]
    return {**dashboard, "widgets": made}


def _validate_widget(widget: object) -> Record:
    if not isinstance(widget, dict):
        raise RequestError(400, "each widget must be an object")
    return _validate(cast("Record", widget), "widget", is_new=True)


def _listed(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value or ())


def _get_dashboard(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    owner, dashboard = _find(organization, call, "dashboard")
    events = [owner] if isinstance(owner, EventData) else events_of(organization, call, {})
    widgets = _widgets_of(owner, dashboard)
    asked = [widget for widget in widgets if widget["query"]]
    queries = prepare(organization, call, [str(widget["query"]) for widget in asked], events, {})

    def compute(given_up: Event) -> object:
        results = dict(zip((str(widget["id"]) for widget in asked), queries.run(given_up), strict=True))
        shown = [{**widget, **_data(results.get(str(widget["id"])))} for widget in widgets]
        return {**dashboard, "widgets": shown}

    return DeferredReply(compute)


def _widgets_of(owner: DataOwner, dashboard: Record) -> list[Record]:
    return [widget for widget in owner.store("widget").all() if widget["dashboard_id"] == dashboard["id"]]


def _data(result: Result | RequestError | None) -> Record:
    """Return the rows of a widget; if its query fails, the error takes their place."""
    if isinstance(result, RequestError):
        return {"data": [], "error": result.message}
    return {"data": [] if result is None else result.rows[:LARGEST_PAGE]}


def _update_dashboard(organization: Organization, call: HandlerRequest) -> HandlerReply:
    _update(organization, call, kind="dashboard")
    return HandlerReply()


def _delete_dashboard(organization: Organization, call: HandlerRequest) -> HandlerReply:
    owner, dashboard = _find(organization, call, "dashboard")
    reply = _delete(organization, call, kind="dashboard")
    for widget in _widgets_of(owner, dashboard):
        owner.store("widget").delete(str(widget["id"]))
    return reply


def _create_widget(organization: Organization, call: HandlerRequest) -> Record:
    owner, dashboard = _find(organization, call, "dashboard")
    values = _read(call, "widget", is_new=True)
    return _new(owner, "widget", values, dashboard_id=dashboard["id"])


_list_org_queries = partial(_list_queries, known=())
_list_insights_queries = partial(_list_queries, known=("eventId",))
_update_query, _delete_query = partial(_update, kind="query"), partial(_delete, kind="query")
_update_widget, _delete_widget = partial(_update, kind="widget"), partial(_delete, kind="widget")

OPERATIONS: dict[str, Handler] = {
    "list-event-queries": _list_event_queries,
    "list-event-insights-queries": _list_event_queries,
    "list-org-queries-convenience": _list_org_queries,
    "list-queries": _list_insights_queries,
    "create-event-query": _create_query,
    "create-org-query-convenience": _create_query,
    "update-event-query": _update_query,
    "update-org-query-convenience": _update_query,
    "delete-event-query": _delete_query,
    "delete-org-query-convenience": _delete_query,
    "run-event-query": _run_query,
    "run-event-insights-query": _run_query,
    "run-org-query-convenience": _run_query,
    "run-query": _run_query,
    "list-event-dashboards": _list_dashboards,
    "list-org-dashboards-convenience": _list_dashboards,
    "create-event-dashboard": _create_dashboard,
    "create-org-dashboard-convenience": _create_dashboard,
    "get-event-dashboard": _get_dashboard,
    "get-event-insights-dashboard": _get_dashboard,
    "get-org-dashboard-convenience": _get_dashboard,
    "get-dashboard": _get_dashboard,
    "update-event-dashboard": _update_dashboard,
    "update-org-dashboard-convenience": _update_dashboard,
    "delete-event-dashboard": _delete_dashboard,
    "delete-org-dashboard-convenience": _delete_dashboard,
    "create-widget": _create_widget,
    "create-org-widget-convenience": _create_widget,
    "update-widget": _update_widget,
    "update-org-widget-convenience": _update_widget,
    "delete-widget": _delete_widget,
    "delete-org-widget-convenience": _delete_widget,
}
