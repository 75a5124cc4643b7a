"""Dashboards, widgets and saved queries over a real socket, of an event and of the organization."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)
from sessionboard_async.models import Dashboard, SavedQuery, Widget
from sessionboard_async.testing import Fault
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer
from tests.support.place import Place, opened

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
TITLES = "SELECT session.title FROM sessions ORDER BY session.id"
EMAILS = "SELECT contact.email FROM contacts"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened(sessions=130) as place:
        yield place


class Scope:
    """The event or the organization, and the names of its operations."""

    def __init__(self, place: Place, name: str) -> None:
        self.event_id = place.event if name == "event" else None
        self.path = f"/v1/event/{place.event}" if name == "event" else "/v1"
        self._name = name

    def operation(self, verb: str, noun: str) -> str:
        if self._name == "organization":
            return f"{verb}-org-{noun}-convenience"
        return f"{verb}-widget" if noun == "widget" else f"{verb}-event-{noun}"


@pytest.fixture(params=["event", "organization"])
def scope(place: Place, request: pytest.FixtureRequest) -> Scope:
    return Scope(place, request.param)


async def test_a_dashboard_goes_through_its_whole_life(place: Place, scope: Scope) -> None:
    dashboards, event_id = place.sb.dashboards, scope.event_id
    widgets = [{"type": "table", "title": "Titles", "query": TITLES}]
    made = await dashboards.create(event_id=event_id, name="Board", description="All", widgets=widgets)
    assert place.called() == [scope.operation("create", "dashboard")]
    assert place.server.requests[-1].path == f"{scope.path}/dashboards/create"
    assert place.sent() == {"name": "Board", "description": "All", "widgets": widgets}
    assert (made.name, made.description, made.event_id) == ("Board", "All", event_id)
    assert made.created_at is not None
    assert made.as_sent["id"] == made.id

    (listed,) = await dashboards.list(event_id=event_id).collect()
    assert place.called() == [scope.operation("list", "dashboards")]
    assert (listed.id, listed.widgets) == (made.id, None)

    shown = await dashboards.get(made, event_id=event_id)
    assert place.called() == [scope.operation("get", "dashboard")]
    (widget,) = shown.widgets or ()
    assert (widget.type, widget.title, widget.query) == ("table", "Titles", TITLES)
    assert len(widget.as_sent["data"]) >= 100
    assert widget.as_sent["data"][0].keys() == {"title"}
    assert repr(shown) == f"Dashboard(id={made.id!r}, name='Board')"

    answered = await dashboards.update(made, event_id=event_id, description=None)
    assert place.called() == [scope.operation("update", "dashboard")]
    assert place.sent() == {"description": None}
    assert (answered, answered.as_sent) == (Dashboard(), {})
    assert (await dashboards.get(made, event_id=event_id)).description is None

    await dashboards.delete(made, event_id=event_id)
    assert place.called() == [scope.operation("delete", "dashboard")]
    assert await dashboards.list(event_id=event_id).collect() == []
    for gone in (
        dashboards.get(made, event_id=event_id),
        dashboards.update(made, event_id=event_id, name="Board"),
        dashboards.delete(made, event_id=event_id),
        place.sb.widgets.create(made, event_id=event_id, type="table"),
        place.sb.widgets.delete(widget, event_id=event_id),
    ):
        with pytest.raises(NotFoundError):
            await gone


async def test_a_widget_goes_through_its_whole_life(place: Place, scope: Scope) -> None:
    widgets, event_id = place.sb.widgets, scope.event_id
    dashboard = await place.sb.dashboards.create(event_id=event_id, name="Board")
    made = await widgets.create(dashboard, event_id=event_id, type="bar", config={"colors": ["#123"]})
    assert place.called() == [scope.operation("create", "widget")]
    assert place.server.requests[-1].path == f"{scope.path}/dashboards/{dashboard.id}/widgets/create"
    assert place.sent() == {"type": "bar", "config": {"colors": ["#123"]}}
    assert (made.type, made.config, made.as_sent["dashboard_id"]) == (
        "bar",
        {"colors": ["#123"]},
        dashboard.id,
    )

    changed = await widgets.update(made, event_id=event_id, title="Bars", query="SELECT")
    assert place.called() == [scope.operation("update", "widget")]
    assert place.server.requests[-1].path == f"{scope.path}/widgets/{made.id}"
    assert (changed.title, changed.query, changed.type) == ("Bars", "SELECT", "bar")
    (shown,) = (await place.sb.dashboards.get(dashboard, event_id=event_id)).widgets or ()
    assert (shown.id, shown.as_sent["data"]) == (made.id, [])
    assert shown.as_sent["error"]

    await widgets.delete(made, event_id=event_id)
    assert place.called() == [scope.operation("delete", "widget")]
    assert (await place.sb.dashboards.get(dashboard, event_id=event_id)).widgets == ()
    with pytest.raises(NotFoundError):
        await widgets.update(made, event_id=event_id, title="Bars")


async def test_a_query_goes_through_its_whole_life(place: Place, scope: Scope) -> None:
    queries, event_id = place.sb.queries, scope.event_id
    made = await queries.create(event_id=event_id, name="Titles", query=TITLES, category="program")
    assert place.called() == [scope.operation("create", "query")]
    assert place.sent() == {"name": "Titles", "query": TITLES, "category": "program"}
    assert (made.name, made.query, made.category, made.event_id) == ("Titles", TITLES, "program", event_id)

    changed = await queries.update(made, event_id=event_id, name="All titles", category=None)
    assert place.called() == [scope.operation("update", "query")]
    assert place.sent() == {"name": "All titles", "category": None}
    assert (changed.name, changed.query, changed.category) == ("All titles", TITLES, None)
    assert await queries.list(event_id=event_id).collect() == [changed]
    assert place.called() == [scope.operation("list", "queries")]

    await queries.delete(made, event_id=event_id)
    assert place.called() == [scope.operation("delete", "query")]
    assert await queries.list(event_id=event_id).collect() == []
    for gone in (
        queries.update(made, event_id=event_id, name="None"),
        queries.delete(made, event_id=event_id),
        queries.run(made, event_id=event_id).collect(),
    ):
        with pytest.raises(NotFoundError):
            await gone


@pytest.mark.untraced
async def test_rows_of_a_saved_query_come_over_several_pages(place: Place, scope: Scope) -> None:
    event_id = scope.event_id
    equal = await place.sb.queries.create(
        event_id=event_id, name="One", query="SELECT 'one' AS id FROM sessions"
    )
    pager = place.sb.queries.run(equal, event_id=event_id, obfuscate_pii=False)
    count = await pager.count()
    assert count >= 130
    sent = len(place.server.requests)
    assert await pager.collect() == [{"id": "one"}] * count
    requests = list(place.server.requests)[sent:]
    assert {request.operation for request in requests} == {scope.operation("run", "query")}
    pages = range(1, -(-count // 100) + 1)
    assert sorted(request.body["page"] for request in requests) == [*pages]  # type: ignore[index]  # JSON objects
    assert requests[0].body == {"obfuscatePii": False, "page": 1, "limit": 100}
    assert not requests[0].query
    assert (
        await place.sb.queries.run(equal, event_id=event_id, limit=7, page_size=5).collect()
        == [{"id": "one"}] * 7
    )
    assert place.sent()["limit"] == 5


@pytest.mark.untraced
async def test_personal_data_is_masked_unless_both_allow_to_see_it(place: Place, scope: Scope) -> None:
    event_id = scope.event_id
    query = await place.sb.queries.create(event_id=event_id, name="Mail", query=EMAILS)
    masked = await place.sb.queries.run(query, event_id=event_id).collect()
    assert all("***" in row["email"] for row in masked)
    assert "obfuscatePii" not in place.sent()
    plain = await place.sb.queries.run(query, event_id=event_id, obfuscate_pii=False).collect()
    assert not any("***" in row["email"] for row in plain)
    assert len(plain) == len(masked) > 0
    async with place.other_client(hide_personal_data=True) as blind:
        assert await blind.queries.run(query, event_id=event_id, obfuscate_pii=False).collect() == masked


async def test_the_organization_sees_what_its_events_have(place: Place) -> None:
    queries, event = place.sb.queries, place.event
    for number in range(3):
        await queries.create(name=f"Own {number}", query=TITLES, category="own")
    local = await queries.create(event_id=event, name="Local", query=TITLES)
    listed = await queries.list(page_size=2).collect()
    assert {query.event_id for query in listed} == {None, event}
    assert len(listed) == 4
    assert {request.query["limit"] for request in list(place.server.requests)[-2:]} == {"2"}
    assert {query.name for query in await queries.list(category="own").collect()} == {
        "Own 0",
        "Own 1",
        "Own 2",
    }
    assert place.server.requests[-1].query["category"] == "own"
    assert await queries.list(event_id=event).collect() == [local]
    assert not place.server.requests[-1].query
    await place.sb.dashboards.create(event_id=event, name="Board")
    assert [board.event_id for board in await place.sb.dashboards.list().collect()] == [event]


async def test_the_event_of_a_saved_query_is_read_in_both_spellings(place: Place, serve: Serve) -> None:
    made = await place.sb.queries.create(event_id=place.event, name="Titles", query=TITLES)
    for pager in (place.sb.queries.list(), place.sb.insights.queries()):
        (listed,) = await pager.collect()
        assert (listed.id, listed.event_id) == (made.id, place.event)
    assert listed.as_sent["eventId"] == place.event

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "q", "eventId": "4630", "sql": "x"}]})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        (query,) = await sb.queries.list().collect()
    assert query == SavedQuery(id="q", event_id="4630", as_sent={"id": "q", "eventId": "4630", "sql": "x"})


async def test_answers_may_be_empty(serve: Serve) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=204)

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        assert await sb.dashboards.create(name="Board") == Dashboard()
        assert await sb.widgets.update("w", title="Bars") == Widget()
        assert await sb.queries.update("q", event_id="4630", name="All") == SavedQuery()
        await sb.dashboards.delete("d")
    assert server.requests[2] == "PUT /v1/event/4630/queries/q"


async def test_what_cannot_be_right_is_not_sent(place: Place, scope: Scope) -> None:
    event_id = scope.event_id
    wrong: list[tuple[Any, str, dict[str, Any], str]] = [
        (place.sb.dashboards, "create", {}, "missing: name"),
        (place.sb.dashboards, "create", {"name": "B", "widgets": "none"}, "widgets must be"),
        (place.sb.queries, "create", {"name": "Q"}, "missing: query"),
    ]
    for service, call, values, says in wrong:
        with pytest.raises(TypeError, match=says):
            await getattr(service, call)(event_id=event_id, **values)
    with pytest.raises(TypeError, match="missing: type"):
        await place.sb.widgets.create("1", event_id=event_id)  # type: ignore[call-arg]  # wrong on purpose
    with pytest.raises(TypeError, match="unknown: type"):
        await place.sb.widgets.update("1", event_id=event_id, type="bar")  # type: ignore[call-arg]  # wrong on purpose
    with pytest.raises(ValueError, match=r"^id must not be empty"):
        await place.sb.dashboards.get("", event_id=event_id)
    with pytest.raises(TypeError, match="widget_id must be"):
        await place.sb.widgets.delete(None, event_id=event_id)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="query_id must be"):
        place.sb.queries.run(None, event_id=event_id)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="obfuscate_pii must be bool"):
        place.sb.queries.run("1", event_id=event_id, obfuscate_pii="no")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="category must be str"):
        place.sb.queries.list(category=["own"])  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="event_id must not be empty"):
        place.sb.dashboards.list(event_id="")
    with pytest.raises(ValueError, match=r"insights\.queries takes both"):
        place.sb.queries.list(event_id=place.event, category="own")
    assert not place.server.requests


async def test_reports_need_their_scopes(place: Place, scope: Scope) -> None:
    event_id = scope.event_id
    query = await place.sb.queries.create(event_id=event_id, name="Titles", query=TITLES)
    async with place.other_client(scopes=["read:insights"]) as reader:
        assert await reader.queries.list(event_id=event_id).count() == 1
        assert await reader.insights.run_query(query, event_id=event_id).count() >= 130
        for refused in (
            reader.queries.run(query, event_id=event_id).collect(),
            reader.dashboards.create(event_id=event_id, name="Board"),
        ):
            with pytest.raises(PermissionDeniedError, match="write:events"):
                await refused
    async with place.other_client(scopes=["write:events"]) as writer:
        with pytest.raises(PermissionDeniedError, match="read:insights"):
            await writer.dashboards.list(event_id=event_id).collect()


async def test_only_what_changes_nothing_is_sent_again(place: Place) -> None:
    query = await place.sb.queries.create(name="Wrong", query="SELECT nothing FROM sessions")
    for operation in ("run-org-query-convenience", "create-org-query-convenience"):
        place.server.faults.append(Fault("status", on=1, status=503, operation=operation))
    with pytest.raises(BadRequestError, match="nothing"):
        await place.sb.queries.run(query).collect()
    assert place.called(3) == ["create-org-query-convenience", *["run-org-query-convenience"] * 2]
    with pytest.raises(ServerError):
        await place.sb.queries.create(name="Titles", query=TITLES)
    assert place.called(2) == ["run-org-query-convenience", "create-org-query-convenience"]
