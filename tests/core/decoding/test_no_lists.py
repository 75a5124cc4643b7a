"""Bodies that hold no list of records, and those that are no JSON at all."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Pages
from sessionboard_async.errors import DecodeError
from tests.core.decoding.decoder_models import ONE, TWO, Talk, page, pages, records

NO_LISTS: list[dict[str, object]] = [
    {"results": None},
    {"data": None},
    {"results": None, "data": None},
    {"results": {}},
    {"data": {}},
    {"results": ""},
    {"results": False},
    {},
]


@pytest.mark.parametrize(
    "pagination", [None, {}, {"currentPage": 1}, {"totalPages": 0}, {"totalResults": 12}]
)
@pytest.mark.parametrize("body", NO_LISTS, ids=str)
@pytest.mark.parametrize("type_", [Talk, dict[str, Any], msgspec.Raw], ids=["struct", "dict", "raw"])
def test_null_or_an_object_is_no_empty_page(
    type_: Any, body: dict[str, object], pagination: dict[str, int] | None
) -> None:
    for sent in (body, {**body, "pagination": pagination}):
        with pytest.raises(DecodeError, match="no array of records") as caught:
            pages(type_).decode(json.dumps(sent).encode(), page=1)
        assert not caught.value.transient


@pytest.mark.parametrize("total", [{"totalResults": 0}, {"total_results": "0", "totalPages": 0}])
@pytest.mark.parametrize("body", NO_LISTS, ids=str)
def test_with_a_total_of_zero_an_empty_value_is_an_empty_page(
    body: dict[str, object], total: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    read = page({**body, "pagination": total})
    assert read.results == ()
    assert read.pagination is not None
    assert read.pagination.total_results == 0
    assert "unexpected type at $.results: expected an array, got an empty value" in caplog.text


@pytest.mark.parametrize("rows", [{"id": "a"}, {"count": 0}, "none", 1, True])
def test_with_a_total_of_zero_content_is_no_empty_page(rows: object) -> None:
    for name in ("results", "data"):
        with pytest.raises(DecodeError, match="no array of records"):
            page({name: rows, "pagination": {"totalResults": 0}})


LISTS = [endpoint for endpoint in ENDPOINTS.values() if isinstance(endpoint.answer, Pages)]


@pytest.mark.parametrize("endpoint", LISTS, ids=lambda endpoint: endpoint.operation_id)
def test_no_operation_takes_null_or_an_object_for_an_empty_list(endpoint: Endpoint[object]) -> None:
    assert isinstance(endpoint.answer, Pages)
    decoder = Decoders().pages(endpoint, endpoint.answer.record)
    for body in (b'{"results":null}', b'{"data":null}', b'{"results":{}}', b'{"data":{}}', b"{}", b"null"):
        with pytest.raises(DecodeError):
            decoder.decode(body, page=1)
    assert decoder.decode(b'{"results":null,"pagination":{"totalResults":0}}', page=1).results == ()


NO_JSON = [
    b"",
    b" \n",
    b"<html>",
    b"Bad Gateway",
    b'{"id":"a"',
    b'[{"id":"a"}',
    b'{"id":"caf\xc3',
    b"{}<br>",
    b"\x1f\x8b",
]
JSON = [
    b"null",
    b"5",
    b'"text"',
    b'{"message":"ok"}',
    b"[7]",
    b'{"id":["x"]}',
    b"[" * 100_000 + b"]" * 100_000,
]


@pytest.mark.parametrize("body", [*NO_JSON, *JSON], ids=lambda body: str(body)[:20])
def test_only_a_body_that_is_no_json_may_differ_in_another_attempt(body: bytes) -> None:
    for decode in (lambda: pages().decode(body, page=1), lambda: records().decode(body)):
        with pytest.raises(DecodeError) as caught:
            decode()
        assert caught.value.transient is (body in NO_JSON)


@pytest.mark.parametrize("end", range(1, 60, 7))
def test_a_body_that_breaks_off_anywhere_may_differ_in_another_attempt(end: int) -> None:
    rows = [ONE, {**TWO, "rooms": [{"id": "r"}]}]
    for whole in ({"results": rows}, {"data": rows, "pagination": {"totalResults": 2}}, rows):
        with pytest.raises(DecodeError) as caught:
            page(json.dumps(whole).encode()[:-end])
        assert caught.value.transient


def test_a_record_that_cannot_be_decoded_is_the_same_in_another_attempt() -> None:
    for body in (b'[{"id":"caf\xe9"}]', b'[{"id":["x"]}]', b'{"results":[{"id":{"a":1}}]}'):
        with pytest.raises(DecodeError, match="index 0") as caught:
            page(body)
        assert not caught.value.transient
