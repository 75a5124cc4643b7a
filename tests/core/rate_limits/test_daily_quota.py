"""The daily quota of writes: recognizing its headers, and remembering refusals."""

from __future__ import annotations

import pytest

from sessionboard_async.core.rate_limits.daily_quota import DOCUMENTED, DailyQuota
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

WINDOW = RateLimitHeaders(100, 40, 300.0, None)


def stated(
    limit: int | None = None,
    remaining: int | None = None,
    reset: float | None = None,
    window: float | None = None,
) -> RateLimitHeaders:
    return RateLimitHeaders(limit, remaining, reset, window)


@pytest.mark.parametrize(
    "day",
    [
        stated(500, 9, 300.0, 86_400.0),
        stated(None, 9, 40_000.0),
        stated(DOCUMENTED, 9, 300.0),
    ],
    ids=["by its window", "by its reset", "by its limit"],
)
def test_headers_of_the_day_are_recognized(day: RateLimitHeaders) -> None:
    assert DailyQuota().split((day, WINDOW), applies=True, window=900.0) == (WINDOW, day)


def test_the_documented_limit_is_not_of_the_day_where_the_quota_does_not_apply() -> None:
    other = stated(DOCUMENTED, 9, 300.0)
    assert DailyQuota().split((other,), applies=False, window=900.0) == (other, None)


def test_a_window_with_a_policy_is_not_of_the_day_whatever_its_limit() -> None:
    other = stated(DOCUMENTED, 9, 300.0, 900.0)
    assert DailyQuota().split((other,), applies=True, window=900.0) == (other, None)


def test_of_several_windows_the_one_with_the_least_left_is_used() -> None:
    tight = stated(10, 2, 30.0, 60.0)
    assert DailyQuota().split((WINDOW, tight), applies=True, window=900.0) == (tight, None)


def test_a_raised_limit_is_learned() -> None:
    quota = DailyQuota()
    quota.learn(0.0, stated(20_000, 100, 40_000.0, 86_400.0))
    assert (quota.limit, quota.remaining) == (20_000, 100)
    later = stated(20_000, 99, 300.0)
    assert quota.split((later,), applies=True, window=900.0) == (None, later)


def test_a_used_up_quota_is_known_from_headers() -> None:
    quota = DailyQuota()
    quota.learn(0.0, stated(remaining=0, reset=40_000.0))
    assert quota.exhausted(59.0)
    assert not quota.exhausted(61.0), "a write may ask the server again"


def test_requests_left_lift_a_refusal() -> None:
    quota = DailyQuota()
    quota.refuse(0.0, 40_000.0)
    assert quota.exhausted(1.0)
    quota.learn(1.0, stated(remaining=5, reset=40_000.0))
    assert not quota.exhausted(2.0)


def test_headers_without_a_count_do_not_lift_a_refusal() -> None:
    quota = DailyQuota()
    quota.refuse(0.0, 40_000.0)
    quota.learn(1.0, stated(limit=DOCUMENTED))
    assert quota.exhausted(2.0)


def test_the_wait_of_a_refusal_is_kept() -> None:
    quota = DailyQuota()
    quota.refuse(0.0, 40_000.0)
    assert quota.remaining == 0
    assert quota.resets_in(100.0) == 39_900.0
    assert quota.resets_in(40_000.0) is None


def test_a_refusal_ends_with_the_day() -> None:
    quota = DailyQuota()
    quota.refuse(0.0, 10.0)
    assert quota.exhausted(9.0)
    assert not quota.exhausted(11.0)


def test_a_refusal_without_a_wait_keeps_the_known_end_of_the_day() -> None:
    quota = DailyQuota()
    quota.learn(0.0, stated(remaining=1, reset=500.0))
    quota.refuse(100.0, None)
    assert quota.resets_in(100.0) == 400.0
