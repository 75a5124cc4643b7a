"""Single records are decoded bare or under ``data``."""

from __future__ import annotations

import json
import pickle
from typing import Any

import msgspec
import pytest

from sessionboard_async.core.decoding.records import RecordDecoder
from sessionboard_async.errors import DecodeError
from tests.core.decoding.decoder_models import (
    ONE,
    Talk,
    Widget,
    declared,
    pages,
    records,
)


@pytest.mark.parametrize("body", [ONE, {"data": ONE}, {"data": ONE, "meta": {}}])
def test_a_record_is_decoded_bare_or_under_data(body: object) -> None:
    assert records().decode(json.dumps(body).encode()) == Talk(id="a", title="One")


def test_a_record_is_coerced_bare_or_under_data(caplog: pytest.LogCaptureFixture) -> None:
    for body in ({"id": 1}, {"data": {"id": 1}}):
        assert records().decode(json.dumps(body).encode()) == Talk(id="1")
    assert "test-get: unexpected type at $.id: expected a string" in caplog.text


@pytest.mark.parametrize("data", [None, {}, {"x": 1}, [1], "text", {"id": "inner"}])
def test_a_bare_record_may_have_an_unknown_field_called_data(data: object) -> None:
    assert records().decode(json.dumps({**ONE, "data": data}).encode()) == Talk(id="a", title="One")


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
        (b'{"id":"\xff"}', "expected UTF-8, got another encoding at byte 1 of the value"),
        (b'{"subsessions":[' * 5_000, "not JSON"),
        (b"null", "expected an object, got null"),
        (b"[]", "expected an object, got an empty array"),
        (b'{"data":null}', "expected an object, got null"),
        (b'{"data":[{"id":"a"}]}', "expected an object, got array"),
        (b'{"capacity":"many"}', "expected an integer, got string"),
        (b'{"id":["a"]}', "expected a string, got array"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_is_no_record_is_an_error(body: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason) as caught:
        records().decode(body)
    assert (caught.value.operation, caught.value.page, caught.value.index) == ("test-get", None, None)


@pytest.mark.parametrize("data", [None, {}, [1], {"title": "One"}])
def test_a_bare_record_of_nulls_may_have_an_unknown_field_called_data(data: object) -> None:
    assert records().decode(json.dumps({"id": None, "data": data}).encode()) == Talk()


@pytest.mark.parametrize(
    "body", [{}, {"data": {}}, {"data": {"x": 1}}, {"x": 1}, {"data": {"data": ONE}}], ids=str
)
def test_an_object_with_none_of_the_fields_is_an_error_unless_it_is_empty(body: dict[str, Any]) -> None:
    inner = body.get("data", body)
    if "data" in inner:
        assert records().decode(json.dumps(body).encode()) == Talk(id="a", title="One")
    elif inner:
        with pytest.raises(DecodeError, match="expected a record, got an object with none of its fields"):
            records().decode(json.dumps(body).encode())
    else:
        assert records().decode(json.dumps(body).encode()) == Talk()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": ONE}, ONE),
        ({"data": ONE, "x": 1}, {"data": ONE, "x": 1}),
        ({"x": 1}, {"x": 1}),
        ({}, {}),
    ],
    ids=str,
)
def test_an_object_without_declared_fields_keeps_everything_beside_data(
    body: object, expected: object
) -> None:
    decoder = RecordDecoder(dict[str, Any], declared("test-schema", dict[str, Any]))
    assert decoder.decode(json.dumps(body).encode()) == expected


def test_an_object_without_declared_fields_keeps_everything_beside_data_that_is_repaired() -> None:
    decoder = RecordDecoder(dict[str, Any], declared("test-schema", dict[str, Any]))
    body = rb'{"data":{"title":"cut \ud83d"},"x":1}'
    assert decoder.decode(body) == {"data": {"title": "cut \ufffd"}, "x": 1}


class Required(msgspec.Struct, frozen=True):
    id: str
    title: str | None = None


@pytest.mark.parametrize("body", [{"id": "a"}, {"data": {"id": "a"}}], ids=str)
def test_a_record_with_required_fields_is_decoded_bare_or_under_data(body: object) -> None:
    decoder = RecordDecoder(Required, declared("test-required", Required))
    assert decoder.decode(json.dumps(body).encode()) == Required(id="a")


def test_invalid_utf_8_in_an_unknown_key_is_ignored_as_on_a_page() -> None:
    body = b'{"id":"a","\xff":1}'
    assert records().decode(body) == pages().decode(b"[%s]" % body, page=1).results[0] == Talk(id="a")


# Content of errors


@pytest.mark.parametrize(
    "body",
    [
        b'[{"title":"SECRET \xff"}]',
        b'[{"title":"SECRET \xff"}',
        b'[{"title":"SECRET", "capacity":"x"}]',
        b'"SECRET"',
    ],
)
def test_an_error_holds_nothing_of_the_response(body: bytes) -> None:
    for decode in (lambda: pages().decode(body, page=1), lambda: records().decode(body)):
        with pytest.raises(DecodeError) as caught:
            decode()
        error = caught.value
        # A UnicodeDecodeError in the chain would hold the text.
        assert error.__cause__ is error.__context__ is None
        assert "SECRET" not in repr(vars(error))
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
