"""SbQL queries on the embedded server."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from functools import cache
from threading import Event
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict

from sessionboard_async.testing._data.dataset import FIRST_EVENT_ID, EventData, Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.tokens import Grant
from sessionboard_async.testing._handlers import OPERATIONS as ALL_OPERATIONS
from sessionboard_async.testing._handlers.insights import OPERATIONS
from sessionboard_async.testing._sbql import sbql
from sessionboard_async.testing._sbql.tables import TABLES, contacts_of
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest
from tests.testing.operation_calls import computed

SIZE = Size(events=2, sessions=30, speakers=12, contacts=20, sponsors=4, exhibitors=5)
ORGANIZATION = Organization(1, SIZE)
EVENT = ORGANIZATION.events[FIRST_EVENT_ID]
SECOND = next(event for event in ORGANIZATION.events.values() if event is not EVENT)


def table(
    query: str, organization: Organization, events: Sequence[EventData], *, hide: bool = False
) -> sbql.Result:
    [result] = sbql.prepare([query], organization, events, hide=hide).run()
    if isinstance(result, RequestError):
        raise result
    return result


def rows(query: str, *events: EventData, hide: bool = False) -> list[dict[str, Any]]:
    return list(table(query, ORGANIZATION, events or [EVENT], hide=hide).rows)


def refusal(query: str) -> str:
    with pytest.raises(RequestError) as refused:
        rows(query)
    assert refused.value.status == 400
    return refused.value.message


def answer(operation: str, body: object = None, grant: Grant | None = None, **path: object) -> Any:
    call = HandlerRequest(
        path={name: str(value) for name, value in path.items()},
        body=b"" if body is None else json.dumps(body).encode(),
        grant=Grant() if grant is None else grant,
    )
    return computed(OPERATIONS[operation](ORGANIZATION, call))


def execute(query: str, grant: Grant | None = None, **options: object) -> Any:
    return answer("execute-query", {"query": query, **options}, grant)


def sessions() -> list[dict[str, Any]]:
    found = EVENT.sessions(Criteria(descending=False), linked_sources=False)
    return [EVENT.program.session(row, unassigned={}, expand=()) for row in found]


def test_a_table_holds_what_the_search_of_the_same_records_finds() -> None:
    assert [(row["id"], row["title"]) for row in rows("SELECT id, title FROM sessions")] == [
        (session["id"], session["title"]) for session in sessions()
    ]
    for session, row in zip(sessions(), rows("SELECT * FROM sessions"), strict=True):
        assert row["room"] == session["room"].get("name")
        assert row["track_id"] == session["track"].get("id")
        assert row["tags"] == ", ".join(tag["name"] for tag in session["tags"])
        assert row["starts_at"] == session.get("starts_at")
        assert row["is_public"] == int(session["is_public"])


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_rows_and_the_event_that_they_are_from(name: str) -> None:
    found = rows(f"SELECT * FROM {name}", EVENT, SECOND)  # names of ours
    assert {row["event_id"] for row in found} == {EVENT.id, SECOND.id}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT session.title FROM sessions",
        "SELECT sessions.title FROM session",
        "SELECT session.title FROM session",
        "select Session.title from Sessions session",
        "SELECT s.title FROM session AS s",
        "WITH s AS (SELECT title FROM session) SELECT title FROM s",
        "SELECT session.title FROM (SELECT session.title FROM sessions) AS session",
        "SELECT session.title FROM (session JOIN room ON room.name = (SELECT MIN(name) FROM room))",
        "SELECT title FROM sessions;  -- with all that may follow;",
    ],
)
def test_table_names_may_be_singular_or_plural(query: str) -> None:
    assert rows(query) == [{"title": session["title"]} for session in sessions()]


def test_a_query_may_use_a_table_name_as_an_alias() -> None:
    assert rows(
        "WITH track AS (SELECT 1 AS one), room AS (SELECT 2 AS two) SELECT track.one, two FROM track, room"
    ) == [{"one": 1, "two": 2}]
    assert rows("SELECT (SELECT COUNT(*) FROM sessions) AS session") == [{"session": 30}]


def test_columns_and_texts_named_like_tables_stay_unchanged() -> None:
    found = rows("SELECT track, 'from session' AS text FROM sessions WHERE track IS NOT NULL LIMIT 1")
    assert found[0].keys() == {"track", "text"}
    assert found[0]["text"] == "from session"


def test_tables_can_be_joined() -> None:
    found = rows(
        "SELECT session.id, participant.role_slug, speaker.full_name FROM sessions "
        "JOIN participant_contacts AS participant ON participant.session_id = session.id "
        "JOIN speaker ON speaker.id = participant.contact_id WHERE participant.core_role = 'speaker'"
    )
    assert len(found) == sum(len(session["speakers"]) for session in sessions())


def test_find_gives_whole_sessions_or_abstracts() -> None:
    abstracts = {session["id"] for session in sessions() if session["is_abstract"]}
    others = {session["id"] for session in sessions()} - abstracts
    assert {row["id"] for row in rows("FIND Abstract")} == abstracts
    assert {row["id"] for row in rows("find sessions")} == others
    assert rows("FIND Session")[0].keys() == rows("SELECT * FROM sessions LIMIT 1")[0].keys()
    pending = "FIND Abstract WHERE abstract.status = 'pending' ORDER BY title LIMIT 1"
    assert [row["status"] for row in rows(pending)] == ["pending"]
    assert refusal("FIND Room") == "FIND must be followed by Session or Abstract"


def test_custom_fields_are_columns() -> None:
    expected = {
        session["id"]: field["value"]
        for session in sessions()
        for field in session["custom_fields"]
        if field["internal_name"] == "audience"
    }
    found = rows("SELECT id, audience FROM sessions WHERE audience IS NOT NULL")
    assert {row["id"]: row["audience"] for row in found} == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "begins with SELECT"),
        ("DELETE FROM sessions", "begins with SELECT"),
        ("PRAGMA table_info(sessions)", "begins with SELECT"),
        ("SELECT 1; DROP TABLE sessions", "only one query"),
        ("WITH a AS (SELECT 1) INSERT INTO rooms (name) SELECT 'x'", "can only read"),
        ("SELECT * FROM sqlite_master", "can only read"),
        ("SELECT * FROM pragma_table_info('rooms')", "can only read"),
        ("SELECT load_extension('x')", "can only read"),
        ("WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT n FROM a", "can only read"),
        ("SELECT nothing FROM sessions", "nothing"),
        ("SELECT * FROM ratings", "ratings"),
        ("SELECT title FORM sessions", "syntax"),
        (
            "SELECT count(*) FROM contacts a, contacts b, contacts c, contacts d, contacts e, contacts f",
            "long",
        ),
        ("SELECT '" + "x" * sbql.LONGEST_QUERY + "'", "at most"),
    ],
)
def test_a_query_that_cannot_run_says_why(query: str, reason: str) -> None:
    assert reason in refusal(query)


def test_slow_steps_of_a_query_are_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbql, "LONGEST_SECONDS", 0.05)
    slow = "instr(printf('%.*c', 90000, 'a'), printf('%.*c', 45000, 'a') || 'b' || a.id || b.id)"
    began = monotonic()
    assert "too long" in refusal(f"SELECT count(*) FROM sessions a, sessions b WHERE {slow}")
    # A thousand such steps, after which the time is looked at, take a minute.
    assert monotonic() - began < 10


def test_queries_that_are_given_up_end_at_once() -> None:
    given_up = Event()
    given_up.set()
    prepared = sbql.prepare(["SELECT 1", "SELECT title FROM sessions"], ORGANIZATION, [EVENT], hide=False)
    assert {type(result) for result in prepared.run(given_up)} == {RequestError}
    given_up.clear()
    assert {type(result) for result in prepared.run(given_up)} == {sbql.Result}


def test_the_queries_of_one_request_share_their_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "SELECT count(*) FROM contacts a, contacts b, contacts c, contacts d, contacts e, contacts f"
    monkeypatch.setattr(sbql, "LONGEST_SECONDS", 0.05)
    results = sbql.prepare([long, "SELECT 1", "SELECT FORM"], ORGANIZATION, [EVENT], hide=False).run()
    assert ["too long" in str(result) for result in results] == [True, True, True]


def test_a_query_with_too_large_a_result_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbql, "MOST_BYTES", 10_000)
    assert len(rows("SELECT id FROM sessions")) == 30
    assert "more than" in refusal("SELECT a.id FROM sessions a, sessions b")
    assert "more than" in refusal("SELECT hex(zeroblob(9999))")


SQL = (
    "SELECT FROM WHERE FIND Session WITH AS JOIN ON GROUP BY ORDER LIMIT UNION ( ) , . ; ' \" -- /* */ ? :a "
    "sessions session title id rooms track * = 1 NULL x'ff' CAST count(*) 'a' \0"
)


@given(st.text(max_size=40) | st.lists(st.sampled_from(SQL.split(" ")), max_size=12).map(" ".join))
@settings(deadline=None)
def test_any_text_gives_rows_or_a_refusal(text: str) -> None:
    refused: list[RequestError] = []
    found: list[dict[str, Any]] = []
    try:
        found = rows(text)
    except RequestError as error:
        refused.append(error)
    assert all(error.status == 400 and error.message for error in refused)
    assert all(isinstance(row, dict) for row in found)


def test_personal_data_is_masked_by_default() -> None:
    email = next(contact["email"] for contact in contacts_of(ORGANIZATION, EVENT))
    query = f"SELECT email, email AS address, phone_mobile FROM contacts WHERE email = '{email}'"
    masked = execute(query, eventId=EVENT.id)["results"]
    returned = execute(query, eventId=EVENT.id, obfuscatePii=False)["results"]
    assert [row["email"] for row in returned] == [email]
    assert len(masked) == 1
    assert "***" in masked[0]["email"]
    assert masked[0]["address"] == masked[0]["email"]
    hiding = Grant(hides_personal_data=True)
    assert execute(query, hiding, eventId=EVENT.id, obfuscatePii=False)["results"] == masked


def test_writes_are_found_and_personal_custom_fields_are_masked() -> None:
    organization = Organization(1, SIZE)
    event = organization.events[EVENT.id]
    path = {"event_id": str(event.id)}

    def write(operation: str, body: object) -> Any:
        return ALL_OPERATIONS[operation](
            organization, HandlerRequest(path=path, body=json.dumps(body).encode())
        )

    field = write("create-field", {"name": "Sign-up", "type": "email", "module_id": "session"})
    name = field["internal_name"]
    write("create-session", {"title": "Closing", "custom_fields": {name: "door@example.org"}})
    query = f"SELECT {name}, title AS also FROM sessions WHERE title = 'Closing'"  # ours
    for hide, returned in ((False, "door@example.org"), (True, "d***@e***.org")):
        assert table(query, organization, [event], hide=hide).rows == [{name: returned, "also": "Closing"}]


def test_a_query_of_the_organization_sees_the_events_that_it_names_and_the_token_may_see() -> None:
    def seen(grant: Grant | None = None, **options: object) -> set[int]:
        found = execute("SELECT DISTINCT event_id FROM sessions", grant, **options)
        return {row["event_id"] for row in found["results"]}

    assert seen() == {EVENT.id, SECOND.id}
    assert seen(eventId=SECOND.id) == {SECOND.id}
    assert seen(eventIds=[EVENT.id, SECOND.id]) == {EVENT.id, SECOND.id}
    twice = execute("SELECT COUNT(*) AS n FROM sessions", eventId=EVENT.id, eventIds=[EVENT.id])
    assert twice["results"] == [{"n": 30}]
    restricted = Grant(events=frozenset({EVENT.id}))
    assert seen(restricted) == {EVENT.id}
    for grant, options, status in (
        (restricted, {"eventIds": [SECOND.id]}, 403),
        (None, {"eventId": 1}, 404),
        (None, {"eventIds": ["1"]}, 400),
        (None, {"eventIds": [[EVENT.id]]}, 400),
    ):
        with pytest.raises(RequestError) as refused:
            seen(grant, **options)
        assert refused.value.status == status


def test_a_query_of_an_event_sees_that_event() -> None:
    query = {"query": "SELECT DISTINCT event_id FROM session"}
    found = answer("execute-event-query", query, event_id=SECOND.id)
    assert found["results"] == [{"event_id": SECOND.id}]


def test_pages_together_give_every_row() -> None:
    pages = [execute("SELECT id FROM sessions", eventId=EVENT.id, limit=7, page=page) for page in range(1, 6)]
    assert [row for page in pages for row in page["results"]] == rows("SELECT id FROM sessions")
    assert pages[1]["pagination"] == {"currentPage": 2, "pageSize": 7, "totalPages": 5, "totalResults": 30}
    assert len(execute("SELECT id FROM sessions")["results"]) == 25
    assert len(execute("SELECT id FROM sessions", limit=1000)["results"]) == 60


def test_rows_are_searched_sorted_and_counted() -> None:
    query = "SELECT status, title, capacity FROM sessions"
    found = execute(query, eventId=EVENT.id, search="ACCEPT", limit=100)["results"]
    assert {row["status"] for row in found} >= {"accepted", "accept_queue"}
    assert all("accept" in f"{row['status']} {row['title']}".lower() for row in found)
    ordered = execute(query, eventId=EVENT.id, sortBy="capacity", sortDirection="desc", limit=100)["results"]
    capacities = [row["capacity"] for row in ordered]
    known = [capacity for capacity in capacities if capacity is not None]
    assert known == sorted(known, reverse=True)
    assert capacities[len(known) :] == [None] * (30 - len(known))
    counted = execute(query, eventId=EVENT.id, groupBy="status")["results"]
    assert sum(row["count"] for row in counted) == 30
    assert {row["status"] for row in counted} == {session["status"] for session in sessions()}


def test_csv_holds_the_same_rows_as_json() -> None:
    query = "SELECT title, description, capacity FROM sessions"
    reply = execute(query, format="csv", limit=100)
    assert isinstance(reply, HandlerReply)
    assert reply.content_type == "text/csv"
    assert isinstance(reply.content, bytes)
    read = list(csv.DictReader(io.StringIO(reply.content.decode(), newline="")))
    expected = execute(query, format="json", limit=100)["results"]
    assert read == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in expected
    ]


def test_columns_of_the_same_name_are_all_there() -> None:
    found = rows("SELECT id, id, id AS name, 2 AS 'id:1' FROM rooms LIMIT 1")
    assert list(found[0]) == ["id", "id:1", "name", "id:1:1"]


@pytest.mark.parametrize(
    "options",
    [
        {"format": "xlsx"},
        {"format": 1},
        {"page": 0},
        {"limit": 1001},
        {"limit": True},
        {"sortBy": "nothing"},
        {"sortDirection": "up"},
        {"groupBy": "nothing"},
        {"pivot": 1},
        {"search": []},
        {"obfuscatePii": "no"},
        {"query": None},
    ],
)
def test_invalid_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(RequestError) as refused:
        answer("execute-query", {"query": "SELECT id FROM rooms", **options})
    assert refused.value.status == 400


@pytest.mark.parametrize("path", [{}, {"event_id": EVENT.id}])
def test_every_suggested_query_runs_and_finds_something(path: dict[str, int]) -> None:
    prefix = "get-event-" if path else "get-"
    suggestions = answer(f"{prefix}suggestions", None, None, **path)["suggestions"]
    assert len(suggestions) > 5
    for suggestion in suggestions:
        assert suggestion.keys() == {"query", "description", "category"}
        assert rows(suggestion["query"])


def test_suggestions_can_be_narrowed_to_a_category() -> None:
    call = HandlerRequest(path={}, query=MultiDict(category="abstracts", eventId=str(EVENT.id)))
    suggestions: Any = OPERATIONS["get-suggestions"](ORGANIZATION, call)
    assert [each["category"] for each in suggestions["suggestions"]] == ["abstracts"]


@cache
def finds_rows(query: str) -> bool:
    return bool(rows(query))


@given(st.text(max_size=60))
@settings(deadline=None)
def test_a_generated_query_always_runs(prompt: str) -> None:
    generated = answer("generate-event-query", {"prompt": f"Show me {prompt}"}, event_id=EVENT.id)
    assert generated["explanation"]
    assert finds_rows(generated["query"])


def test_a_generated_query_is_about_the_words_of_the_prompt() -> None:
    generated = answer("generate-query", {"prompt": "Which SPONSORS do we have?", "eventIds": [EVENT.id]})
    assert "FROM sponsors" in generated["query"]


def test_the_schema_names_every_column_of_every_table() -> None:
    organization = answer("get-schema")
    event = answer("get-event-insights-schema", event_id=EVENT.id)
    assert event == answer("get-event-schema", event_id=EVENT.id)
    for entity in event["entities"]:
        columns = [field["name"] for field in entity["fields"]]
        assert list(rows(f"SELECT * FROM {entity['name']}")[0]) == columns  # names of ours
    fields = {
        (entity["name"], field["name"]): field["type"]
        for entity in event["entities"]
        for field in entity["fields"]
    }
    assert fields["sessions", "expected_attendance"] == "number"
    assert "session_participant_roles" not in organization
    assert "speaker" in {role["slug"] for role in event["session_participant_roles"]}
    assert all(
        field["name"] != "audience" for entity in organization["entities"] for field in entity["fields"]
    )
