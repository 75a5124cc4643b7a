"""Insights other than rows: generated, suggested and saved queries, and schemas."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, NotFoundError, PermissionDeniedError
from tests.support.http_server import IMPATIENT, TOKEN, HttpServer
from tests.support.place import Place, opened

pytestmark = pytest.mark.anyio

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[HttpServer]]

IDS = "SELECT session.id FROM sessions"
EMAILS = "SELECT contact.email AS reach FROM contacts"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened() as place:
        yield place


async def test_a_question_in_plain_words_becomes_a_query(place: Place) -> None:
    insights, event = place.sb.insights, place.event
    made = await insights.generate("Which room is busiest?", event_id=event)
    assert place.called() == ["generate-event-query"]
    assert place.sent() == {"prompt": "Which room is busiest?"}
    assert made.explanation
    assert repr(made) == "GeneratedQuery()"
    assert await insights.execute(str(made.query), event_id=event).count() > 0

    turns: Any = [{"role": "user", "content": "Sponsors?"}]
    await insights.generate("By name", event_id=event, conversation_history=turns)
    assert place.called() == ["generate-query"]
    assert place.sent() == {"eventId": event, "prompt": "By name", "conversationHistory": turns}
    await insights.generate("By name", event_ids=[event])
    assert place.sent() == {"prompt": "By name", "eventIds": [event]}
    await insights.generate("By name")
    assert (place.called(), place.sent()) == (["generate-query"], {"prompt": "By name"})


async def test_the_schema_tells_what_queries_may_name(place: Place) -> None:
    insights, event = place.sb.insights, place.event
    assert (await insights.schema()).keys() == {"entities"}
    local = await insights.schema(event_id=event)
    assert local == await insights.event_schema(event)
    assert local["session_participant_roles"]
    assert place.called(3) == ["get-schema", "get-event-insights-schema", "get-event-schema"]
    names = {entity["name"]: {field["name"] for field in entity["fields"]} for entity in local["entities"]}
    assert "audience" in names["sessions"]
    with pytest.raises(NotFoundError):
        await insights.event_schema(1)


async def test_suggestions_run(place: Place) -> None:
    insights, event = place.sb.insights, place.event
    everything = await insights.suggestions(event_id=event)
    assert len(everything) > 1
    assert (place.called(), dict(place.server.requests[-1].query)) == (["get-event-suggestions"], {})
    assert everything == await insights.suggestions()
    assert place.called() == ["get-suggestions"]
    for suggestion in everything:
        assert suggestion.description
        await insights.execute(str(suggestion.query), event_id=event).collect(limit=1)
    chosen = await insights.suggestions(event_id=event, category="sessions")
    assert place.called() == ["get-suggestions"]
    assert dict(place.server.requests[-1].query) == {"eventId": str(event), "category": "sessions"}
    assert chosen == tuple(one for one in everything if one.category == "sessions")
    assert 0 < len(chosen) < len(everything)


@pytest.mark.parametrize("body", [b'[{"query": "q"}]', b'{"suggestions": [{"query": "q"}]}'])
async def test_suggestions_come_with_or_without_their_envelope(serve: Serve, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        (suggestion,) = await sb.insights.suggestions()
    assert (suggestion.query, suggestion.as_sent) == ("q", {"query": "q"})


async def test_saved_queries_and_dashboards_are_read_with_the_scope_of_insights(place: Place) -> None:
    event = place.event
    queries = place.sb.queries
    local = await queries.create(event_id=event, name="Local", query=IDS, category="program")
    own = await queries.create(name="Own", query=IDS, category="program")
    board = await place.sb.dashboards.create(
        event_id=event, name="Board", widgets=[{"type": "table", "query": EMAILS}]
    )
    async with place.other_client(scopes=["read:insights"]) as reader:
        insights = reader.insights
        assert [query.id for query in await insights.queries(event_id=event).collect()] == [local.id]
        assert place.called() == ["list-event-insights-queries"]
        found = await insights.queries(event_id=event, category="program").collect()
        assert [(query.id, query.event_id) for query in found] == [(local.id, event)]
        assert place.called() == ["list-queries"]
        asked = {"eventId": str(event), "category": "program", "page": "1", "limit": "100"}
        assert dict(place.server.requests[-1].query) == asked
        everything = await insights.queries(page_size=1).collect()
        assert {query.id: query.event_id for query in everything} == {local.id: event, own.id: None}
        for event_id, operation in ((event, "get-event-insights-dashboard"), (None, "get-dashboard")):
            shown = await insights.dashboard(board, event_id=event_id)
            assert place.called() == [operation]
            (widget,) = shown.widgets or ()
            assert "***" in widget.as_sent["data"][0]["reach"]
            with pytest.raises(NotFoundError):
                await insights.dashboard(UNKNOWN_ID, event_id=event_id)
            with pytest.raises(NotFoundError):
                await insights.run_query(UNKNOWN_ID, event_id=event_id).collect()
    async with place.other_client(scopes=["read:events", "write:events"]) as other:
        for refused in (
            other.insights.execute(IDS).collect(),
            other.insights.execute_file(IDS, io.BytesIO()),
            other.insights.generate("Rooms"),
            other.insights.schema(event_id=event),
            other.insights.suggestions(),
            other.insights.dashboard(board),
        ):
            with pytest.raises(PermissionDeniedError, match="read:insights"):
                await refused


async def test_what_cannot_be_right_is_not_sent(place: Place) -> None:
    insights: Any = place.sb.insights
    event = place.event
    with pytest.raises(ValueError, match="event_id must not be empty"):
        insights.queries(event_id="", category="a")
    with pytest.raises(TypeError, match="category must be str"):
        insights.queries(category=1)
    wrong: list[tuple[Any, type[Exception], str]] = [
        (insights.generate("a", event_id=event, event_ids=[event]), ValueError, "not both"),
        (insights.generate("a", event_ids="4630"), TypeError, "event_ids must be"),
        (insights.generate(None), TypeError, "prompt must be str"),
        (insights.generate("a", event_ids=[]), ValueError, "event_ids must name at least one event"),
        (insights.generate("a", event_ids=[event, None]), TypeError, "an id in event_ids must be"),
        (insights.suggestions(category=["a", "b"]), TypeError, "category must be str"),
        (insights.suggestions(event_id="", category="a"), ValueError, "event_id must not be empty"),
        (insights.schema(event_id=""), ValueError, "event_id must not be empty"),
        (insights.event_schema(None), TypeError, "event_id must be"),
        (insights.dashboard(None), TypeError, "id must be"),
    ]
    for refused, error, says in wrong:
        with pytest.raises(error, match=says):
            await refused
    assert not place.server.requests
