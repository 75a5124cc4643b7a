"""What the operations of sponsors and exhibitors answer."""

from __future__ import annotations

from functools import partial

from sessionboard_async.testing.accounts import Accounts
from sessionboard_async.testing.dataset import Event, Organization
from sessionboard_async.testing.operations import PAGING, Call, Handler, event_of, found
from sessionboard_async.testing.problems import RequestError
from sessionboard_async.testing.query import (
    RECORD_FILTERS,
    expansions_of,
    read_page,
    read_search,
    refuse_unknown,
    select,
)


def _accounts(event: Event, kind: str) -> Accounts:
    return event.sponsors if kind == "sponsor" else event.exhibitors


def _search_accounts(organization: Organization, call: Call, *, kind: str) -> object:
    event = event_of(organization, call)
    accounts = _accounts(event, kind)
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, RECORD_FILTERS)
    rows = select(accounts.rows, criteria)
    translated = event.has_translations and "translated_fields" in expand
    records = [accounts.account(row.ordinal, translated=translated) for row in page.of(rows)]
    return found(records, page.pagination(len(rows)))


def _get_account(organization: Organization, call: Call, *, kind: str) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ("expand",))
    translated = event.has_translations and "translated_fields" in expansions_of(call.query)
    accounts = _accounts(event, kind)
    index = accounts.index_by_id.get(call.path[f"{kind}_id"])
    if index is None:
        raise RequestError(404, f"there is no such {kind}")
    return accounts.account(index, translated=translated)


OPERATIONS: dict[str, Handler] = {}
for _kind in ("sponsor", "exhibitor"):
    OPERATIONS[f"search-{_kind}s"] = partial(_search_accounts, kind=_kind)
    OPERATIONS[f"get-{_kind}"] = partial(_get_account, kind=_kind)
