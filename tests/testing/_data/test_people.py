"""Writes to contacts, and their effect everywhere a contact appears."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.testing._data.tokens import Grant
from tests.testing.operation_calls import Answer, Operations


@pytest.fixture
def call() -> Operations:
    return Operations(events=2)


def speaking(call: Operations, contact_id: str) -> list[Answer]:
    return [person for s in call.sessions() for person in s["participants"] if person["id"] == contact_id]


def test_a_created_contact_is_found_by_event_and_organization(call: Operations) -> None:
    made = call(
        "create-contact",
        email="ada@example.org",
        first_name="Ada",
        last_name="Example",
        company="Engines",
        title="Analyst",
        phone="+44 20 5550 0000",
        custom_fields={"dietary_needs": "Vegan"},
    )
    assert made["full_name"] == "Ada Example"
    assert made["company_name"] == "Engines"
    assert made["phone_mobile"] == "+44 20 5550 0000"
    assert [(value["internal_name"], value["value"]) for value in made["custom_fields"]] == [
        ("dietary_needs", "Vegan")
    ]
    assert made.keys() == call.found("search-event-contacts")[-1].keys()
    assert call("get-event-contact", made["id"]) == made == call("get-org-contact", made["id"])
    assert call.found("search-event-contacts")[0] == call.found("search-org-contacts")[0] == made
    assert made["id"] not in call.ids("search-event-contacts", at=call.events[1])
    assert made["id"] not in call.ids("search-speakers")
    assert call("get-contact-sessions", made["id"]) == {"sessions": [], "status": None}


def test_a_change_is_visible_everywhere(call: Operations) -> None:
    before = call.found("search-speakers")[3]
    changed = call(
        "update-contact",
        before["id"],
        updated_at=before["updated_at"],
        first_name="Grace",
        title="Admiral",
        custom_fields={"dietary_needs": None},
    )
    assert changed["full_name"] == f"Grace {before['last_name']}"
    assert changed["updated_at"] > before["updated_at"]
    assert changed["created_at"] == before["created_at"]
    assert changed["email"] == before["email"]
    assert changed["custom_fields"][0]["value"] is None
    assert len(changed["custom_fields"]) == len(before["custom_fields"])
    expand = ["translated_fields"]
    by_change = {"order": "updatedAt", "sort": "desc"}
    found = call.found(
        "search-speakers",
        filters={"updatedAt": {"after": before["updated_at"]}},
        sort=by_change,
        expand=expand,
    )[0]
    assert found["id"] == changed["id"]
    fields = {item["parent_field_internal_name"] for item in found["translated_fields"]}
    assert fields == {"about"}
    people = speaking(call, changed["id"])
    assert people
    assert {(person["first_name"], person["title"]) for person in people} == {("Grace", "Admiral")}
    assert all(person["custom_fields"] == changed["custom_fields"] for person in people)
    assert call.ids("search-org-contacts", sort=by_change)[0] == changed["id"]


def test_sponsors_follow_changes_of_their_contacts(call: Operations) -> None:
    returned = next(s["contacts"][0] for s in call.found("search-sponsors") if s["contacts"])
    # The contacts of sponsors belong to the organization; the last ones are in the last event.
    event = next(e for e in call.events if returned["id"] in call.ids("search-event-contacts", at=e))
    call("update-contact", returned["id"], at=event, company="Renamed Ltd")
    contacts = [c for s in call.found("search-sponsors") for c in s["contacts"] if c["id"] == returned["id"]]
    assert {contact["company_name"] for contact in contacts} == {"Renamed Ltd"}
    call("delete-contact", returned["id"], at=event)
    assert not [c for s in call.found("search-sponsors") for c in s["contacts"] if c["id"] == returned["id"]]


def test_a_deleted_contact_is_gone_until_it_is_restored(call: Operations) -> None:
    speaker = call.found("search-speakers")[5]["id"]
    returned = speaking(call, speaker)
    other_cast = [p for s in call.sessions() for p in s["participants"] if p["id"] != speaker]
    call("delete-contact", speaker)
    for search in ("search-speakers", "search-event-contacts", "search-org-contacts"):
        assert speaker not in call.ids(search)
    for get in ("get-speaker", "get-event-contact", "get-org-contact", "get-contact-sessions"):
        assert call.refusal(get, speaker) == (404, "there is no such contact")
    assert not speaking(call, speaker)
    assert [p for s in call.sessions() for p in s["participants"]] == other_cast
    assert call.refusal("update-contact", speaker, title="x")[0] == 404
    assert call.refusal("delete-contact", speaker)[0] == 404
    restored = call("restore-contact", speaker)
    assert call("update-contact", speaker, updated_at=restored["updated_at"])["id"] == speaker
    assert [person["session_participant_id"] for person in speaking(call, speaker)] == [
        person["session_participant_id"] for person in returned
    ]
    assert speaker in call.ids("search-speakers")
    assert call.refusal("restore-contact", speaker)[0] == 404


def test_a_contact_of_another_event_is_not_this_events(call: Operations) -> None:
    stranger = call("create-contact", at=call.events[1], email="a@example.org")["id"]
    for operation in ("get-event-contact", "update-contact", "delete-contact", "restore-contact"):
        assert call.refusal(operation, stranger)[0] == 404
    call("delete-contact", stranger, at=call.events[1])
    assert call.refusal("restore-contact", stranger)[0] == 404


def test_a_stale_change_is_refused_by_the_millisecond(call: Operations) -> None:
    made = call("create-contact", email="a@example.org")
    call("update-contact", made["id"], title="x", updated_at=made["updated_at"].replace("+00:00", "Z"))
    for stale in (made["updated_at"], made["updated_at"][:19] + "Z"):
        assert call.refusal("update-contact", made["id"], title="y", updated_at=stale)[0] == 409


def test_an_address_belongs_to_one_contact_of_an_event(call: Operations) -> None:
    contacts = call.found("search-event-contacts")
    made = call("create-contact", email="Ada@Example.org")
    for taken in (contacts[0]["email"].upper(), "ADA@example.ORG"):
        status, says = call.refusal("create-contact", email=taken)
        assert (status, says.split()[0]) == (400, "email")
        assert taken.casefold() not in says.casefold()
        assert call.refusal("update-contact", contacts[1]["id"], email=taken)[0] == 400
    assert call("update-contact", made["id"], email="ada@example.org")["email"] == "ada@example.org"
    call("create-contact", at=call.events[1], email="ada@example.org")


def test_a_released_address_can_be_taken(call: Operations) -> None:
    one, other = call.found("search-event-contacts")[:2]
    call("update-contact", one["id"], email="new@example.org")
    assert call("update-contact", other["id"], email=one["email"])["email"] == one["email"]
    call("delete-contact", one["id"])
    call("create-contact", email="new@example.org")
    assert call.refusal("restore-contact", one["id"]) == (
        400,
        "email belongs to another contact of the event",
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "email is required"),
        ({"email": ""}, "email is required"),
        ({"email": "no address"}, "email must be an e-mail address"),
        ({"email": 3}, "email must be of another type"),
        ({"email": "a@example.org", "first_name": 3}, "first_name must be of another type"),
        ({"email": "a@example.org", "custom_fields": []}, "custom_fields must be of another type"),
        (
            {"email": "a@example.org", "custom_fields": {"shoe_size": 44}},
            "custom_fields: no field of contacts is called 'shoe_size'",
        ),
        (
            {"email": "a@example.org", "custom_fields": {"about": "x"}},
            "custom_fields: no field of contacts is called 'about'",
        ),
    ],
)
def test_an_invalid_contact_is_refused_and_nothing_is_stored(call: Operations, body: Any, says: str) -> None:
    before = call.ids("search-event-contacts")
    assert call.refusal("create-contact", **body) == (400, says)
    assert call.ids("search-event-contacts") == before


def test_a_new_field_of_contacts_stores_values_and_returns_them(call: Operations) -> None:
    field = call("create-field", name="Shirt", type="select", module_id="contact")
    made = call("create-contact", email="a@example.org", custom_fields={"shirt": "XL"})
    (value,) = made["custom_fields"]
    assert (value["id"], value["name"], value["value"], value["type"]) == (
        field["id"],
        "Shirt",
        "XL",
        "select",
    )
    since = value["created_at"]
    (value,) = call("update-contact", made["id"], custom_fields={"shirt": "S"})["custom_fields"]
    assert (value["value"], value["created_at"]) == ("S", since)
    assert call("update-contact", made["id"], custom_fields=None)["custom_fields"] == []
    assert (
        call.refusal(
            "create-contact", at=call.events[1], email="b@example.org", custom_fields={"shirt": "S"}
        )[0]
        == 400
    )


def test_bulk_performs_each_operation_separately(call: Operations) -> None:
    old, gone = call.ids("search-event-contacts")[:2]
    answer = call(
        "bulk-contacts",
        operations=[
            {"action": "create", "data": {"email": "a@example.org"}},
            {"action": "create", "data": {"email": "A@example.org"}},
            {"action": "update", "id": old, "data": {"title": "Changed"}},
            {"action": "delete", "id": gone},
            {"action": "update", "id": gone, "data": {"title": "Too late"}},
        ],
    )
    assert [result["status"] for result in answer["results"]] == [
        "success",
        "error",
        "success",
        "success",
        "error",
    ]
    assert call("get-event-contact", answer["results"][0]["id"])["email"] == "a@example.org"
    assert call("get-event-contact", old)["title"] == "Changed"
    assert gone not in call.ids("search-event-contacts")


def test_a_restricted_token_sees_no_sessions_of_other_events(call: Operations) -> None:
    shared = set(call.ids("search-event-contacts")) & set(
        call.ids("search-event-contacts", at=call.events[1])
    )
    answers = [call("get-org-contact-sessions", id_)["sessions"] for id_ in shared]
    assert {session["event_id"] for sessions in answers for session in sessions} == {
        e.id for e in call.events
    }
    call.grant = Grant(events=frozenset({call.event.id}))
    answers = [call("get-org-contact-sessions", id_)["sessions"] for id_ in shared]
    assert {session["event_id"] for sessions in answers for session in sessions} == {call.event.id}


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["create", "update", "delete", "restore"]), st.integers(0, 200)), max_size=25
)


@settings(max_examples=40, deadline=None)
@given(ACTIONS)
@pytest.mark.untraced
def test_searches_follow_any_writes(actions: list[tuple[str, int]]) -> None:
    """Compare cached selections with those of a server that searches for the first time."""
    call = Operations(sessions=10)
    bodies: list[Any] = [{}, {"sort": {"order": "updatedAt", "sort": "asc"}}]
    kept = call.ids("search-event-contacts")
    gone: list[str] = []
    for number, (action, choice) in enumerate(actions):
        there = call.ids("search-event-contacts")
        match action:
            case "create":
                kept.append(call("create-contact", email=f"{number}@example.org")["id"])
            case "update" if there:
                call("update-contact", there[choice % len(there)], title=f"{number}")
            case "delete" if there:
                gone.append(there[choice % len(there)])
                call("delete-contact", gone[-1])
            case "restore" if gone:
                call("restore-contact", gone.pop(choice % len(gone)))
            case _:
                pass
        for body in bodies:
            found = call.found("search-event-contacts", **body)
            assert {record["id"] for record in found} == set(kept) - set(gone)
            name = "updated_at" if body else "created_at"
            times = [record[name] for record in found]
            assert times == sorted(times, reverse=not body)
            assert found == [call("get-event-contact", record["id"]) for record in found]
