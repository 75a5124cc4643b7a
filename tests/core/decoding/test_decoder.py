"""Answers become records, strictly and fast where they fit, leniently where they do not."""

from __future__ import annotations

import json
import logging
import pickle
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.core.decoding.decoder import Decoders, PageDecoder, RecordDecoder
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, page_of
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.errors import DecodeError

Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]


class Room(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    capacity: int | None = None


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None = None
    title: str | None = None
    capacity: int | None = None
    starts_at: Timestamp | None = None
    rooms: tuple[Room, ...] | None = None
    value: Any = None
    subsessions: tuple[Talk, ...] | None = None


def declared(operation_id: str, answer: Any) -> Endpoint[Any]:
    """Declare an operation that leaves no trace in the list of all."""
    endpoint: Endpoint[Any] = Endpoint(
        operation_id, "POST", "/v1/event/{event_id}/talks", answer, idempotent=True
    )
    del ENDPOINTS[operation_id]
    return endpoint


SEARCH = declared("test-search", page_of(Talk))
GET = declared("test-get", Talk)


def pages(type_: Any = Talk) -> PageDecoder[Any]:
    return PageDecoder(type_, SEARCH)


def records() -> RecordDecoder[Talk]:
    return RecordDecoder(Talk, GET)


def page(body: object, **options: Any) -> Page[Talk]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return pages().decode(raw, page=3, **options)


# Envelopes

ONE, TWO = {"id": "a", "title": "One"}, {"id": "b", "title": "Two"}


@pytest.mark.parametrize(
    "body",
    [
        [ONE, TWO],
        {"results": [ONE, TWO]},
        {"data": [ONE, TWO]},
        {"data": [ONE, TWO], "results": [ONE, TWO]},
        {"results": [ONE, TWO], "data": None},
        {"results": None, "data": [ONE, TWO]},
        {"unknown": 1, "results": [ONE, TWO], "pagination": None},
        {"data": {"total": 2}, "results": [ONE, TWO]},
        b'\n [{"id":"a","title":"One"},{"id":"b","title":"Two"}]\n',
        b' {"data":[{"id":"a","title":"One"},{"id":"b","title":"Two"}]} ',
    ],
    ids=lambda body: str(body)[:40],
)
@pytest.mark.parametrize("type_", [Talk, dict[str, Any], msgspec.Raw], ids=["struct", "dict", "raw"])
def test_finds_the_records_under_any_name(type_: Any, body: object) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    results = pages(type_).decode(raw, page=1).results
    if type_ is msgspec.Raw:
        results = tuple(msgspec.json.decode(result) for result in results)
    expected = (Talk(id="a", title="One"), Talk(id="b", title="Two")) if type_ is Talk else (ONE, TWO)
    assert results == expected


@pytest.mark.parametrize("body", [[], {"results": []}, {"data": []}, {"results": None}, {"data": None}])
def test_no_records_are_an_empty_page(body: object) -> None:
    assert page(body) == Page[Talk]()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "no array of records, neither bare nor under `results` or `data`"),
        ({"message": "ok"}, "no array of records"),
        ({"results": {}}, "not the JSON of a page"),
        ({"results": "x"}, "not the JSON of a page"),
        ({"data": {"results": [ONE]}}, "not the JSON of a page"),
        (None, "not the JSON of a page"),
        ("text", "not the JSON of a page"),
        (5, "not the JSON of a page"),
        (b"", "not the JSON of a page"),
        (b" ", "not the JSON of a page"),
        (b"<html>", "not the JSON of a page"),
        (b'[{"id":"a"}', "not the JSON of a page"),
        (b'{"results":[{"id":"a"}', "not the JSON of a page"),
        (b'[{"id":"a"}] [', "not the JSON of a page"),
        (b"\x1f\x8b\x08", "not the JSON of a page"),
        (b"[" * 100_000, "not the JSON of a page"),
        (b'{"results":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not the JSON of a page"),
        ({"results": [], "pagination": "x"}, "its pagination cannot be read"),
        ({"results": [], "pagination": {"currentPage": "x"}}, "its pagination cannot be read"),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
def test_what_is_no_page_is_an_error_even_where_records_are_skipped(
    on_invalid: str, body: object, reason: str
) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        page(body, on_invalid=on_invalid)
    error = caught.value
    assert (error.method, error.route, error.operation) == (
        "POST",
        "/v1/event/{event_id}/talks",
        "test-search",
    )
    assert (error.page, error.index, error.record_id, error.path) == (3, None, None, "$")


# Pagination


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"currentPage": 2, "pageSize": 25, "totalPages": 4, "totalResults": 90}, (2, 25, 4, 90)),
        ({"current_page": 2, "page_size": 25, "total_pages": 4, "total_results": 90}, (2, 25, 4, 90)),
        ({"currentPage": 2, "current_page": 2, "totalPages": 4, "total_pages": 4}, (2, None, 4, None)),
        ({"currentPage": None, "current_page": 2}, (2, None, None, None)),
        ({"currentPage": 1, "current_page": 2}, (1, None, None, None)),
        ({"totalPages": 0, "totalResults": 0}, (None, None, 0, 0)),
        ({"currentPage": "2", "pageSize": 25.0, "totalPages": "", "totalResults": "90"}, (2, 25, None, 90)),
        ({"current_page": "2", "unknown": {}}, (2, None, None, None)),
    ],
)
@pytest.mark.parametrize("wrapper", ["results", "data"])
def test_reads_every_spelling_of_pagination(
    wrapper: str, sent: dict[str, object], expected: tuple[int | None, ...]
) -> None:
    current_page, page_size, total_pages, total_results = expected
    assert page({wrapper: [ONE], "pagination": sent}).pagination == Pagination(
        current_page=current_page, page_size=page_size, total_pages=total_pages, total_results=total_results
    )


@pytest.mark.parametrize("sent", [None, "", []])
def test_pagination_that_says_nothing_is_none(sent: object) -> None:
    assert page({"results": [ONE], "pagination": sent}).pagination is None


def test_pagination_means_the_same_whether_the_records_fit_or_not() -> None:
    for sent in (None, {}, {"currentPage": 1}):
        fits = page({"results": [ONE], "pagination": sent})
        mended = page({"results": [{**ONE, "capacity": "1"}], "pagination": sent})
        assert fits.pagination == mended.pagination


# Lenient reading


def test_one_record_that_does_not_fit_is_mended_and_the_others_are_untouched() -> None:
    body = {
        "results": [ONE, {"id": 2, "capacity": "10", "starts_at": ""}, TWO],
        "pagination": {"currentPage": 3},
    }
    assert page(body) == Page(
        results=(Talk(id="a", title="One"), Talk(id="2", capacity=10), Talk(id="b", title="Two")),
        pagination=Pagination(current_page=3),
    )


def test_logs_each_kind_of_drift_once_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    decoder = pages()
    body = json.dumps([{"id": 424242, "rooms": [{"capacity": "434343"}] * 3}] * 3).encode()
    for number in (1, 2):
        decoder.decode(body, page=number)
    assert {(record.name, record.levelname) for record in caplog.records} == {
        ("sessionboard_async", "WARNING")
    }
    promised = [
        "a string was promised at $.id, and integer came",
        "an integer was promised at $.rooms[].capacity, and string came",
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"test-search: {drift}; it was read leniently" for drift in promised
    ]
    assert not any("4242" in repr(record.args) or "4343" in repr(record.args) for record in caplog.records)


def test_logs_nothing_where_everything_fits(caplog: pytest.LogCaptureFixture) -> None:
    page([ONE, TWO])
    page(b"\n" + json.dumps([ONE]).encode())
    assert caplog.records == []


def test_names_the_place_of_what_cannot_be_read() -> None:
    body = {"data": [ONE, {"id": "b", "rooms": [{}, {"capacity": "SECRET"}]}]}
    with pytest.raises(DecodeError) as caught:
        page(body)
    error = caught.value
    assert (error.page, error.index, error.record_id, error.path) == (3, 1, "b", "$.rooms[1].capacity")
    assert (error.operation, error.route) == ("test-search", "/v1/event/{event_id}/talks")
    assert str(error) == (
        "POST /v1/event/{event_id}/talks: the answer cannot be read: an integer was promised, and string came"
        " (operation test-search, page 3, index 1, record b, at $.rooms[1].capacity)"
    )
    assert "SECRET" not in repr(vars(error))


@pytest.mark.parametrize(
    ("id_", "named"), [("a", "a"), (7, "7"), ("i" * 500, "i" * 100), ([], None), (None, None)]
)
def test_names_the_record_where_it_can(id_: object, named: str | None) -> None:
    with pytest.raises(DecodeError) as caught:
        page([{"id": id_, "capacity": "many"}])
    assert caught.value.record_id == named


def test_skipping_counts_and_logs_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    body = [ONE, {"id": "x", "capacity": "many"}, 5, None, TWO, {"id": "y", "rooms": "SECRET"}]
    read = page(body, on_invalid="skip")
    assert read.results == (Talk(id="a", title="One"), Talk(id="b", title="Two"))
    assert read.skipped == 4
    left_out = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert [f"index {index}" in message for index, message in zip([1, 2, 3, 5], left_out, strict=True)] == [
        True
    ] * 4
    assert "SECRET" not in caplog.text


def test_nothing_is_skipped_unless_asked() -> None:
    with pytest.raises(DecodeError, match="index 1"):
        page([ONE, None])


def test_a_record_with_bytes_that_are_no_text_spoils_no_other() -> None:
    body = b'[{"id":"a"},{"id":"b","title":"caf\xe9"},{"id":"c"}]'
    with pytest.raises(DecodeError, match="index 1"):
        page(body)
    assert [talk.id for talk in page(body, on_invalid="skip").results] == ["a", "c"]


CUT_EMOJI = rb'[{"id":"a"},{"id":"b","title":"cut at 255 units \ud83d"},{"id":"c"}]'


def test_a_text_cut_within_an_emoji_spoils_no_other_record() -> None:
    read = page(CUT_EMOJI, on_invalid="skip")
    assert [talk.id for talk in read.results if talk.id != "b"] == ["a", "c"]


def test_a_text_cut_within_an_emoji_is_read_and_noted(caplog: pytest.LogCaptureFixture) -> None:
    read = page(CUT_EMOJI).results[1]
    assert records().decode(CUT_EMOJI.split(b"},")[1] + b"}") == read
    assert read.title is not None
    assert read.title.startswith("cut at 255 units ")
    read.title.encode()
    assert caplog.records


def test_a_text_cut_within_an_emoji_does_not_stop_an_export() -> None:
    for type_ in (msgspec.Raw, dict[str, Any]):
        assert len(pages(type_).decode(CUT_EMOJI, page=1).results) == 3


def test_whole_emoji_and_escapes_that_look_like_halves_stay() -> None:
    body = rb'[{"id":7,"title":"\ud83d\ude00 \\ud83d"}]'
    assert page(body).results[0].title == "\U0001f600 \\ud83d"


# Single records


@pytest.mark.parametrize("body", [ONE, {"data": ONE}, {"data": ONE, "meta": {}}])
def test_one_record_comes_bare_or_under_data(body: object) -> None:
    assert records().decode(json.dumps(body).encode()) == Talk(id="a", title="One")


def test_one_record_is_mended_bare_or_under_data(caplog: pytest.LogCaptureFixture) -> None:
    for body in ({"id": 1}, {"data": {"id": 1}}):
        assert records().decode(json.dumps(body).encode()) == Talk(id="1")
    assert "test-get: a string was promised at $.id" in caplog.text


@pytest.mark.parametrize("data", [None, {}, {"x": 1}, [1], "text", {"id": "inner"}])
def test_a_bare_record_with_an_unknown_field_called_data_is_still_itself(data: object) -> None:
    assert records().decode(json.dumps({**ONE, "data": data}).encode()) == Talk(id="a", title="One")


class Widget(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    data: dict[str, Any] | None = None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "w", "data": {"x": 1}}, Widget(name="w", data={"x": 1})),
        ({"data": {"name": "w", "data": {"x": 1}}}, Widget(name="w", data={"x": 1})),
    ],
)
def test_a_record_may_have_a_field_called_data(body: object, expected: Widget) -> None:
    decoder = RecordDecoder(Widget, declared("test-widget", Widget))
    assert decoder.decode(json.dumps(body).encode()) == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"id":"a"', "not JSON"),
        (b'{"id":"\xff"}', "not JSON"),
        (b'{"subsessions":[' * 5_000, "not JSON"),
        (b"null", "an object was promised, and null came"),
        (b"[]", "an object was promised, and an empty array came"),
        (b'{"data":null}', "an object was promised, and null came"),
        (b'{"data":[{"id":"a"}]}', "an object was promised, and array came"),
        (b'{"id":"a","capacity":"many"}', "an integer was promised, and string came"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_record_is_an_error_that_says_so(body: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        records().decode(body)
    assert (caught.value.operation, caught.value.page, caught.value.index) == ("test-get", None, None)


# What errors hold


@pytest.mark.parametrize(
    "body",
    [
        b'[{"title":"SECRET \xff"}]',
        b'[{"title":"SECRET \xff"}',
        b'[{"title":"SECRET", "capacity":"x"}]',
        b'"SECRET"',
    ],
)
def test_an_error_holds_nothing_of_the_answer(body: bytes) -> None:
    for decode in (lambda: pages().decode(body, page=1), lambda: records().decode(body)):
        with pytest.raises(DecodeError) as caught:
            decode()
        error = caught.value
        # A UnicodeDecodeError in the chain would hold the text.
        assert error.__cause__ is error.__context__ is None
        assert "SECRET" not in repr(vars(error))
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


# Kept decoders


def test_decoders_are_made_once_and_one_for_each_form() -> None:
    decoders = Decoders()
    assert decoders.record(GET) is decoders.record(GET)
    forms = [decoders.pages(SEARCH, type_) for type_ in (Talk, dict[str, Any], msgspec.Raw)]
    again = [decoders.pages(SEARCH, type_) for type_ in (Talk, dict[str, Any], msgspec.Raw)]
    assert len({id(form) for form in forms}) == 3
    assert all(first is second for first, second in zip(forms, again, strict=True))
    assert decoders.record(GET).decode(b'{"id":"a"}') == Talk(id="a")


def test_raw_records_are_the_bytes_that_came() -> None:
    sent = b'{ "results" : [ {"b":1.10, "a" : "\\u00e9"} , 5 ], "pagination": {"currentPage": "1"} }'
    read = pages(msgspec.Raw).decode(sent, page=1)
    assert [bytes(record) for record in read.results] == [b'{"b":1.10, "a" : "\\u00e9"}', b"5"]
    assert read.pagination == Pagination(current_page=1)


# Properties

JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(10**300, 10**320),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
        st.sampled_from(["", "1", "2026-08-01", "0" * 4_400, "1e999"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["results", "data", "pagination", "currentPage", "total_pages", *Talk.__struct_fields__, "x"]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)
BODIES = st.one_of(JSON.map(lambda value: json.dumps(value).encode()), st.binary())

quiet = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def without_logs() -> Any:
    logging.getLogger("sessionboard_async").disabled = True
    yield
    logging.getLogger("sessionboard_async").disabled = False


@quiet
@given(BODIES)
@pytest.mark.usefixtures("without_logs")
@pytest.mark.parametrize("type_", [Talk, Room, Widget, dict[str, Any], msgspec.Raw], ids=str)
def test_any_answer_is_a_page_of_the_type_or_a_decode_error(type_: Any, body: bytes) -> None:
    expected = dict if type_ == dict[str, Any] else type_
    for on_invalid in ("raise", "skip"):
        try:
            read = pages(type_).decode(body, page=1, on_invalid=on_invalid)
        except DecodeError:
            continue
        assert all(isinstance(record, expected) for record in read.results)
        assert read.pagination is None or isinstance(read.pagination, Pagination)


@quiet
@given(BODIES)
@pytest.mark.usefixtures("without_logs")
@pytest.mark.parametrize("type_", [Talk, Room, Widget])
def test_any_answer_is_a_record_of_the_type_or_a_decode_error(type_: Any, body: bytes) -> None:
    try:
        record = RecordDecoder(type_, GET).decode(body)
    except DecodeError:
        return
    assert isinstance(record, type_)


@quiet
@given(st.lists(JSON), st.sampled_from(["results", "data", None]))
@pytest.mark.usefixtures("without_logs")
def test_no_record_is_lost(rows: list[object], wrapper: str | None) -> None:
    body = json.dumps(rows if wrapper is None else {wrapper: rows}).encode()
    raw = pages(msgspec.Raw).decode(body, page=1)
    assert len(raw.results) == len(rows)
    skipping = pages().decode(body, page=1, on_invalid="skip")
    assert len(skipping.results) + skipping.skipped == len(rows)
    try:
        strict = pages().decode(body, page=1)
    except DecodeError:
        assert skipping.skipped
    else:
        assert len(strict.results) == len(rows)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FITTING = st.builds(
    Talk,
    id=st.none() | TEXT,
    title=st.none() | TEXT,
    capacity=st.none() | st.integers(),
    starts_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    rooms=st.none() | st.lists(st.builds(Room, id=TEXT)).map(tuple),
    value=st.none() | TEXT | st.lists(TEXT),
)


@quiet
@given(st.lists(FITTING))
@pytest.mark.usefixtures("without_logs")
def test_a_neighbour_that_does_not_fit_changes_no_record(talks: list[Talk]) -> None:
    fitting = msgspec.json.encode(talks)
    drifting = msgspec.json.encode([*talks, {"capacity": "1"}])
    assert page(fitting).results == tuple(talks)
    assert page(drifting).results == (*talks, Talk(capacity=1))
