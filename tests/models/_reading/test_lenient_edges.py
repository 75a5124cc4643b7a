"""What lenient decoding reports for each kind of value, word for word, and times at their bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest

from sessionboard_async.models._reading.lenient import Mismatch, UndecodableError, decode_leniently
from sessionboard_async.models.base import OpenRecord
from tests.models._reading.lenient_models import Room, Talk, coerced, read, unreadable, untouched


class Open(OpenRecord, frozen=True, kw_only=True):
    """A record whose fields are not sure, with everything as it was sent beside them."""

    capacity: int | None = None
    rooms: tuple[Room, ...] | None = None


class Unions(msgspec.Struct, frozen=True):
    """Fields of several types, in an order in which the first one takes nearly everything."""

    text_or_integer: str | int | None = None
    text_or_number: str | float | None = None
    numbers: int | float | bool | None = None


class Choice(msgspec.Struct, frozen=True):
    """A field of a type that no message has a name for."""

    kind: Literal["a", "b"] | None = None


@pytest.mark.parametrize(
    ("field", "sent", "path", "expected", "actual"),
    [
        ("id", 1, "$.id", "a string", "integer"),
        ("id", 1.5, "$.id", "a string", "number"),
        ("id", True, "$.id", "a string", "boolean"),
        ("id", [], "$.id", "a string", "an empty array"),
        ("capacity", "1", "$.capacity", "an integer", "string"),
        ("capacity", 1.0, "$.capacity", "an integer", "number"),
        ("capacity", "", "$.capacity", "an integer", "an empty string"),
        ("credits", "1.5", "$.credits", "a number", "string"),
        ("credits", False, "$.credits", "a number", "boolean"),
        ("isPublic", "yes", "$.isPublic", "a boolean", "string"),
        ("isPublic", 0, "$.isPublic", "a boolean", "integer"),
        ("starts_at", "2026-08-01", "$.starts_at", "a date", "string"),
        ("starts_at", 1785574800, "$.starts_at", "a date", "integer"),
        ("starts_at", 1785574800.5, "$.starts_at", "a date", "number"),
        ("rooms", {}, "$.rooms", "an array", "an empty object"),
        ("rooms", [None], "$.rooms[]", "an object", "null"),
        ("tags", ["a", 1], "$.tags[]", "a string", "integer"),
        ("labels", [], "$.labels", "an object", "an empty array"),
        ("labels", {"a": 1}, "$.labels.*", "a string", "integer"),
        ("event_id", {}, "$.event_id", "a string or an integer", "an empty object"),
    ],
)
def test_a_coercion_names_the_path_and_both_types(
    field: str, sent: object, path: str, expected: str, actual: str
) -> None:
    assert read({field: sent})[1] == [(path, expected, actual)]


@pytest.mark.parametrize(
    ("field", "sent", "expected", "actual"),
    [
        ("id", ["a"], "a string", "array"),
        ("capacity", 1.5, "an integer", "number"),
        ("capacity", "many", "an integer", "string"),
        ("credits", "many", "a number", "string"),
        ("isPublic", "perhaps", "a boolean", "string"),
        ("isPublic", 2, "a boolean", "integer"),
        ("starts_at", ["2026-08-01"], "a date", "array"),
        ("starts_at", "soon", "a date", "string"),
        ("room", "Hall", "an object", "string"),
        ("room", True, "an object", "boolean"),
        ("tags", "ai", "an array", "string"),
        ("labels", 1, "an object", "integer"),
    ],
)
def test_an_unreadable_value_names_both_types(field: str, sent: object, expected: str, actual: str) -> None:
    error = unreadable(**{field: sent})
    assert (error.path, error.expected, error.actual) == (f"$.{field}", expected, actual)


def test_positions_are_left_out_of_the_path_of_a_coercion() -> None:
    sent = {"subsessions": [{}, {"rooms": [{"capacity": "10"}]}]}
    assert read(sent)[1] == [("$.subsessions[].rooms[].capacity", "an integer", "string")]


def test_what_is_no_value_of_json_is_named_by_its_type() -> None:
    error = unreadable(id={1, 2})
    assert (error.expected, error.actual) == ("a string", "set")


def test_an_integer_that_is_too_long_for_text_is_no_text() -> None:
    error = unreadable(id=10**4_400)
    assert (error.path, error.expected, error.actual) == ("$.id", "a string", "integer")


def test_an_open_record_leaves_out_what_it_cannot_decode_and_reports_it() -> None:
    errors: list[Mismatch] = []
    sent = {"capacity": "many", "rooms": [{"id": "a"}, {"capacity": "few"}]}
    decoded = decode_leniently(sent, Open, errors.append)
    assert (decoded.capacity, decoded.rooms) == (None, (Room(id="a"), Room()))
    assert [(error.path, error.expected, error.actual) for error in errors] == [
        ("$.capacity", "an integer", "string"),
        ("$.rooms[1].capacity", "an integer", "string"),
    ]


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("text_or_integer", 7),
        ("text_or_integer", "7"),
        ("text_or_number", 0.5),
        ("text_or_number", "0.5"),
        ("numbers", 7),
        ("numbers", 0.5),
        ("numbers", True),
    ],
)
def test_a_value_of_any_type_of_a_union_is_kept(field: str, sent: object) -> None:
    coercions: list[Mismatch] = []
    decoded = decode_leniently({field: sent}, Unions, coercions.append)
    assert getattr(decoded, field) == sent
    assert type(getattr(decoded, field)) is type(sent)
    assert coercions == []


@pytest.mark.parametrize(("sent", "expected"), [("7", 7), ("0.5", 0.5), ("yes", True)])
def test_each_type_of_a_union_is_tried_in_its_order(sent: object, expected: object) -> None:
    decoded = decode_leniently({"numbers": sent}, Unions, lambda _: None)
    assert decoded.numbers == expected
    assert type(decoded.numbers) is type(expected)


def test_a_type_without_a_name_is_called_a_value() -> None:
    coercions: list[Mismatch] = []
    assert decode_leniently({"kind": ""}, Choice, coercions.append) == Choice()
    assert coercions == [("$.kind", "a value", "an empty string")]


def test_a_value_that_only_the_conversion_refuses_is_called_another_value() -> None:
    with pytest.raises(UndecodableError) as caught:
        decode_leniently({"kind": "c"}, Choice, lambda _: None)
    error = caught.value
    assert (error.path, error.expected, error.actual) == ("$", "a record", "another value")


@pytest.mark.parametrize("sent", [True, False])
def test_a_boolean_becomes_the_word_of_json(sent: bool) -> None:
    assert coerced(id=sent) == Talk(id="true" if sent else "false")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (10**9, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (10**9 - 1, None),
        (10**11 - 1, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (-(10**9), datetime(1938, 4, 24, 22, 13, 20, tzinfo=UTC)),
        (-(10**11), datetime(1966, 10, 31, 14, 13, 20, tzinfo=UTC)),
    ],
)
@pytest.mark.usefixtures("far_from_utc")
def test_numbers_are_seconds_or_milliseconds_by_their_size(sent: int, expected: datetime | None) -> None:
    assert read({"starts_at": sent})[0] == Talk(starts_at=expected)


def test_a_time_in_small_letters_is_a_time() -> None:
    assert untouched(starts_at="2026-08-01t09:00:00z") == Talk(starts_at=datetime(2026, 8, 1, 9, tzinfo=UTC))
