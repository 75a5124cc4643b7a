"""Operations in two forms, their rate-limit categories, and pages in the body."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.endpoint import ENDPOINTS, list_of, page_of, rows
from sessionboard_async.core.http.request import build_request
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.models import Dashboard, Record
from sessionboard_async.services import Dashboards, Insights, Queries, Widgets
from sessionboard_async.services._common.scopes import InBothScopes, in_both_scopes


class Talk(Record, frozen=True, kw_only=True):
    id: str | None = None


@pytest.fixture(autouse=True)
def nothing_stays_declared() -> Iterator[None]:
    before = dict(ENDPOINTS)
    yield
    ENDPOINTS.clear()
    ENDPOINTS.update(before)


PAIRS = {
    f"{family.__name__}.{name}": pair
    for family in (Dashboards, Widgets, Queries, Insights)
    for name, pair in vars(family).items()
    if isinstance(pair, InBothScopes)
}
LIST_DASHBOARDS = PAIRS["Dashboards._LIST"]


@given(st.integers(min_value=0) | st.text(st.characters(categories=["L", "N"]), min_size=1))
def test_an_event_chooses_its_own_form(event_id: int | str) -> None:
    endpoint, path = LIST_DASHBOARDS.at(event_id)
    assert endpoint is LIST_DASHBOARDS.event
    assert path == {"event_id": event_id}


def test_no_event_chooses_the_organization() -> None:
    endpoint, path = LIST_DASHBOARDS.at(None)
    assert endpoint is LIST_DASHBOARDS.organization
    assert build_request(endpoint, path).target == "/v1/dashboards"


def test_an_event_with_the_number_0_is_an_event() -> None:
    assert build_request(*LIST_DASHBOARDS.at(0)).target == "/v1/event/0/dashboards"


def test_there_are_pairs_of_every_family() -> None:
    assert len(PAIRS) == 20


@pytest.mark.parametrize("name", PAIRS)
def test_both_forms_are_alike_but_for_the_event(name: str) -> None:
    event, organization = PAIRS[name].event, PAIRS[name].organization
    assert event.path == organization.path.replace("/v1/", "/v1/event/{event_id}/", 1)
    for attribute in ("method", "idempotent", "scope", "limit", "may_be_empty"):
        assert getattr(event, attribute) == getattr(organization, attribute)


def test_the_organization_may_answer_in_pages_where_an_event_does_not() -> None:
    declared = in_both_scopes(
        "test-list-event-talks",
        "test-list-talks",
        "GET",
        "/talks",
        list_of(Talk),
        of_organization=page_of(Talk, size_parameter="limit"),
        scope="read:talks",
    )
    assert declared.event.answer == list_of(Talk)
    assert declared.organization.answer == page_of(Talk, size_parameter="limit")


CATEGORIES = {
    "event-writes": [
        *("create-agenda-draft", "update-agenda-draft", "delete-agenda-draft", "commit-agenda-draft"),
        *("create-draft-session", "update-draft-session", "delete-draft-session", "bulk-draft-sessions"),
        *("create-event-rule", "update-event-rule", "delete-event-rule"),
        *("create-persona", "update-persona", "delete-persona"),
        *("create-event-dashboard", "update-org-dashboard-convenience", "delete-event-dashboard"),
        *("create-widget", "update-org-widget-convenience", "delete-widget"),
        *("create-org-query-convenience", "update-event-query", "delete-org-query-convenience"),
        *("run-event-query", "run-org-query-convenience"),
    ],
    "insights": [
        *("execute-query", "execute-event-query", "generate-query", "get-schema", "get-event-schema"),
        *("get-suggestions", "list-queries", "list-event-insights-queries", "run-query"),
        *("run-event-insights-query", "get-dashboard", "get-event-insights-dashboard"),
    ],
    None: [
        *("list-agenda-drafts", "get-agenda-draft", "get-agenda-draft-changes", "list-draft-sessions"),
        *("list-event-rules", "get-persona", "list-event-dashboards", "get-org-dashboard-convenience"),
        *("list-org-queries-convenience", "list-gdpr-requests", "create-gdpr-request"),
    ],
}


@pytest.mark.parametrize(
    ("category", "operation"), [(key, one) for key in CATEGORIES for one in CATEGORIES[key]]
)
def test_an_operation_counts_against_its_budget(category: str | None, operation: str) -> None:
    assert ENDPOINTS[operation].limit == category


def test_rows_are_told_apart_by_nothing_and_their_pages_asked_for_in_the_body() -> None:
    query = PagedQuery(ENDPOINTS["execute-query"], {}, {}, {"query": "SELECT 1"})
    assert (query.is_paginated, query.has_ids) == (True, False)
    request = query.page(3, 50)
    assert request.target == "/v1/insights/execute"
    assert msgspec.json.decode(request.body or b"") == {"query": "SELECT 1", "page": 3, "limit": 50}
    assert query.body == {"query": "SELECT 1"}


def test_records_are_told_apart_by_their_ids() -> None:
    assert (rows().identified, list_of(Dashboard).identified, page_of(Dashboard).identified) == (
        False,
        True,
        True,
    )
