"""Saved queries, dashboards, widgets and GDPR requests of the embedded server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import MultiDict

from sessionboard_async.testing._data.dataset import FIRST_EVENT_ID, Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.tokens import Grant
from sessionboard_async.testing._handlers import gdpr, reports
from sessionboard_async.testing._sbql.tables import contacts_of
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest
from tests.testing.operation_calls import computed

SIZE = Size(events=2, sessions=12, speakers=6, contacts=10, sponsors=3, exhibitors=3)
EVENT = {"event_id": str(FIRST_EVENT_ID)}
ORGANIZATION: dict[str, str] = {}

COUNT = "SELECT event_id, COUNT(*) AS sessions FROM sessions GROUP BY event_id"


class Server:
    """An organization whose handlers are called by operation."""

    def __init__(self) -> None:
        self.organization = Organization(1, SIZE)
        self.second = max(self.organization.events)

    def ask(
        self,
        operation: str,
        path: dict[str, str] | None = None,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        grant: Grant | None = None,
    ) -> Any:
        handler = {**reports.OPERATIONS, **gdpr.OPERATIONS}[operation]
        call = HandlerRequest(
            path=path or {},
            query=MultiDict(query or {}),
            body=b"" if body is None else json.dumps(body).encode(),
            grant=grant or Grant(),
        )
        return computed(handler(self.organization, call))

    def refused(self, operation: str, path: dict[str, str] | None = None, body: object = None) -> int:
        with pytest.raises(RequestError) as refused:
            self.ask(operation, path, body)
        return refused.value.status


@pytest.fixture
def server() -> Server:
    return Server()


class Names:
    """The operations of one scope, and the common beginning of their paths."""

    def __init__(self, path: dict[str, str], **operations: str) -> None:
        self.path = path
        self.operations = operations

    def __getitem__(self, verb: str) -> str:
        return self.operations[verb]

    def at(self, name: str, id_: object) -> dict[str, str]:
        return {**self.path, name: str(id_)}


QUERIES = [
    Names(
        EVENT,
        list="list-event-queries",
        create="create-event-query",
        update="update-event-query",
        delete="delete-event-query",
        run="run-event-query",
        insights="run-event-insights-query",
    ),
    Names(
        ORGANIZATION,
        list="list-org-queries-convenience",
        create="create-org-query-convenience",
        update="update-org-query-convenience",
        delete="delete-org-query-convenience",
        run="run-org-query-convenience",
        insights="run-query",
    ),
]
DASHBOARDS = [
    Names(
        EVENT,
        list="list-event-dashboards",
        create="create-event-dashboard",
        get="get-event-dashboard",
        insights="get-event-insights-dashboard",
        update="update-event-dashboard",
        delete="delete-event-dashboard",
        create_widget="create-widget",
        update_widget="update-widget",
        delete_widget="delete-widget",
    ),
    Names(
        ORGANIZATION,
        list="list-org-dashboards-convenience",
        create="create-org-dashboard-convenience",
        get="get-org-dashboard-convenience",
        insights="get-dashboard",
        update="update-org-dashboard-convenience",
        delete="delete-org-dashboard-convenience",
        create_widget="create-org-widget-convenience",
        update_widget="update-org-widget-convenience",
        delete_widget="delete-org-widget-convenience",
    ),
]
of_both = pytest.mark.parametrize("names", QUERIES, ids=("event", "organization"))
of_both_dashboards = pytest.mark.parametrize("names", DASHBOARDS, ids=("event", "organization"))


@of_both
def test_a_saved_query_is_listed_changed_run_and_deleted(server: Server, names: Names) -> None:
    saved = server.ask(names["create"], names.path, {"name": "Sizes", "query": COUNT, "category": "counts"})
    assert saved["category"] == "counts"
    assert saved["event_id"] == (FIRST_EVENT_ID if names.path else None)
    assert server.ask(names["list"], names.path)["results"] == [saved]

    at = names.at("query_id", saved["id"])
    changed = server.ask(names["update"], at, {"name": "Numbers", "category": None})
    assert changed == {**saved, "name": "Numbers", "category": None, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > saved["updated_at"]

    events = [FIRST_EVENT_ID] if names.path else [FIRST_EVENT_ID, server.second]
    for run in (names["run"], names["insights"]):
        found = server.ask(run, at)
        assert found["results"] == [{"event_id": id_, "sessions": 12} for id_ in events]
        second = server.ask(run, at, {"page": 2, "limit": 1})
        assert second["results"] == found["results"][1:]
        assert second["pagination"]["totalResults"] == len(events)

    assert server.ask(names["delete"], at) == HandlerReply()
    assert server.ask(names["list"], names.path)["results"] == []
    for operation in ("update", "delete", "run", "insights"):
        assert server.refused(names[operation], at, {}) == 404


@of_both
@pytest.mark.parametrize(
    "body", [{}, {"name": "A"}, {"name": "", "query": COUNT}, {"name": "A", "query": 1}, {"name": []}, []]
)
def test_a_query_needs_a_name_and_a_text(server: Server, names: Names, body: object) -> None:
    assert server.refused(names["create"], names.path, body) == 400


@of_both
def test_a_name_cannot_be_cleared(server: Server, names: Names) -> None:
    saved = server.ask(names["create"], names.path, {"name": "Sizes", "query": COUNT})
    at = names.at("query_id", saved["id"])
    assert server.refused(names["update"], at, {"name": None}) == 400
    assert server.refused(names["update"], at, {"updated_at": "2026-01-01T00:00:00.000Z"}) == 409
    assert server.ask(names["list"], names.path)["results"] == [saved]


@of_both
def test_a_saved_query_that_does_not_run_says_so_when_it_is_run(server: Server, names: Names) -> None:
    saved = server.ask(names["create"], names.path, {"name": "Broken", "query": "SELECT FROM"})
    assert server.refused(names["run"], names.at("query_id", saved["id"])) == 400


def test_the_organization_sees_the_queries_of_its_events(server: Server) -> None:
    second = {"event_id": str(server.second)}
    own = server.ask(QUERIES[1]["create"], {}, {"name": "All", "query": COUNT, "category": "a"})
    first = server.ask(QUERIES[0]["create"], EVENT, {"name": "First", "query": COUNT, "category": "b"})
    other = server.ask(QUERIES[0]["create"], second, {"name": "Second", "query": COUNT, "category": "b"})

    def ids(operation: str, grant: Grant | None = None, **query: str) -> list[str]:
        return [each["id"] for each in server.ask(operation, query=query, grant=grant)["results"]]

    listed = server.ask("list-org-queries-convenience")
    assert listed["results"] == [own, first, other]
    assert listed["pagination"]["totalResults"] == 3
    assert ids("list-org-queries-convenience", category="b", page="2", limit="1") == [other["id"]]
    assert ids("list-queries", eventId=str(server.second)) == [other["id"]]
    restricted = Grant(events=frozenset({FIRST_EVENT_ID}))
    assert ids("list-queries", restricted) == [own["id"], first["id"]]
    spelt = server.ask("list-queries")["results"]
    assert [each["eventId"] for each in spelt] == [None, FIRST_EVENT_ID, server.second]
    assert server.ask("list-event-insights-queries", EVENT) == {"results": [first]}

    assert server.refused("run-event-query", {**EVENT, "query_id": other["id"]}) == 404
    at = {"query_id": other["id"]}
    assert [row["event_id"] for row in server.ask("run-query", at)["results"]] == [server.second]
    assert server.ask("run-query", at, {"eventIds": [FIRST_EVENT_ID]})["results"][0]["event_id"] == (
        FIRST_EVENT_ID
    )


@of_both_dashboards
def test_a_dashboard_shows_its_widgets_with_the_rows_of_their_queries(server: Server, names: Names) -> None:
    widget = {"type": "table", "title": "Sizes", "config": {"columns": 2}, "query": COUNT}
    made = server.ask(names["create"], names.path, {"name": "Overview", "widgets": [widget]})
    assert made["description"] is None
    server.ask(names["create"], names.path, {"name": "Another", "widgets": [{"type": "text"}]})
    at = names.at("id", made["id"])
    broken = server.ask(names["create_widget"], at, {"type": "chart", "query": "SELECT nothing FROM rooms"})
    empty = server.ask(names["create_widget"], at, {"type": "text", "config": {"text": "Hello"}})

    returned = server.ask(names["get"], at)
    assert returned == server.ask(names["insights"], at)
    assert {name: returned[name] for name in ("id", "name", "created_at")} == {
        "id": made["id"],
        "name": "Overview",
        "created_at": made["created_at"],
    }
    first, second, third = returned["widgets"]
    events = [FIRST_EVENT_ID] if names.path else [FIRST_EVENT_ID, server.second]
    assert first == {**made["widgets"][0], "data": [{"event_id": id_, "sessions": 12} for id_ in events]}
    assert first.items() >= widget.items()
    assert (second["id"], second["data"]) == (broken["id"], [])
    assert "nothing" in second["error"]
    assert third == {**empty, "data": []}

    with_id = names.at("widget_id", empty["id"])
    changed = server.ask(names["update_widget"], with_id, {"title": "Note", "query": "SELECT 1 AS one"})
    assert changed["updated_at"] > empty["updated_at"]
    assert server.ask(names["get"], at)["widgets"][2] == {**changed, "data": [{"one": 1}]}
    assert server.ask(names["delete_widget"], with_id) == HandlerReply()
    assert len(server.ask(names["get"], at)["widgets"]) == 2
    assert server.refused(names["update_widget"], with_id, {}) == 404


@of_both_dashboards
def test_a_dashboard_is_listed_changed_and_deleted_with_its_widgets(server: Server, names: Names) -> None:
    made = server.ask(names["create"], names.path, {"name": "Overview", "widgets": [{"type": "text"}]})
    at = names.at("id", made["id"])
    assert server.ask(names["update"], at, {"name": "Summary", "widgets": []}) == HandlerReply()
    (listed,) = server.ask(names["list"], names.path)
    assert listed["name"] == "Summary"
    assert listed["updated_at"] > made["updated_at"]
    assert "widgets" not in listed
    assert len(server.ask(names["get"], at)["widgets"]) == 1
    assert server.ask(names["delete"], at) == HandlerReply()
    assert server.ask(names["list"], names.path) == []
    assert server.refused(names["get"], at) == 404
    assert server.refused(names["create_widget"], at, {"type": "text"}) == 404
    assert server.refused(names["delete_widget"], names.at("widget_id", made["widgets"][0]["id"])) == 404


WRONG_DASHBOARDS: list[dict[str, object]] = [
    {},
    {"name": 1},
    {"name": "A", "widgets": {}},
    {"name": "A", "widgets": ["text"]},
    {"name": "A", "widgets": [{"title": "without a type"}]},
    {"name": "A", "widgets": [{"type": "text"}, {"type": "text", "config": 1}]},
]


@of_both_dashboards
@pytest.mark.parametrize("body", WRONG_DASHBOARDS)
def test_an_invalid_dashboard_is_not_created(server: Server, names: Names, body: object) -> None:
    assert server.refused(names["create"], names.path, body) == 400
    assert server.ask(names["list"], names.path) == []


def test_the_organization_sees_and_changes_the_dashboards_of_its_events(server: Server) -> None:
    event, organization = DASHBOARDS
    made = server.ask(event["create"], EVENT, {"name": "Overview"})
    at = {"id": made["id"]}
    assert [each["event_id"] for each in server.ask(organization["list"])] == [FIRST_EVENT_ID]
    server.ask(organization["create_widget"], at, {"type": "table", "query": COUNT})
    (widget,) = server.ask(event["get"], {**EVENT, **at})["widgets"]
    assert widget["data"] == [{"event_id": FIRST_EVENT_ID, "sessions": 12}]
    elsewhere = {"event_id": str(server.second), **at}
    assert server.refused(event["get"], elsewhere) == 404


def test_personal_data_on_a_dashboard_is_masked(server: Server) -> None:
    widget = {"type": "table", "query": "SELECT email FROM contacts"}
    made = server.ask("create-event-dashboard", EVENT, {"name": "People", "widgets": [widget]})
    (returned,) = server.ask("get-event-dashboard", {**EVENT, "id": made["id"]})["widgets"]
    assert returned["data"]
    assert all("***" in row["email"] for row in returned["data"])


def test_a_gdpr_request_finds_the_contact(server: Server) -> None:
    event = server.organization.events[FIRST_EVENT_ID]
    contact: dict[str, Any] = next(contacts_of(server.organization, event))
    body = {"requestType": "access", "identityType": "email", "identityValue": contact["email"].upper()}
    reply = server.ask("create-gdpr-request", body=body)
    assert reply.status == 201
    request = reply.content
    assert (
        request.items()
        >= {
            "org_id": server.organization.id,
            "request_type": "access",
            "identity_type": "email",
            "identity_value": contact["email"].upper(),
            "status": "pending",
            "matching_user_exists": True,
        }.items()
    )
    assert request["response"]["contact_records"] == [contact["id"]]
    unmatched = server.ask(
        "create-gdpr-request", body={**body, "identityValue": "unknown@example.com"}
    ).content
    assert unmatched["matching_user_exists"] is False
    assert unmatched["response"]["contact_records"] == []
    assert server.ask("list-gdpr-requests") == {"results": [request, unmatched]}


@pytest.mark.parametrize(
    "change",
    [
        {"requestType": "forget"},
        {"requestType": None},
        {"identityType": "phone"},
        {"identityValue": ""},
        {"identityValue": 5},
    ],
)
def test_a_gdpr_request_is_checked(server: Server, change: dict[str, object]) -> None:
    body = {"requestType": "erasure", "identityType": "email", "identityValue": "a@example.com", **change}
    assert server.refused("create-gdpr-request", body=body) == 400
    assert server.ask("list-gdpr-requests") == {"results": []}
