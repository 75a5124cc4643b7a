"""Raw records are the bytes that came, and bytes that are not UTF-8 are refused with their place."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async import AsyncSession
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.page import Pagination
from sessionboard_async.errors import DecodeError
from sessionboard_async.models import Dashboard
from tests.core.decoding.decoder_models import ONE, Talk, declared, page, pages, records
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

Serve = Callable[[Handler], Awaitable[HttpServer]]

MARK = b"\xef\xbb\xbf"


def raw(body: bytes, **options: Any) -> list[bytes]:
    return [bytes(row) for row in pages(msgspec.Raw).decode(body, page=3, **options).results]


# Raw records


ROWS = [
    b'{"id":"a"}',
    rb'{ "id":"b", "title": "cut \ud83d" }',
    rb'{"id":"c","title":"\uDC00\ud83d\ude00 \\ud83d"}',
    rb'"\ud800"',
    b"1.10",
    b'{"id":"d","results":[],"data":[ 1 ]}',
    '{"id":"é"}'.encode(),
]
ENVELOPES = [
    b"[%s]",
    b" [ %s ]\n",
    b'{"results":[%s]}',
    b'{"data" : [%s], "pagination":{"totalPages":"1"}}',
    b'{"pagination":{},"results":\n[ %s],"data":[]}',
    rb'{"title":"cut \ud83d","data":[%s]}',
    MARK + b'{"results":[%s]}',
]


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("separator", [b",", b" ,\n "])
def test_raw_records_are_exactly_the_bytes_that_came(envelope: bytes, separator: bytes) -> None:
    assert raw(envelope % separator.join(ROWS)) == ROWS
    assert raw(envelope % ROWS[0]) == [ROWS[0]]
    assert raw(envelope % ROWS[1]) == [ROWS[1]]
    assert raw(envelope % b"") == []


@given(st.lists(st.text(st.characters(categories=["Cs", "L", "P"]), max_size=3), max_size=5))
def test_raw_texts_of_any_kind_are_kept(texts: list[str]) -> None:
    rows = [json.dumps({"id": text}).encode() for text in texts]
    assert raw(b'{"data":[%s]}' % b", ".join(rows)) == rows


# UTF-8


def test_bytes_that_are_not_utf8_are_refused_with_their_place() -> None:
    body = b'[{"id":"a"},{"id":"b","title":"Caf\xe9"}]'
    with pytest.raises(DecodeError, match="expected UTF-8, got another encoding at byte 4 of") as caught:
        page(body)
    error = caught.value
    assert (error.page, error.index, error.record_id, error.path) == (3, 1, "b", "$.title")
    with pytest.raises(DecodeError, match="got another encoding at byte 22 of the record") as caught:
        raw(body)
    error = caught.value
    assert (error.page, error.index, error.record_id, error.path) == (3, 1, "b", "$")
    assert not error.transient
    with pytest.raises(DecodeError, match="at byte 4 of the value") as caught:
        records().decode(b'{"id":"b","title":"Caf\xe9"}')
    assert (caught.value.record_id, caught.value.path) == ("b", "$.title")


def test_only_records_that_are_not_utf8_are_skipped() -> None:
    body = b'{"data":[{"id":"a"},{"id":"b","title":"Caf\xe9"},{"id":"\xc3\xa9"}]}'
    assert raw(body, on_invalid="skip") == [b'{"id":"a"}', b'{"id":"\xc3\xa9"}']
    assert page(body, on_invalid="skip").skipped == 1


# Byte order marks


def test_a_byte_order_mark_is_skipped() -> None:
    one = MARK + json.dumps(ONE).encode()
    assert records().decode(one) == Talk(id="a", title="One")
    for body in (b"[%s]" % json.dumps(ONE).encode(), b'{"results":[%s]}' % json.dumps(ONE).encode()):
        for type_ in (Talk, dict[str, Any], msgspec.Raw):
            assert pages(type_).decode(MARK + body, page=1) == pages(type_).decode(body, page=1)
    found: Any = Decoders().record(declared("test-open", Dashboard)).decode(MARK + b'{"id":"d","x":1}')
    assert found.as_sent == {"id": "d", "x": 1}
    with pytest.raises(DecodeError):
        records().decode(MARK + one)


# Values out of bounds


@pytest.mark.parametrize("number", [b"1e999", b"1" * 5_000], ids=["exponent", "digits"])
def test_a_number_out_of_bounds_costs_only_its_field(number: bytes) -> None:
    body = b'{"id":"a","title":"One","value":{"deep":[%s]}}' % number
    assert records().decode(body) == Talk(id="a", title="One")
    assert page(b"[%s]" % body).results == (Talk(id="a", title="One"),)
    for type_ in (dict[str, Any], Dashboard):
        found = pages(type_).decode(b"[%s]" % body, page=1)
        as_sent = found.results[0] if type_ is not Dashboard else found.results[0].as_sent
        assert as_sent == {"id": "a", "title": "One", "value": None}
        assert [one.path for one in found.unreadable] == ["$.*"]


def test_pagination_of_a_page_with_a_number_out_of_bounds_is_read() -> None:
    read = page(b'{"results":[{"id":"a","value":1e999}],"pagination":{"totalResults":1}}')
    assert read.pagination == Pagination(total_results=1)


def test_elements_that_cannot_be_read_do_not_shift_what_others_sent() -> None:
    sent = {"id": "d", "widgets": [7, {"id": "w", "rows": 1}, None, "x", {"id": "v"}]}
    found: Any = Decoders().record(declared("test-open", Dashboard)).decode(json.dumps(sent).encode())
    assert [(widget.id, widget.as_sent) for widget in found.widgets] == [
        ("w", {"id": "w", "rows": 1}),
        ("v", {"id": "v"}),
    ]
    assert found.as_sent == sent


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_left")
async def test_raw_records_with_half_a_character_are_read_by_time(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    row = rb'{"id":"a","title":"cut \ud83d","created_at":"2026-01-01T00:00:00.000Z"}'

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=b'{"results":[%s],"pagination":{"totalResults":1,"totalPages":1}}' % row,
            content_type="application/json",
        )

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        assert [bytes(talk) async for talk in sb.sessions.search(1).raw_json()] == [row]
    assert caplog.records == []
