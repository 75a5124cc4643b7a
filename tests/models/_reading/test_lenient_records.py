"""Whole records are decoded leniently, with reports and exact paths."""

from __future__ import annotations

import json
import math
from datetime import UTC
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.models._reading.lenient import Mismatch, UndecodableError, decode_leniently
from tests.models._reading.lenient_models import (
    NULLABLE,
    Room,
    Talk,
    Timestamp,
    coerced,
    read,
    read_all,
    unreadable_paths,
    untouched,
)


class Required(msgspec.Struct, frozen=True):
    """Fields that may not be null; the API has none at present."""

    name: str
    count: int
    share: float
    public: bool
    at: Timestamp
    room: Room
    rooms: list[Room]
    id: int | str


# Objects and arrays


def test_values_are_converted_at_any_depth() -> None:
    talk = coerced(
        rooms=[{"id": 1, "capacity": "10"}],
        labels={"a": 1},
        subsessions=[{"room": {"capacity": ""}, "subsessions": [{"id": 2}]}],
    )
    assert talk.rooms == (Room(id="1", capacity=10),)
    assert talk.labels == {"a": "1"}
    assert talk.subsessions == (Talk(room=Room(), subsessions=(Talk(id="2"),)),)


def test_nulls_in_an_array_of_records_are_left_out_and_reported() -> None:
    talk, coercions = read({"rooms": [None, {"id": "a"}, None], "tags": ["x", None], "notes": ["a", None]})
    assert talk.rooms == (Room(id="a"),)
    assert talk.tags == ("x",)
    assert talk.notes == ["a", None]
    assert {path for path, _, actual in coercions if actual == "null"} == {"$.rooms[]", "$.tags[]"}


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans())))
def test_arrays_lose_only_nulls(elements: list[object]) -> None:
    talk = read({"tags": elements, "value": elements})[0]
    assert talk.tags is not None
    assert len(talk.tags) == sum(element is not None for element in elements)
    assert talk.value == elements


def test_unknown_fields_never_fail() -> None:
    assert untouched(id="a", unknown={"deep": [1, {"x": None}]}) == Talk(id="a")


def test_fields_are_matched_by_their_names_in_json() -> None:
    assert untouched(is_public=True).is_public is None
    assert untouched(isPublic=True).is_public is True


def test_the_path_of_an_unreadable_value_is_exact_and_all_others_are_kept() -> None:
    rooms = [{"id": "a", "capacity": 1}, {"id": "b", "capacity": "many"}, 7]
    talk, coercions, errors = read_all({"subsessions": [{}, {"rooms": rooms}]})
    assert talk.subsessions == (Talk(), Talk(rooms=(Room(id="a", capacity=1), Room(id="b"))))
    assert coercions == []
    assert [(error.path, error.expected, error.actual) for error in errors] == [
        ("$.subsessions[1].rooms[1].capacity", "an integer", "string"),
        ("$.subsessions[1].rooms[2]", "an object", "integer"),
    ]


def test_unreadable_elements_are_left_out_and_reported() -> None:
    talk, _, errors = read_all({"tags": ["a", ["b"], "c"], "labels": {"a": "x", "b": {"c": 1}}})
    assert (talk.tags, talk.labels) == (("a", "c"), {"a": "x"})
    assert [error.path for error in errors] == ["$.tags[1]", "$.labels.*"]


@pytest.mark.parametrize("value", [None, [], "talk", 1, True, ""])
def test_a_record_is_an_object(value: object) -> None:
    with pytest.raises(UndecodableError, match=r"^unexpected type at \$: expected an object"):
        read(value)


# Reports


def test_reports_hold_a_path_without_positions_and_no_value() -> None:
    coercions = read({"subsessions": [{"id": 424242}, {"id": 434343}], "labels": {"SECRET": 444444}})[1]
    assert set(coercions) == {
        ("$.subsessions[].id", "a string", "integer"),
        ("$.labels.*", "a string", "integer"),
    }


def test_reports_name_the_expected_type_consistently() -> None:
    several = {"rooms": [None], "id": 1, "capacity": "1", "credits": "1"}
    expected = {
        *(coercion.expected for field in NULLABLE for coercion in read({field: ""})[1]),
        *(coercion.expected for coercion in read(several)[1]),
    }
    assert expected <= {
        *("a string", "an integer", "a number", "a boolean", "a date", "an object", "an array"),
        "an integer or a string",
    }


# Types that are not nullable


GOOD = {
    "name": "a",
    "count": 1,
    "share": 0.5,
    "public": True,
    "at": "2026-08-01T09:00:00Z",
    "room": {},
    "rooms": [{}],
    "id": 1,
}


def test_fields_that_may_not_be_null_are_decoded() -> None:
    assert decode_leniently(GOOD, Required, lambda _: None).room == Room()


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        *((field, None) for field in GOOD),
        *((field, [1]) for field in GOOD if field != "rooms"),
        *((field, "") for field in GOOD if field not in {"name", "id"}),
    ],
)
def test_a_wrong_value_that_may_not_be_null_is_an_error_with_its_path(field: str, sent: object) -> None:
    with pytest.raises(UndecodableError) as caught:
        decode_leniently({**GOOD, field: sent}, Required, lambda _: None)
    assert caught.value.path.startswith(f"$.{field}")


def test_a_missing_required_field_is_an_error() -> None:
    with pytest.raises(UndecodableError, match="count"):
        decode_leniently({"name": "a"}, Required, lambda _: None)


def test_no_error_holds_a_value() -> None:
    class Closed(msgspec.Struct):
        kind: Literal["a", "b"] | None = None

    with pytest.raises(UndecodableError) as caught:
        decode_leniently({"kind": "SECRET"}, Closed, lambda _: None)
    assert "SECRET" not in str(caught.value)


# Properties

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**300, 10**320),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
        st.sampled_from(["", "1", "true", "2026-08-01", "2026-08-01T09:00:00Z", "0" * 4_400, "1e999", "nan"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from([*msgspec.structs.fields(Talk)]).map(lambda field: field.encode_name), inner
        ),
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_object_is_decoded(value: object) -> None:
    if isinstance(value, dict):
        talk, _ = read(value)
        assert msgspec.convert(msgspec.to_builtins(talk), Talk) == talk
        assert all(path.startswith("$.") for path in unreadable_paths(value))
    else:
        assert unreadable_paths(value) == ["$"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ROOMS = st.builds(Room, id=st.none() | TEXT, capacity=st.none() | st.integers())
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TALKS = st.recursive(
    st.builds(
        Talk,
        id=st.none() | TEXT,
        event_id=st.none() | TEXT | st.integers(),
        capacity=st.none() | st.integers(),
        credits=st.none() | FINITE,
        is_public=st.none() | st.booleans(),
        starts_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        room=st.none() | ROOMS,
        rooms=st.none() | st.lists(ROOMS).map(tuple),
        tags=st.none() | st.lists(TEXT).map(tuple),
        notes=st.none() | st.lists(st.none() | TEXT),
        labels=st.none() | st.dictionaries(TEXT, TEXT),
        value=st.none() | TEXT | st.lists(st.none() | TEXT) | st.dictionaries(TEXT, st.integers()),
    ),
    lambda inner: st.builds(Talk, subsessions=st.lists(inner, max_size=3).map(tuple)),
    max_leaves=5,
)


@given(TALKS)
def test_a_fitting_value_is_decoded_as_strictly(talk: Talk) -> None:
    body = msgspec.json.encode(talk)
    coercions: list[Mismatch] = []
    assert (
        decode_leniently(msgspec.json.decode(body), Talk, coercions.append)
        == msgspec.json.decode(body, type=Talk)
        == talk
    )
    assert coercions == []


@given(st.integers())
def test_integers_lose_nothing_on_the_way_through_a_string(number: int) -> None:
    assert read({"capacity": str(number)})[0].capacity == number
    assert read({"id": number})[0].id == str(number)


@given(FINITE)
def test_floats_lose_nothing_on_the_way_through_a_string(number: float) -> None:
    result = read({"credits": json.dumps(number)})[0].credits
    assert result is not None
    assert math.copysign(1, result) == math.copysign(1, number)
    assert result == number
