"""Pages are decoded strictly if they fit, and leniently otherwise."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.errors import DecodeError
from tests.core.decoding.decoder_models import (
    GET,
    ONE,
    SEARCH,
    TRUNCATED_EMOJI,
    TWO,
    Talk,
    page,
    pages,
    records,
)

# Envelopes


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
def test_records_are_found_under_any_name(type_: Any, body: object) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    results = pages(type_).decode(raw, page=1).results
    if type_ is msgspec.Raw:
        results = tuple(msgspec.json.decode(result) for result in results)
    expected = (Talk(id="a", title="One"), Talk(id="b", title="Two")) if type_ is Talk else (ONE, TWO)
    assert results == expected


@pytest.mark.parametrize(
    "body", [[], {"results": []}, {"data": []}, {"results": [], "data": []}, {"results": [], "data": None}]
)
def test_no_records_are_an_empty_page(body: object) -> None:
    assert page(body) == Page[Talk]()


@pytest.mark.parametrize("capacity", [1, "1"], ids=["strict", "lenient"])
@pytest.mark.parametrize("empty", [[], None, {}])
def test_of_two_lists_the_one_with_records_is_used(empty: object, capacity: object) -> None:
    row = {"id": "a", "capacity": capacity}
    for body in ({"results": empty, "data": [row]}, {"results": [row], "data": empty}):
        assert page(body).results == (Talk(id="a", capacity=1),)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "no array of records, neither bare nor under `results` or `data`"),
        ({"message": "ok"}, "no array of records"),
        ({"results": {}}, "no array of records"),
        ({"results": "x"}, "no array of records"),
        ({"data": {"results": [ONE]}}, "no array of records"),
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
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("on_invalid", ["raise", "skip"])
def test_a_body_that_is_no_page_is_an_error_even_if_records_are_skipped(
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
        ({"currentPage": "2", "pageSize": 25.0, "totalPages": "", "totalResults": "90"}, (2, 25, None, 90)),
        # Where one number is nonsense, one page is no reason to stop.
        ({"currentPage": 1, "totalPages": 1, "totalResults": "many"}, (1, None, None, None)),
        ({"currentPage": 2, "totalPages": 1, "totalResults": {"value": 25}}, (2, None, None, None)),
        ({"current_page": "2", "unknown": {}}, (2, None, None, None)),
    ],
)
@pytest.mark.parametrize("wrapper", ["results", "data"])
def test_every_spelling_of_pagination_is_decoded(
    wrapper: str, sent: dict[str, object], expected: tuple[int | None, ...]
) -> None:
    current_page, page_size, total_pages, total_results = expected
    assert page({wrapper: [ONE], "pagination": sent}).pagination == Pagination(
        current_page=current_page, page_size=page_size, total_pages=total_pages, total_results=total_results
    )


@pytest.mark.parametrize("strange", [{}, {"unknown": 5}, {"unknown": {"id": "b"}}], ids=str)
@pytest.mark.parametrize("records", [[ONE], [{"id": 5}]], ids=["as documented", "of another type"])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"page": 2, "pageSize": 25, "total": 90, "totalPages": 4}, (2, 25, 4, 90)),
        ({"page": "2", "pageSize": "25", "total": "90", "totalPages": "4"}, (2, 25, 4, 90)),
        ({"page": 2, "page_size": 25, "total": 90, "total_pages": 4}, (2, 25, 4, 90)),
        ({"currentPage": 2, "totalResults": 90, "pagination": None}, (2, None, None, 90)),
        ({"total": 90, "pagination": {}}, (None, None, None, 90)),
        ({"total": 3, "page": 9, "pagination": {"currentPage": 2, "total": 90}}, (2, None, None, 90)),
    ],
    ids=str,
)
def test_pagination_beside_the_records_is_decoded(
    sent: dict[str, object],
    expected: tuple[int | None, ...],
    records: list[object],
    strange: dict[str, object],
) -> None:
    current_page, page_size, total_pages, total_results = expected
    assert page({"data": records, **sent, **strange}).pagination == Pagination(
        current_page=current_page, page_size=page_size, total_pages=total_pages, total_results=total_results
    )


@pytest.mark.parametrize("sent", [{"total": {"amount": 3}}, {"page": "<html>", "total": [3]}], ids=str)
def test_names_beside_the_records_that_mean_something_else_are_no_pagination(sent: dict[str, object]) -> None:
    decoded = page({"results": [ONE], **sent})
    assert len(decoded.results) == 1
    assert decoded.pagination is None


@pytest.mark.parametrize("sent", [None, "", []])
def test_empty_pagination_is_none(sent: object) -> None:
    assert page({"results": [ONE], "pagination": sent}).pagination is None


def test_pagination_is_the_same_for_strict_and_lenient_decoding() -> None:
    for sent in (None, {}, {"currentPage": 1}):
        fits = page({"results": [ONE], "pagination": sent})
        coerced = page({"results": [{**ONE, "capacity": "1"}], "pagination": sent})
        assert fits.pagination == coerced.pagination


# Lenient decoding


def test_a_record_that_does_not_fit_is_coerced_and_the_others_are_untouched() -> None:
    body = {
        "results": [ONE, {"id": 2, "capacity": "10", "starts_at": ""}, TWO],
        "pagination": {"currentPage": 3},
    }
    assert page(body) == Page(
        results=(Talk(id="a", title="One"), Talk(id="2", capacity=10), Talk(id="b", title="Two")),
        pagination=Pagination(current_page=3),
    )


def test_each_coercion_is_logged_once_without_the_value(caplog: pytest.LogCaptureFixture) -> None:
    decoder = pages()
    body = json.dumps([{"id": 424242, "rooms": [{"capacity": "434343"}] * 3}] * 3).encode()
    for number in (1, 2):
        decoder.decode(body, page=number)
    assert {(record.name, record.levelname) for record in caplog.records} == {
        ("sessionboard_async", "WARNING")
    }
    coercions = [
        "unexpected type at $.id: expected a string, got integer",
        "unexpected type at $.rooms[].capacity: expected an integer, got string",
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"test-search: {coercion}; decoded leniently" for coercion in coercions
    ]
    assert not any("4242" in repr(record.args) or "4343" in repr(record.args) for record in caplog.records)


def test_nothing_is_logged_if_everything_fits(caplog: pytest.LogCaptureFixture) -> None:
    page([ONE, TWO])
    page(b"\n" + json.dumps([ONE]).encode())
    assert caplog.records == []


def test_an_error_holds_the_path_of_the_value() -> None:
    body = {"data": [ONE, {"id": None, "rooms": [{}, {"capacity": "SECRET"}]}]}
    with pytest.raises(DecodeError) as caught:
        page(body)
    error = caught.value
    assert (error.page, error.index, error.record_id, error.path) == (3, 1, None, "$.rooms[1].capacity")
    assert (error.operation, error.route) == ("test-search", "/v1/event/{event_id}/talks")
    assert str(error) == (
        "POST /v1/event/{event_id}/talks: cannot decode the response: expected an integer, got string"
        " (operation test-search, page 3, index 1, at $.rooms[1].capacity)"
    )
    assert "SECRET" not in repr(vars(error))


@pytest.mark.parametrize(
    ("id_", "named"), [("a", "a"), (7, "7"), ("i" * 500, "i" * 100), ([], None), (None, None)]
)
def test_an_error_holds_the_id_of_the_record(id_: object, named: str | None) -> None:
    with pytest.raises(DecodeError) as caught:
        pages(strict=True).decode(json.dumps([{"id": id_, "capacity": "many"}]).encode(), page=3)
    assert caught.value.record_id == named


def test_skipped_records_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    body = [ONE, {"id": ["x"], "title": "Many"}, 5, None, TWO, {"title": "No id", "rooms": "SECRET"}]
    read = page(body, on_invalid="skip")
    assert read.results == (Talk(id="a", title="One"), Talk(id="b", title="Two"))
    assert read.skipped == 4
    left_out = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    assert [f"index {index}" in message for index, message in zip([1, 2, 3, 5], left_out, strict=True)] == [
        True
    ] * 4
    assert "SECRET" not in caplog.text


def test_nothing_is_skipped_by_default() -> None:
    with pytest.raises(DecodeError, match="index 1"):
        page([ONE, None])


def test_a_record_with_invalid_utf_8_does_not_affect_others() -> None:
    body = b'[{"id":"a"},{"id":"b","title":"caf\xe9"},{"id":"c"}]'
    with pytest.raises(DecodeError, match="index 1"):
        page(body)
    assert [talk.id for talk in page(body, on_invalid="skip").results] == ["a", "c"]


def test_a_text_truncated_in_an_emoji_does_not_affect_other_records() -> None:
    read = page(TRUNCATED_EMOJI, on_invalid="skip")
    assert [talk.id for talk in read.results if talk.id != "b"] == ["a", "c"]


def test_a_text_truncated_in_an_emoji_is_decoded_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    read = page(TRUNCATED_EMOJI).results[1]
    assert records().decode(TRUNCATED_EMOJI.split(b"},")[1] + b"}") == read
    assert read.title is not None
    assert read.title.startswith("cut at 255 units ")
    read.title.encode()
    assert caplog.records


def test_a_text_truncated_in_an_emoji_does_not_stop_raw_streams() -> None:
    for type_ in (msgspec.Raw, dict[str, Any]):
        assert len(pages(type_).decode(TRUNCATED_EMOJI, page=1).results) == 3


def test_whole_emoji_and_escaped_backslashes_are_kept() -> None:
    body = rb'[{"id":7,"title":"\ud83d\ude00 \\ud83d"}]'
    assert page(body).results[0].title == "\U0001f600 \\ud83d"


# Shared decoders


def test_decoders_are_created_once_for_each_form() -> None:
    decoders = Decoders()
    assert decoders.record(GET) is decoders.record(GET)
    forms = [decoders.pages(SEARCH, type_) for type_ in (Talk, dict[str, Any], msgspec.Raw)]
    again = [decoders.pages(SEARCH, type_) for type_ in (Talk, dict[str, Any], msgspec.Raw)]
    assert len({id(form) for form in forms}) == 3
    assert all(first is second for first, second in zip(forms, again, strict=True))
    assert decoders.record(GET).decode(b'{"id":"a"}') == Talk(id="a")


def test_raw_records_are_the_bytes_of_the_response() -> None:
    sent = b'{ "results" : [ {"b":1.10, "a" : "\\u00e9"} , 5 ], "pagination": {"currentPage": "1"} }'
    read = pages(msgspec.Raw).decode(sent, page=1)
    assert [bytes(record) for record in read.results] == [b'{"b":1.10, "a" : "\\u00e9"}', b"5"]
    assert read.pagination == Pagination(current_page=1)
