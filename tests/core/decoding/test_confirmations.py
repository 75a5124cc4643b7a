"""An answer with a status of success confirms a write, or is an error: for every operation, in every form."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from sessionboard_async.core.confirmations import confirms, is_web_page, reports_failure
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.endpoint import ENDPOINTS, Endpoint, Pages
from sessionboard_async.errors import DecodeError
from sessionboard_async.models import BulkAnswer, MediaItem, OpenRecord, Session
from sessionboard_async.services import load_services
from tests.core.decoding.decoder_models import ONE, declared, page, pages

load_services()

WRITES: list[Endpoint[Any]] = [
    endpoint
    for endpoint in ENDPOINTS.values()
    if not isinstance(endpoint.answer, Pages) and not (endpoint.method == "GET" and endpoint.answer is None)
    if not endpoint.idempotent or endpoint.answer is None
]
READS: list[Endpoint[Any]] = [
    endpoint
    for endpoint in ENDPOINTS.values()
    if endpoint.idempotent and endpoint.answer is not None and not isinstance(endpoint.answer, Pages)
]

NOT_DONE: dict[str, bytes] = {
    "a login page": b"<!DOCTYPE html>\n<html><title>Sign in to Guest Wi-Fi</title></html>",
    "a page of a proxy": b"\xef\xbb\xbf<html><body>Please wait</body></html>",
    "a text": b"Service unavailable",
    "broken off": b'{"id": "abc", "title": "Keyn',
    "success: false": b'{"success": false, "message": "cannot delete"}',
    "success: false, as text": b'{"success": "false"}',
    "success: false with a record": b'{"success": false, "data": {"id": "abc"}}',
    "ok: false": b'{"ok": false}',
    "an error": b'{"error": "ConflictError", "message": "the session has subsessions"}',
    "a nested error": b'{"error": {"code": "conflict", "message": "the session has subsessions"}}',
    "an error under data": b'{"data": {"error": "ConflictError"}}',
    "several errors": b'{"errors": [{"message": "the session has subsessions"}]}',
    "a status of an error": b'{"status": "error", "message": "cannot delete"}',
    "an HTTP status": b'{"statusCode": 409, "message": "cannot delete"}',
    "problem details": b'{"type": "about:blank", "title": "Conflict", "status": 409, "detail": "no"}',
    "false": b"false",
    "a number": b"7",
}

DONE: dict[str, bytes] = {
    "nothing": b"",
    "a line end": b"\r\n",
    "null": b"null",
    "an empty object": b"{}",
    "success: true": b'{"success": true}',
    "success: true with nothing": b'{"success": true, "data": null}',
    "no error": b'{"success": true, "error": null, "errors": []}',
    "a record": b'{"id": "abc"}',
    "a record under data": b'{"data": {"id": "abc"}}',
    "a record with success": b'{"success": true, "data": {"id": "abc"}}',
    "a message": b'{"message": "deleted"}',
    "a message and a status": b'{"status": 200, "message": "deleted"}',
    "a message as text": b'"deleted"',
    "true": b"true",
    "a word": b"OK",
    "a byte order mark": b"\xef\xbb\xbf{}",
}


def id_of(endpoint: Endpoint[Any]) -> str:
    return endpoint.operation_id


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "sessionboard_async")


@pytest.mark.parametrize("form", NOT_DONE)
def test_no_write_is_done_by_another_answer(form: str) -> None:
    assert len(WRITES) > 80
    for endpoint in WRITES:
        with pytest.raises(DecodeError) as caught:
            Decoders().record(endpoint).decode(NOT_DONE[form])
        assert caught.value.operation == endpoint.operation_id
        is_json = form not in {"a login page", "a page of a proxy", "a text", "broken off"}
        assert caught.value.transient is not is_json
        assert caught.value.reports_failure is (is_json and form != "a number")


@pytest.mark.parametrize("form", DONE)
def test_every_write_is_done_by_any_form_of_success(form: str) -> None:
    for endpoint in WRITES:
        answer: Any = Decoders().record(endpoint).decode(DONE[form])
        kind = type(None) if endpoint.answer is None else endpoint.answer
        assert isinstance(kind, type)
        assert isinstance(answer, kind)
        if "record" in form and (id_ := getattr(answer, "id", None)) is not None:
            assert str(id_) == "abc"


@pytest.mark.parametrize(
    ("answer", "is_done"),
    [
        ('[{"error": "in use"}]', False),
        ('[{"errors": ["in use"]}]', False),
        ('[{"id": "a"}, {"success": false}]', False),
        ('{"data": [{"error": {"code": "in_use"}}]}', False),
        ('{"results": [{"ok": false}]}', False),
        ('{"success": true, "results": [{"error": "in use"}]}', False),
        ("[false]", False),
        ("[]", True),
        ('{"data": []}', True),
        ('[{"id": "a"}]', True),
        ('[{"id": "a", "error": "no speech"}]', True),
        ('{"results": [{"message": "deleted"}]}', True),
        ('{"id": "a", "files": [{"error": "no speech"}]}', True),
    ],
)
def test_a_list_of_failures_is_not_done(answer: str, is_done: bool) -> None:
    without_content = [endpoint for endpoint in WRITES if endpoint.answer is None]
    assert len(without_content) > 20
    for endpoint in without_content:
        decoder = Decoders().record(endpoint)
        if is_done:
            assert decoder.decode(answer.encode()) is None
            continue
        with pytest.raises(DecodeError, match="reports a failure") as caught:
            decoder.decode(answer.encode())
        assert caught.value.reports_failure


@pytest.mark.parametrize("form", [form for form in NOT_DONE if form not in {"a number", "false"}])
def test_no_read_returns_a_failure_as_a_record(form: str) -> None:
    for endpoint in READS:
        with pytest.raises(DecodeError):
            Decoders().record(endpoint).decode(NOT_DONE[form])
    for paged in ENDPOINTS.values():
        if not isinstance(paged.answer, Pages):
            continue
        with pytest.raises(DecodeError) as caught:
            Decoders().pages(paged, paged.answer.record).decode(NOT_DONE[form], page=1)
        is_json = form not in {"a login page", "a page of a proxy", "a text", "broken off"}
        assert caught.value.reports_failure is is_json


def test_a_failure_beside_records_is_an_error_of_the_page() -> None:
    failures: list[dict[str, object]] = [
        {"success": False},
        {"error": "timeout"},
        {"errors": ["x"]},
        {"ok": False},
    ]
    for stated in failures:
        for rows in ([], [ONE], [{"id": 5}]):
            with pytest.raises(DecodeError, match="reports a failure") as caught:
                page({"results": rows, **stated})
            assert (caught.value.page, caught.value.reports_failure) == (3, True)
    nothing: list[dict[str, object]] = [{"success": True}, {"error": None, "errors": []}, {"ok": True}]
    for stated in nothing:
        assert len(page({"results": [ONE], **stated}).results) == 1
        body = json.dumps({"data": [ONE], **stated}).encode()
        assert pages(dict[str, Any]).decode(body, page=1).results == (ONE,)


@pytest.mark.parametrize("operation", ["get-session", "update-session", "create-session"])
@pytest.mark.parametrize("length", [0, 10_000])
def test_a_failure_beside_an_id_is_an_error_however_long_the_answer_is(operation: str, length: int) -> None:
    body = json.dumps({"id": "abc", "title": "x" * length, "success": False}).encode()
    with pytest.raises(DecodeError, match="reports a failure"):
        Decoders().record(ENDPOINTS[operation]).decode(body)


def test_a_field_of_a_record_is_no_failure() -> None:
    item = {"id": "m", "transcript_status": "failed", "error": "no speech", "status": "error"}
    for endpoint in (declared("test-media", MediaItem), ENDPOINTS["complete-media-upload"]):
        found: Any = Decoders().record(endpoint).decode(json.dumps(item).encode())
        assert (found.id, found.as_sent["error"]) == ("m", "no speech")
    failed = b'{"id": "r", "status": "failed", "error": "no speech", "channels": "N/A"}'
    recording: Any = Decoders().record(ENDPOINTS["complete-session-recording"]).decode(failed)
    assert (recording.id, recording.status, recording.channels) == ("r", "failed", None)
    session = Decoders().record(declared("test-status", Session)).decode(b'{"id": "a", "status": "error"}')
    assert session.status == "error"


def test_a_batch_of_which_something_failed_keeps_its_outcomes() -> None:
    sent = {"success": False, "results": [{"status": "error", "error": "taken"}, {"status": "success"}]}
    for odd in ({}, {"stats": "none"}):
        body = json.dumps({**sent, **odd}).encode()
        answer = Decoders().record(declared("test-bulk", BulkAnswer)).decode(body)
        assert [outcome.status for outcome in answer.results] == ["error", "success"]
    with pytest.raises(DecodeError, match="reports a failure"):
        Decoders().record(declared("test-bulk", BulkAnswer)).decode(b'{"success": false, "results": []}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"success": true, "id": "a", "capacity": "N/A"}',
        b'{"success": true, "data": {"id": "a", "capacity": "N/A"}}',
        b'{"id": "a", "status": 5, "capacity": []}',
    ],
)
def test_a_record_beside_a_confirmation_is_not_lost(body: bytes) -> None:
    session: Any = Decoders().record(ENDPOINTS["update-session"]).decode(body)
    assert session.id == "a"


def test_an_object_of_another_form_is_no_record_of_a_write() -> None:
    with pytest.raises(DecodeError, match="none of its fields"):
        Decoders().record(ENDPOINTS["create-session"]).decode(b'{"session": {"id": "a"}}')


def test_a_confirmation_without_the_record_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "sessionboard_async")
    decoder = Decoders().record(ENDPOINTS["create-session"])
    for body in (b"", b'{"success": true}'):
        assert decoder.decode(body) == Session()
    assert [record.getMessage() for record in caplog.records] == [
        "create-session: the answer confirms the request, and holds no record"
    ]


@pytest.mark.parametrize(
    ("start", "content_type"),
    [
        (b" \n<!doctype HTML>", None),
        (b"<html lang=en>", "application/pdf"),
        (b'<?xml version="1.0"?>\n<!-- a --><!DOCTYPE html PUBLIC>', None),
        (b"<!-- generated -->\n<head>", ""),
        (b"anything", "text/html; charset=utf-8"),
        (b"", "Text/HTML"),
    ],
)
def test_a_web_page_is_recognized(start: bytes, content_type: str | None) -> None:
    assert is_web_page(start, content_type)


@pytest.mark.parametrize(
    "start",
    [b"%PDF-1.7", b"\x89PNG", b"name,html\n<html>,1", b"<svg>", b"<headline/>", b"", b'{"html": "<html>"}'],
)
def test_a_file_is_no_web_page(start: bytes) -> None:
    assert not is_web_page(start, "application/octet-stream")


def test_values_that_say_neither() -> None:
    for value in (7, 0, 1.5, [], [1], {"foo": 1}, {"data": [1]}, {"data": {"foo": 1}}):
        assert not confirms(value)
        assert not reports_failure(value)


def test_an_open_record_keeps_what_a_confirmation_holds() -> None:
    for endpoint in WRITES:
        if isinstance(endpoint.answer, type) and issubclass(endpoint.answer, OpenRecord):
            found = Decoders().record(endpoint).decode(b'{"success": true, "key": "k"}')
            assert found.as_sent == {"success": True, "key": "k"}
