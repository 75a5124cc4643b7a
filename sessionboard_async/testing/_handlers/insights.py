"""Handlers of insights, apart from saved queries and dashboards."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Event
from typing import Any, NamedTuple

import msgspec

from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import (
    DEFAULT_PAGE_SIZE,
    LAST_PAGE,
    PageRequest,
    read_word,
    refuse_unknown,
    whole_number,
)
from sessionboard_async.testing._sbql import sbql
from sessionboard_async.testing._sbql.tables import schema_of
from sessionboard_async.testing._writes.requests import (
    DeferredReply,
    Handler,
    HandlerReply,
    HandlerRequest,
    Values,
    event_of,
    read_values,
    search_reply,
)

LARGEST_PAGE = 1000

_EVENTS: Values = {"eventId": int, "eventIds": list}
_OPTIONS: Values = {
    **_EVENTS,
    "query": str,
    "obfuscatePii": bool,
    "format": str,
    "page": int,
    "limit": int,
    "search": str,
    "sortBy": str,
    "sortDirection": str,
    "groupBy": str,
    "pivot": str,
}
_PROMPT: Values = {**_EVENTS, "prompt": str, "conversationHistory": list}


class _ConversationTurn(msgspec.Struct):
    """One turn of a conversation."""

    role: str = ""
    content: str = ""


class SuggestedQuery(NamedTuple):
    """A suggested query, also returned for prompts that contain its word."""

    word: str
    category: str
    description: str
    query: str


SUGGESTIONS: tuple[SuggestedQuery, ...] = (
    SuggestedQuery(
        "speaker",
        "speakers",
        "The speakers with the most sessions",
        "SELECT speaker.full_name, COUNT(*) AS sessions FROM speakers "
        "JOIN participant_contacts AS part ON part.contact_id = speaker.id "
        "AND part.event_id = speaker.event_id "
        "GROUP BY speaker.id ORDER BY sessions DESC, speaker.full_name",
    ),
    SuggestedQuery(
        "track",
        "sessions",
        "How many sessions each track has",
        "SELECT track.name, COUNT(session.id) AS sessions FROM tracks "
        "LEFT JOIN sessions ON session.track_id = track.id GROUP BY track.id ORDER BY track.name",
    ),
    SuggestedQuery(
        "room",
        "sessions",
        "Which room is used how often",
        "SELECT room.name, room.capacity, COUNT(session.id) AS sessions FROM rooms "
        "LEFT JOIN sessions ON session.room_id = room.id GROUP BY room.id ORDER BY sessions DESC",
    ),
    SuggestedQuery(
        "tag",
        "sessions",
        "How many sessions each tag has",
        "SELECT tag.name, COUNT(*) AS sessions FROM tags "
        "JOIN session_tags ON session_tag.tag_id = tag.id GROUP BY tag.id ORDER BY sessions DESC",
    ),
    SuggestedQuery(
        "abstract", "abstracts", "Abstracts to be decided on", "FIND Abstract WHERE status = 'pending'"
    ),
    SuggestedQuery(
        "sponsor", "accounts", "The sponsors by name", "SELECT name, website_url FROM sponsors ORDER BY name"
    ),
    SuggestedQuery(
        "exhibitor", "accounts", "The exhibitors by name", "SELECT name, booth FROM exhibitors ORDER BY name"
    ),
    SuggestedQuery(
        "contact",
        "contacts",
        "How many contacts each company has",
        "SELECT company_name, COUNT(*) AS contacts FROM contacts "
        "GROUP BY company_name ORDER BY contacts DESC",
    ),
    SuggestedQuery(
        "session",
        "sessions",
        "How many sessions have each status",
        "SELECT status, COUNT(*) AS sessions FROM sessions GROUP BY status ORDER BY sessions DESC",
    ),
)


def read_options(call: HandlerRequest, *, required: Sequence[str] = ()) -> Record:
    """Read the body of an operation that runs a query; it may be empty if no property is required.

    Raises:
        RequestError: With 400 if the body is invalid.
    """
    refuse_unknown(call.query, ())
    body = call.json() if call.body or required else {}
    return read_values(body, _OPTIONS, required=required)


def events_of(organization: Organization, call: HandlerRequest, body: Mapping[str, Any]) -> list[EventData]:
    """Return the events of a query: the one in the path, those named in the body, or all.

    Raises:
        RequestError: With 404 if there is no such event, with 403 if the token may not see it.
    """
    if "event_id" in call.path:
        return [event_of(organization, call)]
    named = [body.get("eventId"), *(body.get("eventIds") or ())]
    chosen = [visible_event(organization, call, id_) for id_ in named if id_ is not None]
    if chosen:
        return list(dict.fromkeys(chosen))
    return [event for event in organization.events.values() if call.grant.sees(event.id)]


def visible_event(organization: Organization, call: HandlerRequest, event_id: object) -> EventData:
    """Return the event whose id a body or query contains.

    Raises:
        RequestError: With 400 if the id is invalid, with 404 if there is no such event, with 403 if the
            token may not see it.
    """
    if not isinstance(event_id, int) or isinstance(event_id, bool):
        raise RequestError(400, "the id of an event must be a whole number")
    if event_id not in organization.events:
        raise RequestError(404, "there is no such event")
    if not call.grant.sees(event_id):
        raise RequestError(403, "the token may not see this event")
    return organization.events[event_id]


def prepare(
    organization: Organization,
    call: HandlerRequest,
    queries: Sequence[str],
    events: Sequence[EventData],
    body: Mapping[str, Any],
) -> sbql.PreparedQueries:
    """Prepare queries; personal data is masked unless both the body and the token allow it."""
    hide = call.grant.hides_personal_data or body.get("obfuscatePii") is not False
    return sbql.prepare(queries, organization, events, hide=hide)


def answer(
    organization: Organization,
    call: HandlerRequest,
    query: str,
    events: Sequence[EventData],
    body: Mapping[str, Any],
) -> DeferredReply:
    """Return the requested page of the rows of a query, in the requested format."""
    format_ = read_word(body.get("format") or "json", "format", ("json", "csv"))
    page = PageRequest(
        _number(body, "page", 1, LAST_PAGE), _number(body, "limit", DEFAULT_PAGE_SIZE, LARGEST_PAGE)
    )
    queries = prepare(organization, call, [query], events, body)

    def compute(given_up: Event) -> object:
        [result] = queries.run(given_up)
        if isinstance(result, RequestError):
            raise result
        table = _arranged(result, body)
        rows = page.of(table.rows)
        if format_ == "csv":
            return HandlerReply(_csv(table.columns, rows), content_type="text/csv")
        return search_reply(rows, page.pagination(len(table.rows)))

    return DeferredReply(compute)


def _number(body: Mapping[str, Any], name: str, default: int, greatest: int) -> int:
    number = body.get(name)
    if number is None:
        return default
    if not 1 <= number <= greatest:
        raise RequestError(400, f"{name} must be a whole number from 1 to {greatest}")
    return int(number)


def _arranged(table: sbql.Result, body: Mapping[str, Any]) -> sbql.Result:
    """Filter, group and sort the rows as the body requests."""
    columns, rows = table.columns, table.rows
    if text := body.get("search"):
        rows = [row for row in rows if _holds(row, str(text).casefold())]
    if group := body.get("groupBy"):
        read_word(group, "groupBy", columns)
        counted = Counter(row[group] for row in rows)
        columns = [group, "count"]
        rows = [{group: value, "count": count} for value, count in counted.items()]
    descending = read_word(body.get("sortDirection") or "asc", "sortDirection", ("asc", "desc")) == "desc"
    if order := body.get("sortBy"):
        read_word(order, "sortBy", columns)
        rows = sorted(rows, key=lambda row: _rank(row[order]), reverse=descending)
    return sbql.Result(columns, rows)


def _holds(row: Record, text: str) -> bool:
    return any(isinstance(value, str) and text in value.casefold() for value in row.values())


def _rank(value: object) -> tuple[int, Any]:
    """Return a sort key for values of several types, in SQLite's order: null, numbers, texts."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, (int, float)) else (2, value)


def _csv(columns: Sequence[str], rows: Sequence[Record]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(row.values() for row in rows)
    return text.getvalue().encode()


def _execute(organization: Organization, call: HandlerRequest) -> object:
    body = read_options(call, required=("query",))
    return answer(organization, call, str(body["query"]), events_of(organization, call, body), body)


def _generate(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    body = read_values(call.json(), _PROMPT, required=("prompt",))
    try:
        msgspec.convert(body.get("conversationHistory") or [], list[_ConversationTurn])
    except msgspec.ValidationError:
        raise RequestError(400, "conversationHistory must be a list of objects with texts") from None
    events_of(organization, call, body)
    prompt = str(body["prompt"]).casefold()
    chosen = next((each for each in SUGGESTIONS if each.word in prompt), SUGGESTIONS[-1])
    return {"query": chosen.query, "explanation": f"{chosen.description}."}


def _schema(organization: Organization, call: HandlerRequest, *, roles: bool) -> object:
    refuse_unknown(call.query, ())
    return schema_of([event_of(organization, call)] if roles else [], roles=roles)


def _suggestions(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, () if "event_id" in call.path else ("eventId", "category"))
    filtered_event(organization, call)
    category = call.query.get("category")
    return {
        "suggestions": [
            {"query": each.query, "description": each.description, "category": each.category}
            for each in SUGGESTIONS
            if category is None or each.category == category
        ]
    }


def filtered_event(organization: Organization, call: HandlerRequest) -> EventData | None:
    """Return the event in the path or in the query; ``None`` if there is neither."""
    if "event_id" in call.path:
        return event_of(organization, call)
    text = call.query.get("eventId")
    if text is None:
        return None
    return visible_event(organization, call, whole_number(text))


OPERATIONS: dict[str, Handler] = {
    "execute-query": _execute,
    "execute-event-query": _execute,
    "generate-query": _generate,
    "generate-event-query": _generate,
    "get-schema": partial(_schema, roles=False),
    "get-event-schema": partial(_schema, roles=True),
    "get-event-insights-schema": partial(_schema, roles=True),
    "get-suggestions": _suggestions,
    "get-event-suggestions": _suggestions,
}
