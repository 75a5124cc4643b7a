"""Deletion and restoration of sessions, with subsessions, compositions and searches."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import STATUSES, Criteria, select
from sessionboard_async.testing._writes.session_edits import SessionEditor
from tests.testing.session_calls import Client, standalone, with_parts


@pytest.fixture
def client() -> Client:
    return Client()


def test_a_deleted_session_is_gone_but_for_its_status_and_comes_back(client: Client) -> None:
    made = client.create(title="Short life")
    assert client("delete-session", made["id"]) is None
    assert client.refusal("get-session", made["id"])[0] == 404
    assert client.refusal("update-session", made["id"], title="?")[0] == 404
    assert client.refusal("delete-session", made["id"])[0] == 404
    assert made["id"] not in client.found()
    assert made["id"] not in client.listed()
    assert client.found("search-sessions-by-status", sort={"order": "deletedAt"})[0] == made["id"]
    gone = client("search-sessions-by-status", filters={"deletedAt": {"after": made["updated_at"]}})
    assert [record["id"] for record in gone["results"]] == [made["id"]]
    assert gone["results"][0]["deleted_at"] == gone["results"][0]["updated_at"] > made["updated_at"]

    back = client("restore-session", made["id"])
    assert back == {**made, "updated_at": back["updated_at"]}
    assert client("get-session", made["id"])["title"] == "Short life"
    assert client.found()[0] == made["id"]
    assert client.refusal("restore-session", made["id"])[0] == 404
    assert client.refusal("restore-session", "never there")[0] == 404


def test_a_session_that_was_deleted_from_the_start_can_be_restored(client: Client) -> None:
    row = next(row for row in client.event.agenda.rows if row.deleted is not None)
    back = client("restore-session", client.event.agenda.id(row))
    assert back["friendly_id_raw"] == row.ordinal + 1
    assert back["id"] in client.found()


def test_a_speaker_loses_and_regains_a_session(client: Client) -> None:
    session = client.generated(lambda record: standalone(record) and bool(record["speakers"]))
    contact = (
        client.event.contact_indexes.start
        + client.event.agenda.cast(client.event.agenda.rows[session["friendly_id_raw"] - 1])[0].contact
    )

    def sessions() -> list[str]:
        return [client.event.agenda.id(row) for row in client.event.sessions_of(contact)]

    assert session["id"] in sessions()
    client("delete-session", session["id"])
    assert session["id"] not in sessions()
    client("restore-session", session["id"])
    assert session["id"] in sessions()


def test_a_subsession_is_part_of_its_session(client: Client) -> None:
    parent = client.create(is_abstract=True)
    late = client.create(title="Late", parent_session_id=parent["id"], starts_at="2026-09-14T11:00:00Z")
    early = client.create(title="Early", parent_session_id=parent["id"], starts_at="2026-09-14T09:00:00Z")
    returned = client("get-session", parent["id"])["subsessions"]
    assert [part["title"] for part in returned] == ["Early", "Late"]
    assert early["is_abstract"] is True
    assert "subsessions" not in early
    assert client("get-session", late["id"])["title"] == "Late"
    assert {late["id"], early["id"]} & set(client.found()) == set()
    assert {late["id"], early["id"]} < set(client.found("search-sessions-by-status"))
    assert client.refusal("create-session", title="Deeper", parent_session_id=late["id"])[0] == 400


def test_a_session_takes_200_subsessions_that_are_abstracts_if_it_is_one(client: Client) -> None:
    parent = client.create()["id"]
    mixed = client.refusal("create-session", title="?", parent_session_id=parent, is_abstract=True)
    assert mixed == (400, "is_abstract of a subsession is that of its session")
    parts = [client.create(parent_session_id=parent)["id"] for _ in range(200)]
    full = client.refusal("create-session", title="?", parent_session_id=parent)
    assert full == (400, "a session has at most 200 subsessions")
    client("delete-session", parts[0])
    assert client.create(parent_session_id=parent)["friendly_id_raw"] == 201


def test_a_session_with_active_subsessions_is_not_deleted(client: Client) -> None:
    parent = client.generated(with_parts)
    parts = [part["id"] for part in parent["subsessions"]]
    status, message = client.refusal("delete-session", parent["id"])
    assert (status, message) == (409, "the session has active subsessions; delete them first")
    for part in parts:
        client("delete-session", part)
    assert client("get-session", parent["id"])["subsessions"] == []
    client("delete-session", parent["id"])
    assert client.refusal("restore-session", parts[0])[0] == 409
    client("restore-session", parent["id"])
    client("restore-session", parts[0])
    assert [part["id"] for part in client("get-session", parent["id"])["subsessions"]] == parts[:1]


def test_an_update_of_a_session_leaves_its_subsessions_alone(client: Client) -> None:
    parent = client.generated(with_parts)
    parts = [client("get-session", part["id"]) for part in parent["subsessions"]]
    client("update-session", parent["id"], track_id=client.setting("tracks", 2)["id"], tag_ids=[])
    assert [client("get-session", part["id"]) for part in parts] == parts
    changed = client(
        "update-session", parts[0]["id"], title="Another part", updated_at=parts[0]["updated_at"]
    )
    assert client("get-session", parent["id"])["subsessions"][0]["title"] == changed["title"]


def test_composition_sources_are_read_only(client: Client) -> None:
    source = client.generated(lambda record: record["composition_status"]["is_read_only"])
    for operation, body in (
        ("update-session", {"title": "?"}),
        ("update-session-fields", {"custom_fields": {}}),
        ("delete-session", {}),
    ):
        status, message = client.refusal(operation, source["id"], **body)
        assert (status, "read-only" in message) == (409, True)
    assert client.refusal("create-session", title="?", parent_session_id=source["id"])[0] == 400
    target = source["composition_status"]["target"]
    for part in client("get-session", target["id"])["subsessions"]:
        client("delete-session", part["id"])
    client("delete-session", target["id"])
    assert client("get-session", source["id"])["composition_status"]["target"] is None


def test_bulk_does_what_the_single_operations_do(client: Client) -> None:
    kept, doomed = client.create(), client.create()
    answer = client(
        "bulk-sessions",
        operations=[
            {"action": "create", "data": {"title": "Made in bulk"}},
            {"action": "create", "data": {}},
            {"action": "update", "id": kept["id"], "data": {"title": "Changed in bulk"}},
            {"action": "delete", "id": doomed["id"]},
        ],
    )
    made, refused, _, _ = answer["results"]
    assert client("get-session", made["id"])["title"] == "Made in bulk"
    assert refused["error"] == {"code": "BadRequestError", "message": "title is required"}
    assert client("get-session", kept["id"])["title"] == "Changed in bulk"
    assert doomed["id"] not in client.found()
    assert answer["stats"] == {"total": 4, "succeeded": 3, "failed": 1}


def test_a_deleted_room_no_longer_appears(client: Client) -> None:
    room = client.setting("rooms")["id"]
    made = client.create(room_id=room)
    client.event.metadata.delete("rooms", room)
    assert client("update-session", made["id"], title="Homeless")["room"] is None
    assert client.refusal("update-session", made["id"], room_id=room)[0] == 400


def test_unknown_query_parameters_are_refused(client: Client) -> None:
    with pytest.raises(RequestError, match="unknown query parameter 'expand'"):
        client("create-session", query={"expand": "composition"}, title="A talk")


CRITERIA = [
    Criteria(),
    Criteria(order="updated", descending=False),
    Criteria(order="deleted"),
    Criteria(order="deleted", descending=False),
    Criteria(equal=(("status", "accepted"),), order="updated"),
    Criteria(equal=(("is_abstract", True),), descending=False),
]


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.untraced
def test_searches_after_any_writes_match_new_selections(data: st.DataObject) -> None:
    """Compare cached selections with new ones after every change."""
    event = Client(sessions=40).event
    agenda, editor = event.agenda, event.part(SessionEditor)
    wanted = data.draw(st.lists(st.sampled_from(CRITERIA), min_size=1, max_size=6))
    status = st.sampled_from(STATUSES)
    for _ in range(data.draw(st.integers(1, 12))):
        for criteria in wanted:
            for linked_sources in (False, True):
                everything = agenda.with_parts
                fresh = [row for row in everything if linked_sources or not row.is_source]
                assert event.statuses(criteria, linked_sources=linked_sources) == select(fresh, criteria)
                live = [row for row in fresh if row.deleted is None and not row.number]
                assert event.sessions(criteria, linked_sources=linked_sources) == select(live, criteria)
        chosen = agenda.id(data.draw(st.sampled_from(agenda.with_parts)))
        write = data.draw(st.sampled_from(("create", "part", "update", "delete", "restore")))
        try:
            match write:
                case "create":
                    editor.create({"title": "New", "status": data.draw(status)})
                case "part":
                    editor.create({"title": "New", "parent_session_id": chosen})
                case "update":
                    editor.update(chosen, {"status": data.draw(status)})
                case "delete":
                    editor.delete(chosen)
                case _:
                    editor.restore(chosen)
        except RequestError:
            continue


def test_only_modified_sessions_are_stored() -> None:
    client = Client(sessions=400)
    client.found()
    client("update-session", client.found()[0], title="Changed")
    made = client.create()
    assert sum(client.event.details.is_modified(row) for row in client.event.agenda.with_parts) == 2
    assert client.event.details.is_modified(client.event.agenda.find(made["id"]) or pytest.fail("not there"))
