"""Values of unexpected types are converted if nothing is lost, and reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models._reading.lenient_models import (
    NULLABLE,
    Talk,
    coerced,
    read,
    read_all,
    unreadable_paths,
    untouched,
)

# Scalars


@pytest.mark.parametrize(
    ("sent", "expected"), [(7, "7"), (-1, "-1"), (1.5, "1.5"), (True, "true"), (False, "false")]
)
def test_scalars_become_strings(sent: object, expected: str) -> None:
    assert coerced(id=sent).id == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
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
def test_numbers_in_another_form_become_integers(sent: object, expected: int) -> None:
    capacity = coerced(capacity=sent).capacity
    assert capacity == expected
    assert type(capacity) is int


@pytest.mark.parametrize(("sent", "expected"), [("1.5", 1.5), ("2", 2.0), (" .5 ", 0.5), (True, 1.0)])
def test_numbers_in_another_form_become_floats(sent: object, expected: float) -> None:
    assert coerced(credits=sent).credits == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        *(("true", True), ("True", True), ("YES", True), ("1", True), (1, True), (" true ", True)),
        *(("false", False), ("no", False), ("0", False), (0, False)),
        *((1.0, True), (0.0, False)),
    ],
)
def test_the_usual_words_become_booleans(sent: object, expected: bool) -> None:
    assert coerced(isPublic=sent).is_public is expected


@pytest.mark.parametrize(
    ("field", "sent"),
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
def test_a_value_whose_conversion_loses_something_is_none_and_reported(field: str, sent: object) -> None:
    talk, coercions, errors = read_all({field: sent, "notes": ["kept"]})
    assert (talk, coercions) == (Talk(notes=["kept"]), [])
    (error,) = errors
    assert error.path == f"$.{field}"
    assert error.actual in {"string", "integer", "number", "boolean", "array", "object"}
    assert str(error) == f"unexpected type at $.{field}: expected {error.expected}, got {error.actual}"


@pytest.mark.parametrize("digits", ["0" * 5_000, "1" * 5_000, "-" + "0" * 5_000, "0" * 5_000 + ".0"])
def test_very_long_digit_strings_are_decoded_or_undecodable(digits: str) -> None:
    assert unreadable_paths({"capacity": digits}) in ([], ["$.capacity"])


@pytest.mark.parametrize("field", ["credits", "starts_at", "isPublic", "id", "event_id", "capacity"])
@pytest.mark.parametrize("number", [10**400, -(10**4_200)], ids=["long", "longer"])
def test_very_long_numbers_are_decoded_or_undecodable(field: str, number: int) -> None:
    assert unreadable_paths({field: number}) in ([], [f"$.{field}"])


def test_a_union_keeps_a_value_of_one_of_its_types() -> None:
    assert untouched(event_id=4630).event_id == 4630
    assert untouched(event_id="4630").event_id == "4630"
    assert untouched(event_id="").event_id == ""
    assert coerced(event_id=1.5).event_id == "1.5"
    assert coerced(event_id=2.0).event_id == 2
    assert untouched(weight=0.5).weight == 0.5
    assert untouched(weight="0.5").weight == "0.5"


@pytest.mark.parametrize("value", [None, "", 0, 1.5, True, [], {}, [None], {"a": [1, {"b": None}]}])
def test_a_field_of_any_type_keeps_its_value(value: object) -> None:
    assert untouched(value=value).value == value


# Empty values


@pytest.mark.parametrize("field", NULLABLE)
def test_an_empty_string_is_none_where_another_type_is_expected(field: str) -> None:
    assert coerced(**{field: ""}) == Talk()


@pytest.mark.parametrize("field", ["id", "event_id", "capacity", "starts_at", "rooms", "tags"])
def test_an_empty_object_is_none_where_another_type_is_expected(field: str) -> None:
    assert coerced(**{field: {}}) == Talk()


def test_an_empty_object_for_an_unassigned_object_is_none_without_a_report() -> None:
    assert untouched(room={}) == Talk()


@pytest.mark.parametrize("field", ["id", "event_id", "capacity", "isPublic", "starts_at", "room", "labels"])
def test_an_empty_array_is_none_where_another_type_is_expected(field: str) -> None:
    assert coerced(**{field: []}) == Talk()


@pytest.mark.parametrize("field", [*NULLABLE, "id", "event_id", "value"])
def test_null_is_none_without_a_report(field: str) -> None:
    assert untouched(**{field: None}) == Talk()


def test_empty_values_of_the_expected_type_are_kept() -> None:
    talk = untouched(id="", tags=[], rooms=[], notes=[], labels={}, value={})
    assert talk == Talk(id="", tags=(), rooms=(), notes=[], labels={}, value={})


def test_white_space_is_as_empty_as_an_empty_string() -> None:
    assert coerced(capacity="  ", credits=" ", isPublic="\t", starts_at=" ") == Talk()


# Times


@pytest.mark.parametrize(
    ("sent", "expected"),
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
def test_times_with_an_offset_are_parsed_in_any_spelling(sent: str, expected: datetime) -> None:
    assert untouched(starts_at=sent).starts_at == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
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
def test_times_without_an_offset_are_utc_and_reported(sent: object, expected: datetime) -> None:
    assert coerced(starts_at=sent).starts_at == expected


@pytest.mark.parametrize(
    "sent", ["", "soon", "0000-00-00", "2026-02-30T00:00:00Z", "2026", 0, 7, -1, 1e300, True, 10**18]
)
def test_invalid_times_are_none(sent: object) -> None:
    talk, coercions, errors = read_all({"starts_at": sent})
    assert talk == Talk()
    assert len(coercions) + len(errors) == 1


@given(st.integers(1_000_000_000_000, 4_000_000_000_000))
def test_a_time_in_digits_is_never_parsed_as_a_calendar_date(milliseconds: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    result = read({"starts_at": str(milliseconds)})[0].starts_at
    assert result is None or abs(result - expected) < timedelta(milliseconds=1)


@given(
    st.datetimes(
        timezones=st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    )
)
def test_any_timestamp_is_parsed_as_the_same_timestamp(timestamp: datetime) -> None:
    assert untouched(starts_at=timestamp.isoformat()).starts_at == timestamp
