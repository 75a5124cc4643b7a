"""Values that are not of the promised type are mended where nothing is lost by it, and noted."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.decoding.lenient import Drift, UnreadableError, read_leniently

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    capacity: int | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True, rename={"is_public": "isPublic"}):
    """One field of every kind that an answer may have."""

    id: str | None = None
    event_id: int | str | None = None
    capacity: int | None = None
    credits: float | None = None
    is_public: bool | None = None
    starts_at: Timestamp | None = None
    room: Room | None = None
    rooms: tuple[Room, ...] | None = None
    tags: tuple[str, ...] | None = None
    notes: list[str | None] | None = None
    weight: float | str | None = None
    labels: dict[str, str] | None = None
    value: Any = None
    subsessions: tuple[Talk, ...] | None = None


class Required(msgspec.Struct, frozen=True):
    """Fields that may not be null, as no answer of the API has them now."""

    name: str
    count: int
    share: float
    public: bool
    at: Timestamp
    room: Room
    rooms: list[Room]
    id: int | str


def read(value: object) -> tuple[Talk, list[Drift]]:
    drifts: list[Drift] = []
    return read_leniently(value, Talk, drifts.append), drifts


def mended(**fields: object) -> Talk:
    talk, drifts = read(fields)
    assert drifts, "a mended value is noted"
    return talk


def untouched(**fields: object) -> Talk:
    talk, drifts = read(fields)
    assert drifts == []
    return talk


# Scalars


@pytest.mark.parametrize(
    ("came", "expected"), [(7, "7"), (-1, "-1"), (1.5, "1.5"), (True, "true"), (False, "false")]
)
def test_scalars_become_strings(came: object, expected: str) -> None:
    assert mended(id=came).id == expected


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        *(
            ("120", 120),
            (" 120 ", 120),
            ("-3", -3),
            ("+3", 3),
            ("12.0", 12),
            (12.0, 12),
            ("1e2", 100),
            (True, 1),
        ),
        *(("9007199254740993", 9007199254740993), ("123456789012345678901", 123456789012345678901)),
    ],
)
def test_numbers_in_another_form_become_integers(came: object, expected: int) -> None:
    capacity = mended(capacity=came).capacity
    assert capacity == expected
    assert type(capacity) is int


@pytest.mark.parametrize(("came", "expected"), [("1.5", 1.5), ("2", 2.0), (" .5 ", 0.5), (True, 1.0)])
def test_numbers_in_another_form_become_floats(came: object, expected: float) -> None:
    assert mended(credits=came).credits == expected


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        *(("true", True), ("True", True), ("YES", True), ("1", True), (1, True), (" true ", True)),
        *(("false", False), ("no", False), ("0", False), (0, False)),
        *((1.0, True), (0.0, False)),
    ],
)
def test_the_usual_words_become_booleans(came: object, expected: bool) -> None:
    assert mended(isPublic=came).is_public is expected


@pytest.mark.parametrize(
    ("field", "came"),
    [
        *(
            ("capacity", value)
            for value in (1.5, "1.5", "many", "NaN", "inf", "1e999", "0x10", [1], {"a": 1})
        ),
        *(("credits", value) for value in ("many", "nan", "-Infinity", "1,5", [1.5], {"a": 1})),
        *(("isPublic", value) for value in ("perhaps", 2, -1, "2", 0.5, [True], {"a": 1})),
        *(("id", value) for value in (["a"], {"a": 1})),
        *(("event_id", value) for value in (["a"], {"a": 1})),
        *(("starts_at", value) for value in (["2026-08-01"], {"a": 1})),
        *(("room", value) for value in ("Hall", 1, True, [1], ["a"])),
        *(("tags", value) for value in ("ai", 1, True, {"a": 1})),
        *(("labels", value) for value in ("ai", 1, [1])),
    ],
)
def test_what_would_lose_something_is_unreadable_and_named(field: str, came: object) -> None:
    with pytest.raises(UnreadableError) as caught:
        read({field: came})
    assert caught.value.path == f"$.{field}"
    assert caught.value.came in {"string", "integer", "number", "boolean", "array", "object"}
    assert str(caught.value) == f"$.{field} promised {caught.value.promised}, and {caught.value.came} came"


def path_of_unreadable(value: object) -> str | None:
    """Read a value; the path is that of what could not be read."""
    try:
        read(value)
    except UnreadableError as error:
        return error.path
    return None


@pytest.mark.parametrize("digits", ["0" * 5_000, "1" * 5_000, "-" + "0" * 5_000, "0" * 5_000 + ".0"])
def test_endless_digits_are_read_or_unreadable(digits: str) -> None:
    assert path_of_unreadable({"capacity": digits}) in {None, "$.capacity"}


@pytest.mark.parametrize("field", ["credits", "starts_at", "isPublic", "id", "event_id", "capacity"])
@pytest.mark.parametrize("number", [10**400, -(10**4_200)], ids=["long", "longer"])
def test_endless_numbers_are_read_or_unreadable(field: str, number: int) -> None:
    assert path_of_unreadable({field: number}) in {None, f"$.{field}"}


def test_a_union_keeps_what_is_already_one_of_its_types() -> None:
    assert untouched(event_id=4630).event_id == 4630
    assert untouched(event_id="4630").event_id == "4630"
    assert untouched(event_id="").event_id == ""
    assert mended(event_id=1.5).event_id == "1.5"
    assert mended(event_id=2.0).event_id in (2, "2.0")
    assert untouched(weight=0.5).weight == 0.5
    assert untouched(weight="0.5").weight == "0.5"


@pytest.mark.parametrize("value", [None, "", 0, 1.5, True, [], {}, [None], {"a": [1, {"b": None}]}])
def test_what_may_be_anything_stays_as_it_is(value: object) -> None:
    assert untouched(value=value).value == value


# Empty values

NULLABLE = ["capacity", "credits", "isPublic", "starts_at", "room", "rooms", "tags", "labels", "subsessions"]


@pytest.mark.parametrize("field", NULLABLE)
def test_an_empty_string_is_nothing_where_no_string_was_promised(field: str) -> None:
    assert mended(**{field: ""}) == Talk()


@pytest.mark.parametrize("field", ["id", "event_id", "capacity", "starts_at", "rooms", "tags"])
def test_an_empty_object_is_nothing_where_no_object_was_promised(field: str) -> None:
    assert mended(**{field: {}}) == Talk()


def test_an_empty_object_for_what_is_not_assigned_is_nothing_and_no_drift() -> None:
    assert untouched(room={}) == Talk()


@pytest.mark.parametrize("field", ["id", "event_id", "capacity", "isPublic", "starts_at", "room", "labels"])
def test_an_empty_array_is_nothing_where_no_array_was_promised(field: str) -> None:
    assert mended(**{field: []}) == Talk()


@pytest.mark.parametrize("field", [*NULLABLE, "id", "event_id", "value"])
def test_null_is_nothing_and_no_drift(field: str) -> None:
    assert untouched(**{field: None}) == Talk()


def test_empty_values_of_the_promised_type_stay() -> None:
    talk = untouched(id="", tags=[], rooms=[], notes=[], labels={}, value={})
    assert talk == Talk(id="", tags=(), rooms=(), notes=[], labels={}, value={})


def test_white_space_is_as_empty_as_an_empty_string() -> None:
    assert mended(capacity="  ", credits=" ", isPublic="\t", starts_at=" ") == Talk()


# Times


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ("2026-08-01T09:00:00Z", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        ("2026-08-01T09:00:00.000Z", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        ("2025-03-14T23:02:51.562+00:00", datetime(2025, 3, 14, 23, 2, 51, 562_000, UTC)),
        ("2026-08-01 09:00:00+02:00", datetime(2026, 8, 1, 7, tzinfo=UTC)),
        ("2026-08-01T09:00:00+0200", datetime(2026, 8, 1, 7, tzinfo=UTC)),
        ("2026-08-01T09:00Z", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        (" 2026-08-01T09:00:00Z ", datetime(2026, 8, 1, 9, tzinfo=UTC)),
    ],
)
def test_times_with_an_offset_are_read_in_any_spelling(came: str, expected: datetime) -> None:
    assert untouched(starts_at=came).starts_at == expected


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        ("2026-08-01", datetime(2026, 8, 1, tzinfo=UTC)),
        ("2026-08-01T09:00:00", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        ("2026-08-01 09:00", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        (1785574800, datetime(2026, 8, 1, 9, tzinfo=UTC)),
        (1785574800.5, datetime(2026, 8, 1, 9, 0, 0, 500_000, UTC)),
        (1785574800123, datetime(2026, 8, 1, 9, 0, 0, 123_000, UTC)),
        ("1785574800123", datetime(2026, 8, 1, 9, 0, 0, 123_000, UTC)),
        ("20260801", datetime(2026, 8, 1, tzinfo=UTC)),
    ],
)
def test_times_without_an_offset_are_utc_and_noted(came: object, expected: datetime) -> None:
    assert mended(starts_at=came).starts_at == expected


@pytest.mark.parametrize(
    "came", ["", "soon", "0000-00-00", "2026-02-30T00:00:00Z", "2026", 0, 7, -1, 1e300, True, 10**18]
)
def test_unreadable_times_are_nothing(came: object) -> None:
    assert mended(starts_at=came).starts_at is None


@given(st.integers(1_000_000_000_000, 4_000_000_000_000))
def test_a_time_in_digits_is_never_read_as_a_calendar(milliseconds: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    read_ = read({"starts_at": str(milliseconds)})[0].starts_at
    assert read_ is None or abs(read_ - expected) < timedelta(milliseconds=1)


@given(
    st.datetimes(
        timezones=st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    )
)
def test_any_moment_is_read_as_the_same_moment(moment: datetime) -> None:
    assert untouched(starts_at=moment.isoformat()).starts_at == moment


# Objects and arrays


def test_everything_is_mended_at_any_depth() -> None:
    talk = mended(
        rooms=[{"id": 1, "capacity": "10"}],
        labels={"a": 1},
        subsessions=[{"room": {"capacity": ""}, "subsessions": [{"id": 2}]}],
    )
    assert talk.rooms == (Room(id="1", capacity=10),)
    assert talk.labels == {"a": "1"}
    assert talk.subsessions == (Talk(room=Room(), subsessions=(Talk(id="2"),)),)


def test_nulls_in_an_array_of_records_are_left_out_and_noted() -> None:
    talk, drifts = read({"rooms": [None, {"id": "a"}, None], "tags": ["x", None], "notes": ["a", None]})
    assert talk.rooms == (Room(id="a"),)
    assert talk.tags == ("x",)
    assert talk.notes == ["a", None]
    assert {path for path, _, came in drifts if came == "null"} == {"$.rooms[]", "$.tags[]"}


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.booleans())))
def test_arrays_keep_their_length_but_for_nulls(elements: list[object]) -> None:
    talk = read({"tags": elements, "value": elements})[0]
    assert talk.tags is not None
    assert len(talk.tags) == sum(element is not None for element in elements)
    assert talk.value == elements


def test_unknown_fields_never_fail() -> None:
    assert untouched(id="a", unknown={"deep": [1, {"x": None}]}) == Talk(id="a")


def test_fields_are_known_by_their_names_on_the_wire() -> None:
    assert untouched(is_public=True).is_public is None
    assert untouched(isPublic=True).is_public is True


def test_the_path_of_an_unreadable_value_is_exact() -> None:
    with pytest.raises(UnreadableError) as caught:
        read({"subsessions": [{}, {"rooms": [{"capacity": 1}, {"capacity": "many"}]}]})
    assert caught.value.path == "$.subsessions[1].rooms[1].capacity"
    assert (caught.value.promised, caught.value.came) == ("an integer", "string")


@pytest.mark.parametrize("value", [None, [], "talk", 1, True, ""])
def test_a_record_is_an_object(value: object) -> None:
    with pytest.raises(UnreadableError, match=r"^\$ promised an object"):
        read(value)


# Notes


def test_notes_name_the_place_without_positions_and_never_the_value() -> None:
    drifts = read({"subsessions": [{"id": 424242}, {"id": 434343}], "labels": {"SECRET": 444444}})[1]
    assert set(drifts) == {
        ("$.subsessions[].id", "a string", "integer"),
        ("$.labels.*", "a string", "integer"),
    }


def test_notes_name_the_promised_type_in_one_way() -> None:
    promised = {
        *(drift[1] for field in NULLABLE for drift in read({field: ""})[1]),
        *(drift[1] for drift in read({"rooms": [None], "id": 1, "capacity": "1", "credits": "1"})[1]),
    }
    assert promised <= {
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


def test_what_may_not_be_null_is_read() -> None:
    assert read_leniently(GOOD, Required, lambda _: None).room == Room()


@pytest.mark.parametrize(
    ("field", "came"),
    [
        *((field, None) for field in GOOD),
        *((field, [1]) for field in GOOD),
        *((field, "") for field in GOOD if field not in {"name", "id"}),
    ],
)
def test_what_may_not_be_null_is_unreadable_at_its_place(field: str, came: object) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_leniently({**GOOD, field: came}, Required, lambda _: None)
    assert caught.value.path.startswith(f"$.{field}")


def test_what_is_missing_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="count"):
        read_leniently({"name": "a"}, Required, lambda _: None)


def test_no_error_repeats_a_value() -> None:
    class Closed(msgspec.Struct):
        kind: Literal["a", "b"] | None = None

    with pytest.raises(UnreadableError) as caught:
        read_leniently({"kind": "SECRET"}, Closed, lambda _: None)
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
def test_any_value_is_read_or_unreadable(value: object) -> None:
    path = path_of_unreadable(value)
    if path is None:
        talk, _ = read(value)
        assert msgspec.convert(msgspec.to_builtins(talk), Talk) == talk
    else:
        assert path.startswith("$")


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
def test_what_fits_is_read_leniently_as_it_is_read_strictly(talk: Talk) -> None:
    body = msgspec.json.encode(talk)
    drifts: list[Drift] = []
    assert (
        read_leniently(msgspec.json.decode(body), Talk, drifts.append)
        == msgspec.json.decode(body, type=Talk)
        == talk
    )
    assert drifts == []


@given(st.integers())
def test_integers_lose_nothing_on_the_way_through_a_string(number: int) -> None:
    assert read({"capacity": str(number)})[0].capacity == number
    assert read({"id": number})[0].id == str(number)


@given(FINITE)
def test_floats_lose_nothing_on_the_way_through_a_string(number: float) -> None:
    read_ = read({"credits": json.dumps(number)})[0].credits
    assert read_ is not None
    assert math.copysign(1, read_) == math.copysign(1, number)
    assert read_ == number
