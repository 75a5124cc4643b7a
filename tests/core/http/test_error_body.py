"""The messages of errors in every shape that servers send, without control characters and secrets."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from multidict import CIMultiDict

from sessionboard_async import errors
from sessionboard_async.core.http.error_body import clean_text, read_error_body
from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.response import Response, error_of

REQUEST = Request("GET", "/v1/event/{event_id}/rooms", "/v1/event/1/rooms", operation="list-rooms")


def refused(status: int, body: object) -> errors.APIError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = error_of(Call(REQUEST, None), Response(status, CIMultiDict(), raw))
    assert isinstance(error, errors.APIError)
    return error


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"errors": []}, "400"),
        ({"message": "No.", "errors": []}, "400: No."),
        ({"errors": ["title is required", "no such room"]}, "400: title is required; no such room"),
        ({"errors": [{"field": "title", "message": "required"}]}, "400: title: required"),
        ({"errors": {"title": ["is required"], "room": "is full"}}, "400: title: is required; room: is full"),
        (
            {"error": "ValidationError", "message": "Invalid.", "errors": [{"path": ["a", 0], "msg": "odd"}]},
            "400 ValidationError: Invalid. (a.0: odd)",
        ),
        ({"error": {"code": "bad_title", "message": "Too long."}}, "400 bad_title: Too long."),
        ({"error": {"message": "Too long."}}, "400: Too long."),
        ({"error": ["one", "two"]}, "400: one; two"),
        (
            {"message": ["title must be a text", "x must not exist"]},
            "400: title must be a text; x must not exist",
        ),
        ({"detail": "No such event."}, "400: No such event."),
        (
            {"detail": [{"loc": ["body", "title"], "msg": "field required"}]},
            "400: body.title: field required",
        ),
        (
            {
                "type": "https://errors.example/x",
                "title": "Invalid",
                "status": 400,
                "detail": "It has no title.",
            },
            "400: Invalid: It has no title.",
        ),
        (["title is required"], "400: title is required"),
        ("title is required", "400: title is required"),
        (b'\xef\xbb\xbf{"message": "No."}', "400: No."),
        ({"statusCode": 400, "code": 17, "message": "No."}, "400: No."),
        ({"errors": [[[[[["too deep"]]]]]]}, "400"),
        ({"errors": [None, 1, True, {}]}, "400"),
        (b'{"message": "cut', "400"),
        (b"<html>title is required</html>", "400"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_refusal_shows_what_the_api_said_in_any_shape(body: object, message: str) -> None:
    error = refused(400, body)
    assert error.message == message
    assert error.body == (body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "x"}, True),
        ({"message": "x"}, True),
        ({"errors": []}, True),
        # Other servers than the API answer in these shapes: they say nothing about a record.
        ({"detail": "x"}, False),
        ({"type": "about:blank", "title": "Not Found", "status": 404}, False),
        (["x"], False),
        (b"<html>", False),
    ],
    ids=repr,
)
def test_only_the_apis_own_shapes_count_as_the_api(body: object, expected: bool) -> None:
    assert refused(404, body).from_api is expected


def test_a_page_with_status_404_hints_at_the_base_url() -> None:
    assert "`base_url`" in refused(404, b"<!doctype html><title>404</title>").message
    assert "`base_url`" not in refused(404, {"error": "NotFoundError"}).message
    assert "`base_url`" not in refused(403, b"<html>").message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[2J\x9b31m\u202eb\u2028c\ufeff", "a [2J 31m b c"),
        ("no account of jane@private.example here", "no account of *** here"),
        ("<jane.doe+x@private.example>, retry", "<***>, retry"),
        ("see https://s.example/a?X-Signature=abc&b=c now", "see https://s.example/a?*** now"),
        ("what is this? nothing", "what is this? nothing"),
        ("the token a/b and a%2Fb", "the token *** and ***"),
        (" \t\r\n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_text_of_the_api_is_cleaned(text: str | None, expected: str | None) -> None:
    assert clean_text(text, secrets=("a/b", "")) == expected


@pytest.mark.parametrize("secret", ["api", "a/b"])
def test_a_short_secret_is_removed_but_not_from_within_words(secret: str) -> None:
    text = f"{secret}, ({secret}), {quote(secret, safe='')}, x{secret}x"
    assert clean_text(text, secrets=(secret,)) == f"***, (***), ***, x{secret}x"


def test_a_short_secret_ends_where_its_signs_do() -> None:
    assert clean_text("key$ab1, id%24ab1 and 12/=x", secrets=("$ab1", "12/=")) == "key***, id*** and ***x"


@pytest.mark.parametrize("letter", ["m", "@", "a@", "https://", "?", "\x1b", "a@b?"])
def test_cleaning_takes_no_longer_for_a_huge_text(letter: str) -> None:
    began = time.process_time()
    body = read_error_body(json.dumps({"message": letter * 300_000, "errors": [letter * 300_000]}).encode())
    assert time.process_time() - began < 1
    assert body.message is None or len(body.message) <= 500
