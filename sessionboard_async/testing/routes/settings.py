"""What the operations of an event's fields and settings answer."""

from __future__ import annotations

from functools import partial

from sessionboard_async.testing.dataset import Organization
from sessionboard_async.testing.metadata import FAMILIES
from sessionboard_async.testing.operations import PAGING, Call, Handler, event_of, found
from sessionboard_async.testing.query import (
    FIELD_FILTERS,
    RECORD_FILTERS,
    read_page,
    read_search,
    refuse_unknown,
    select,
)


def _list_fields(organization: Organization, call: Call) -> object:
    fields = event_of(organization, call).fields
    refuse_unknown(call.query, ())
    return [fields.record(row) for row in fields.rows]


def _search_fields(organization: Organization, call: Call) -> object:
    fields = event_of(organization, call).fields
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, FIELD_FILTERS)
    rows = select(fields.rows, criteria)
    return found([fields.record(row) for row in page.of(rows)], page.pagination(len(rows)))


def _list_metadata(organization: Organization, call: Call, *, family: str) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    return event.metadata.all(family)


def _search_metadata(organization: Organization, call: Call, *, family: str) -> object:
    metadata = event_of(organization, call).metadata
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, RECORD_FILTERS)
    rows = select(metadata.rows(family), criteria)
    records = metadata.all(family)
    return found([records[row.ordinal] for row in page.of(rows)], page.pagination(len(rows)))


OPERATIONS: dict[str, Handler] = {
    "list-fields": _list_fields,
    "search-fields": _search_fields,
    "list-statuses": partial(_list_metadata, family="statuses"),
    "search-session-statuses": partial(_search_metadata, family="statuses"),
}
for _family in FAMILIES:
    OPERATIONS[f"list-{_family}"] = partial(_list_metadata, family=_family)
    OPERATIONS[f"search-{_family}"] = partial(_search_metadata, family=_family)
