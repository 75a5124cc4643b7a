"""Handlers of rooms, tracks, tags, formats, levels, languages and session statuses."""

from __future__ import annotations

from functools import partial
from typing import Any

from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.metadata import FAMILIES, MetadataStore
from sessionboard_async.testing._data.query import (
    RECORD_FILTERS,
    read_page,
    read_search,
    refuse_unknown,
    select,
)
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerReply,
    HandlerRequest,
    Values,
    event_of,
    read_values,
    search_reply,
)

_KNOWN: Values = {"name": str, "color": str, "capacity": int, "order": int}


def _metadata(organization: Organization, call: HandlerRequest) -> MetadataStore:
    refuse_unknown(call.query, ())
    return event_of(organization, call).metadata


def _values(call: HandlerRequest, *, is_new: bool) -> dict[str, Any]:
    values = call.json()
    read_values(values, _KNOWN, required=("name",) if is_new or "name" in values else ())
    if (values.get("capacity") or 0) < 0:
        raise RequestError(400, "capacity must not be negative")
    return values


def _list(organization: Organization, call: HandlerRequest, *, family: str) -> object:
    return _metadata(organization, call).all(family)


def _search(organization: Organization, call: HandlerRequest, *, family: str) -> object:
    metadata = event_of(organization, call).metadata
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, RECORD_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = select(metadata.rows(family), criteria)
    records = metadata.all(family)
    return search_reply([records[row.ordinal] for row in page.of(rows)], page.pagination(len(rows)))


def _create(organization: Organization, call: HandlerRequest, *, family: str) -> object:
    return _metadata(organization, call).create(family, _values(call, is_new=True))


def _update(organization: Organization, call: HandlerRequest, *, family: str) -> object:
    metadata = _metadata(organization, call)
    return metadata.update(family, call.path["id"], _values(call, is_new=False))


def _update_status(organization: Organization, call: HandlerRequest) -> object:
    status = _metadata(organization, call).update("statuses", call.path["id"], _values(call, is_new=False))
    event_of(organization, call).program.recategorize(status)
    return status


def _delete(organization: Organization, call: HandlerRequest, *, family: str) -> object:
    _metadata(organization, call).delete(family, call.path["id"])
    return HandlerReply()


def _restore_status(organization: Organization, call: HandlerRequest) -> object:
    return _metadata(organization, call).restore("statuses", call.path["id"])


OPERATIONS: dict[str, Handler] = {
    "search-session-statuses": partial(_search, family="statuses"),
    "restore-status": _restore_status,
}
for _family, _name in {**FAMILIES, "statuses": "status"}.items():
    OPERATIONS[f"list-{_family}"] = partial(_list, family=_family)
    OPERATIONS[f"create-{_name}"] = partial(_create, family=_family)
    OPERATIONS[f"update-{_name}"] = partial(_update, family=_family)
    OPERATIONS[f"delete-{_name}"] = partial(_delete, family=_family)
OPERATIONS["update-status"] = _update_status
for _family in FAMILIES:
    OPERATIONS[f"search-{_family}"] = partial(_search, family=_family)
