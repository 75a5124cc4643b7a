"""The daily quota at its edges: nothing known yet, exact bounds, and several windows alike."""

from __future__ import annotations

import math

import msgspec
import pytest

from sessionboard_async.core.rate_limits.daily_quota import DOCUMENTED, DailyQuota, DailyQuotaState
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders


def day(remaining: int | None, reset: float | None = None) -> RateLimitHeaders:
    return RateLimitHeaders(DOCUMENTED, remaining, reset, 86_400.0)


STORED = DailyQuotaState(limit=50, remaining=3, ends_at=700.0, refused_until=40.0, as_of=-5.0)
"""A state at time 0."""


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


def test_once_a_minute_one_write_asks_again_and_others_wait_another_minute() -> None:
    quota = DailyQuota()
    assert not quota.ask_again(0.0)
    quota.refuse(0.0, 100.0)
    assert not quota.ask_again(59.9)
    assert quota.ask_again(60.0)
    assert not quota.ask_again(60.0)
    assert quota.exhausted(99.9)
    assert not quota.exhausted(100.0)
    assert not quota.ask_again(100.0), "the day is over: all writes may be sent"


def test_a_success_lifts_a_refusal_that_it_follows() -> None:
    quota = DailyQuota()
    quota.refuse(10.0, 40_000.0)
    quota.succeed(10.5, sent=9.0)
    quota.succeed(10.5, sent=10.0)
    assert quota.exhausted(11.0)
    quota.succeed(71.0, sent=70.0)
    assert not quota.exhausted(71.0)
    assert quota.remaining is None


def test_what_is_learned_during_an_exchange_is_kept() -> None:
    quota, stored = DailyQuota(), DailyQuotaState(remaining=5, as_of=0.0)
    sent = quota.state
    quota.accept(sent, stored)
    assert quota.state is quota.in_store is stored
    quota.refuse(1.0, None)
    sent = quota.state
    quota.refuse(2.0, None)
    quota.accept(sent, stored)
    assert quota.remaining == 0
    assert quota.state is not quota.in_store
    quota.accept(quota.state, None)
    assert quota.remaining == 0
    assert quota.state is quota.in_store


@pytest.mark.parametrize(
    ("seconds", "daily", "expected"),
    [
        (None, None, False),
        (1800.0, None, False),
        (1800.1, None, True),
        (None, day(0), True),
        (None, day(1), False),
        (None, day(None), False),
        (1800.0, day(0), True),
        (1800.1, day(1), True),
    ],
)
def test_a_refusal_of_the_day_asks_for_more_than_two_windows_or_leaves_nothing(
    seconds: float | None, daily: RateLimitHeaders | None, expected: bool
) -> None:
    assert DailyQuota().is_refusal(seconds, daily, 900.0) is expected


def test_what_headers_say_is_known_from_then_on() -> None:
    quota = DailyQuota()
    assert quota.in_store is quota.state
    assert quota.state == DailyQuotaState()
    quota.learn(7.0, day(3, 100.0))
    assert quota.state == DailyQuotaState(remaining=3, ends_at=107.0, as_of=7.0)
    assert quota.in_store == DailyQuotaState()


@pytest.mark.parametrize("seconds", [0.0, 12.5, -12.5])
def test_every_time_moves_to_the_other_clock(seconds: float) -> None:
    moved = STORED.shifted(seconds)
    assert (moved.ends_at, moved.refused_until, moved.as_of) == (700 + seconds, 40 + seconds, -5 + seconds)
    assert (moved.limit, moved.remaining) == (50, 3)
    assert moved.shifted(-seconds) == STORED


def test_a_state_is_known_from_the_first_response_on() -> None:
    assert [DailyQuotaState(as_of=time).is_known for time in (-math.inf, -1e9, 0.0)] == [False, True, True]


def test_times_that_are_not_known_stay_so_in_any_clock() -> None:
    assert DailyQuotaState().shifted(12.5) == DailyQuotaState()


def test_a_state_within_its_bounds_is_taken_as_it_is() -> None:
    assert STORED.bounded() == STORED
    unknown_end = DailyQuotaState(remaining=3, as_of=-5.0)
    assert unknown_end.bounded() == unknown_end


@pytest.mark.parametrize(("name", "most"), [("ends_at", 86_401.0), ("refused_until", 60.0), ("as_of", 0.0)])
@pytest.mark.parametrize("beyond", [0.0, 0.5, 1e300, math.nan])
def test_times_in_a_store_are_bounded(name: str, most: float, beyond: float) -> None:
    state = DailyQuotaState(remaining=3, ends_at=86_401.0, as_of=-5.0)
    stated = msgspec.structs.replace(state, **{name: most + beyond})
    assert getattr(stated.bounded(), name) == most


def test_a_refusal_in_a_store_ends_with_the_day() -> None:
    state = DailyQuotaState(remaining=0, ends_at=30.0, refused_until=45.0, as_of=-5.0)
    assert state.bounded().refused_until == 30.0
    assert DailyQuotaState(ends_at=math.inf, refused_until=1e6).bounded().refused_until == 60.0
