"""Writes to sponsors and exhibitors."""

from __future__ import annotations

from typing import Any

import pytest

from tests.testing.operation_calls import Operations

KINDS = pytest.mark.parametrize("kind", ["sponsor", "exhibitor"])
ACCOUNT = "0b6c6f0e-7a0f-4b57-9d6a-0d3a2c5e8f11"


@pytest.fixture
def call() -> Operations:
    return Operations(events=2, sessions=120)


@KINDS
def test_a_created_record_is_found_until_it_is_deleted(call: Operations, kind: str) -> None:
    before = call.found(f"search-{kind}s")
    made = call(f"create-{kind}", name="New Ltd", custom_fields={"booth": "Z9", "badges": 4})
    assert made.keys() == before[0].keys()
    assert made["friendly_id_raw"] == len(before) + 1
    assert {value["internal_name"]: value["value"] for value in made["custom_fields"]} == {
        "booth": "Z9",
        "badges": 4,
    }
    assert made["contacts"] == []
    assert call(f"get-{kind}", made["id"]) == made
    assert call.found(f"search-{kind}s") == [made, *before]
    assert made["id"] not in call.ids(f"search-{kind}s", at=call.events[1])
    call(f"delete-{kind}", made["id"])
    assert call.found(f"search-{kind}s") == before
    for operation in (f"get-{kind}", f"update-{kind}", f"delete-{kind}"):
        assert call.refusal(operation, made["id"]) == (404, f"there is no such {kind}")
    restored = call(f"restore-{kind}", made["id"])
    assert restored == {**made, "updated_at": restored["updated_at"]}
    assert restored["updated_at"] > made["updated_at"]
    assert call.refusal(f"restore-{kind}", made["id"])[0] == 404


@KINDS
def test_a_change_is_visible_in_searches_and_sessions(call: Operations, kind: str) -> None:
    returned = next(session[f"{kind}s"][0] for session in call.sessions() if session[f"{kind}s"])
    before = call(f"get-{kind}", returned["id"])
    changed = call(
        f"update-{kind}",
        before["id"],
        updated_at=before["updated_at"],
        name="Renamed",
        custom_fields={"booth": None},
    )
    assert changed["name"] == "Renamed"
    assert changed["description"] == before["description"]
    assert {value["internal_name"]: value["value"] for value in changed["custom_fields"]} == {
        "booth": None,
        "badges": before["custom_fields"][1]["value"],
    }
    newest = {"order": "updatedAt", "sort": "desc"}
    assert call.found(f"search-{kind}s", sort=newest)[0] == changed
    in_sessions = [a for s in call.sessions() for a in s[f"{kind}s"] if a["id"] == changed["id"]]
    assert {account["name"] for account in in_sessions} == {"Renamed"}
    assert call.refusal(f"update-{kind}", before["id"], name="x", updated_at=before["updated_at"])[0] == 409
    call(f"delete-{kind}", changed["id"])
    assert not [a for s in call.sessions() for a in s[f"{kind}s"] if a["id"] == changed["id"]]


@KINDS
def test_an_account_links_and_copies_nothing(call: Operations, kind: str) -> None:
    made = call(f"create-{kind}", account_id=ACCOUNT)
    assert made["account_id"] == ACCOUNT
    assert made["name"] is None


@KINDS
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "name or account_id is required"),
        ({"name": ""}, "name or account_id is required"),
        ({"name": 3}, "name must be of another type"),
        ({"account_id": "not one"}, "account_id must be a UUID"),
        (
            {"name": "A", "custom_fields": {"shoes": 1}},
            "custom_fields: no field of accounts is called 'shoes'",
        ),
    ],
)
def test_an_invalid_account_is_refused(call: Operations, kind: str, body: Any, says: str) -> None:
    before = call.ids(f"search-{kind}s")
    assert call.refusal(f"create-{kind}", **body) == (400, says)
    assert call.ids(f"search-{kind}s") == before
    assert call.refusal(f"update-{kind}", before[0], name=None) == (400, "name is required")


@KINDS
def test_bulk_performs_each_operation_separately(call: Operations, kind: str) -> None:
    first, second = call.ids(f"search-{kind}s")[:2]
    answer = call(
        f"bulk-{kind}s",
        operations=[
            {"action": "create", "data": {"name": "New"}},
            {"action": "create", "data": {}},
            {"action": "update", "id": first, "data": {"name": "Changed"}},
            {"action": "delete", "id": second},
        ],
    )
    assert answer["stats"] == {"total": 4, "succeeded": 3, "failed": 1}
    assert call(f"get-{kind}", answer["results"][0]["id"])["name"] == "New"
    assert call(f"get-{kind}", first)["name"] == "Changed"
    assert second not in call.ids(f"search-{kind}s")


def test_sponsors_are_no_exhibitors(call: Operations) -> None:
    made = call("create-sponsor", name="New Ltd")
    assert call.refusal("get-exhibitor", made["id"])[0] == 404
