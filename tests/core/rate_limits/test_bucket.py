"""The budget of one category: learning from responses, and deciding who may start."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import GUARD, Bucket
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK


def says(
    remaining: int | None = None, reset: float | None = None, limit: int | None = None
) -> RateLimitHeaders:
    return RateLimitHeaders(limit=limit, remaining=remaining, reset=reset, window=None)


def answer(bucket: Bucket, now: float, headers: RateLimitHeaders | None = None, *, took: float = 0.0) -> None:
    """Admit a request, and have it answered."""
    bucket.begin(now - took)
    bucket.answered(now, now - took, headers=headers)


def admit_all(bucket: Bucket, now: float, priority: Priority = INTERACTIVE) -> int:
    """Admit as many requests as may start, each answered at once without headers; return their number."""
    count = 0
    while bucket.wait(now, priority) == 0.0:
        answer(bucket, now)
        count += 1
        assert count < 10_000
    return count


# Without headers


def test_without_headers_the_documented_window_is_counted_if_it_is_assumed() -> None:
    bucket = Bucket(100, 900, is_assumed=True)
    assert admit_all(bucket, 5.0) == 100
    assert bucket.state.without_headers
    assert bucket.wait(5.0, INTERACTIVE) == 900 + GUARD
    assert bucket.wait(5.0 + 900 + GUARD, INTERACTIVE) == 0.0
    assert admit_all(bucket, 5.0 + 900 + GUARD) == 100


def test_without_headers_and_refusals_nothing_is_held_back() -> None:
    bucket = Bucket(10, 900, share=0.5, reserve=5)
    for number in range(1_000):
        assert bucket.wait(number * 2.0, BULK) == 0.0
        answer(bucket, number * 2.0)
    assert bucket.expected_wait(2_000.0, ahead=500) == 0.0
    assert bucket.state.without_headers


def test_beyond_the_documented_limit_a_server_without_headers_is_asked_by_a_few_at_a_time() -> None:
    bucket = Bucket(100, 900)
    for _ in range(120):
        answer(bucket, 1.0)
    for _ in range(8):
        assert bucket.wait(1.0, INTERACTIVE) == 0.0
        bucket.begin(1.0)
    assert bucket.wait(1.0, INTERACTIVE) == math.inf
    bucket.answered(2.0, 1.0)
    assert bucket.wait(2.0, INTERACTIVE) == 0.0


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_refusal_without_headers_makes_the_documented_window_hold(retry_after: float | None) -> None:
    bucket = Bucket(100, 900)
    for _ in range(100):
        answer(bucket, 5.0)
    bucket.begin(6.0)
    bucket.answered(7.0, 6.0, refused=True, retry_after=retry_after)
    assert bucket.wait(7.0, INTERACTIVE) == 5.0 + 900 + GUARD - 7.0
    # From then on.
    assert admit_all(bucket, 5.0 + 900 + GUARD) == 100
    assert bucket.wait(5.0 + 900 + GUARD, INTERACTIVE) == 900 + GUARD


def test_limits_that_were_announced_once_hold_without_headers_too() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=5, reset=10, limit=20))
    bucket.roll(11.0)
    assert admit_all(bucket, 11.0) == 20
    assert bucket.wait(11.0, INTERACTIVE) == 900 + GUARD


def test_requests_without_a_documented_limit_are_counted_once_headers_report_one() -> None:
    bucket = Bucket(2, 900, documented=False)
    for _ in range(10):
        assert bucket.wait(0.0, INTERACTIVE) == 0.0
        answer(bucket, 0.0)
    assert bucket.remaining is None
    answer(bucket, 0.0, says(remaining=1, reset=30))
    assert admit_all(bucket, 0.0) == 1
    assert bucket.wait(0.0, INTERACTIVE) == 30 + GUARD


# Headers


def test_headers_override_the_documented_limit() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=7, reset=60, limit=1000))
    assert (bucket.state.limit, bucket.remaining, bucket.ends_at) == (1000, 7, 60 + GUARD)
    assert not bucket.state.without_headers


def test_the_lower_of_two_counts_of_one_window_is_used() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=90, reset=60))
    answer(bucket, 10.0, says(remaining=95, reset=50))
    assert bucket.remaining == 90
    answer(bucket, 20.0, says(remaining=80, reset=39))
    assert (bucket.remaining, bucket.ends_at) == (80, 59 + GUARD)


def test_a_response_about_a_later_window_opens_it() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=0, reset=5))
    bucket.begin(0.5)
    bucket.answered(5.5, 5.4, headers=says(remaining=99, reset=60))
    assert (bucket.remaining, bucket.ends_at) == (99, 65.5 + GUARD)


def test_a_late_response_does_not_describe_the_new_window() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    answer(bucket, 0.1, says(remaining=0, reset=10))
    bucket.roll(10.1 + GUARD)
    assert bucket.remaining is None
    bucket.answered(11.2, 0.0, headers=says(remaining=0, reset=10))
    assert bucket.remaining is None
    assert bucket.wait(11.2, INTERACTIVE) == 0.0


def test_an_overtaken_response_does_not_restore_an_earlier_window() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    answer(bucket, 1.0, says(remaining=50, reset=100))
    bucket.answered(1.5, 0.0, headers=says(remaining=0, reset=3))
    assert bucket.remaining == 50


def test_an_unknown_outcome_counts_until_a_later_response() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=50, reset=100))
    bucket.begin(1.0)
    bucket.begin(1.0)
    bucket.unanswered(2.0, 1.0)
    assert bucket.remaining == 50 - 1 - 1
    bucket.answered(3.0, 1.0, headers=says(remaining=49, reset=97))
    assert bucket.remaining == 48, "a request sent before the outcome was lost says nothing about it"
    answer(bucket, 5.0, says(remaining=47, reset=95), took=1.0)
    assert bucket.remaining == 47


def test_a_cancelled_request_does_not_count() -> None:
    bucket = Bucket(2, 900)
    answer(bucket, 0.0)
    bucket.begin(0.0)
    assert bucket.remaining == 0
    bucket.cancel()
    assert bucket.remaining == 1


# Refusals


def test_a_refusal_waits_for_its_retry_after() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    bucket.answered(1.0, 0.0, refused=True, retry_after=30.0)
    assert bucket.wait(1.0, INTERACTIVE) == 30 + GUARD


def test_an_end_of_the_window_that_is_announced_for_now_waits_a_second() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    bucket.answered(1.0, 0.0, refused=True, headers=says(remaining=0, reset=0), retry_after=0.0)
    assert bucket.wait(1.0, INTERACTIVE) == 1 + GUARD


@pytest.mark.parametrize("documented", [True, False])
@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_a_single_refusal_without_a_wait_holds_nothing_back(
    retry_after: float | None, documented: bool
) -> None:
    bucket = Bucket(100, 900, documented=documented)
    answer(bucket, 0.0, says(remaining=80, reset=600))
    for second in range(1, 30):
        bucket.begin(float(second))
        bucket.answered(second + 0.1, float(second), refused=True, retry_after=retry_after)
        assert bucket.wait(second + 0.1, INTERACTIVE) == 0.0
        answer(bucket, second + 0.2)


def test_a_refusal_for_no_time_with_requests_left_does_not_end_the_window() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=58, reset=300))
    bucket.begin(1.0)
    bucket.answered(1.1, 1.0, refused=True, headers=says(remaining=57, reset=299), retry_after=0.0)
    assert bucket.wait(1.1, INTERACTIVE) == 0.0
    assert bucket.ends_at == 300 + GUARD


@pytest.mark.parametrize("retry_after", [None, 0.0])
def test_refusals_one_after_the_other_hold_back_for_longer_and_longer(retry_after: float | None) -> None:
    bucket = Bucket(100, 900, jitter=lambda bound: bound)
    now, waits = 0.0, []
    for _ in range(9):
        bucket.begin(now)
        bucket.answered(now, now, refused=True, retry_after=retry_after)
        waits.append(bucket.wait(now, INTERACTIVE))
        now += waits[-1]
    assert waits == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    answer(bucket, now)
    bucket.begin(now)
    bucket.answered(now, now, refused=True)
    assert bucket.wait(now, INTERACTIVE) == 0


def test_refusals_of_requests_that_were_under_way_together_count_once() -> None:
    bucket = Bucket(100, 900, documented=False, jitter=lambda bound: bound)
    for _ in range(8):
        bucket.begin(0.0)
    for _ in range(8):
        bucket.answered(1.0, 0.0, refused=True)
    assert bucket.wait(1.0, INTERACTIVE) == 0.0
    bucket.begin(1.0)
    bucket.answered(2.0, 1.0, refused=True)
    assert bucket.wait(2.0, INTERACTIVE) == 1.0
    assert bucket.expected_wait(2.0, ahead=0) == 1.0


@pytest.mark.parametrize("seconds", [902.0, 1e6, 1e15, math.inf])
@pytest.mark.parametrize("refused", [True, False])
def test_no_wait_is_longer_than_the_window(seconds: float, refused: bool) -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    bucket.answered(1.0, 0.0, refused=refused, headers=says(remaining=0, reset=seconds))
    # Whole seconds are rounded up.
    assert bucket.wait(1.0, INTERACTIVE) == 901 + GUARD
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    bucket.answered(1.0, 0.0, refused=True, retry_after=seconds)
    assert bucket.wait(1.0, INTERACTIVE) == 901 + GUARD


def test_a_wait_ends_earlier_when_the_window_turns_out_to_be_shorter() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    answer(bucket, 1.0, says(remaining=0, reset=800))
    assert bucket.wait(1.0, INTERACTIVE) == 800 + GUARD
    bucket.answered(2.0, 0.0, headers=RateLimitHeaders(None, None, None, 60.0))
    assert bucket.wait(2.0, INTERACTIVE) == 61 + GUARD


def test_a_refusal_without_a_wait_waits_no_longer_than_the_window() -> None:
    bucket = Bucket(100, 2.0, jitter=lambda bound: bound)
    now = 0.0
    for _ in range(6):
        bucket.begin(now)
        bucket.answered(now, now, refused=True)
        wait = bucket.wait(now, INTERACTIVE)
        assert wait <= 3
        now += wait


# The length of a window


def test_the_length_of_windows_is_seen_in_the_first_response_of_one() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=99, reset=2))
    assert bucket.expected_wait(0.0, ahead=99 + 100) == pytest.approx(2 + GUARD + 2 + GUARD)
    # It is the same for a later window that others use too, and for one that is not known yet.
    answer(bucket, 10.0, says(remaining=40, reset=1))
    assert bucket.expected_wait(10.0, ahead=40 + 100) == pytest.approx(1 + GUARD + 2 + GUARD)
    bucket.roll(20.0)
    assert bucket.expected_wait(20.0, ahead=100) == pytest.approx(2 + GUARD)


def test_a_response_in_the_midst_of_a_window_does_not_show_its_length() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=50, reset=2))
    assert bucket.expected_wait(0.0, ahead=50 + 100) == pytest.approx(2 + GUARD + 900 + GUARD)


def test_a_later_window_shows_the_length() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=50, reset=1))
    bucket.begin(0.5)
    bucket.answered(2.5, 2.4, headers=says(remaining=97, reset=60))
    assert bucket.expected_wait(2.5, ahead=97 + 100) == pytest.approx(60 + GUARD + 60 + GUARD)


def test_a_refusal_does_not_show_the_length_and_a_policy_decides() -> None:
    bucket = Bucket(100, 900)
    bucket.begin(0.0)
    bucket.answered(0.0, 0.0, refused=True, headers=says(remaining=99, reset=5))
    assert bucket.expected_wait(0.0, ahead=100) == pytest.approx(5 + GUARD + 900 + GUARD)
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=99, reset=60))
    answer(bucket, 1.0, RateLimitHeaders(100, 98, 59.0, 30.0))
    assert bucket.expected_wait(1.0, ahead=98 + 100) == pytest.approx(31 + GUARD + 30 + GUARD)


# Requests in flight


def test_one_probe_goes_first_and_more_if_its_response_is_slow() -> None:
    bucket = Bucket(100, 900)
    asked = []
    for tenth in range(1000):
        while bucket.wait(tenth / 10, INTERACTIVE) == 0.0:
            bucket.begin(tenth / 10)
            asked.append(tenth / 10)
    assert asked == pytest.approx([0, 5, 8, 10, 11.7, 13, 14.1, 15], abs=0.1)
    assert bucket.wait(1000.0, INTERACTIVE) == math.inf


def test_requests_in_flight_double_with_each_round_trip() -> None:
    bucket = Bucket(100, 900)
    answer(bucket, 0.0, says(remaining=99, reset=900))
    left, rounds = 99, []
    for _ in range(4):
        in_flight = 0
        while bucket.wait(1.0, INTERACTIVE) == 0.0:
            bucket.begin(1.0)
            in_flight += 1
        rounds.append(in_flight)
        for _ in range(in_flight):
            left -= 1
            bucket.answered(1.0, 1.0, headers=says(remaining=left, reset=899))
    assert rounds == [2, 4, 8, 16]


def test_few_requests_are_in_flight_if_others_use_the_budget() -> None:
    bucket = Bucket(100, 900)
    for made in range(20):
        # Others make three requests for each one here.
        answer(bucket, float(made), says(remaining=100 - 4 * (made + 1), reset=900 - made))
    in_flight = 0
    while bucket.wait(20.0, INTERACTIVE) == 0.0:
        bucket.begin(20.0)
        in_flight += 1
    assert 1 <= in_flight <= 3


# Shares


def test_a_share_leaves_the_rest_of_the_budget() -> None:
    assert admit_all(Bucket(100, 900, share=0.25, is_assumed=True), 0.0) == 25
    assert admit_all(Bucket(100, 900, share=0.001, is_assumed=True), 0.0) == 1


def test_a_reserve_is_kept_for_interactive_calls_and_freed_with_time() -> None:
    bucket = Bucket(100, 900, reserve=20, is_assumed=True)
    assert admit_all(bucket, 0.0, BULK) == 80
    assert bucket.wait(0.0, BULK) == pytest.approx(45)
    assert admit_all(bucket, 45.0, BULK) == 1
    assert admit_all(bucket, 45.0, INTERACTIVE) == 19
    assert bucket.wait(45.0, INTERACTIVE) == bucket.wait(45.0, BULK) == 856


# Any sequence of events


@st.composite
def stories(draw: st.DrawFn) -> Iterator[tuple[str, float, int]]:
    steps = st.tuples(
        st.sampled_from(["ask", "ask", "ask", "answer", "count", "refuse", "lose", "cancel"]),
        st.sampled_from([0.0, 0.1, 1.0, 7.0, 40.0]),
        st.integers(0, 30),
    )
    return iter(draw(st.lists(steps, max_size=60)))


@given(stories(), st.integers(1, 20), st.sampled_from([1.0, 0.5]), st.sampled_from(Priority))
def test_the_share_is_kept_and_no_wait_outlasts_the_window(
    story: Iterator[tuple[str, float, int]], limit: int, share: float, priority: Priority
) -> None:
    window = 30.0
    bucket = Bucket(limit, window, share=share, reserve=2, jitter=lambda bound: bound)
    now, sent = 0.0, list[float]()
    for what, after, number in story:
        now += after
        wait = bucket.wait(now, priority)
        assert wait >= 0.0
        assert wait == math.inf or wait <= max(window, 60.0) + GUARD
        if wait == math.inf:
            assert bucket.state.in_flight, "nothing else could end the wait"
        if what == "ask":
            if wait == 0.0:
                left = bucket.remaining
                assert left is None or left >= 1 or bucket.is_counted_only
                bucket.begin(now)
                sent.append(now)
        elif sent:
            at = sent.pop(number % len(sent))
            if what == "cancel":
                bucket.cancel()
            elif what == "lose":
                bucket.unanswered(now, at)
            elif what == "refuse":
                bucket.answered(now, at, refused=True)
            else:
                headers = says(number % limit, float(number), limit) if what == "answer" else None
                bucket.answered(now, at, headers=headers)
        assert bucket.state.in_flight == len(sent)
        ends_at = bucket.ends_at
        assert ends_at is None or ends_at > now
        assert bucket.remaining is None or bucket.remaining <= limit * max(share, 1 / limit)


@given(st.lists(st.sampled_from([0.0, 1.0, 29.0, 31.5]), max_size=40), st.integers(1, 10))
def test_without_headers_no_window_has_more_than_the_limit(pauses: list[float], limit: int) -> None:
    bucket, now, sent = Bucket(limit, 30.0, is_assumed=True), 0.0, list[float]()
    for pause in pauses:
        now += pause
        if bucket.wait(now, INTERACTIVE) == 0.0:
            answer(bucket, now)
            sent.append(now)
    opened, count = -math.inf, 0
    for moment in sent:
        if moment - opened >= 30.0:
            opened, count = moment, 0
        count += 1
        assert count <= limit


def test_a_state_can_be_used_by_another_bucket_with_another_clock() -> None:
    bucket, other = Bucket(100, 900), Bucket(5, 1)
    answer(bucket, 50.0, says(remaining=3, reset=60))
    other.state = bucket.state.shifted(7_060.0 - 60.0)
    assert (other.state.limit, other.remaining, other.ends_at) == (100, 3, 7_110.0 + GUARD)
    other.roll(7_110.0 + GUARD)
    assert bucket.remaining == 3
