"""Rate limits of the embedded server, and their headers."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sessionboard_async.services  # noqa: F401  # declares the operations
from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.testing import ServerLimits
from sessionboard_async.testing.rate_limits import DAY, Counters, HeaderStyle, LimitDecision, headers_of
from sessionboard_async.testing.request_counters import (
    Verdict,
)

NOW = 1_790_000_000.25
"""An arbitrary time, in seconds since 1970."""

NUMBER = re.compile(r"[0-9]+")


def numbers(headers: dict[str, str]) -> dict[str, list[int]]:
    return {name: [int(number) for number in NUMBER.findall(value)] for name, value in headers.items()}


@given(
    st.builds(
        Verdict,
        allowed=st.booleans(),
        limit=st.integers(1, 10_000),
        window=st.floats(0.25, DAY),
        remaining=st.integers(0, 10_000),
        resets_in=st.floats(0, DAY),
        retry_in=st.floats(0, DAY),
    )
)
def test_headers_report_the_verdict(verdict: Verdict) -> None:
    limit, remaining, reset = verdict.limit, verdict.remaining, verdict.reset
    window = math.ceil(verdict.window)
    triple = {"Limit": [limit], "Remaining": [remaining], "Reset": [reset]}
    expected: dict[HeaderStyle, dict[str, list[int]]] = {
        "draft-6": {f"RateLimit-{name}": value for name, value in triple.items()},
        "draft-7": {"RateLimit": [limit, remaining, reset], "RateLimit-Policy": [limit, window]},
        "draft-8": {"RateLimit": [remaining, reset], "RateLimit-Policy": [limit, window]},
        "x": {f"X-RateLimit-{name}": value for name, value in triple.items()},
        "epoch": {
            f"X-RateLimit-{name}": value
            for name, value in {**triple, "Reset": [math.ceil(NOW + verdict.resets_in)]}.items()
        },
        "none": {},
    }
    for style, parts in expected.items():
        if not verdict.allowed and style != "none":
            parts["Retry-After"] = [verdict.retry_after]
        assert numbers(headers_of(verdict, style, since_1970=NOW)) == parts


def test_headers_are_spelled_as_their_drafts_have_them() -> None:
    refused = Verdict(allowed=False, limit=100, window=900.0, remaining=0, resets_in=41.2, retry_in=7.5)
    assert headers_of(refused, "draft-7", since_1970=NOW)["RateLimit"] == "limit=100, remaining=0, reset=42"
    assert headers_of(refused, "draft-8", since_1970=NOW, name="burst") == {
        "RateLimit": '"burst";r=0;t=42',
        "RateLimit-Policy": '"burst";q=100;w=900',
        "Retry-After": "8",
    }
    assert headers_of(refused, "epoch", since_1970=NOW)["X-RateLimit-Reset"] == "1790000042"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"requests": 0}, "requests must be an integer of at least 1, not 0"),
        ({"requests": True}, "requests"),
        ({"requests": 2.0}, "requests"),
        ({"window": 0}, "window must be more than 0 and finite, not 0"),
        ({"window": math.inf}, "window"),
        ({"window": math.nan}, "window"),
        ({"window": "900"}, "window"),
        ({"headers": "draft-5"}, "headers must be one of draft-6, draft-7, draft-8, x, epoch, none"),
        ({"headers": None}, "headers"),
        ({"daily_quota": 0}, "daily_quota"),
        ({"processes": 0}, "processes"),
        ({"processes": None}, "processes"),
        ({"stranger": 1}, "stranger must be from 0 to below 1, not 1"),
        ({"stranger": -0.1}, "stranger"),
        ({"stranger": True}, "stranger"),
    ],
)
def test_invalid_limits_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=rf"ServerLimits\.{message}"):
        ServerLimits(**arguments)


class Server:
    """Counters on a clock that stands still unless advanced."""

    def __init__(self, **arguments: Any) -> None:
        self.now = 1000.0
        limits = ServerLimits(**arguments)
        self.counters = Counters(limits, clock=lambda: self.now, wall_clock=lambda: NOW + self.now)

    def count(self, operation: str = "list-tags", token: str = "a") -> LimitDecision:
        return self.counters.count(ENDPOINTS[operation], token)

    def remaining(self, operation: str = "list-tags", token: str = "a") -> int | None:
        value = self.count(operation, token).headers.get("RateLimit-Remaining")
        return None if value is None else int(value)


def test_operations_of_a_category_share_a_budget_and_categories_and_tokens_do_not() -> None:
    server = Server()
    assert [server.remaining(name) for name in ("list-tags", "list-rooms", "get-session")] == [99, 98, 97]
    assert server.remaining("create-tag") == 99
    assert server.remaining("list-tags", token="b") == 99
    assert server.remaining("list-tags") == 96


def test_searches_can_be_limited_each_separately() -> None:
    assert Server().count("search-sessions") == LimitDecision()
    server = Server(searches=True)
    assert [server.remaining(name) for name in ("search-sessions", "list-events")] == [99, 99]
    assert server.remaining("search-sessions") == 98


def test_refused_requests_have_retry_after_and_are_counted() -> None:
    server = Server(requests=2, window=10.0)
    refusals = [server.count().refusal for _ in range(4)]
    assert refusals == [None, None, "too many requests", "too many requests"]
    assert server.counters.refusals == 2
    server.now += 9.5
    assert server.count().headers["Retry-After"] == "1"
    server.now += 0.5
    assert server.count() == LimitDecision(
        {"RateLimit-Limit": "2", "RateLimit-Remaining": "1", "RateLimit-Reset": "10"}
    )


def test_the_daily_quota_counts_after_the_window_and_replaces_its_headers() -> None:
    server = Server(requests=4, window=10.0, daily_quota=5)
    assert server.count("create-tag").headers["RateLimit-Limit"] == "4"
    assert server.count("create-session").headers == {
        "RateLimit-Limit": "5",
        "RateLimit-Remaining": "4",
        "RateLimit-Reset": "86400",
    }
    assert server.remaining("create-contact") == 3
    assert [server.remaining("create-session") for _ in range(3)] == [2, 1, 0]
    server.now += 10
    refused = server.count("create-session")
    assert refused.refusal == "Rate limit or daily quota exceeded"
    assert refused.headers["Retry-After"] == "86390"
    assert server.remaining("update-session") == 2
    assert server.remaining("create-session", token="b") == 4
    server.now += DAY - 10
    assert server.remaining("create-session") == 4


def test_requests_that_the_window_refuses_do_not_count_against_the_daily_quota() -> None:
    server = Server(requests=1, window=10.0, daily_quota=5)
    server.count("create-session")
    for _ in range(20):
        refused = server.count("create-session")
        assert refused.refusal == "too many requests"
        assert refused.headers["RateLimit-Limit"] == "1"
    server.now += 10
    assert server.remaining("create-session") == 3


def test_the_daily_quota_is_listed_beside_the_window_in_draft_8() -> None:
    server = Server(headers="draft-8", daily_quota=5)
    assert server.count("create-session").headers == {
        "RateLimit": '"window";r=99;t=900, "daily";r=4;t=86400',
        "RateLimit-Policy": '"window";q=100;w=900, "daily";q=5;w=86400',
    }


def test_processes_count_separately_and_answer_in_turn() -> None:
    server = Server(requests=2, processes=2, daily_quota=100)
    assert [server.remaining() for _ in range(4)] == [1, 1, 0, 0]
    assert [server.remaining("create-session") for _ in range(2)] == [99, 99]
    assert server.count().refusal is not None


def test_another_client_uses_the_window_but_not_the_daily_quota() -> None:
    server = Server(stranger=0.5, daily_quota=1000)
    server.count("create-session")
    server.now += 450
    assert server.count("create-session").headers["RateLimit-Remaining"] == "998"
    assert server.remaining("update-session") == 100 - 25 - 3


def test_the_style_none_has_no_rate_limit_headers() -> None:
    server = Server(requests=1, headers="none")
    assert server.count() == LimitDecision()
    assert server.count() == LimitDecision({}, "too many requests")


def test_an_absolute_time_in_a_header_is_one_of_the_wall_clock() -> None:
    server = Server(headers="epoch")
    assert server.count().headers["X-RateLimit-Reset"] == str(math.ceil(NOW + 1000 + 900))
