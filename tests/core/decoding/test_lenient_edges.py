"""What lenient decoding reports for each kind of value, word for word, and times at their bounds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

import msgspec
import pytest

from sessionboard_async.core.decoding.lenient import Coercion, UndecodableError, decode_leniently
from tests.core.decoding.lenient_models import Talk, coerced, read, untouched


class Choice(msgspec.Struct, frozen=True):
    """A field of a type that no message has a name for."""

    kind: Literal["a", "b"] | None = None


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a test in a local time that is nine hours ahead."""
    if not hasattr(time, "tzset"):
        pytest.skip("the local time cannot be changed on this system")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


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
        ("starts_at", "soon", "$.starts_at", "a date", "string"),
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
        ("room", "Hall", "an object", "string"),
        ("room", True, "an object", "boolean"),
        ("tags", "ai", "an array", "string"),
        ("labels", 1, "an object", "integer"),
    ],
)
def test_an_undecodable_value_names_both_types(field: str, sent: object, expected: str, actual: str) -> None:
    with pytest.raises(UndecodableError) as caught:
        read({field: sent})
    error = caught.value
    assert (error.path, error.expected, error.actual) == (f"$.{field}", expected, actual)


def test_a_type_without_a_name_is_called_a_value() -> None:
    coercions: list[Coercion] = []
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
    assert coerced(starts_at=sent) == Talk(starts_at=expected)


def test_a_time_in_small_letters_is_a_time() -> None:
    assert untouched(starts_at="2026-08-01t09:00:00z") == Talk(starts_at=datetime(2026, 8, 1, 9, tzinfo=UTC))
