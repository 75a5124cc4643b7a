"""Errors from statuses and bodies, and the headers of answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from sessionboard_async import errors
from sessionboard_async.core.http.request import Call, Request, storage_request
from sessionboard_async.core.http.response import Response, error_of, http_date, request_id, retry_after
from sessionboard_async.core.http.transfers.transfer import Transfer

REQUEST = Request(
    "GET", "/v1/event/{event_id}/sessions/{session_id}", "/v1/event/1/sessions/2", operation="test-get"
)
SECRET = "c2Vjcm/V0+dG9rZW4="
DATE = "Sun, 09 Aug 2026 12:00:00 GMT"


def answer(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, CIMultiDict(headers or {}), raw)


def refused(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> errors.APIError:
    error = error_of(Call(REQUEST, None), answer(status, body, headers), secrets=(SECRET,))
    assert isinstance(error, errors.APIError)
    return error


# Statuses

NAMED = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableError,
    429: errors.RateLimitError,
}


@pytest.mark.parametrize("status", range(200, 300))
def test_a_success_is_no_error(status: int) -> None:
    assert error_of(Call(REQUEST, None), answer(status, {"error": "BadRequestError"})) is None


@pytest.mark.parametrize("status", [*range(100, 200), *range(300, 600)])
def test_every_other_status_has_its_class(status: int) -> None:
    if status >= 500:
        expected: type[errors.APIError] = errors.ServerError
    elif 300 <= status < 400:
        expected = errors.RedirectError
    else:
        expected = NAMED.get(status, errors.APIError)
    error = refused(status)
    assert type(error) is expected
    assert error.status == status
    assert (error.method, error.route, error.operation) == ("GET", REQUEST.route, "test-get")
    assert str(error).startswith(f"GET /v1/event/{{event_id}}/sessions/{{session_id}}: {status}")


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (302, "redirects are never followed"),
        (308, "redirects are never followed"),
        (403, "lacks a scope"),
        (404, "no such event or record"),
        (407, "the proxy requires other credentials"),
    ],
)
def test_gives_advice_if_the_api_sends_no_message(status: int, advice: str) -> None:
    assert advice in str(refused(status))
    assert advice not in str(refused(status, {"message": "Ask an admin."}))


def test_a_refused_token_always_gets_the_hint_about_the_region() -> None:
    assert "other region" in str(refused(401))
    assert "Ask an admin.: the token is wrong or revoked, or belongs to the other region" in str(
        refused(401, {"message": "Ask an admin."})
    )


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_page_of_a_firewall_is_not_taken_for_the_api(status: int) -> None:
    assert "the answer is not from the API" in str(refused(status, b"<html>Request blocked</html>"))
    assert "not from the API" not in str(refused(status, {"error": "ForbiddenError"}))


# Bodies


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": "NotFoundError", "message": "Event not found"}, "NotFoundError", "Event not found"),
        ({"error": "not_found", "message": "No such event"}, "not_found", "No such event"),
        (
            {"error": "The event is gone.", "code": "NotFoundError", "message": "Gone.", "status": 404},
            "NotFoundError",
            "Gone.",
        ),
        ({"error": "NotFoundError", "code": 404}, "NotFoundError", None),
        ({"error": "NotFoundError", "code": None}, "NotFoundError", None),
        ({"message": "An internal server error occurred."}, None, "An internal server error occurred."),
        ({"error": {"code": "x"}, "message": ["a"]}, "x", "a"),
        ({"success": False, "payload": {}}, None, None),
        ({"error": "", "message": "  "}, None, None),
        ({}, None, None),
        ([], None, None),
        ([{"error": "NotFoundError"}], None, "NotFoundError"),
        ("NotFoundError", None, "NotFoundError"),
        (None, None, None),
        (404, None, None),
        (b"", None, None),
        (b"<!doctype html><title>404</title>", None, None),
        (b'{"error": "NotFoundError"', None, None),
        (b'{"error": "\xff\xfe"}', None, None),
        (b"\x1f\x8b\x08\x00", None, None),
        (b'{"error":' * 100_000, None, None),
        (b'{"message":' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, None),
        (b'{"error": 1e999}', None, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_reads_errors_of_the_api_in_any_shape(body: object, code: str | None, message: str | None) -> None:
    error = refused(404, body)
    assert (error.code, error.api_message) == (code, message)
    assert all(part in str(error) for part in (code, message) if part)


def test_a_message_in_error_is_kept_if_code_has_the_name() -> None:
    error = refused(404, {"error": "The event is gone.", "code": "NotFoundError"})
    assert (error.code, error.api_message) == ("NotFoundError", "The event is gone.")


@pytest.mark.parametrize(
    ("body", "from_api"),
    [
        ({"error": "ForbiddenError", "message": "No."}, True),
        ({"message": "No."}, True),
        ({"code": 403, "status": "error"}, True),
        ({"errors": [{"path": "id"}]}, True),
        ({"error": {"code": "x"}}, True),
        ({"error": ""}, True),
        ({"error": None, "message": None}, False),
        ({"success": False}, False),
        ({}, False),
        ([], False),
        (["error"], False),
        ("error", False),
        (None, False),
        (b"", False),
        (b"<!doctype html><title>403</title>", False),
        (b"error", False),
        (b'{"error": "ForbiddenError"', False),
        (b'{"error": "\xff\xfe"}', False),
        (b'{"error":' * 100_000, False),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("status", [302, 401, 403, 404, 405, 429, 501])
def test_an_error_of_the_api_is_known_by_its_body(status: int, body: object, from_api: bool) -> None:
    assert refused(status, body).from_api is from_api


def test_an_error_of_a_storage_is_not_the_apis() -> None:
    request = storage_request("PUT", Transfer(address="https://storage.example/x"))
    error = error_of(Call(request, None), answer(403, {"error": "AccessDenied", "message": "x"}))
    assert type(error) is errors.StorageError
    assert not isinstance(error, errors.APIError)


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.just(SECRET)
    ),
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.sampled_from(["error", "code", "message", "status"]), inner)
    ),
)


@given(st.integers(100, 599).filter(lambda status: not 200 <= status < 300), st.one_of(JSON, st.binary()))
def test_any_body_makes_one_bounded_printable_line(status: int, body: object) -> None:
    error = refused(status, body)
    assert len(str(error)) < 1_500
    assert SECRET not in str(error)
    assert SECRET not in repr(vars(error))
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in str(error))


def test_a_huge_message_is_cut() -> None:
    error = refused(400, {"error": "E" * 1_000_000, "message": "m" * 1_000_000})
    assert error.code is not None
    assert error.api_message is not None
    assert len(error.code) <= 500 >= len(error.api_message)


@pytest.mark.parametrize("field", ["error", "code", "message"])
def test_removes_the_token(field: str) -> None:
    error = refused(401, {field: f"the token {SECRET} is unknown ({SECRET})"})
    assert "the token *** is unknown (***)" in str(error)


def test_a_token_at_the_cut_is_removed_completely() -> None:
    error = refused(401, {"message": "m" * 495 + SECRET})
    assert SECRET[:4] not in str(error)


def test_line_breaks_cannot_forge_a_log_line() -> None:
    error = refused(400, {"message": "bad\r\nINFO all is well\x1b[31m\x00\x85"})
    assert error.api_message == "bad INFO all is well [31m"


def test_without_secrets_nothing_is_removed() -> None:
    error = error_of(Call(REQUEST, None), answer(400, {"message": "as it is"}))
    assert isinstance(error, errors.APIError)
    assert error.api_message == "as it is"


# Headers


@pytest.mark.parametrize("name", ["X-Request-Id", "x-amzn-RequestId", "X-Amzn-Trace-Id", "CF-Ray"])
def test_finds_the_request_id_under_any_of_its_names(name: str) -> None:
    assert request_id(CIMultiDict({name: "req-1"})) == "req-1"
    assert refused(500, headers={name: "req-1"}).request_id == "req-1"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-request-id": ""}, None),
        ({"x-request-id": "", "cf-ray": "ray"}, "ray"),
        ({"cf-ray": "ray", "x-request-id": "first"}, "first"),
        ({"x-request-id": "a\r\nb\x1bc"}, "a b c"),
        ({"x-request-id": "i" * 5_000}, "i" * 100),
        ({"x-request-id": " \t "}, None),
    ],
)
def test_a_request_id_is_one_short_printable_text(headers: dict[str, str], expected: str | None) -> None:
    assert request_id(CIMultiDict(headers)) == expected


def test_the_token_is_removed_from_a_request_id() -> None:
    assert SECRET not in str(refused(500, headers={"x-request-id": f"for {SECRET}"}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 747 ", 747.0),
        ("1.5", 1.5),
        ("0.25", 0.25),
        ("999999999", 999_999_999.0),
        ("Sun, 09 Aug 2026 12:00:30 GMT", 30.0),
        ("Sun, 09 Aug 2026 14:00:30 +0200", 30.0),
        ("Sun, 09 Aug 2026 12:00:30 -0000", 30.0),
        ("Sunday, 09-Aug-26 12:00:30 GMT", 30.0),
        ("Sun Aug  9 12:00:30 2026", 30.0),
        ("Sun, 09 Aug 2026 11:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1e9),
        ("Sun, 09 Aug 2026 12:00:00 -2359", 86_340.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 01 Jan 2020 00:00:00 +99999999999999999", None),
        ("Sun, 09 Aug 2026 12:00:00 -99999999999999999", None),
        ("Sun, 09 Aug 2026 12:00:00 +2400", None),
        *(
            (text, None)
            for text in ("", "soon", "-5", "1e3", "5 s", "1.", ".5", "1,5", "١٢", "NaN", "inf", "0x10")
        ),
        *(
            (text, None)
            for text in ("Sun, 99 Aug 2026 12:00:00 GMT", "Sun, 09 Aug 99999 12:00:00 GMT", "Sun, 09", ";")
        ),
        ("9" * 4_000 + " GMT", None),
    ],
)
def test_reads_retry_after_in_seconds_or_as_a_date(value: str, expected: float | None) -> None:
    headers = CIMultiDict({"Retry-After": value, "Date": DATE})
    assert retry_after(headers) == expected
    assert refused(503, headers=headers).retry_after == expected


@pytest.mark.parametrize("value", ["9999999999", "9" * 400])
def test_an_absurdly_long_wait_is_bounded(value: str) -> None:
    seconds = retry_after({"Retry-After": value})
    assert seconds is not None
    assert 999_999_999 <= seconds <= 1e9
    # It can be added to the time, and waited for.
    assert datetime.now(UTC) + timedelta(seconds=seconds) > datetime.now(UTC)


FIRST, EPOCH, LAST = (f"{date} 00:00:00 GMT" for date in ("1 Jan 0100", "1 Jan 1970", "31 Dec 9999"))


@pytest.mark.parametrize("date", [FIRST, EPOCH, DATE, LAST, "x"])
@pytest.mark.parametrize("until", [FIRST, EPOCH, LAST])
def test_a_date_in_any_year_is_bounded(until: str, date: str) -> None:
    seconds = retry_after({"Retry-After": until, "Date": date})
    assert seconds is not None
    assert 0 <= seconds <= 1e9


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after({}) is None
    assert refused(429).retry_after is None


@given(st.integers(0, 999_999_999))
def test_any_seconds_are_read(seconds: int) -> None:
    assert retry_after({"Retry-After": str(seconds)}) == seconds


@given(st.text())
def test_an_invalid_header_is_none_or_a_time_not_past(value: str) -> None:
    seconds = retry_after({"Retry-After": value, "Date": DATE})
    assert seconds is None or 0 <= seconds <= 1e9


MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, st.integers(-100_000, 100_000))
def test_a_date_is_compared_with_the_servers_clock(served: datetime, seconds: int) -> None:
    served = served.replace(microsecond=0)
    headers = {
        "Retry-After": format_datetime(served + timedelta(seconds=seconds), usegmt=True),
        "Date": format_datetime(served, usegmt=True),
    }
    assert retry_after(headers, now=datetime(1999, 1, 1, tzinfo=UTC)) == max(0, seconds)


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_a_date_of_the_server_the_local_clock_is_used(date: str | None) -> None:
    headers = {"Retry-After": DATE} | ({} if date is None else {"Date": date})
    assert retry_after(headers, now=datetime(2026, 8, 9, 11, 59, tzinfo=UTC)) == 60
    assert retry_after(headers, now=datetime(2026, 8, 9, 13, 59, tzinfo=timezone(timedelta(hours=2)))) == 60
    far = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = retry_after(headers | {"Retry-After": far})
    assert seconds is not None
    assert 3_500 < seconds <= 3_600


@given(MOMENTS)
def test_http_dates_are_parsed(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    assert http_date(format_datetime(moment, usegmt=True)) == moment


@pytest.mark.usefixtures("far_from_utc")
def test_a_date_without_a_zone_is_in_utc_wherever_the_client_runs() -> None:
    assert http_date("Sun, 09 Aug 2026 12:00:00 -0000") == datetime(2026, 8, 9, 12, tzinfo=UTC)


@given(st.text())
def test_an_invalid_date_is_none_and_a_valid_one_has_an_offset(value: str) -> None:
    read = http_date(value)
    assert read is None or read.tzinfo is UTC


def test_a_response_shows_neither_headers_nor_body() -> None:
    assert repr(answer(200, b"SECRET", {"set-cookie": "SECRET"})) == "Response(status=200)"
