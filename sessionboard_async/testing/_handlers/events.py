"""Handler of events."""

from __future__ import annotations

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.query import read_page, refuse_unknown
from sessionboard_async.testing._writes.requests import PAGING, Handler, HandlerRequest, search_reply


def _list_events(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    events = [event for event in organization.events.values() if call.grant.sees(event.id)]
    return search_reply([event.record() for event in page.of(events)], page.pagination(len(events)))


OPERATIONS: dict[str, Handler] = {"list-events": _list_events}
