"""Rate-limit headers at their edges: all forms at once, longest values, and separators in odd places."""

from __future__ import annotations

import pytest

from sessionboard_async.core.rate_limits.headers import RateLimitHeaders as Stated
from sessionboard_async.core.rate_limits.headers import parse_rate_limit_headers as parse
from tests.core.rate_limits.header_samples import PREFIXES, received, three, triple


def test_of_all_forms_at_once_the_latest_draft_is_used() -> None:
    every = [header for prefix in PREFIXES for header in three("9", "8", "7", prefix)]
    policies = [(f"{prefix}-Policy", "9;w=60") for prefix in PREFIXES]
    headers = received(*every, *policies, ("RateLimit", "limit=100, remaining=40, reset=5"))
    assert parse(headers) == (Stated(100, 40, 5.0, None), Stated(9, None, None, 60.0))


@pytest.mark.parametrize(("length", "expected"), [(1_000, (Stated(100, 40, 5.0, None),)), (1_001, ())])
def test_a_header_of_up_to_a_thousand_characters_is_read(length: int, expected: tuple[Stated, ...]) -> None:
    text = "limit=100, remaining=40, reset=5"
    assert parse(received(("RateLimit", text.ljust(length)))) == expected


def test_a_header_that_is_too_long_is_as_good_as_missing() -> None:
    headers = triple("10, 100", "9" * 1_001, "1, 2")
    assert parse(headers) == (Stated(10, None, 1.0, None), Stated(100, None, 2.0, None))


def test_each_of_two_equal_limits_keeps_its_own_window() -> None:
    headers = triple("100;w=60, 100;w=900", "5, 9", "1, 2")
    assert parse(headers) == (Stated(100, 5, 1.0, 60.0), Stated(100, 9, 2.0, 900.0))


def test_an_item_without_a_head_is_left_out() -> None:
    assert parse(triple(";, 100", "40", "5")) == (Stated(100, 40, 5.0, None),)


def test_a_value_begins_after_the_first_equals_sign() -> None:
    headers = received(("RateLimit", "limit=10, limit=a=b, remaining=1, remaining=2"))
    assert parse(headers) == (Stated(10, 1, None, None), Stated(None, 2, None, None))


def test_a_quota_of_an_unknown_unit_does_not_count_requests() -> None:
    policy = '"day";q=500;w=86400;qu="a=b", "window";q=100;w=900'
    assert parse(received(("RateLimit-Policy", policy))) == (Stated(100, None, None, 900.0),)
