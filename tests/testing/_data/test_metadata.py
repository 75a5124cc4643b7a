"""Writes to rooms, tracks, statuses and fields, and their effect on sessions and lists."""

from __future__ import annotations

from typing import Any

import pytest

from sessionboard_async.testing._data.metadata import FAMILIES
from tests.testing.operation_calls import Operations

NAMES = {**FAMILIES, "statuses": "status"}
FAMILY_NAMES = pytest.mark.parametrize(("family", "name"), NAMES.items())


@pytest.fixture
def call() -> Operations:
    return Operations()


def search_of(family: str) -> str:
    return "search-session-statuses" if family == "statuses" else f"search-{family}"


@FAMILY_NAMES
def test_a_created_record_is_listed_and_found_until_it_is_deleted(
    call: Operations, family: str, name: str
) -> None:
    before = call(f"list-{family}")
    made = call(f"create-{name}", name="Brand new")
    assert made["name"] == "Brand new"
    assert made.keys() >= before[-1].keys()
    assert call(f"list-{family}") == [*before, made]
    assert call.found(search_of(family))[0] == made
    call(f"delete-{name}", made["id"])
    assert call(f"list-{family}") == before
    assert made not in call.found(search_of(family))
    assert call.refusal(f"update-{name}", made["id"], name="x") == (404, f"there is no such {name}")
    assert call.refusal(f"delete-{name}", made["id"]) == (404, f"there is no such {name}")


@FAMILY_NAMES
def test_a_change_is_returned_and_found_by_its_time(call: Operations, family: str, name: str) -> None:
    call(f"create-{name}", name="Older")
    made = call(f"create-{name}", name="Newer")
    before = call(f"list-{family}")
    changed = call(f"update-{name}", made["id"], name="Renamed", note="kept")
    assert changed == {**made, "name": "Renamed", "note": "kept", **dates(changed)}
    assert call(f"list-{family}") == [*before[:-1], changed]
    sort = {"order": "updatedAt", "sort": "desc"}
    newest = call.found(search_of(family), sort=sort, filters={"updatedAt": {"after": made["created_at"]}})
    assert newest == [changed]


def dates(record: Any) -> Any:
    return {name: record[name] for name in ("updated_at",) if name in record}


def test_properties_of_the_server_cannot_be_written(call: Operations) -> None:
    made = call("create-track", id="mine", created_at="never", event_id=1, name="A track")
    assert made["id"] != "mine"
    assert made["event_id"] == call.event.id
    assert made["created_at"] == made["updated_at"] > "2026"
    assert call("update-track", made["id"], id="mine", created_at="never")["id"] == made["id"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "name is required"),
        ({"name": None}, "name is required"),
        ({"name": 4}, "name must be of another type"),
        ({"name": "A", "capacity": "many"}, "capacity must be of another type"),
        ({"name": "A", "capacity": -1}, "capacity must not be negative"),
    ],
)
def test_an_invalid_room_is_refused(call: Operations, body: Any, says: str) -> None:
    assert call.refusal("create-room", **body) == (400, says)


def test_a_name_cannot_be_cleared(call: Operations) -> None:
    room = call("list-rooms")[0]
    assert call.refusal("update-room", room["id"], name=None) == (400, "name is required")
    assert call("update-room", room["id"], capacity=None) == {
        **room,
        "capacity": None,
        **dates(call("list-rooms")[0]),
    }


def test_a_stale_change_is_refused(call: Operations) -> None:
    room = call("create-room", name="Hall")
    changed = call("update-room", room["id"], name="Big hall", updated_at=room["updated_at"])
    assert changed["updated_at"] > room["updated_at"]
    status, _ = call.refusal("update-room", room["id"], name="Small hall", updated_at=room["updated_at"])
    assert status == 409


@pytest.mark.parametrize("family", ["rooms", "tracks", "formats", "levels", "languages"])
def test_sessions_follow_changes_of_their_settings(call: Operations, family: str) -> None:
    name = FAMILIES[family]
    chosen = next(session[name] for session in call.sessions() if session[name])
    holders = {session["id"] for session in call.sessions() if session[name].get("id") == chosen["id"]}
    others = {session["id"]: session[name] for session in call.sessions() if session["id"] not in holders}
    call(f"update-{name}", chosen["id"], name="Renamed")
    renamed = {session["id"] for session in call.sessions() if session[name].get("name") == "Renamed"}
    assert renamed == holders
    call(f"delete-{name}", chosen["id"])
    call(f"create-{name}", name="Something new")
    now = {session["id"]: session[name] for session in call.sessions()}
    assert all(now[id_] == {} for id_ in holders)
    assert {id_: now[id_] for id_ in others} == others
    listed = call("list-sessions", query={"page_size": "100"})["data"]
    assert all(session[name] is None for session in listed if session["id"] in holders)


def test_a_deleted_tag_leaves_its_sessions(call: Operations) -> None:
    tag = next(session["tags"][0] for session in call.sessions() if len(session["tags"]) > 1)
    kept = {s["id"]: [t for t in s["tags"] if t != tag] for s in call.sessions()}
    call("delete-tag", tag["id"])
    assert {session["id"]: session["tags"] for session in call.sessions()} == kept


def test_a_status_has_the_category_that_it_is_given(call: Operations) -> None:
    made = call("create-status", name="Waiting", category="decline_queue", color="#123456")
    assert made["status"] == made["category"] == "decline_queue"
    assert made["status_name"] == "Decline queue"
    assert made["is_custom"] is True
    assert call("update-status", made["id"], category="accepted")["status"] == "accepted"
    assert call("update-status", made["id"], status=5, status_name="x")["status"] == "accepted"
    assert call("create-status", name="No category")["status"] is None
    status, says = call.refusal("create-status", name="Bad", category="perhaps")
    assert (status, says.split()[0]) == (400, "category")


def test_a_custom_status_comes_and_goes_with_its_definition(call: Operations) -> None:
    custom = next(status for status in call("list-statuses") if status["is_custom"])
    holders = [s["id"] for s in call.sessions() if s["custom_status_id"] == custom["id"]]
    assert holders
    call("delete-status", custom["id"])
    assert not [s for s in call.sessions() if s["custom_status_id"] == custom["id"]]
    assert call("restore-status", custom["id"])["id"] == custom["id"]
    assert [s["id"] for s in call.sessions() if s["custom_status_id"] == custom["id"]] == holders
    assert call.refusal("restore-status", custom["id"])[0] == 404


def test_sessions_follow_the_category_of_their_custom_status(call: Operations) -> None:
    custom = next(status for status in call("list-statuses") if status["is_custom"])
    before = {s["id"]: (s["custom_status_id"], s["status"]) for s in call.sessions()}
    assert (custom["id"], custom["status"]) in before.values()
    call("update-status", custom["id"], category="declined")
    for session in call.sessions():
        status_id, status = before[session["id"]]
        assert session["status"] == ("declined" if status_id == custom["id"] else status)


def test_standard_statuses_cannot_be_changed(call: Operations) -> None:
    accepted = call("list-statuses")[0]
    assert accepted["is_custom"] is False
    assert call.refusal("delete-status", accepted["id"])[0] == 400
    assert call.refusal("update-status", accepted["id"], name="x")[0] == 400


def test_other_events_keep_their_own() -> None:
    call = Operations(events=2)
    before = call("list-rooms", at=call.events[1])
    call("create-room", name="Only here")
    assert call("list-rooms", at=call.events[1]) == before
    assert call.refusal("delete-room", before[0]["id"])[0] == 404


def test_a_field_is_made_renamed_and_deleted(call: Operations) -> None:
    made = call("create-field", name="T-shirt size", type="select", module_id="contact")
    assert made == {
        "id": made["id"],
        "internal_name": "t_shirt_size",
        "public_name": "T-shirt size",
        "field_type": "select",
        "field_source": "custom",
        "contains_pii": False,
        "scope": "event",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert call("list-fields")[-1] == made
    of_contacts = {"module": "contact", "source": "custom"}
    assert made in call.found("search-fields", filters=of_contacts)
    assert made not in call.found("search-fields", filters={"module": "session"})
    changed = call("update-field", made["id"], name="Size", type="text")
    assert (changed["public_name"], changed["field_type"], changed["internal_name"]) == (
        "Size",
        "text",
        "t_shirt_size",
    )
    assert changed["updatedAt"] > made["updatedAt"]
    assert call.refusal("update-field", made["id"], updated_at=made["updatedAt"])[0] == 409
    assert call("delete-field", made["id"]) == changed
    assert changed not in call("list-fields")
    assert call.refusal("delete-field", made["id"]) == (404, "there is no such field")


@pytest.mark.parametrize(
    ("name", "internal_name"),
    [("Audience", "audience_2"), ("Über Größe!", "über_größe"), ("日本語", "日本語"), ("?!", "field")],
)
def test_internal_names_follow_the_names_and_are_given_once(
    call: Operations, name: str, internal_name: str
) -> None:
    made = call("create-field", name=name, module_id="session")
    assert made["internal_name"] == internal_name
    call("delete-field", made["id"])
    assert call("create-field", name=name, module_id="session")["internal_name"] not in (
        "audience",
        internal_name,
    )


@pytest.mark.parametrize("module", [None, "room", 3, "sessions"])
def test_fields_belong_to_one_of_three_modules(call: Operations, module: object) -> None:
    status, says = call.refusal("create-field", name="A", module_id=module)
    assert (status, says.split()[0]) == (400, "module_id")


def test_standard_fields_and_modules_stay(call: Operations) -> None:
    standard = call.found("search-fields", filters={"source": "standard"})[0]
    assert call.refusal("update-field", standard["id"], name="x")[0] == 400
    assert call.refusal("delete-field", standard["id"])[0] == 400
    made = call("create-field", name="A", module_id="session")
    assert call.refusal("update-field", made["id"], module_id="contact")[0] == 400


def test_values_follow_their_field(call: Operations) -> None:
    custom = {
        field["internal_name"]: field for field in call.found("search-fields", filters={"source": "custom"})
    }
    call("update-field", custom["audience"]["id"], name="Who comes")
    returned = [v for s in call.sessions() for v in s["custom_fields"] if v["internal_name"] == "audience"]
    assert returned
    assert {value["name"] for value in returned} == {"Who comes"}
    for name in ("audience", "dietary_needs", "booth"):
        call("delete-field", custom[name]["id"])
    everything = [*call.sessions(), *call.found("search-event-contacts"), *call.found("search-sponsors")]
    names = {value["internal_name"] for record in everything for value in record["custom_fields"]}
    assert not names & {"audience", "dietary_needs", "booth"}
    assert "first_time_speaker" in names
    translated = call.found("search-sessions", expand=["translated_fields"])
    assert {item["parent_field_internal_name"] for s in translated for item in s["translated_fields"]} == {
        "title",
        "description",
    }


def test_a_field_of_contacts_is_the_events_own_and_a_global_one_is_everywhere() -> None:
    call = Operations(events=2)
    made = call("create-field", name="Shirt", module_id="contact")
    assert made not in call("list-fields", at=call.events[1])
    diet = next(field for field in call("list-fields") if field["internal_name"] == "dietary_needs")
    call("delete-field", diet["id"])
    assert diet not in call("list-fields", at=call.events[1])
