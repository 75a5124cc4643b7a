"""Pages decoded into the caller's own types: what fits, what does not and where, and the keys beside it."""

from __future__ import annotations

import enum
import gc
import json
import uuid
import weakref
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, NotRequired, Required, TypedDict, TypeVar

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from sessionboard_async.core.decoding.caller_types import keyed_type, validate_record_type
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.decoding.envelopes import KeyedRecord
from sessionboard_async.core.endpoint import list_of, rows
from sessionboard_async.core.page import Page
from sessionboard_async.errors import DecodeError
from sessionboard_async.models import Field
from tests.core.decoding.decoder_models import ONE, SEARCH, TWO, declared

T = TypeVar("T")
TIME = "2026-08-01T09:00:00.000Z"
ROW = {
    "id": "a",
    "created_at": TIME,
    "title": "One",
    "status": "open",
    "room": {"name": "Hall", "floors": [{"number": 1}]},
    "tags": ["x", "y"],
    "price": "1.50",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "day": "2026-08-01",
    "rating": 4,
    "values": {"k": {"number": 2}},
}


class Color(enum.Enum):
    OPEN = "open"
    CLOSED = "closed"


class Floor(msgspec.Struct):
    number: int


class Hall(msgspec.Struct):
    name: str
    floors: list[Floor] = []


class Plain(msgspec.Struct):
    id: str
    title: str
    room: Hall | None = None


class WithoutKeys(msgspec.Struct, frozen=True, kw_only=True):
    title: str


class WithBoth(msgspec.Struct):
    created_at: datetime
    id: str | None = None


class OwnId(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(min_length=1)]


class OwnTime(msgspec.Struct):
    created_at: str


class Renamed(msgspec.Struct, rename={"number": "id", "made": "created_at"}):
    number: str
    made: datetime | None = None


class Odd(msgspec.Struct):
    tags: frozenset[str]
    price: Decimal
    uuid: uuid.UUID
    day: date
    status: Color
    rating: float
    values: dict[str, Floor]
    room: dict[str, Any]
    anything: Any = None
    rest: str | UnsetType = UNSET
    wrong: int = None  # type: ignore[assignment]  # a default that the type does not allow
    lists: list[int] = []


class Checked(msgspec.Struct):
    title: str

    def __post_init__(self) -> None:
        if self.title != "One":
            raise ValueError(f"the title is {self.title}")


class Changed(msgspec.Struct):
    title: str

    def __post_init__(self) -> None:
        self.title += "!"


class Closed(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    created_at: datetime | None = None


class Omitted(msgspec.Struct):
    title: str
    rest: str | UnsetType = UNSET


class SameNames(msgspec.Struct):
    title: str
    key_of_record: str | None = None


class Nested(msgspec.Struct):
    inner: Any


class Tagged(msgspec.Struct, tag="open", tag_field="status"):
    title: str


class Slots(msgspec.Struct, dict=True):
    title: str


class Generics(msgspec.Struct, Generic[T]):
    title: T


class Bound(Generics[str]):
    pass


@dataclass
class Data:
    title: str
    room: Hall | None = None
    labels: list[str] = field(default_factory=list)


@dataclass
class ChangedData:
    title: str

    def __post_init__(self) -> None:
        self.title += "!"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenData:
    id: str
    title: str = "none"


class Typed(TypedDict):
    title: Required[str]
    created_at: datetime
    nothing: NotRequired[str]


class PartlyTyped(TypedDict, total=False):
    nothing: str
    room: Hall


TYPES: list[Any] = [
    Plain,
    WithoutKeys,
    WithBoth,
    OwnId,
    OwnTime,
    Renamed,
    Odd,
    Checked,
    Changed,
    ChangedData,
    Omitted,
    SameNames,
    Tagged,
    Slots,
    Generics[str],
    Bound,
    Data,
    FrozenData,
    Typed,
    PartlyTyped,
]


def decode(type_: Any, body: object, *, timestamp: str | None = "created_at", **options: Any) -> Page[Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Decoders().keyed_pages(SEARCH, type_, timestamp).decode(raw, page=3, **options)


def records(page: Page[KeyedRecord[Any]]) -> list[Any]:
    return [keyed.record for keyed in page.results]


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("odd", [False, True], ids=["usual", "row by row"])
def test_records_are_those_of_msgspec_with_their_keys(type_: Any, odd: bool) -> None:
    validate_record_type(type_)
    body: list[object] = [ROW, {**ROW, "id": "b"}]
    # An odd number is a reason to look at each row.
    pagination = {"totalResults": "2" if odd else 2}
    page = decode(type_, {"results": body, "pagination": pagination})
    expected = [msgspec.json.decode(json.dumps(row), type=type_) for row in body]
    assert records(page) == expected
    assert [type(record) for record in records(page)] == [type(record) for record in expected]
    assert [keyed.id for keyed in page.results] == ["a", "b"]
    assert {keyed.timestamp for keyed in page.results} == {datetime.fromisoformat(TIME)}
    assert page.pagination is not None
    assert page.pagination.total_results == 2


@pytest.mark.parametrize(
    "type_", [Plain, WithoutKeys, WithBoth, Renamed, Checked, Changed, Bound, Data, FrozenData]
)
def test_usual_types_are_decoded_with_their_keys_at_once(type_: Any) -> None:
    assert keyed_type(type_, "created_at") is not None


@pytest.mark.parametrize(
    "type_", [OwnId, OwnTime, Odd, Tagged, Closed, Omitted, SameNames, Typed, Generics[str]]
)
def test_other_types_are_not(type_: Any) -> None:
    assert keyed_type(type_, "created_at") is None


@pytest.mark.parametrize("type_", [WithoutKeys, Data, Typed])
@pytest.mark.parametrize("is_dated", [True, False])
def test_keys_that_are_missing_or_odd(type_: Any, is_dated: bool, caplog: pytest.LogCaptureFixture) -> None:
    row = {"title": "One", "created_at": TIME}
    keys: list[dict[str, object]] = [{}, {"id": None}, {"id": 5}, {"id": "a", "other": "2026-08-01T09:00:00"}]
    for key in keys:
        page = decode(type_, [row | key], timestamp="other" if is_dated else None)
        (keyed,) = page.results
        assert keyed.id in (key.get("id"), str(key.get("id")))
        assert (keyed.timestamp is not None) == (is_dated and "other" in key)
    # As in full records, a time without an offset is UTC.
    assert [line.partition(";")[0] for line in caplog.messages] == [
        "test-search: unexpected type at $.other: expected a date, got string"
    ] * is_dated


def test_a_time_that_a_type_reads_itself_has_an_offset_for_pagination() -> None:
    rows = [{"id": "a", "created_at": time} for time in (TIME, TIME.removesuffix("Z"))]
    page = decode(WithBoth, rows)
    assert [keyed.timestamp for keyed in page.results] == [datetime.fromisoformat(TIME)] * 2
    assert [keyed.record.created_at.tzinfo for keyed in page.results] == [UTC, None]


@pytest.mark.parametrize("type_", [WithoutKeys, Data, Typed])
def test_a_record_with_none_of_the_keys_is_a_record(type_: Any) -> None:
    row = {"title": "One", "created_at": TIME}
    for total in (2, "2"):
        page = decode(type_, {"results": [row, row], "pagination": {"totalResults": total}}, timestamp=None)
        assert [(keyed.id, keyed.timestamp) for keyed in page.results] == [(None, None)] * 2


@pytest.mark.parametrize("type_", [Plain, WithoutKeys, Typed])
def test_a_record_whose_id_cannot_be_read_is_an_error(type_: Any) -> None:
    row = {"title": "One", "id": [1], "created_at": TIME}
    with pytest.raises(DecodeError, match=r"page 3, index 1.* at \$\.id"):
        decode(type_, [{**row, "id": "a"}, row])


@pytest.mark.parametrize(
    ("type_", "row", "path", "message"),
    [
        (
            Plain,
            {"id": "b"},
            "$",
            "expected an object with `title`, as declared by Plain, got one without it",
        ),
        (Plain, {"id": "b", "title": None}, "$.title", "expected `str`, as declared by Plain, got `null`"),
        (
            Plain,
            {"id": "b", "title": "B", "room": {"name": "C", "floors": [{"number": 1}, {"number": "SECRET"}]}},
            "$.room.floors[1].number",
            "expected `int`, as declared by Plain, got `str`",
        ),
        (Data, {"id": "b", "title": 5}, "$.title", "expected `str`, as declared by Data, got `int`"),
        (Typed, {"id": "b", "title": "B"}, "$", "expected an object with `created_at`, as declared by Typed"),
        (
            Typed,
            {"id": "b", "title": "B", "created_at": "SECRET"},
            "$.created_at",
            "expected a value as decl",
        ),
        (Checked, {"id": "b", "title": "SECRET"}, "$", "expected a value as declared by Checked"),
        (Tagged, {"id": "b", "title": "B", "status": "SECRET"}, "$.status", "expected a value as declared"),
        (Generics[int], {"id": "b", "title": "SECRET"}, "$.title", "expected `int`, as declared by Generics"),
        (Closed, {"id": "b", "SECRET": 1}, "$", "expected a value as declared by Closed"),
        (Plain, "SECRET", "$", "expected `object`, as declared by Plain, got `str`"),
        (Plain, None, "$", "expected `object`, as declared by Plain, got `null`"),
    ],
)
def test_a_record_that_does_not_fit_is_an_error_with_its_place(
    type_: Any, row: object, path: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    fits = {Closed: {"id": "a"}, Generics[int]: {"title": 5}}.get(type_, ROW)
    with pytest.raises(DecodeError) as caught:
        decode(type_, [fits, row])
    error = caught.value
    assert message in error.message
    assert (error.page, error.index, error.path) == (3, 1, path)
    assert error.record_id == ("b" if isinstance(row, dict) else None)
    assert not error.transient
    assert error.__cause__ is None
    assert error.__context__ is None
    page = decode(type_, [fits, row, fits], on_invalid="skip")
    assert (len(page.results), page.skipped) == (2, 1)
    assert "left out a record" in caplog.text
    assert "SECRET" not in caplog.text + str(error)


@pytest.mark.parametrize("type_", [WithoutKeys, Data, Typed])
def test_bodies_are_read_as_those_of_full_records(type_: Any, caplog: pytest.LogCaptureFixture) -> None:
    row = json.dumps({"title": "One", "created_at": TIME, "id": "a"}).encode()
    for body in (
        b"\xef\xbb\xbf[" + row + b"]",
        b'{"data":[' + row + b"]}",
        b'{"results":[],"data":[' + row + b"]}",
        b'{"success":true,"errors":[],"results":[' + row + b"]}",
        b"  [" + row + b"]",
    ):
        assert [keyed.id for keyed in decode(type_, body).results] == ["a"]
    assert not caplog.messages
    cut = row.replace(b"One", rb"One \ud83d")
    assert "\ufffd" in str(records(decode(type_, b"[" + cut + b"]")))
    assert "expected a whole character, got half of a surrogate pair" in caplog.text
    with pytest.raises(DecodeError, match="whole character"):
        Decoders(is_strict=True).keyed_pages(SEARCH, type_, None).decode(b"[" + cut + b"]", page=1)
    with pytest.raises(DecodeError) as failed:
        decode(type_, b'{"success":false,"error":"no","results":[]}')
    assert failed.value.reports_failure
    with pytest.raises(DecodeError) as broken:
        decode(type_, b"<html>")
    assert broken.value.transient
    with pytest.raises(DecodeError, match="expected UTF-8, got another encoding at byte 10 of the record"):
        decode(type_, b'[{"title":"\xff"}]')
    with pytest.raises(DecodeError, match=r"expected a value as declared by Nested.*at \$\.inner"):
        decode(Nested, b'[{"inner":1e999}]')
    assert decode(type_, b'{"results":null,"pagination":{"totalResults":0}}').results == ()


class Definition(msgspec.Struct):
    id: str
    created_at: datetime
    updated_at: datetime | None = None


class Camel(msgspec.Struct, rename="camel"):
    created_at: datetime


class Both(msgspec.Struct):
    created_at: str
    createdAt: str  # noqa: N815


class Optional(msgspec.Struct):
    created_at: str | None = None


class Renaming(msgspec.Struct):
    created_at: str | None = msgspec.field(default=None, name="updated_at")
    updated_at: str | None = msgspec.field(default=None, name="created_at")


class TypedDefinition(TypedDict):
    created_at: datetime


@dataclass
class DataDefinition:
    created_at: datetime


FIELDS = declared("test-fields", list_of(Field))


def field_of(type_: Any, row: dict[str, object]) -> Any:
    page = Decoders().keyed_pages(FIELDS, type_, None).decode(json.dumps([row]).encode(), page=1)
    return page.results[0].record


def test_fields_have_the_names_of_full_records() -> None:
    time = datetime.fromisoformat(TIME)
    row: dict[str, object] = {"id": "a", "createdAt": TIME}
    assert field_of(Definition, row) == Definition("a", time)
    assert field_of(Definition, {**row, "updatedAt": TIME}) == Definition("a", time, time)
    assert field_of(Camel, row) == Camel(time)
    assert field_of(TypedDefinition, row) == {"created_at": time}
    assert field_of(DataDefinition, row) == DataDefinition(time)
    # The name that the API sends comes first.
    assert field_of(Optional, {"created_at": "one", **row}) == Optional("one")
    assert field_of(Optional, {**row, "created_at": "one"}) == Optional("one")
    assert field_of(Optional, row) == Optional(TIME)
    assert field_of(Renaming, {**row, "updatedAt": TIME}) == Renaming()
    assert field_of(Renaming, {"created_at": "one", "updated_at": "two"}) == Renaming("two", "one")
    assert field_of(Both, row) == Both(TIME, TIME)
    with pytest.raises(DecodeError, match=r"record a, at \$.created_at"):
        field_of(Definition, {**row, "createdAt": 5})


def test_rows_of_a_query_need_no_keys() -> None:
    query = declared("test-query", rows())
    page = Decoders().keyed_pages(query, WithoutKeys, None).decode(b'[{"title":"a"},{"title":"a"}]', page=1)
    assert records(page) == [WithoutKeys(title="a")] * 2


def test_a_decoder_is_kept_for_each_operation_type_and_time() -> None:
    decoders = Decoders()
    decoder: object = decoders.keyed_pages(SEARCH, Plain, None)
    assert decoders.keyed_pages(SEARCH, Plain, None) is decoder
    assert decoders.keyed_pages(SEARCH, Plain, "created_at") is not decoder
    assert decoders.keyed_pages(FIELDS, Plain, None) is not decoder
    assert decoders.keyed_pages(SEARCH, Data, None) is not decoder
    page = decoders.pages(SEARCH, Plain).decode(json.dumps([ONE, TWO]).encode(), page=1)
    assert page.results == (Plain("a", "One"), Plain("b", "Two"))


@pytest.mark.slow
def test_types_made_at_run_time_are_not_kept_forever() -> None:
    decoders = Decoders()
    made = msgspec.defstruct("Made", [("title", str)])
    reference = weakref.ref(made)
    decoders.keyed_pages(SEARCH, made, None)
    del made
    for number in range(400):
        decoders.keyed_pages(SEARCH, msgspec.defstruct(f"Made{number}", [("title", str)]), None)
    gc.collect()
    assert reference() is None
