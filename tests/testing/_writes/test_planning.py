"""Agenda drafts, rules and personas of the embedded server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from multidict import MultiDict

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import Organization, Size
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._writes.requests import HandlerReply, HandlerRequest

NINE, TEN, ELEVEN = (f"2026-09-14T{hour:02}:00:00.000Z" for hour in (9, 10, 11))


class Client:
    """Calls the operations of the first event as plain functions; path ids come first."""

    def __init__(self) -> None:
        size = Size.of(events=1, sessions=30, speakers=None, contacts=None, sponsors=None, exhibitors=None)
        self.organization = Organization(1, size, Clock(lambda: 1_790_000_000.5))
        self.event = next(iter(self.organization.events.values()))

    def __call__(self, operation: str, path: dict[str, Any] | None = None, **body: Any) -> Any:
        call = HandlerRequest(
            {"event_id": str(self.event.id)} | (path or {}), MultiDict(), json.dumps(body).encode()
        )
        answer = OPERATIONS[operation](self.organization, call)
        return None if isinstance(answer, HandlerReply) else answer

    def refusal(self, operation: str, path: dict[str, Any] | None = None, **body: Any) -> tuple[int, str]:
        with pytest.raises(RequestError) as caught:
            self(operation, path, **body)
        return caught.value.status, caught.value.message

    def session(self, **values: Any) -> dict[str, Any]:
        times = {"starts_at": NINE, "ends_at": TEN, "room_id": self.room(0)}
        return dict(self("create-session", **{"title": "A talk"} | times | values))

    def now(self, session: dict[str, Any]) -> dict[str, Any]:
        return dict(self("get-session", {"session_id": session["id"]}))

    def room(self, place: int) -> str:
        return str(self.event.metadata.all("rooms")[place]["id"])

    def draft(self, **values: Any) -> dict[str, str]:
        """Create a draft and return its path arguments."""
        return {"draft_id": self("create-agenda-draft", **{"name": "Plan B"} | values)["id"]}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize(
    ("singular", "plural", "values", "change"),
    [
        ("event-rule", "event-rules", {"name": "Lunch", "type": "break"}, {"enabled": False}),
        ("persona", "personas", {"name": "Newcomer"}, {"description": "First time here"}),
        ("agenda-draft", "agenda-drafts", {"name": "Plan B"}, {"description": None}),
    ],
)
def test_plain_records_are_made_changed_and_deleted(
    client: Client, singular: str, plural: str, values: dict[str, Any], change: dict[str, Any]
) -> None:
    assert client(f"list-{plural}") == []
    made = client(f"create-{singular}", **values)
    assert made.items() >= {**values, "event_id": client.event.id}.items()
    assert made["created_at"] == made["updated_at"]
    path = {f"{name}_id": made["id"] for name in ("rule", "persona", "draft")}
    assert client(f"get-{singular}", path) == made
    assert client(f"list-{plural}") == [made]

    changed = client(f"update-{singular}", path, **change)
    assert changed == {**made, **change, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > made["updated_at"]
    assert client.refusal(f"update-{singular}", path, updated_at=made["updated_at"])[0] == 409
    assert client.refusal(f"update-{singular}", path, name=None) == (400, "name is required")
    assert client.refusal(f"update-{singular}", path, name=5)[0] == 400

    assert client(f"delete-{singular}", path) is None
    assert client.refusal(f"get-{singular}", path)[0] == 404
    assert client.refusal(f"delete-{singular}", path)[0] == 404
    assert client(f"list-{plural}") == []


@pytest.mark.parametrize(
    ("operation", "values", "says"),
    [
        ("create-event-rule", {"name": "Lunch"}, "type is required"),
        ("create-event-rule", {"name": "Lunch", "type": "break", "enabled": "yes"}, "enabled must be"),
        ("create-event-rule", {"name": "Lunch", "type": "break", "config": []}, "config must be"),
        ("create-persona", {"description": "Unknown"}, "name is required"),
        ("create-agenda-draft", {"name": ""}, "name is required"),
    ],
)
def test_wrong_records_are_refused(client: Client, operation: str, values: dict[str, Any], says: str) -> None:
    status, message = client.refusal(operation, **values)
    assert status == 400
    assert says in message


def test_a_rule_is_enabled_unless_it_says_otherwise(client: Client) -> None:
    assert client("create-event-rule", name="Lunch", type="break")["enabled"] is True
    assert client("create-event-rule", name="Lunch", type="break", enabled=False)["enabled"] is False


def test_a_body_does_not_decide_what_only_the_server_does(client: Client) -> None:
    draft = client("create-agenda-draft", name="Plan B", id="mine", event_id=1, status="committed")
    assert draft["id"] != "mine"
    assert (draft["event_id"], draft["status"]) == (client.event.id, "draft")
    path = {"draft_id": draft["id"]}
    assert client("update-agenda-draft", path, status="committed", id="mine")["status"] == "draft"


def test_a_placement_is_where_it_was_put(client: Client) -> None:
    draft, session = client.draft(), client.session()
    placement = client(
        "create-draft-session",
        draft,
        session_id=session["id"],
        starts_at="2026-09-14T12:00:00+02:00",
        ends_at=ELEVEN,
        room_id=client.room(1),
    )
    assert placement == {
        "id": placement["id"],
        "draft_id": draft["draft_id"],
        "session_id": session["id"],
        "starts_at": TEN,
        "ends_at": ELEVEN,
        "room_id": client.room(1),
        "created_at": placement["created_at"],
        "updated_at": placement["created_at"],
    }
    assert client("list-draft-sessions", draft) == [placement]
    assert client.now(session)["starts_at"] == NINE


def test_a_placement_starts_from_where_the_session_is(client: Client) -> None:
    draft, session = client.draft(), client.session()
    placement = client("create-draft-session", draft, session_id=session["id"])
    assert (placement["starts_at"], placement["ends_at"]) == (NINE, TEN)
    assert placement["room_id"] == client.room(0)
    assert client("get-agenda-draft-changes", draft) == {"changes": []}
    path = draft | {"draft_session_id": placement["id"]}
    moved = client("update-draft-session", path, room_id=None)
    assert (moved["starts_at"], moved["room_id"]) == (NINE, None)
    assert moved["updated_at"] > placement["updated_at"]
    assert client.refusal("update-draft-session", path, updated_at=placement["updated_at"])[0] == 409


def test_committing_moves_the_sessions(client: Client) -> None:
    draft = client.draft()
    moved, kept = client.session(title="Moved"), client.session(title="Kept")
    for session in (moved, kept):
        client("create-draft-session", draft, session_id=session["id"])
    placement = client("list-draft-sessions", draft)[0]
    there = {"starts_at": TEN, "ends_at": ELEVEN, "room_id": client.room(2)}
    client("update-draft-session", draft | {"draft_session_id": placement["id"]}, **there)
    assert client("get-agenda-draft-changes", draft) == {
        "changes": [
            {
                "session_id": moved["id"],
                "title": "Moved",
                "from": {"starts_at": NINE, "ends_at": TEN, "room_id": client.room(0)},
                "to": there,
            }
        ]
    }

    assert client("commit-agenda-draft", draft)["status"] == "committed"
    now = client.now(moved)
    assert (now["starts_at"], now["ends_at"], now["room"]["id"]) == tuple(there.values())
    assert now["updated_at"] > moved["updated_at"]
    assert client.now(kept)["updated_at"] == kept["updated_at"]
    newest = client.event.sessions(Criteria(order="updated"), linked_sources=False)[0]
    assert client.event.agenda.id(newest) == moved["id"]
    assert client("get-agenda-draft-changes", draft) == {"changes": []}


def test_a_committed_draft_cannot_be_changed(client: Client) -> None:
    draft, session = client.draft(), client.session()
    placement = client("create-draft-session", draft, session_id=session["id"])
    path = draft | {"draft_session_id": placement["id"]}
    client("commit-agenda-draft", draft)
    operations: list[dict[str, Any]] = [{"action": "delete", "id": placement["id"]}]
    for operation, body in (
        ("commit-agenda-draft", {}),
        ("update-agenda-draft", {"name": "Plan C"}),
        ("create-draft-session", {"session_id": client.session()["id"]}),
        ("update-draft-session", {"starts_at": None}),
        ("delete-draft-session", {}),
        ("bulk-draft-sessions", {"operations": operations}),
    ):
        status, message = client.refusal(operation, path, **body)
        assert (status, message) == (409, "the draft is committed and cannot be changed")
    assert client("list-draft-sessions", draft) == [placement]
    assert client("get-agenda-draft", draft)["name"] == "Plan B"


def test_a_draft_that_lost_a_session_moves_none(client: Client) -> None:
    draft = client.draft()
    there, gone = client.session(), client.session()
    for session in (there, gone):
        client("create-draft-session", draft, session_id=session["id"], starts_at=None, ends_at=None)
    client("delete-session", {"session_id": gone["id"]})
    assert [change["session_id"] for change in client("get-agenda-draft-changes", draft)["changes"]] == [
        there["id"]
    ]
    status, message = client.refusal("commit-agenda-draft", draft)
    assert status == 409
    assert gone["id"] in message
    assert client.now(there)["starts_at"] == NINE
    assert client("get-agenda-draft", draft)["status"] == "draft"


def test_an_invalid_placement_is_refused(client: Client) -> None:
    draft, session = client.draft(), client.session()
    source = next(row for row in client.event.agenda.rows if row.is_source)
    for values, says in (
        ({}, "session_id is required"),
        ({"session_id": "gone"}, "session_id is not the id of one of"),
        ({"session_id": client.event.agenda.id(source)}, "read-only"),
        ({"session_id": session["id"], "room_id": "x"}, "room_id is not the id of one of"),
        ({"session_id": session["id"], "starts_at": "2026-09-14T09:00:00"}, "starts_at must be"),
        ({"session_id": session["id"], "starts_at": ELEVEN}, "starts_at must be before ends_at"),
    ):
        status, message = client.refusal("create-draft-session", draft, **values)
        assert status == 400
        assert says in message
    client("create-draft-session", draft, session_id=session["id"])
    again = client.refusal("create-draft-session", draft, session_id=session["id"])
    assert again == (409, "the session is in this draft already")
    other = client.draft()
    assert client("create-draft-session", other, session_id=session["id"])["session_id"] == session["id"]


def test_a_placement_belongs_to_its_draft(client: Client) -> None:
    draft, other, session = client.draft(), client.draft(), client.session()
    placement = client("create-draft-session", draft, session_id=session["id"])
    astray = other | {"draft_session_id": placement["id"]}
    assert client.refusal("update-draft-session", astray, starts_at=None)[0] == 404
    assert client.refusal("delete-draft-session", astray)[0] == 404
    assert client("list-draft-sessions", other) == []
    client("delete-draft-session", draft | {"draft_session_id": placement["id"]})
    assert client("list-draft-sessions", draft) == []
    kept = client("create-draft-session", other, session_id=session["id"])
    client("delete-agenda-draft", draft)
    assert client("list-draft-sessions", other) == [kept]
    client("delete-agenda-draft", other)
    assert client.refusal("list-draft-sessions", other)[0] == 404
    assert client.refusal("create-draft-session", other, session_id=session["id"])[0] == 404


def test_placements_in_bulk(client: Client) -> None:
    draft, first, second = client.draft(), client.session(), client.session()
    answer = client(
        "bulk-draft-sessions",
        draft,
        operations=[
            {"action": "create", "data": {"session_id": first["id"]}},
            {"action": "create", "data": {"session_id": second["id"]}},
            {"action": "create", "data": {"session_id": first["id"]}},
        ],
    )
    assert [outcome["status"] for outcome in answer["results"]] == ["success", "success", "error"]
    assert answer["results"][2]["error"]["code"] == "ConflictError"
    ids = [outcome["id"] for outcome in answer["results"][:2]]
    answer = client(
        "bulk-draft-sessions",
        draft,
        operations=[
            {"action": "update", "id": ids[0], "data": {"starts_at": None}},
            {"action": "delete", "id": ids[1]},
        ],
    )
    assert answer["stats"] == {"total": 2, "succeeded": 2, "failed": 0}
    [left] = client("list-draft-sessions", draft)
    assert (left["id"], left["starts_at"]) == (ids[0], None)
