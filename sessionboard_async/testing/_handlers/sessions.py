"""Handlers that read sessions."""

from __future__ import annotations

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import (
    SESSION_FILTERS,
    STATUS_FILTERS,
    STATUSES,
    Criteria,
    expansions_of,
    read_flag,
    read_id,
    read_page,
    read_search,
    read_word,
    refuse_unknown,
)
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerRequest,
    event_of,
    search_reply,
)


def _expand(event: EventData, names: frozenset[str]) -> frozenset[str]:
    return names if event.has_translations else names - {"translated_fields"}


def _search_sessions(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, SESSION_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = event.sessions(criteria, linked_sources="linked_sources" in expand)
    expansions = _expand(event, expand)
    records = [
        event.program.session(row, unassigned={}, expand=expansions)
        for row in organization.record_order.page(page, rows, criteria)
    ]
    return search_reply(records, page.pagination(len(rows)))


def _list_sessions(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    query = call.query
    refuse_unknown(
        query, ("page", "page_size", "is_abstract", "expand", "status", "track_id", "tag_id", "search")
    )
    page = read_page(query, size_name="page_size")
    equal: list[tuple[str, object]] = []
    if (is_abstract := read_flag(query, "is_abstract")) is not None:
        equal.append(("is_abstract", is_abstract))
    if (status := query.get("status")) is not None:
        equal.append(("status", read_word(status, "status", STATUSES)))
    if (track := read_id(query, "track_id")) is not None:
        equal.append(("track_id", track))
    expand = expansions_of(query)
    criteria = Criteria(tuple(equal))
    rows = event.sessions(criteria, linked_sources="linked_sources" in expand)
    if (tag := read_id(query, "tag_id")) is not None:
        rows = [row for row in rows if tag in row.tag_ids]
    if (text := query.get("search")) is not None:
        rows = [row for row in rows if text.casefold() in event.details.title(row).casefold()]
    expansions = _expand(event, expand)
    records = [
        event.program.session(row, unassigned=None, expand=expansions)
        for row in organization.record_order.page(page, rows, criteria)
    ]
    return {"data": records, "pagination": page.snake_pagination(len(rows))}


def _search_sessions_by_status(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, STATUS_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = event.statuses(criteria, linked_sources="linked_sources" in expand)
    return search_reply(
        [event.program.status(row) for row in organization.record_order.page(page, rows, criteria)],
        page.pagination(len(rows)),
    )


def _get_session(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ("expand",))
    expand = _expand(event, expansions_of(call.query))
    row = event.session(call.path["session_id"])
    if row is None:
        raise RequestError(404, "there is no such session")
    return event.program.session(row, unassigned={}, expand=expand)


OPERATIONS: dict[str, Handler] = {
    "search-sessions": _search_sessions,
    "list-sessions": _list_sessions,
    "search-sessions-by-status": _search_sessions_by_status,
    "get-session": _get_session,
}
