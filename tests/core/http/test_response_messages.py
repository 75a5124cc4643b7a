"""The messages of errors, word for word: what came, and what to do about it."""

from __future__ import annotations

import json

import pytest
from multidict import CIMultiDict

from sessionboard_async import errors
from sessionboard_async.core.http.request import Call, Request, storage_request
from sessionboard_async.core.http.response import (
    Response,
    add_reported_message,
    error_of,
    info_of,
    request_id,
)
from sessionboard_async.core.http.transfers.transfer import Transfer

READ = Request("GET", "/v1/event/{event_id}/rooms", "/v1/event/1/rooms", operation="list-rooms")
UPLOAD = storage_request("PUT", Transfer(address="https://storage.example/x?signature=SECRET"))


def refused(request: Request, status: int, body: object = b"") -> errors.StatusError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_of(Call(request, None), Response(status, CIMultiDict(), raw))
    assert error is not None
    return error


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (400, {"error": "BadRequestError", "message": "No."}, "400 BadRequestError: No."),
        (400, {"error": "BadRequestError"}, "400 BadRequestError"),
        (400, {"message": "No."}, "400: No."),
        (400, b"", "400"),
        (404, {"error": "NotFoundError", "message": "Gone."}, "404 NotFoundError: Gone."),
        (
            404,
            {"error": "NotFoundError"},
            "404 NotFoundError: there is no such event or record, or this token may not see it",
        ),
        (300, b"", "300: redirects are never followed: check the base URL"),
        (302, b"", "302: redirects are never followed: check the base URL"),
        (
            403,
            b"<html>",
            "403: the answer is not from the API: a proxy or firewall may have refused the request",
        ),
        (403, b"", "403: the token lacks a scope, or the feature is not enabled there"),
        (409, b"<html>", "409"),
    ],
)
def test_an_error_of_the_api_says_what_came_and_what_to_do(status: int, body: object, message: str) -> None:
    assert refused(READ, status, body).message == message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (302, "302: redirects are never followed: request a new upload address"),
        (400, "400: the storage refused the content"),
        (
            403,
            "403: the upload address has expired, or its headers were not sent: request a new upload address",
        ),
        (404, "404: the upload address does not exist: request a new upload address"),
        (500, "500"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<Error>SECRET</Error>", {"message": "SECRET", "code": "x"}])
def test_an_error_of_a_storage_repeats_nothing_of_its_answer(status: int, message: str, body: object) -> None:
    error = refused(UPLOAD, status, body)
    assert type(error) is errors.StorageError
    assert error.message == message
    assert not isinstance(error, errors.APIError)


def test_an_error_carries_the_request_and_what_the_server_said() -> None:
    headers = CIMultiDict({"Retry-After": "7", "X-Request-Id": "r-1"})
    call = Call(READ, None)
    call.attempts = 3
    error = error_of(call, Response(503, headers, b'{"error": "Busy", "message": "Later."}'))
    assert type(error) is errors.ServerError
    assert (error.status, error.code, error.api_message) == (503, "Busy", "Later.")
    assert (error.retry_after, error.request_id, error.from_api) == (7.0, "r-1", True)
    assert (error.method, error.route, error.operation, error.attempts) == (
        "GET",
        READ.route,
        "list-rooms",
        3,
    )


@pytest.mark.parametrize(
    "name", ["x-request-id", "x-amzn-requestid", "x-amz-request-id", "x-amzn-trace-id", "cf-ray"]
)
def test_a_secret_is_no_part_of_a_request_id(name: str) -> None:
    headers = CIMultiDict({name.title(): "a-SECRET-b"})
    assert request_id(headers) == "a-SECRET-b"
    assert request_id(headers, secrets=("", "SECRET")) == "a-***-b"


def test_an_error_of_a_storage_has_what_its_headers_say() -> None:
    headers = CIMultiDict({"Retry-After": "7", "X-Amz-Request-Id": "r-SECRET"})
    error = error_of(Call(UPLOAD, None), Response(503, headers, b"<Error>"), secrets=("SECRET",))
    assert type(error) is errors.StorageError
    assert (error.status, error.retry_after, error.request_id) == (503, 7.0, "r-***")
    assert error.body == b"<Error>"
    assert (error.method, error.route) == ("PUT", UPLOAD.route)


def test_facts_about_an_answer_are_those_of_the_whole_call() -> None:
    headers = CIMultiDict({"X-Request-Id": "r-SECRET"})
    info = info_of(Response(204, headers, b"a body", attempts=3, seconds=1.5), ("SECRET",))
    assert (info.status, info.request_id, info.attempts, info.seconds) == (204, "r-***", 3, 1.5)
    assert info.headers is headers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": "Busy", "message": "Not SECRET now."}', "it failed: Busy: Not *** now."),
        (b'{"error": "Busy"}', "it failed: Busy"),
        (b'{"message": "Later."}', "it failed: Later."),
        (b"{}", "it failed"),
    ],
)
def test_a_failure_with_a_status_of_success_says_what_the_api_reported(body: bytes, message: str) -> None:
    failed = errors.DecodeError("it failed", reports_failure=True)
    add_reported_message(failed, body, ("SECRET",))
    assert failed.message == message
    other = errors.DecodeError("it failed")
    add_reported_message(other, body, ("SECRET",))
    assert other.message == "it failed", "any other answer may hold personal data"


@pytest.mark.parametrize(
    ("headers", "media_type"), [({"Content-Type": "text/html"}, "text/html"), ({}, "unknown type")]
)
def test_an_answer_without_json_is_described(headers: dict[str, str], media_type: str) -> None:
    with pytest.raises(errors.DecodeError) as caught:
        Response(200, CIMultiDict(headers), b"<html>").json()
    assert caught.value.message == f"the answer is no JSON (DecodeError), but 6 bytes of {media_type}"
