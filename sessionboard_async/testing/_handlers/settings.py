"""Handlers of an event's field definitions."""

from __future__ import annotations

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.fields import FieldBook
from sessionboard_async.testing._data.query import (
    FIELD_FILTERS,
    read_page,
    read_search,
    refuse_unknown,
    select,
)
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerRequest,
    Values,
    event_of,
    read_values,
    search_reply,
)

_KNOWN: Values = {"name": str, "type": str, "module_id": str, "updated_at": str}


def _fields(organization: Organization, call: HandlerRequest) -> FieldBook:
    refuse_unknown(call.query, ())
    return event_of(organization, call).fields


def _list(organization: Organization, call: HandlerRequest) -> object:
    fields = _fields(organization, call)
    return [fields.record(row) for row in fields.rows]


def _search(organization: Organization, call: HandlerRequest) -> object:
    fields = event_of(organization, call).fields
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, FIELD_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = select(fields.rows, criteria)
    return search_reply([fields.record(row) for row in page.of(rows)], page.pagination(len(rows)))


def _create(organization: Organization, call: HandlerRequest) -> object:
    fields = _fields(organization, call)
    return fields.create(read_values(call.json(), _KNOWN, required=("name", "module_id")))


def _update(organization: Organization, call: HandlerRequest) -> object:
    fields, values = _fields(organization, call), call.json()
    read_values(values, _KNOWN, required=("name",) if "name" in values else ())
    return fields.update(call.path["field_id"], values)


def _delete(organization: Organization, call: HandlerRequest) -> object:
    return _fields(organization, call).delete(call.path["field_id"])


OPERATIONS: dict[str, Handler] = {
    "list-fields": _list,
    "search-fields": _search,
    "create-field": _create,
    "update-field": _update,
    "delete-field": _delete,
}
