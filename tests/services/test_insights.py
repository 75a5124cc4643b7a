"""Insights over a real socket: all rows, from the operation that accepts the arguments."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    BadRequestError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
)
from sessionboard_async.models import SavedQuery
from sessionboard_async.testing import Fault
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer
from tests.support.place import Place, opened

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

IDS = "SELECT session.id, session.event_id FROM sessions ORDER BY session.id"
EVENTS = "SELECT DISTINCT event_id FROM sessions ORDER BY event_id"
EMAILS = "SELECT contact.id, contact.email AS reach FROM contacts ORDER BY contact.id"
EQUAL = "SELECT 'one' AS id FROM sessions"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened(sessions=130) as place:
        yield place


async def saved(place: Place, query: str, event_id: int | None = None) -> SavedQuery:
    return await place.sb.queries.create(event_id=event_id, name="Saved", query=query, category="program")


@pytest.mark.parametrize("in_event", [True, False])
async def test_rows_come_over_several_pages(place: Place, in_event: bool) -> None:
    event_id = place.event if in_event else None
    operation = "execute-event-query" if in_event else "execute-query"
    pager = place.sb.insights.execute(IDS, event_id=event_id)
    count = await pager.count()
    assert place.sent() == {"query": IDS, "page": 1, "limit": 1}
    rows = await pager.collect()
    assert len(rows) == count > 100
    assert len({row["id"] for row in rows}) == count
    requests = list(place.server.requests)[1:]
    assert {request.operation for request in requests} == {operation}
    bodies: list[Any] = [request.body for request in requests]
    pages = range(1, -(-count // 100) + 1)
    assert sorted(body["page"] for body in bodies) == [*pages]
    assert {body["limit"] for body in bodies} == {100}
    assert not requests[0].query
    assert {row["event_id"] for row in rows} == ({place.event} if in_event else {*place.server.event_ids})


@pytest.mark.parametrize("in_event", [True, False])
@pytest.mark.parametrize("is_saved", [True, False])
@pytest.mark.untraced
async def test_equal_rows_are_all_delivered(place: Place, in_event: bool, is_saved: bool) -> None:
    event_id, insights = (place.event if in_event else None), place.sb.insights
    query = await saved(place, EQUAL, event_id)
    pager = insights.execute(EQUAL, event_id=event_id)
    if is_saved:
        pager = insights.run_query(query, event_id=event_id)
    count = await pager.count()
    assert count > 100
    assert await pager.collect() == [{"id": "one"}] * count
    operation = "run-event-insights-query" if in_event else "run-query"
    assert place.called() == [
        operation if is_saved else {True: "execute-event-query", False: "execute-query"}[in_event]
    ]


async def test_paging_may_be_chosen(place: Place) -> None:
    pager = place.sb.insights.execute(IDS, event_id=place.event, page_size=10, limit=25, prefetch=0)
    assert len(await pager.collect()) == 25
    assert [request.body for request in place.server.requests] == [
        {"query": IDS, "page": page, "limit": 10} for page in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"search": "maps"}, {"search": "maps"}),
        ({"sort_by": "title", "sort_direction": "desc"}, {"sortBy": "title", "sortDirection": "desc"}),
        ({"group_by": "title"}, {"groupBy": "title"}),
        ({"pivot": "title"}, {"pivot": "title"}),
    ],
)
@pytest.mark.untraced
async def test_what_only_the_organization_can_do_is_asked_of_it(
    place: Place, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    query = "SELECT title, event_id FROM sessions"
    await place.sb.insights.execute(query, event_id=place.event, obfuscate_pii=False, **options).collect()
    assert {*place.called(2)} == {"execute-query"}
    first: Any = place.server.requests[0].body
    expected = {"eventId": place.event, "query": query, "obfuscatePii": False, **sent}
    assert first == {**expected, "page": 1, "limit": 100}
    await place.sb.insights.execute(query, limit=1, **options).collect()
    assert place.called() == ["execute-query"]
    assert "eventId" not in place.sent()


async def test_rows_are_arranged_as_asked(place: Place) -> None:
    insights, query = place.sb.insights, "SELECT title, status FROM sessions"
    rows = await insights.execute(
        query, event_id=place.event, sort_by="title", sort_direction="desc"
    ).collect()
    assert [row["title"] for row in rows] == sorted((row["title"] for row in rows), reverse=True)
    groups = await insights.execute(query, event_id=place.event, group_by="status").collect()
    assert sum(row["count"] for row in groups) == len(rows)


async def test_several_events_are_asked_at_once(place: Place) -> None:
    insights, (first, second) = place.sb.insights, place.server.event_ids
    assert await insights.execute(EVENTS, event_ids=[second]).collect() == [{"event_id": second}]
    assert place.called() == ["execute-query"]
    assert place.sent() == {"query": EVENTS, "eventIds": [second], "page": 1, "limit": 100}
    both = [{"event_id": first}, {"event_id": second}]
    assert await insights.execute(EVENTS, event_ids=(first, second)).collect() == both
    query = await saved(place, EVENTS)
    assert await insights.run_query(query, event_ids=[first, second]).collect() == both
    assert place.called() == ["run-query"]
    assert await insights.run_query(query, event_id=None, event_ids=None).collect() == both
    assert place.sent() == {"page": 1, "limit": 100}
    with pytest.raises(NotFoundError):
        await insights.execute(EVENTS, event_ids=[1]).collect()


async def test_a_file_comes_as_it_is(place: Place, tmp_path: Path) -> None:
    insights, event = place.sb.insights, place.event
    path = tmp_path / "rows.csv"
    download = await insights.execute_file(IDS, path, event_id=event, limit=120)
    assert place.called() == ["execute-query"]
    assert place.sent() == {"eventId": event, "query": IDS, "format": "csv", "limit": 120}
    assert str(download.content_type).startswith("text/csv")
    assert download.size == path.stat().st_size
    table = list(csv.reader(io.StringIO(path.read_text())))
    rows = await insights.execute(IDS, event_id=event, limit=120).collect()
    assert table == [["id", "event_id"], *([row["id"], str(row["event_id"])] for row in rows)]

    query = await saved(place, IDS, event)
    for event_id in (event, None):
        await insights.run_query_file(query, path, event_id=event_id, page=2, limit=3)
        assert place.called() == ["run-query"]
        assert len(path.read_text().splitlines()) == 1 + 3
        sent = {"page": 2, "limit": 3, "format": "csv"}
        assert place.sent() == (sent if event_id is None else {"eventId": event, **sent})


async def test_personal_data_is_masked_unless_both_allow_to_see_it(place: Place) -> None:
    query = await saved(place, EMAILS, place.event)
    for pager in (
        place.sb.insights.execute(EMAILS, event_id=place.event),
        place.sb.insights.run_query(query, event_id=place.event),
    ):
        masked = await pager.collect()
        assert len(masked) > 1
        assert all("***" in row["reach"] for row in masked)
        assert "obfuscatePii" not in place.sent()
    plain = await place.sb.insights.run_query(query, event_id=place.event, obfuscate_pii=False).collect()
    assert place.called() == ["run-event-insights-query"]
    assert place.sent()["obfuscatePii"] is False
    assert not any("***" in row["reach"] for row in plain)
    file = io.BytesIO()
    await place.sb.insights.execute_file(EMAILS, file, event_id=place.event, obfuscate_pii=False)
    assert str(plain[0]["reach"]).encode() in file.getvalue()
    async with place.other_client(hide_personal_data=True) as blind:
        rows = await blind.insights.execute(EMAILS, event_id=place.event, obfuscate_pii=False).collect()
        assert [row["id"] for row in rows] == [row["id"] for row in plain]
        assert all("***" in row["reach"] for row in rows)


async def test_a_token_of_some_events_sees_only_those(place: Place) -> None:
    first, second = place.server.event_ids
    async with place.other_client(events=[second]) as local:
        assert await local.insights.execute(EVENTS).collect() == [{"event_id": second}]
        wrong: Any
        for wrong in (
            {"event_id": first},
            {"event_id": first, "search": "x"},
            {"event_ids": [first, second]},
        ):
            with pytest.raises(PermissionDeniedError):
                await local.insights.execute(EVENTS, **wrong).collect()


async def test_a_wrong_query_is_refused_and_a_busy_server_asked_again(place: Place) -> None:
    for wrong in ("DELETE FROM sessions", "SELECT nothing FROM sessions", "SELECT 1; SELECT 2"):
        with pytest.raises(BadRequestError) as refused:
            await place.sb.insights.execute(wrong).collect()
        assert refused.value.api_message
    place.server.faults.append(Fault("status", on=1, status=503, operation="execute-query"))
    assert await place.sb.insights.execute("SELECT 1 AS n").collect() == [{"n": 1}]
    assert place.called(2) == ["execute-query"] * 2


async def test_what_cannot_be_right_is_not_sent(place: Place) -> None:
    insights: Any = place.sb.insights
    event = place.event
    wrong: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: insights.execute(None), TypeError, "query must be str"),
        (lambda: insights.execute(IDS, event_id=event, event_ids=[event]), ValueError, "not both"),
        (lambda: insights.run_query("1", event_id=event, event_ids=[event]), ValueError, "not both"),
        (lambda: insights.execute(IDS, event_ids="4630"), TypeError, "event_ids must be"),
        (lambda: insights.execute(IDS, event_ids=[]), ValueError, "event_ids must name at least one event"),
        (lambda: insights.execute(IDS, event_ids=[event, None]), TypeError, "an id in event_ids must be"),
        (lambda: insights.execute(IDS, event_ids=[True]), TypeError, "an id in event_ids must be"),
        (lambda: insights.run_query("1", event_ids=[""]), ValueError, "an id in event_ids must not be"),
        (lambda: insights.execute(IDS, sort_direction="up"), ValueError, "sort_direction"),
        (lambda: insights.execute(IDS, obfuscate_pii="no"), TypeError, "obfuscate_pii must be bool"),
        (lambda: insights.execute(IDS, page=2), TypeError, "^unknown: page$"),
        (lambda: insights.execute(IDS, format="csv"), TypeError, "unknown: format"),
        (lambda: insights.run_query("1", search="maps"), TypeError, "unknown: search"),
        (lambda: insights.run_query(None), TypeError, "query_id must be"),
        (lambda: insights.run_query(""), ValueError, "query_id must not be empty"),
        (lambda: insights.execute(IDS, event_id=""), ValueError, "event_id must not be empty"),
        (lambda: insights.execute(IDS, event_id="", search="a"), ValueError, "event_id must not be empty"),
        (lambda: insights.execute(IDS, event_id=True, pivot="a"), TypeError, "event_id must be"),
        (lambda: insights.queries(event_id="", category="a"), ValueError, "event_id must not be empty"),
        (lambda: insights.execute(IDS, page_size=101), ValueError, "page_size"),
    ]
    for call, error, says in wrong:
        with pytest.raises(error, match=says):
            call()
    file = io.BytesIO()
    for sent, error, says in (
        (insights.execute_file(IDS, file, page_size=2), TypeError, "unknown: page_size"),
        (insights.execute_file(IDS, file, format=1), TypeError, "format must be str"),
        (insights.execute_file(IDS, file, format=None), TypeError, "format must be str"),
        (insights.execute_file(IDS, file, page=0), ValueError, "page must be at least 1"),
        (insights.execute_file(IDS, None), TypeError, "cannot write to NoneType"),
        (insights.run_query_file("1", file, limit=-1), ValueError, "limit must be at least 1"),
        (insights.run_query_file(None, file), TypeError, "query_id must be"),
    ):
        with pytest.raises(error, match=says):
            await sent
    assert not place.server.requests


async def test_an_event_may_be_named_by_a_string(place: Place) -> None:
    insights, event_id = place.sb.insights, str(place.event)
    assert await insights.execute(EVENTS, event_id=event_id).collect() == [{"event_id": place.event}]
    assert await insights.execute(EVENTS, event_id=event_id, sort_by="event_id").collect() == [
        {"event_id": place.event}
    ]
    assert place.sent()["eventId"] == place.event
    both = [str(number) for number in place.server.event_ids]
    await insights.execute(EVENTS, event_ids=both).collect()
    assert place.sent()["eventIds"] == [*place.server.event_ids]
    await insights.generate("Rooms", event_ids=both)
    assert place.sent()["eventIds"] == [*place.server.event_ids]


@pytest.mark.parametrize(
    ("sizes", "outcome"),
    [
        ((100, 100, 50), None),
        ((100, 0, 50), "150 of 250 records were returned: page 2 held no new records"),
    ],
)
async def test_rows_are_held_against_the_total(
    serve: Serve, sizes: tuple[int, ...], outcome: str | None
) -> None:
    async def answer(request: web.Request) -> web.Response:
        page = (await request.json())["page"]
        pagination = {"currentPage": page, "pageSize": 100, "totalPages": 3, "totalResults": 250}
        return web.json_response({"results": [{"id": "one"}] * sizes[page - 1], "pagination": pagination})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        pagers = [sb.insights.execute("SELECT 1"), sb.insights.run_query("q"), sb.queries.run("q")]
        for pager in pagers:
            if outcome is None:
                assert await pager.collect() == [{"id": "one"}] * 250
            else:
                with pytest.raises(PaginationError, match=outcome):
                    await pager.collect()
