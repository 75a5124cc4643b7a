"""Messages of commands: options instead of arguments, and the ids that were given."""

from __future__ import annotations

import re
from collections.abc import Callable

from sessionboard_async import AsyncSession, ConfigurationError, DeadlineExceededError, NotFoundError
from sessionboard_async.cli.messages import explain
from sessionboard_async.errors import RequestContext

PYTHON = re.compile(r"AsyncSession|\bpass\b|Timeout\.|RateLimits|base_url|token_type|_after\b|max_response")


def raised(call: Callable[[], object]) -> Exception:
    try:
        call()
    except ConfigurationError as error:
        return error
    raise AssertionError("nothing was raised")


def test_errors_of_the_client_speak_of_options() -> None:
    address = "https://example.com"
    errors = {
        "--token": raised(lambda: AsyncSession(" ", base_url=address)),
        "without that word": raised(lambda: AsyncSession("Bearer abcdefgh", base_url=address)),
        "--base-url must": raised(lambda: AsyncSession("abcdefgh", base_url="http://example.com")),
        "copy it again": raised(lambda: AsyncSession("abc\x00defgh", base_url=address)),
        "--max-wait": DeadlineExceededError("not done within Timeout.total of 5 s: raise it"),
        "within 60 s": ConfigurationError("no complete answer within Timeout.attempt"),
        "within 10 s": ConfigurationError("no connection within Timeout.connect"),
        "64 bytes": ConfigurationError("the answer is larger than 64 bytes: raise max_response_bytes"),
        "its --expand is [], not": ValueError(
            "the checkpoint belongs to another query: its expand are [], not"
        ),
        "the checkpoint is damaged: it has": ValueError(
            "resume takes what checkpoint() returned, unchanged: it has no page"
        ),
    }
    for words, error in errors.items():
        message = explain(error)
        assert words in message
        assert not PYTHON.search(message), message


def test_the_ids_that_were_given_stand_in_the_path() -> None:
    context = RequestContext("GET", "/v1/event/{event_id}/sessions/{session_id}", "get-session", 1)
    error = NotFoundError("404", status=404, context=context)
    assert explain(error, ["4630", "a b"]) == "GET /v1/event/4630/sessions/a b: 404"
    assert explain(error, ["4630"]) == "GET /v1/event/4630/sessions/{session_id}: 404"
    assert explain(error) == "GET /v1/event/{event_id}/sessions/{session_id}: 404"


def test_an_error_of_the_system_is_its_text_on_one_line() -> None:
    assert explain(FileNotFoundError(2, "No such\nfile", "a\x1bb")) == r"No such file: 'a\x1bb'"
