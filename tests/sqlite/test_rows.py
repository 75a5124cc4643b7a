"""The tables of a copy: columns for common fields, and tables for nested data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sessionboard_async.sqlite import Database
from sessionboard_async.sqlite.rows import array_rows
from sessionboard_async.sqlite.schema import RESOURCES
from sessionboard_async.sqlite.values import json_text
from tests.sqlite.sample_changes import ask, at, deleted, open_copy, upsert


@pytest.fixture
def copy(path: Path) -> Iterator[Database]:
    with open_copy(path) as copy:
        yield copy


ROLES = {
    name: {"id": name, "name": name.title(), "slug": name, "core_role": "speaker"}
    for name in ("host", "guest")
}


def person(id_: str | None, name: str, role: str | None = None, **other: Any) -> dict[str, Any]:
    entry = {"full_name": name, **other}
    if id_ is not None:
        entry["id"] = id_
    if role is not None:
        entry["participant_role"] = ROLES[role]
    return entry


def on_session(path: Path) -> list[tuple[Any, ...]]:
    return ask(
        path,
        "SELECT full_name, role, is_public FROM session_people JOIN people ON person_id = people.id "
        "ORDER BY session_id, position",
    )


def people(path: Path) -> dict[str, str]:
    return dict(ask(path, "SELECT id, full_name FROM people"))


def test_common_fields_have_columns(copy: Database, path: Path) -> None:
    session = upsert(
        "a",
        friendly_id="SESS-1",
        title="Opening",
        status="accepted",
        custom_status={"id": "s", "name": "Ready"},
        is_abstract=False,
        is_public=True,
        starts_at="2026-09-14T08:00:00Z",
        ends_at="2026-09-14T10:45:00.250+02:00",
        track={"id": "t", "name": "Data"},
        room={},
        level=None,
        capacity="180",
    )
    copy.apply([session], at())
    columns = (
        "friendly_id, title, status, custom_status, is_abstract, is_public, starts_at, ends_at, "
        "track_id, track, room_id, room, level, format, capacity"
    )
    assert ask(path, f"SELECT {columns} FROM sessions") == [
        (
            "SESS-1",
            "Opening",
            "accepted",
            "Ready",
            0,
            1,
            "2026-09-14T08:00:00.000000Z",
            "2026-09-14T08:45:00.250000Z",
            "t",
            "Data",
            None,
            None,
            None,
            None,
            180,
        )
    ]


def test_times_in_any_form_sort_as_text(copy: Database, path: Path) -> None:
    for id_, starts_at in {
        "second": "2026-09-14T08:00:00Z",
        "first": "2026-09-14T09:59:59.999+02:00",
    }.items():
        copy.apply([upsert(id_, starts_at=starts_at)], at())
    assert ask(path, "SELECT id FROM sessions ORDER BY starts_at") == [("first",), ("second",)]


def test_the_country_of_an_account_is_found_in_either_spelling(copy: Database, path: Path) -> None:
    copy.apply(
        [upsert("a", "sponsors", address_coutnry="BR"), upsert("b", "sponsors", address_country="CA")], at()
    )
    assert ask(path, "SELECT address_country FROM sponsors ORDER BY id") == [("BR",), ("CA",)]


def test_values_of_unexpected_types_are_stored_as_json(copy: Database, path: Path) -> None:
    copy.apply(
        [upsert("a", title=["x"], status=True, capacity={"seats": 5}, track="Data", starts_at=5)], at()
    )
    found = ask(path, "SELECT title, status, capacity, track, track_id, starts_at FROM sessions")
    assert found == [('["x"]', "true", '{"seats":5}', "Data", None, "5")]


def test_numbers_beyond_64_bits_are_stored(copy: Database, path: Path) -> None:
    copy.apply([upsert("a", capacity=10**30)], at())
    assert ask(path, "SELECT capacity FROM sessions") == [(1e30,)]


def test_the_record_is_stored_as_sent(copy: Database, path: Path) -> None:
    session = upsert(
        "a", new_field={"": [1.0, 10**30, None, "\0 é 🎈"]}, updated_at="2026-09-14T08:00:00+02:00"
    )
    copy.apply([session], at())
    [(record,)] = ask(path, "SELECT record FROM sessions")
    assert msgspec.json.decode(record) == session.record


def test_each_person_on_a_session_is_stored_once_with_all_roles(copy: Database, path: Path) -> None:
    ada, bo, cy = (
        person("a", "Ada", "guest", order=2, is_public=True),
        person("b", "Bo", "host", order=1),
        person("c", "Cy"),
    )
    record = {
        "participants": [ada, bo, ada, {**ada, "participant_role": ROLES["host"]}],
        "speakers": [person("a", "Ada", is_public=False), bo, cy],
        "moderators": [cy],
    }
    copy.apply([upsert("s", **record)], at())
    assert people(path) == {"a": "Ada", "b": "Bo", "c": "Cy"}
    assert on_session(path) == [
        ("Bo", "Host", None),
        ("Ada", "Guest", 0),
        ("Ada", "Host", 0),
        ("Cy", "speaker", None),
        ("Cy", "moderator", None),
    ]


def test_a_role_is_stored_once_by_the_first_name_it_has(copy: Database, path: Path) -> None:
    guest = {**ROLES["guest"], "name": "Another name"}
    moderators = [{"id": "b", "full_name": "Bo", "participant_role": {"core_role": "speaker"}}]
    speakers = [person("a", "Ada", "guest"), {**person("a", "Ada"), "participant_role": guest}]
    copy.apply([upsert("s", speakers=speakers, moderators=moderators)], at())
    roles = ask(path, "SELECT person_id, role, role_slug, core_role FROM session_people ORDER BY position")
    assert roles == [("a", "Guest", "guest", "speaker"), ("b", None, None, "speaker")]


def test_people_without_an_id_are_stored(copy: Database, path: Path) -> None:
    copy.apply([upsert("s", speakers=[person(None, "Ada"), person(None, "Bo")], updated_at=None)], at())
    assert [name for name, *_ in on_session(path)] == ["Ada", "Bo"]
    copy.apply([upsert("s", speakers=[person(None, "Cy")])], at())
    assert list(people(path).values()) == ["Cy"]
    copy.apply([upsert("other", speakers=[person(None, "Di")])], at())
    assert sorted(map(str, people(path).values())) == ["Cy", "Di"]


def test_people_without_an_id_in_several_arrays_are_several(copy: Database, path: Path) -> None:
    copy.apply([upsert("s", speakers=[person(None, "Ada")], moderators=[person(None, "Bo")])], at())
    assert sorted(map(str, people(path).values())) == ["Ada", "Bo"]


def test_people_are_removed_with_their_last_session(copy: Database, path: Path) -> None:
    ada, bo = person("a", "Ada"), person("b", "Bo")
    copy.apply([upsert("one", speakers=[ada, bo]), upsert("two", speakers=[ada])], at())
    copy.apply([deleted("one")], at())
    assert people(path) == {"a": "Ada"}
    assert ask(path, "SELECT session_id, person_id FROM session_people") == [("two", "a")]
    copy.apply([upsert("two", speakers=[])], at())
    assert people(path) == {}


def test_a_person_has_the_data_of_the_newest_entry(copy: Database, path: Path) -> None:
    old = person("a", "Ada Early", updated_at="2026-08-01T10:00:00+02:00")
    new = person("a", "Ada Late", updated_at="2026-08-01T09:00:00Z")
    copy.apply([upsert("one", speakers=[old])], at())
    assert people(path) == {"a": "Ada Early"}
    copy.apply([upsert("two", speakers=[new]), upsert("three", speakers=[old])], at())
    assert people(path) == {"a": "Ada Late"}
    copy.apply([upsert("four", speakers=[old])], at())
    assert people(path) == {"a": "Ada Late"}
    assert len(on_session(path)) == 4
    last = person("a", "Ada Last", updated_at="2026-08-01T09:00:01Z")
    copy.apply([upsert("four", speakers=[new]), upsert("five", speakers=[last])], at())
    assert people(path) == {"a": "Ada Last"}


def test_tags_fields_and_translations_have_tables_and_are_removed_with_their_record(
    copy: Database, path: Path
) -> None:
    inside = {
        "tags": [{"id": "t", "name": "sql"}],
        "custom_fields": [
            {"id": "f", "internal_name": "audience", "name": "Audience", "type": "select", "value": "007"},
            {"key": "booths", "value": [1, 2]},
        ],
        "translated_fields": [
            {
                "id": "x",
                "translated_language": "fr",
                "parent_field_internal_name": "title",
                "value": "Bonjour",
            }
        ],
    }
    owners = ["sessions", "speakers", "contacts", "sponsors", "exhibitors"]
    copy.apply([upsert("a", owner, **inside) for owner in owners], at())
    assert ask(path, "SELECT session_id, tag_id, name FROM session_tags") == [("a", "t", "sql")]
    for owner in owners:
        one = owner.removesuffix("s")
        assert ask(path, f"SELECT {one}_id, internal_name, value FROM {one}_custom_fields") == [
            ("a", "audience", "007"),
            ("a", "booths", "[1,2]"),
        ]
        query = (
            f"SELECT {one}_id, translated_language, parent_field_internal_name, value FROM {one}_translations"
        )
        assert ask(path, query) == [("a", "fr", "title", "Bonjour")]
        copy.apply([upsert("a", owner, custom_fields=[{"id": "g"}])], at())
        assert ask(path, f"SELECT field_id FROM {one}_custom_fields") == [("g",)]
        copy.apply([deleted("a", owner)], at())
        for part in ("custom_fields", "translations"):
            assert ask(path, f"SELECT * FROM {one}_{part}") == []
    assert ask(path, "SELECT * FROM session_tags") == []


@pytest.mark.parametrize("odd", [None, {}, [], "x", 5, True, [None, [], "x", 5, {}], {"id": "x"}])
def test_values_that_are_not_arrays_are_ignored(copy: Database, path: Path, odd: Any) -> None:
    arrays = ("tags", "custom_fields", "translated_fields", "participants", "speakers", "moderators")
    session = upsert("a", **dict.fromkeys(arrays, odd))
    copy.apply([session], at())
    [(record,)] = ask(path, "SELECT record FROM sessions")
    assert msgspec.json.decode(record) == session.record


def test_a_person_from_the_future_is_replaced_by_a_later_version(copy: Database, path: Path) -> None:
    future = person("a", "From the future") | {"updated_at": "2099-01-01T00:00:00Z"}
    copy.apply([upsert("one", speakers=[future])], at())
    today = person("a", "From today") | {"updated_at": "2026-01-01T00:00:00Z"}
    copy.apply([upsert("two", speakers=[today])], at())
    assert people(path) == {"a": "From today"}


@pytest.mark.parametrize(
    ("value", "number", "boolean", "time"),
    [
        (26, 26, None, None),
        (2.5, 2.5, None, None),
        ("26", 26, None, None),
        ("-0.5", -0.5, None, None),
        pytest.param(10**400, None, None, None, id="an integer of 401 digits"),
        (True, None, 1, None),
        ("false", None, 0, None),
        ("2026-08-01", None, None, "2026-08-01"),
        ("2026-08-01T09:00:00+02:00", None, None, "2026-08-01T07:00:00.000000Z"),
        *(
            (other, None, None, None)
            for other in (
                "01234", "+1 555", "1e5", "26 people", "Infinity", "\u0661", 10**30, "9" * 20, "Yes", "",
                None, [], {"a": 1}, ["26"], "2026-13-01", "2026-08-01T09:00:00", "2026-08-01 or later",
            )
        ),
    ],
)  # fmt: skip
def test_values_of_custom_fields_have_their_type_beside_the_text(
    value: Any, number: Any, boolean: Any, time: Any
) -> None:
    field = {"id": "f", "internal_name": "x", "value": value}
    (array,) = (array for array in RESOURCES["sessions"].arrays if array.name == "custom_fields")
    (row,) = array_rows(array, "a", {"custom_fields": [field]})
    found = (row["value_number"], row["value_boolean"], row["value_time"])
    assert found == (number, boolean, time)
    assert list(map(type, found)) == list(map(type, (number, boolean, time)))
    assert row["value"] == (value if value is None or isinstance(value, str) else json_text(value))


def test_sponsors_exhibitors_and_files_of_a_session_have_tables(copy: Database, path: Path) -> None:
    copy.apply(
        [
            upsert("s", "sponsors", name="Acme", description="<p>Tools</p>"),
            upsert("p", "contacts", about="<p>Ada</p>"),
            upsert(
                "a",
                description="<p>Talk</p>",
                sponsors=[{"id": "s", "name": "Acme"}, None, {"name": "No id"}],
                exhibitors=[{"id": "e", "name": "Booth"}],
                content=[{"id": "f", "filename": "slides.pdf", "size": 840, "assigned_participant_id": "p"}],
                speakers=[{"id": "p", "about": "<p>Ada</p>"}],
            ),
            upsert("b", sponsors={}, exhibitors=None, content="slides.pdf"),
        ],
        at(),
    )
    assert ask(
        path,
        "SELECT sessions.description, sponsors.description FROM sessions "
        "JOIN session_sponsors ON session_id = sessions.id JOIN sponsors ON sponsors.id = sponsor_id",
    ) == [("<p>Talk</p>", "<p>Tools</p>")]
    assert ask(path, "SELECT session_id, position, sponsor_id, name FROM session_sponsors") == [
        ("a", 0, "s", "Acme"),
        ("a", 1, None, "No id"),
    ]
    assert ask(path, "SELECT session_id, exhibitor_id, name FROM session_exhibitors") == [("a", "e", "Booth")]
    assert ask(
        path,
        "SELECT filename, size, contacts.about, people.about FROM session_files "
        "JOIN contacts ON contacts.id = assigned_participant_id JOIN people USING (id)",
    ) == [("slides.pdf", 840, "<p>Ada</p>", "<p>Ada</p>")]
    copy.apply([deleted("a")], at())
    for table in ("session_sponsors", "session_exhibitors", "session_files"):
        assert ask(path, f"SELECT * FROM {table}") == []
