"""Payloads of writes: only the values passed, in the form of the API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from sessionboard_async.models import CustomFieldValue, Room, Session, Tag
from sessionboard_async.services._common.payloads import Writable, payload, with_version
from sessionboard_async.services.rooms import RoomCreate, RoomUpdate
from sessionboard_async.services.sessions import SessionCreate, SessionUpdate


def test_only_what_was_passed_is_sent() -> None:
    assert payload(RoomUpdate, {}) == {}
    assert payload(RoomUpdate, {"capacity": None}) == {"capacity": None}
    assert payload(RoomUpdate, {"capacity": UNSET, "name": "Aula"}) == {"name": "Aula"}


def test_unknown_keywords_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"unknown: capactiy; .*extra"):
        payload(RoomUpdate, {"capactiy": 3})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\ufeffname", r"'\ufeffname'"),
        ("", "''"),
        ("name;email", "'name;email'"),
        (None, "None"),
        ("\x1b", r"'\x1b'"),
    ],
)
def test_odd_names_are_shown_as_python_writes_them(name: Any, shown: str) -> None:
    for values, said in (
        ({name: "x"}, f"unknown: {shown}; "),
        ({name: "x", "width": 3}, f"{shown}, width; "),
    ):
        with pytest.raises(TypeError, match=re.escape(said)):
            payload(RoomUpdate, values)


@pytest.mark.parametrize("value", ["x", 3, None])
def test_names_in_extra_must_be_text(value: object) -> None:
    extra: Any = {"floor": 2, None: value}
    with pytest.raises(TypeError, match="names in extra must be str, not None"):
        payload(RoomUpdate, {}, extra)


@pytest.mark.parametrize("values", [{}, {"name": UNSET}, {"capacity": 3}])
def test_what_must_be_there_is_missed(values: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="missing: name"):
        payload(RoomCreate, values)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (RoomCreate, {"name": None}, "name must be str, not NoneType"),
        (RoomUpdate, {"capacity": "12"}, "capacity must be int, not str"),
        (RoomUpdate, {"capacity": True}, "capacity must be int, not bool"),
        (SessionUpdate, {"tag_ids": "one"}, "tag_ids must be Sequence, not str"),
        (SessionUpdate, {"is_public": 1}, "is_public must be bool, not int"),
        (SessionUpdate, {"custom_fields": ["x"]}, "custom_fields must be"),
        (SessionUpdate, {"custom_fields": "x"}, "custom_fields must be Mapping or Sequence, not str"),
        (SessionUpdate, {"starts_at": 5}, "starts_at must be datetime or str, not int"),
    ],
)
def test_values_of_the_wrong_type_are_refused(kind: type[Any], values: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        payload(kind, values)


class Words(TypedDict, total=False):
    """Values one of which is a word that the API's document lists."""

    kind: Writable[Literal["access", "erasure"]]


def test_words_are_those_of_the_document() -> None:
    for word in ("access", "erasure", None):
        assert payload(Words, {"kind": word}) == {"kind": word}
    with pytest.raises(ValueError, match=r"^kind must be one of access, erasure, not 'Access'"):
        payload(Words, {"kind": "Access"})
    with pytest.raises(TypeError, match="kind must be str, not int"):
        payload(Words, {"kind": 1})


def test_what_the_document_lacks_goes_through_extra() -> None:
    when = datetime(2026, 9, 14, 8, tzinfo=UTC)
    body = payload(RoomUpdate, {"name": "Aula"}, {"floor": 2, "open_from": when, "left_out": UNSET})
    assert body == {"name": "Aula", "floor": 2, "open_from": "2026-09-14T08:00:00.000Z"}


def test_extra_is_no_second_way_to_a_known_value() -> None:
    with pytest.raises(TypeError, match="pass name by keyword, not in extra"):
        payload(RoomUpdate, {}, {"name": "Aula"})


# Times


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # the offset is added
        max_value=datetime(9998, 1, 1),  # the offset is added
        timezones=st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone),
    )
)
def test_a_time_is_the_same_instant_when_it_is_sent(when: datetime) -> None:
    sent = payload(SessionUpdate, {"updated_at": when})["updated_at"]
    assert datetime.fromisoformat(str(sent)) == when
    assert str(sent).endswith("Z")
    assert "." in str(sent)  # servers compare by the millisecond


@pytest.mark.parametrize(
    "sent", ["2025-03-14T23:02:51.562+00:00", "2025-03-14T23:02:51Z", "2025-03-14T23:02:51.562000Z"]
)
def test_updated_at_comes_back_as_the_instant_that_was_read(sent: str) -> None:
    session = msgspec.json.decode(msgspec.json.encode({"id": "a", "updated_at": sent}), type=Session)
    body = payload(SessionUpdate, with_version(session, {"title": "New"}))
    assert datetime.fromisoformat(str(body["updated_at"])) == datetime.fromisoformat(sent)


def test_a_time_given_as_text_stays_as_it_is() -> None:
    sent = "2025-03-14T23:02:51.562+00:00"
    assert payload(SessionUpdate, {"updated_at": sent}) == {"updated_at": sent}


@pytest.mark.parametrize("when", ["yesterday", "2026-09-14T08:00:00", datetime(2026, 9, 14)])
def test_a_time_that_is_none_or_has_no_offset_is_refused(when: object) -> None:
    with pytest.raises(ValueError, match="starts_at"):
        payload(SessionCreate, {"title": "T", "starts_at": when})


def test_what_the_caller_says_wins_over_the_record() -> None:
    session = Session(id="a", updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert with_version(session, {"updated_at": UNSET}) == {"updated_at": UNSET}


def test_a_record_without_a_version_is_sent_without_one() -> None:
    for record in (Session(id="a"), "a"):
        assert with_version(record, {"title": "New"}) == {"title": "New"}


def test_records_and_uuids_stand_for_their_ids() -> None:
    number = UUID("0b5f1d0e-3c1e-4c53-9d0a-6f6f1e0a7b11")
    values = {"room_id": Room(id="r"), "track_id": number, "tag_ids": [Tag(id="t"), number, "u"]}
    expected = {"room_id": "r", "track_id": str(number), "tag_ids": ["t", str(number), "u"]}
    assert payload(SessionUpdate, values) == expected


@pytest.mark.parametrize(
    "wrong", [{"room_id": Tag(id="t")}, {"tag_ids": ["t", Room(id="r")]}, {"room_id": True}]
)
def test_a_record_of_another_type_stands_for_no_id(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"must be (Room|Tag) or "):
        payload(SessionUpdate, wrong)


def test_a_record_without_an_id_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="the Room has no id"):
        payload(SessionUpdate, {"room_id": Room(name="Aula")})


# Custom fields


def test_custom_fields_are_taken_by_name_and_as_they_are_read() -> None:
    by_name = {"stage": {"screen": True}, "talks_at": "not a time", "none": None}
    as_read = [
        CustomFieldValue(id="1", internal_name="stage", value={"screen": True}),
        CustomFieldValue(key="talks_at", value="not a time"),
        CustomFieldValue(internal_name="none"),
    ]
    assert payload(SessionUpdate, {"custom_fields": by_name}) == {"custom_fields": by_name}
    assert payload(SessionUpdate, {"custom_fields": as_read}) == {"custom_fields": by_name}
    assert payload(SessionUpdate, {"custom_fields": ()}) == {"custom_fields": {}}


def test_a_field_without_a_name_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="custom_fields must be"):
        payload(SessionUpdate, {"custom_fields": [CustomFieldValue(id="1", value=2)]})


# Values that JSON cannot hold


def test_times_are_the_same_at_whatever_depth() -> None:
    when = datetime(2026, 9, 14, 8, tzinfo=UTC)
    sent = "2026-09-14T08:00:00.000Z"
    assert payload(RoomUpdate, {}, {"hours": {"open": [{"from": when}]}}) == {
        "hours": {"open": [{"from": sent}]}
    }
    assert payload(RoomUpdate, {}, {"copy_of": Session(updated_at=when)})["copy_of"] == {"updated_at": sent}
    with pytest.raises(ValueError, match="hours has no time zone"):
        payload(RoomUpdate, {}, {"hours": {"open": [{"from": when.replace(tzinfo=None)}]}})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_would_become_null_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="area must be a finite number"):
        payload(RoomUpdate, {}, {"area": number})
    with pytest.raises(ValueError, match="custom_fields must be a finite number"):
        payload(SessionUpdate, {"custom_fields": {"fee": [number]}})


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_are_refused_and_not_sent_as_base64(kind: Any) -> None:
    value = kind(b"2")
    for extra in ({"floor": value}, {"floor": [value]}):
        with pytest.raises(TypeError, match=f"floor must be text, a number or the like, not {kind.__name__}"):
            payload(RoomUpdate, {}, extra)
