"""Handlers of sponsors and exhibitors."""

from __future__ import annotations

from functools import partial

from sessionboard_async.testing._data.accounts import Accounts
from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.query import (
    RECORD_FILTERS,
    expansions_of,
    read_page,
    read_search,
    refuse_unknown,
)
from sessionboard_async.testing._handlers.records import writing
from sessionboard_async.testing._writes.record_edits import AccountEditor
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerRequest,
    event_of,
    search_reply,
)


def _accounts(event: EventData, kind: str) -> Accounts:
    return event.sponsors if kind == "sponsor" else event.exhibitors


def _search_accounts(organization: Organization, call: HandlerRequest, *, kind: str) -> object:
    event = event_of(organization, call)
    accounts = _accounts(event, kind)
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, RECORD_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = accounts.everyone.select(criteria)
    translated = event.has_translations and "translated_fields" in expand
    records = [
        accounts.account(row.ordinal, translated=translated)
        for row in organization.record_order.page(page, rows, criteria)
    ]
    return search_reply(records, page.pagination(len(rows)))


def _get_account(organization: Organization, call: HandlerRequest, *, kind: str) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ("expand",))
    translated = event.has_translations and "translated_fields" in expansions_of(call.query)
    accounts = _accounts(event, kind)
    return accounts.account(accounts.everyone.find(call.path[f"{kind}_id"]), translated=translated)


def _editor(event: EventData, kind: str) -> AccountEditor:
    return AccountEditor(event, _accounts(event, kind))


OPERATIONS: dict[str, Handler] = {}
for _kind in ("sponsor", "exhibitor"):
    OPERATIONS[f"search-{_kind}s"] = partial(_search_accounts, kind=_kind)
    OPERATIONS[f"get-{_kind}"] = partial(_get_account, kind=_kind)
    OPERATIONS.update(writing(_kind, partial(_editor, kind=_kind)))
