"""Creation and update of sessions, and their effect on all operations."""

from __future__ import annotations

import pytest

from tests.testing.session_calls import Answer, Client, standalone

MIDNIGHT = "2026-09-14T00:00:00.000Z"


@pytest.fixture
def client() -> Client:
    return Client()


def test_a_created_session_has_objects_for_ids(client: Client) -> None:
    room, track, language = (client.setting(family) for family in ("rooms", "tracks", "languages"))
    level, chosen_format = client.setting("levels"), client.setting("formats")
    tags = [client.setting("tags", 2), client.setting("tags", 0)]
    made = client.create(
        title="Keynote",
        description="<p>About maps</p>",
        starts_at="2026-09-14T11:00:00+02:00",
        ends_at="2026-09-14T10:00:00.123456Z",
        capacity=300,
        room_id=room["id"],
        track_id=track["id"],
        level_id=level["id"],
        format_id=chosen_format["id"],
        language_id=language["id"],
        tag_ids=[tags[0]["id"], tags[1]["id"], tags[0]["id"]],
        status="accepted",
        is_public=True,
        custom_fields={"audience": "Everybody", "stage": {"screen": True}},
    )
    assert (made["title"], made["description"]) == ("Keynote", "<p>About maps</p>")
    assert (made["starts_at"], made["ends_at"]) == ("2026-09-14T09:00:00.000Z", "2026-09-14T10:00:00.123Z")
    assert (made["capacity"], made["status"], made["is_public"]) == (300, "accepted", True)
    assert (made["room"], made["track"], made["level"], made["language"]) == (room, track, level, language)
    assert made["format"] == {"id": chosen_format["id"], "name": chosen_format["name"]}
    assert made["tags"] == tags
    assert made["is_abstract"] is False
    audience, stage = made["custom_fields"]
    assert (audience["internal_name"], audience["value"]) == ("audience", "Everybody")
    assert (audience["name"], audience["type"], audience["created_at"]) == (
        "Audience",
        "select",
        made["created_at"],
    )
    assert stage["value"] == {"screen": True}
    assert client("get-session", made["id"]) == made


def test_a_title_is_enough_and_nothing_is_invented(client: Client) -> None:
    """Generated data depends on the remainders of a session's number; this many sessions have all of them."""
    for _ in range(40):
        made = client.create(title="Untitled workshop")
        assert made["status"] == "pending"
        for name in ("description", "starts_at", "ends_at", "capacity", "room", "track", "level", "format"):
            assert made[name] is None
        for name in (
            "tags",
            "custom_fields",
            "participants",
            "sponsors",
            "exhibitors",
            "content",
            "subsessions",
        ):
            assert made[name] == []
        assert client("get-session", made["id"])["room"] == {}


def test_friendly_ids_continue_the_numbers(client: Client) -> None:
    last = max(row.ordinal for row in client.event.agenda.rows) + 1
    first, second = client.create(), client.create()
    assert (first["friendly_id_raw"], second["friendly_id_raw"]) == (last + 1, last + 2)
    assert first["friendly_id"] == f"SESS-{last + 1}"
    parts = [client.create(parent_session_id=first["id"]) for _ in range(2)]
    assert [part["friendly_id"] for part in parts] == [f"SESS-{last + 1}-1", f"SESS-{last + 1}-2"]
    assert parts[1]["parent_session_friendly_id"] == first["friendly_id"]


def test_a_created_session_is_found_by_every_search(client: Client) -> None:
    before = client.found()
    made = client.create(title="Owls at night", status="declined", is_abstract=True)
    assert client.found() == [made["id"], *before]
    assert client.found(sort={"order": "createdAt", "sort": "asc"})[-1] == made["id"]
    assert made["id"] in client.found(filters={"status": "declined", "isAbstract": True})
    assert made["id"] not in client.found(filters={"status": "accepted"})
    assert client.found("search-sessions-by-status")[0] == made["id"]
    assert client.listed(search="OWLS") == [made["id"]]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"title": None}, "title is required"),
        ({"title": ""}, "title is required"),
        ({"title": 5}, "title must be"),
        ({"status": "confirmed"}, "status must be one of"),
        ({"capacity": -1}, "capacity must not be negative"),
        ({"capacity": True}, "capacity must be"),
        ({"capacity": 1.5}, "capacity must be"),
        ({"starts_at": "2026-09-14T09:00:00"}, "starts_at must be a date-time with an offset"),
        ({"starts_at": "soon"}, "starts_at must be a date-time with an offset"),
        ({"starts_at": MIDNIGHT, "ends_at": MIDNIGHT}, "starts_at must be before ends_at"),
        ({"room_id": "the hall"}, "room_id is not the id of one of the event's rooms"),
        ({"track_id": "x"}, "track_id is not the id of one of"),
        ({"level_id": "x"}, "level_id is not the id of one of"),
        ({"format_id": "x"}, "format_id is not the id of one of"),
        ({"language_id": "x"}, "language_id is not the id of one of"),
        ({"tag_ids": ["x"]}, "tag_ids is not the id of one of"),
        ({"tag_ids": [{}]}, "tag_ids is not the id of one of"),
        ({"tag_ids": "x"}, "tag_ids must be"),
        ({"custom_fields": {"shoe_size": 44}}, "no field of sessions is called 'shoe_size'"),
        ({"custom_fields": {"dietary_needs": "none"}}, "no field of sessions is called 'dietary_needs'"),
        ({"custom_fields": []}, "custom_fields must be"),
        ({"parent_session_id": "x"}, "parent_session_id names no session"),
    ],
)
def test_an_invalid_session_is_not_created(client: Client, values: Answer, says: str) -> None:
    before = client.found("search-sessions-by-status")
    status, message = client.refusal("create-session", **{"title": "A talk"} | values)
    assert status == 400
    assert says in message
    assert client.found("search-sessions-by-status") == before


def test_an_update_changes_only_the_given_values(client: Client) -> None:
    old = client.generated(standalone)
    room = client.setting("rooms", 3)
    new = client("update-session", old["id"], title="Renamed", room_id=room["id"])
    assert new["updated_at"] > old["updated_at"]
    assert new == {**old, "title": "Renamed", "room": room, "updated_at": new["updated_at"]}
    again = client("update-session", old["id"], capacity=7)
    assert again == {**new, "capacity": 7, "updated_at": again["updated_at"]}


def test_null_clears(client: Client) -> None:
    made = client.create(
        description="Text",
        starts_at="2026-09-14T09:00:00Z",
        ends_at="2026-09-14T10:00:00Z",
        capacity=3,
        room_id=client.setting("rooms")["id"],
        track_id=client.setting("tracks")["id"],
        tag_ids=[client.setting("tags")["id"]],
        is_public=True,
        custom_fields={"audience": "All"},
    )
    cleared = dict.fromkeys(("description", "starts_at", "ends_at", "capacity", "room", "track"))
    names = ("description", "starts_at", "ends_at", "capacity", "room_id", "track_id", "tag_ids", "is_public")
    new = client("update-session", made["id"], **dict.fromkeys(names), custom_fields={"audience": None})
    assert new.items() >= {**cleared, "is_public": False, "tags": []}.items()
    assert [field["value"] for field in new["custom_fields"]] == [None]
    assert client("update-session", made["id"], custom_fields=None)["custom_fields"] == []
    assert client.refusal("update-session", made["id"], title=None) == (400, "title is required")


def test_a_changed_text_loses_its_translations(client: Client) -> None:
    old = client.generated(standalone)
    audience = old["custom_fields"][0]["value"]

    def translated() -> set[str]:
        record = client("get-session", old["id"], query={"expand": "translated_fields"})
        return {item["parent_field_internal_name"] for item in record["translated_fields"]}

    assert translated() == {"title", "description", "audience"}
    client("update-session", old["id"], title=old["title"], custom_fields={"audience": audience})
    assert translated() == {"title", "description", "audience"}
    client("update-session", old["id"], title="Renamed", custom_fields={"audience": "Others"})
    assert translated() == {"description"}


def test_a_stale_update_is_refused_by_the_millisecond(client: Client) -> None:
    made = client.create()
    new = client("update-session", made["id"], title="First", updated_at=made["updated_at"])
    status, message = client.refusal(
        "update-session", made["id"], title="Late", updated_at=made["updated_at"]
    )
    assert (status, message) == (409, "the session was modified since it was fetched")
    seconds_only = f"{new['updated_at'][:-5]}Z"
    assert client.refusal("update-session", made["id"], updated_at=seconds_only)[0] == 409
    offset_timestamp = new["updated_at"].replace("Z", "+00:00")
    assert client("update-session", made["id"], updated_at=offset_timestamp)["title"] == "First"


def test_whether_it_is_an_abstract_never_changes(client: Client) -> None:
    made = client.create(is_abstract=True)
    assert client.refusal("update-session", made["id"], is_abstract=False)[0] == 400
    assert client("update-session", made["id"], is_abstract=True)["is_abstract"] is True


def test_one_given_time_is_compared_with_the_stored_other(client: Client) -> None:
    made = client.create(starts_at="2026-09-14T09:00:00Z", ends_at="2026-09-14T10:00:00Z")
    refused = client.refusal("update-session", made["id"], starts_at="2026-09-14T11:00:00Z")
    assert refused == (400, "starts_at must be before ends_at")
    later = client("update-session", made["id"], ends_at="2026-09-14T12:00:00Z")
    assert later["ends_at"] == "2026-09-14T12:00:00.000Z"


def test_filters_and_orders_see_an_update(client: Client) -> None:
    old = client.generated(lambda record: standalone(record) and record["status"] == "accepted")
    tag, track = client.setting("tags", 5), client.setting("tracks", 1)
    assert old["id"] in client.found(filters={"status": "accepted"})
    new = client(
        "update-session",
        old["id"],
        status="declined",
        tag_ids=[tag["id"]],
        track_id=track["id"],
        title="Zebra",
    )
    assert old["id"] not in client.found(filters={"status": "accepted"})
    assert old["id"] in client.found(filters={"status": "declined"})
    assert client.found(sort={"order": "updatedAt", "sort": "desc"})[0] == old["id"]
    assert client.found(filters={"updatedAt": {"after": "2026-09-21T00:00:00Z"}}) == [old["id"]]
    assert old["id"] not in client.found(filters={"updatedAt": {"before": new["updated_at"]}})
    assert client.listed(tag_id=tag["id"], track_id=track["id"], search="zebra") == [old["id"]]
    assert (new["status"], new["custom_status"]) == ("declined", None)


def test_fields_are_written_apart(client: Client) -> None:
    old = client.generated(standalone)
    new = client("update-session-fields", old["id"], custom_fields={"keywords": ["a"]}, title="Not this")
    assert new["title"] == old["title"]
    values = {field["internal_name"]: field["value"] for field in new["custom_fields"]}
    were = {field["internal_name"]: field["value"] for field in old["custom_fields"]}
    assert values == {**were, "keywords": ["a"]}
    assert client.refusal("update-session-fields", old["id"])[0] == 400
    assert client.refusal("update-session-fields", "gone", custom_fields={})[0] == 404
