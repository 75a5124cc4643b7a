"""The daily quota at its edges: nothing known yet, exact bounds, and several windows alike."""

from __future__ import annotations

import pytest

from sessionboard_async.core.rate_limits.daily_quota import DOCUMENTED, DailyQuota
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders


def day(remaining: int | None, reset: float | None = None) -> RateLimitHeaders:
    return RateLimitHeaders(DOCUMENTED, remaining, reset, 86_400.0)


def is_daily(item: RateLimitHeaders, *, window: float) -> bool:
    windowed, daily = DailyQuota().split((item,), applies=False, window=window)
    assert {windowed, daily} == {item, None}
    return daily is item


def test_before_any_response_the_documented_quota_is_assumed() -> None:
    quota = DailyQuota()
    assert (quota.limit, quota.remaining) == (DOCUMENTED, None)
    assert not quota.exhausted(0.0)
    assert quota.resets_in(0.0) is None


def test_a_first_refusal_without_a_wait_is_remembered_for_a_minute() -> None:
    quota = DailyQuota()
    quota.refuse(1_000.0, None)
    assert [quota.exhausted(now) for now in (1_000.0, 1_059.9, 1_060.0)] == [True, True, False]
    assert quota.resets_in(1_000.0) is None


@pytest.mark.parametrize("seconds", [10.0, 60.0])
def test_a_refusal_ends_exactly_with_the_day_or_the_minute(seconds: float) -> None:
    quota = DailyQuota()
    quota.refuse(0.0, seconds)
    assert quota.exhausted(seconds - 0.1)
    assert not quota.exhausted(seconds)


def test_headers_without_a_reset_leave_the_end_of_the_day_unknown() -> None:
    quota = DailyQuota()
    quota.learn(0.0, day(0, 500.0))
    quota.learn(1.0, day(0))
    assert quota.resets_in(1.0) is None
    assert quota.exhausted(60.9)


@pytest.mark.parametrize(
    ("length", "window", "expected"),
    [
        (6 * 3600.0, 900.0, True),
        (6 * 3600.0 - 1, 900.0, False),
        (40_000.0, 20_000.0, True),
        (39_999.0, 20_000.0, False),
    ],
)
def test_a_daily_window_lasts_six_hours_and_two_windows_at_least(
    length: float, window: float, expected: bool
) -> None:
    assert is_daily(RateLimitHeaders(5, 4, 1.0, length), window=window) is expected


@pytest.mark.parametrize(("reset", "expected"), [(1800.0, False), (1800.1, True)])
def test_a_daily_reset_is_more_than_two_windows_away(reset: float, expected: bool) -> None:
    assert is_daily(RateLimitHeaders(5, 4, reset, None), window=900.0) is expected


def test_of_windows_with_the_same_number_left_the_first_is_used() -> None:
    first, second = RateLimitHeaders(10, 2, 30.0, 60.0), RateLimitHeaders(100, 2, 300.0, 900.0)
    assert DailyQuota().split((first, second), applies=True, window=900.0) == (first, None)


def test_a_window_that_says_what_is_left_goes_before_one_that_does_not() -> None:
    known, unknown = RateLimitHeaders(10, 9, 30.0, 60.0), RateLimitHeaders(100, None, None, 900.0)
    for items in [(known, unknown), (unknown, known)]:
        assert DailyQuota().split(items, applies=True, window=900.0) == (known, None)


@pytest.mark.parametrize(
    ("stated", "believed"), [(86_400.0, 86_400.0), (86_402.0, 86_401.0), (1e9, 86_401.0)]
)
def test_no_day_is_longer_than_a_day(stated: float, believed: float) -> None:
    refused, reported = DailyQuota(), DailyQuota()
    refused.refuse(500.0, stated)
    reported.learn(500.0, day(0, stated))
    assert refused.resets_in(500.0) == reported.resets_in(500.0) == believed
