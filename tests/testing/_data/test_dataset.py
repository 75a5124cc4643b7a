"""The invented conference: reproducible from its seed, and as varied as a real one."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.testing._data.query import Criteria
from tests.testing._data.conferences import EVERYTHING, digest, first_event, organization, sessions


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    """Another process has another hash seed."""
    script = "from tests.testing._data.conferences import digest; print(digest(7), digest(8))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": ":".join(sys.path)},
        )
        for hash_seed in ("1", "2")
    ]
    for process in processes:
        with process:
            printed, _ = process.communicate()
        assert printed.split() == [digest(7), digest(8)]


def test_another_seed_gives_another_conference() -> None:
    assert digest(7) != digest(8)
    assert organization(7).id != organization(8).id


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 60), speakers=st.integers(0, 9), others=st.integers(0, 9), accounts=st.integers(0, 3)
)
def test_any_size_works_and_has_the_given_numbers_of_records(
    count: int, speakers: int, others: int, accounts: int
) -> None:
    event = first_event(
        sessions=count, speakers=speakers, contacts=speakers + others, sponsors=accounts, exhibitors=accounts
    )
    found = [
        dict(event.program.session(row, unassigned={}, expand=EVERYTHING))
        for row in event.sessions(Criteria(), linked_sources=False)
    ]
    assert len(found) == count
    assert len({record["id"] for record in sessions(event)}) == len(sessions(event))
    assert len(event.speaker_indexes) == speakers
    assert len(event.contact_indexes) == speakers + others
    assert len(event.sponsors.rows) == accounts


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"events": 0}, "events must be at least 1"),
        ({"sessions": -1}, "sessions must not be negative"),
        ({"speakers": 3, "contacts": 2}, "contacts must be at least as many as speakers"),
    ],
)
def test_invalid_numbers_are_refused(numbers: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        organization(**numbers)


def test_a_session_is_about_5_kilobytes() -> None:
    sizes = sorted(
        len(msgspec.json.encode(record)) for record in sessions(first_event(sessions=400), frozenset())
    )
    assert 4_000 < sizes[len(sizes) // 2] < 7_000


def test_sessions_are_as_varied_as_real_ones() -> None:
    found = sessions(first_event())
    assert {record["status"] for record in found} == {
        "accepted",
        "accept_queue",
        "pending",
        "decline_queue",
        "declined",
    }
    assert {record["is_abstract"] for record in found} == {True, False}
    assert {record["composition_status"]["role"] for record in found} == {"standalone", "target", "source"}
    assert {record["custom_status"] is None for record in found} == {True, False}
    assert any("starts_at" not in record for record in found)
    assert any(record.get("starts_at", "") is None for record in found)
    assert any(record["description"] is None for record in found)
    assert any(record["subsessions"] for record in found)
    assert any(record["content"] for record in found)
    assert any(record["sponsors"] for record in found)
    assert any(record["exhibitors"] for record in found)
    values = [field["value"] for record in found for field in record["custom_fields"]]
    assert {type(value) for value in values} == {str, bool, int, list, dict, type(None)}
    for name in ("track", "room", "level", "format", "language"):
        assert any(record[name] == {} for record in found)
        assert any("id" in record[name] for record in found)


def test_people_are_as_varied_as_real_ones() -> None:
    found = [person for record in sessions(first_event()) for person in record["participants"]]
    assert {person["participant_role"]["slug"] for person in found} == {
        "speaker",
        "chairperson",
        "moderator",
        "panelist",
    }
    assert {person["is_public"] for person in found} == {True, False}
    assert any(person["photo_url"] is None for person in found)
    assert any("  " in person["full_name"] or person["full_name"].endswith(" ") for person in found)
    assert all("@example." in person["email"] and person["email"].isascii() for person in found)
    assert all(person["created_at"].endswith("+00:00") for person in found)


def test_names_come_in_several_scripts() -> None:
    event = first_event()
    names = "".join(str(event.people.contact(index)["full_name"]) for index in event.contact_indexes)
    titles = "".join(record["title"] for record in sessions(event))
    for text in (names, titles):
        scripts = {unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()}
        assert scripts >= {"LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "HANGUL", "DEVANAGARI"}


def test_the_same_person_in_two_roles_is_one_contact() -> None:
    roles: dict[tuple[str, str], set[str]] = {}
    for record in sessions(first_event()):
        for person in record["participants"]:
            roles.setdefault((record["id"], person["id"]), set()).add(person["participant_role"]["core_role"])
    assert any(len(held) == 2 for held in roles.values())


def test_legacy_arrays_hold_the_participants_by_role() -> None:
    for record in sessions(first_event()):
        legacy = [person for name in ("speakers", "chairpersons", "moderators") for person in record[name]]
        for person in record["participants"]:
            assert {key: value for key, value in person.items() if key != "session_participant_id"} in legacy
        assert len(legacy) == len(record["participants"])
        assert [person["order"] for person in record["participants"]] == list(range(len(legacy)))
        assert all(person["participant_role"]["core_role"] == "moderator" for person in record["moderators"])


def test_subsessions_lie_within_their_session_and_have_two_shapes() -> None:
    event = first_event()
    for record in sessions(event):
        for part in record["subsessions"]:
            assert part["parent_session_friendly_id"] == record["friendly_id"]
            assert part["friendly_id"] == f"{record['friendly_id']}-{part['friendly_id_raw']}"
            assert part["composition_status"] == record["composition_status"]
            assert {"status", "custom_fields", "room", "tags", "source"} <= part.keys()
            assert part["moderators"] == []
            if record.get("starts_at"):
                assert record["starts_at"] <= part["starts_at"] < part["ends_at"] <= record["ends_at"]
    minimal = [part for record in sessions(event, frozenset()) for part in record["subsessions"]]
    assert minimal
    assert not any({"status", "custom_fields", "room", "tags"} & part.keys() for part in minimal)


def test_compositions_point_both_ways() -> None:
    found = {record["id"]: record for record in sessions(first_event(sessions=400))}
    sources = [record for record in found.values() if record["composition_status"]["role"] == "source"]
    for record in sources:
        target = found[record["composition_status"]["target"]["id"]]
        linked = {source["id"] for source in target["composition"]["sources"]}
        assert record["id"] in linked
        assert target["composition_status"]["source_count"] == len(linked)
        assert record["composition_status"]["is_read_only"]
    assert any(record["composition_status"]["source_count"] == 2 for record in found.values())


def test_translations_are_french_and_german_and_sometimes_missing() -> None:
    event = first_event()
    for record in sessions(event):
        by_field = {
            (item["parent_field_internal_name"], item["translated_language"]): item["value"]
            for item in record["translated_fields"]
        }
        assert {
            ("title", "fr"),
            ("description", "fr"),
            ("audience", "fr"),
            ("description", "de"),
        } <= by_field.keys()
    titles = [
        {
            item["translated_language"]
            for item in record["translated_fields"]
            if item["parent_field_name"] == "Title"
        }
        for record in sessions(event)
    ]
    assert {"fr"} in titles
    assert {"fr", "de"} in titles
    person = event.people.contact(0, translated=True)
    sponsor = event.sponsors.account(0, translated=True)
    assert {item["parent_field_internal_name"] for item in person["translated_fields"]} == {  # type: ignore[attr-defined]  # JSON
        "about",
        "title",
        "dietary_needs",
    }
    assert {item["translated_language"] for item in sponsor["translated_fields"]} == {"fr", "de"}  # type: ignore[attr-defined]  # JSON
    assert "translated_fields" not in event.people.contact(0)


def test_times_have_milliseconds_and_some_are_the_same() -> None:
    rows = first_event().agenda.live
    assert any(row.created % 1000 for row in rows)
    assert len({row.created for row in rows}) < len(rows)
    assert all(row.created <= row.updated for row in rows)
    assert [row.created for row in rows] == sorted(row.created for row in rows)


def test_every_speaker_speaks_where_there_are_enough_sessions() -> None:
    event = first_event()
    speaking = {person["id"] for record in sessions(event) for person in record["speakers"]}
    speakers = {event.people.id(index) for index in event.speaker_indexes}
    assert speakers == speaking


def test_neighbouring_events_share_half_of_their_contacts() -> None:
    one, other = organization(events=2, sessions=20).events.values()
    shared = set(one.contact_indexes) & set(other.contact_indexes)
    assert len(shared) == len(one.contact_indexes) // 2
    assert one.agenda.id(one.agenda.rows[0]) != other.agenda.id(other.agenda.rows[0])


def test_a_session_is_found_by_its_id_unless_it_was_deleted() -> None:
    event = first_event()
    for row in event.agenda.with_parts:
        assert event.session(event.agenda.id(row)) == (None if row.deleted is not None else row)
    assert event.session("no such id") is None
    assert any(row.deleted is not None for row in event.agenda.rows)


def test_talks_take_place_by_day_in_the_time_zone_of_their_event() -> None:
    events = organization(events=12, sessions=60).events.values()
    for position, event in enumerate(events):
        name = str(event.record()["timezone"])
        try:
            zone = ZoneInfo(name)
        except ZoneInfoNotFoundError:
            pytest.skip("there is no database of time zones")
        slots = [slot for row in event.agenda.with_parts if (slot := event.agenda.times(row)) is not None]
        local = [[datetime.fromtimestamp(each / 1000, zone) for each in slot] for slot in slots]
        assert len(local) > 40
        assert all(start.date() == end.date() for start, end in local)
        earliest = min(start.time() for start, _ in local)
        assert max(end.time() for _, end in local) <= time(18 if position < 6 else 19)
        # Where an event is repeated in another season, its clocks may differ by an hour.
        assert earliest == time(8) if position < 6 else earliest >= time(7)
        assert len({start.date() for start, _ in local}) == 3
