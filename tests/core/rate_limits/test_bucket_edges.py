"""The budget of one category at its exact edges: which response counts, from when, and for which window."""

from __future__ import annotations

import math

import msgspec
import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import GUARD, Bucket
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK
TIMES = {
    *("earliest_end", "latest_end", "previous_end", "rolled_at"),
    *("unknown_since", "as_of", "unanswered_at", "refused_at", "held_until"),
}


def says(
    remaining: int | None = None, reset: float | None = None, *, limit: int | None = None
) -> RateLimitHeaders:
    return RateLimitHeaders(limit=limit, remaining=remaining, reset=reset, window=None)


def bucket_in(state: BucketState, *, reserve: int = 0) -> Bucket:
    bucket = Bucket(100, 900, reserve=reserve)
    bucket.state = state
    return bucket


def known(
    remaining: int = 50,
    ends: tuple[float, float] = (98.0, 100.0),
    *,
    in_flight: int = 0,
    unanswered: int = 0,
    used: int = 0,
    as_of: float = 10.0,
    unanswered_at: float = -math.inf,
) -> BucketState:
    """A window of which headers said what is left and when it ends."""
    return BucketState(
        limit=100,
        window=900.0,
        remaining=remaining,
        earliest_end=ends[0],
        latest_end=ends[1],
        in_flight=in_flight,
        unanswered=unanswered,
        used=used,
        as_of=as_of,
        unanswered_at=unanswered_at,
        max_in_flight=50,
    )


def after(
    state: BucketState,
    headers: RateLimitHeaders | None,
    *,
    sent: float,
    now: float,
    refused: bool = False,
    retry_after: float | None = None,
) -> BucketState:
    """Return the state after one more response."""
    bucket = bucket_in(msgspec.structs.replace(state, in_flight=state.in_flight + 1))
    bucket.answered(now, sent, headers=headers, refused=refused, retry_after=retry_after)
    return bucket.state


def window_of(state: BucketState) -> tuple[int | None, float, float]:
    return state.remaining, state.earliest_end, state.latest_end


# Defaults


def test_a_new_bucket_uses_the_whole_budget_for_any_call() -> None:
    bucket = Bucket(100, 900, is_assumed=True)
    assert bucket.expected_wait(0.0, 99) == 0.0
    assert bucket.expected_wait(0.0, 100) == 900 + GUARD
    bucket.begin(0.0)
    bucket.answered(0.0, 0.0)
    bucket.state.max_in_flight = 100
    for _ in range(99):
        assert bucket.wait(0.0, BULK) == 0.0
        bucket.begin(0.0)
    assert bucket.wait(0.0, BULK) == 900 + GUARD


def test_a_wait_that_no_response_names_is_drawn_at_random() -> None:
    waits = []
    for _ in range(50):
        bucket = Bucket(100, 900)
        for _ in range(2):
            bucket.begin(0.0)
            bucket.answered(0.0, 0.0, refused=True)
        waits.append(bucket.wait(0.0, INTERACTIVE))
    assert 0.0 <= min(waits) < 0.9
    assert 0.1 < max(waits) <= 1.0


def test_all_times_move_together_and_nothing_else() -> None:
    state = BucketState(
        limit=1,
        window=2.0,
        **dict.fromkeys(TIMES, 7.0),  # type: ignore[arg-type]  # all of them are floats
        remaining=3,
        unanswered=4,
        used=5,
    )
    moved = state.shifted(10.0)
    for name in BucketState.__struct_fields__:
        expected = 17.0 if name in TIMES else getattr(state, name)
        assert getattr(moved, name) == expected, name


# States from elsewhere


def test_a_state_from_elsewhere_is_bounded_to_a_past_and_to_one_window() -> None:
    state = BucketState(
        limit=1,
        window=60.0,
        seen_length=100.0,
        remaining=3,
        **dict.fromkeys(TIMES, 500.0),  # type: ignore[arg-type]  # all of them are floats
    )
    past = dict.fromkeys(TIMES - {"earliest_end", "latest_end", "held_until"}, 0.0)
    expected = msgspec.structs.replace(
        state,
        seen_length=60.0,
        earliest_end=61.0,
        latest_end=61.0,
        # The longest wait after refusals that name none.
        held_until=60.0,
        **past,
    )
    assert state.bounded() == expected
    assert state.shifted(math.nan).bounded() == expected
    without_window = msgspec.structs.replace(state, remaining=None).bounded()
    assert (without_window.earliest_end, without_window.latest_end) == (500.0, math.inf)


def test_a_plausible_state_from_elsewhere_is_kept() -> None:
    state = BucketState(
        limit=1,
        window=60.0,
        seen_length=50.0,
        remaining=3,
        **dict.fromkeys(TIMES, -7.0),  # type: ignore[arg-type]  # all of them are floats
    )
    assert state.bounded() == state


# How long windows last


@pytest.mark.parametrize(
    ("rolled_at", "headers", "refused", "length"),
    [
        (-math.inf, says(99, 60.0), False, 60.0),
        (-math.inf, says(98, 60.0), False, 0.0),
        (-math.inf, says(99, 900.5), False, 900.0),
        (-math.inf, says(99), False, 0.0),
        (-math.inf, says(99, 60.0), True, 0.0),
        (10.0, says(40, 60.0), False, 60.0),
        (10.0, says(40, 60.0), True, 0.0),
    ],
    ids=[
        *("first of the budget", "not the first", "rounded up", "without an end", "refused"),
        *("first after another window", "refused after another window"),
    ],
)
def test_the_first_response_of_a_window_shows_how_long_it_lasts(
    rolled_at: float, headers: RateLimitHeaders, refused: bool, length: float
) -> None:
    state = BucketState(limit=100, window=900.0, rolled_at=rolled_at)
    assert after(state, headers, sent=20.0, now=21.0, refused=refused).seen_length == length


@pytest.mark.parametrize(("refused", "length"), [(False, 500.0), (True, 30.0)])
def test_a_later_window_shows_how_long_it_lasts(refused: bool, length: float) -> None:
    state = known()
    state.seen_length = 30.0
    state = after(state, says(80, 500.0), sent=20.0, now=21.0, refused=refused)
    assert (state.latest_end, state.seen_length) == (521.0, length)
    again = after(state, says(80, 600.0), sent=22.0, now=23.0)
    assert again.seen_length == max(length, 600.0)
    shorter = after(again, says(80, 700.0), sent=24.0, now=24.0)
    assert shorter.seen_length == 700.0


def test_estimates_use_the_length_that_was_seen() -> None:
    state = BucketState(limit=10, window=900.0, seen_length=60.0, is_enforced=True)
    assert bucket_in(state).expected_wait(0.0, 10) == 60 + GUARD
    state.seen_length = 0.0
    assert bucket_in(state).expected_wait(0.0, 10) == 900 + GUARD


@pytest.mark.parametrize(
    ("window", "ends"), [(900.0, (98.0, 100.0)), (77.5, (98.0, 99.5)), (30.0, (52.0, 52.0))]
)
def test_a_stated_length_bounds_the_end_of_the_window(window: float, ends: tuple[float, float]) -> None:
    headers = RateLimitHeaders(limit=None, remaining=None, reset=None, window=window)
    state = after(known(), headers, sent=20.0, now=21.0)
    assert (state.window, state.seen_length, window_of(state)) == (window, window, (49, *ends))


def test_a_wait_that_no_response_names_is_no_longer_than_the_window() -> None:
    bucket = Bucket(100, 4, jitter=lambda bound: bound)
    now, waits = 0.0, []
    for _ in range(6):
        bucket.begin(now)
        bucket.answered(now, now, refused=True)
        waits.append(bucket.wait(now, INTERACTIVE))
        now += waits[-1]
    assert waits == [0, 1, 2, 4, 5, 5]


# Who may start


@pytest.mark.parametrize(("now", "expected"), [(899.9, 0.0), (900.0, 3.0), (902.9, pytest.approx(0.1))])
def test_a_counted_window_pauses_between_its_earliest_and_latest_end(now: float, expected: float) -> None:
    bucket = Bucket(100, 900, is_assumed=True)
    bucket.begin(0.0)
    bucket.answered(2.0, 0.0)
    assert bucket.wait(now, INTERACTIVE) == expected


def test_a_window_known_from_headers_is_used_until_its_end() -> None:
    assert bucket_in(known()).wait(100.9, INTERACTIVE) == 0.0


def test_a_freed_part_of_the_reserve_still_waits_for_requests_in_flight() -> None:
    state = known(3, (898.0, 900.0), in_flight=2)
    state.max_in_flight = 2
    assert bucket_in(state, reserve=20).wait(900.0, BULK) == math.inf


def test_calls_without_a_documented_limit_find_nothing_out() -> None:
    bucket = Bucket(100, 900, documented=False)
    for _ in range(10):
        assert bucket.wait(0.0, INTERACTIVE) == 0.0
        bucket.begin(0.0)


def test_a_bulk_call_asks_again_when_its_part_of_the_reserve_is_freed() -> None:
    state = known(5, (898.0, 900.0))
    assert bucket_in(state, reserve=20).wait(100.0, BULK) == (900.0 - 4 * 45.0) - 100.0
    assert bucket_in(state, reserve=20).wait(100.0, INTERACTIVE) == 0.0


@pytest.mark.parametrize(
    ("remaining", "sharers", "in_flight", "expected"),
    [
        (40, 3.0, 5, 0.0),
        (40, 3.0, 6, math.inf),
        (20, 16.0, 0, 0.0),
        (20, 16.0, 1, math.inf),
    ],
)
def test_a_contended_budget_admits_the_part_of_one_sharer_at_a_time(
    remaining: int, sharers: float, in_flight: int, expected: float
) -> None:
    state = known(remaining, in_flight=in_flight, unanswered=4)
    assert bucket_in(state).wait(20.0, INTERACTIVE) == 0.0
    state.sharers, state.contended_windows = sharers, 1
    assert bucket_in(state).wait(20.0, INTERACTIVE) == expected


# Estimates


@pytest.mark.parametrize(("ahead", "expected"), [(6, 0.0), (7, 31.0), (16, 31.0), (17, 62.0)])
def test_the_estimate_for_an_unknown_window(ahead: int, expected: float) -> None:
    bucket = Bucket(10, 30, is_assumed=True)
    for _ in range(3):
        bucket.begin(0.0)
    assert bucket.expected_wait(0.0, ahead) == expected


@pytest.mark.parametrize(
    ("in_flight", "ahead", "expected"),
    [(1, 2, 0.0), (1, 3, 16.0), (1, 12, 16.0), (1, 13, 47.0), (9, 0, 16.0), (9, 9, 16.0), (9, 10, 47.0)],
)
def test_the_estimate_for_a_known_window(in_flight: int, ahead: int, expected: float) -> None:
    bucket = Bucket(10, 30)
    bucket.state.remaining, bucket.state.latest_end, bucket.state.in_flight = 4, 20.0, in_flight
    assert bucket.expected_wait(5.0, ahead) == expected


def test_the_estimate_forgets_a_window_that_has_ended() -> None:
    bucket = bucket_in(known(0))
    assert bucket.expected_wait(100.9, 0) == pytest.approx(0.1)
    assert bucket.expected_wait(101.0, 0) == 0.0


def test_a_budget_that_is_not_known_to_be_limited_is_waited_for_by_no_call() -> None:
    assert Bucket(2, 30, documented=False).expected_wait(0.0, 100) == 0.0


# The end of a window


def test_nothing_of_a_window_outlives_it_but_who_else_uses_the_budget() -> None:
    state = known(unanswered=3, used=9, unanswered_at=50.0)
    state.first_used_by_others, state.contended_windows, state.without_headers = 4, 2, True
    bucket = bucket_in(state)
    bucket.roll(100.9)
    assert bucket.state.remaining == 50
    bucket.roll(101.0)
    assert bucket.state == BucketState(
        limit=100,
        window=900.0,
        previous_end=100.0,
        rolled_at=101.0,
        unknown_since=101.0,
        as_of=10.0,
        unanswered_at=50.0,
        contended_windows=1,
    )
    bucket.state.latest_end, bucket.state.contended_windows = 200.0, 0
    bucket.roll(300.0)
    assert (bucket.state.contended_windows, bucket.state.previous_end) == (0, 200.0)


def test_the_moment_a_window_has_ended_belongs_to_the_next() -> None:
    bucket = bucket_in(known(0))
    assert bucket.wait(101.0, INTERACTIVE) == 0.0
    bucket.begin(101.0)
    assert bucket.wait(101.0, INTERACTIVE) == 5.0, "one request finds out"
    assert after(known(), says(80, 60.0), sent=100.5, now=101.0).rolled_at == 101.0
    assert after(known(), says(80, 60.0), sent=100.5, now=100.9).rolled_at == -math.inf


# Outcomes that are unknown


def test_each_unknown_outcome_of_this_window_counts() -> None:
    bucket = bucket_in(known(in_flight=2, used=5))
    bucket.unanswered(20.0, 15.0)
    bucket.unanswered(21.0, 16.0)
    state = bucket.state
    assert (state.in_flight, state.unanswered, state.used, state.unanswered_at) == (0, 2, 7, 21.0)


@pytest.mark.parametrize(("sent", "counted"), [(101.0, 1), (100.9, 0)])
def test_an_unknown_outcome_counts_for_the_window_it_was_sent_in(sent: float, counted: int) -> None:
    state = BucketState(limit=100, window=900.0, rolled_at=101.0, in_flight=1)
    bucket = bucket_in(state)
    bucket.unanswered(102.0, sent)
    assert (bucket.state.unanswered, bucket.state.used) == (counted, counted)


@pytest.mark.parametrize(("sent", "left"), [(20.0, 1), (20.1, 0)])
def test_a_response_settles_the_outcomes_that_were_lost_before_it_was_sent(sent: float, left: int) -> None:
    state = known(unanswered=1, unanswered_at=20.0)
    assert after(state, says(40, 75.0), sent=sent, now=25.0).unanswered == left


# Counting without headers


def test_the_first_response_without_headers_opens_a_counted_window() -> None:
    state = after(BucketState(limit=100, window=900.0, rolled_at=3.0), None, sent=3.0, now=5.0)
    assert window_of(state) == (99, 903.0, 905.0)
    assert (state.used, state.max_in_flight, state.as_of, state.without_headers) == (1, 2, 5.0, True)


def test_later_responses_without_headers_are_counted_down_to_zero() -> None:
    state = after(known(1, used=3), None, sent=20.0, now=21.0)
    assert (window_of(state), state.used, state.max_in_flight) == ((0, 98.0, 100.0), 4, 51)
    assert after(state, None, sent=20.0, now=21.0).remaining == 0


def test_a_response_without_headers_opens_no_window_after_the_one_it_was_sent_in() -> None:
    state = after(BucketState(limit=100, window=900.0, rolled_at=3.1), None, sent=3.0, now=5.0)
    assert (state.remaining, state.used, state.max_in_flight) == (None, 1, 2)


# What one response says


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (says(40, 60.0), (40, 59.0, 63.0)),
        (says(40), (40, 1.0, 903.0)),
        (says(reset=60.0), (99, 59.0, 63.0)),
        (says(0, 0.0), (0, -1.0, 3.0)),
        (says(40, 900.5), (40, 899.5, 903.5)),
        (says(40, 5_000.0), (40, 900.0, 904.0)),
    ],
    ids=[
        *("both", "what is left", "the end", "used up and over"),
        *("an end rounded up", "an end after any window"),
    ],
)
def test_a_first_report_opens_a_window(headers: RateLimitHeaders, expected: tuple[int, float, float]) -> None:
    state = after(BucketState(limit=100, window=900.0), headers, sent=1.0, now=3.0)
    assert window_of(state) == expected
    assert (state.used, state.max_in_flight, state.as_of) == (1, 2, 3.0)


def test_a_report_of_a_policy_changes_limit_and_window() -> None:
    headers = RateLimitHeaders(limit=20, remaining=None, reset=None, window=60.0)
    state = after(BucketState(limit=100, window=900.0), headers, sent=1.0, now=3.0)
    assert (state.limit, state.window, *window_of(state)) == (20, 60.0, 19, 61.0, 63.0)


@pytest.mark.parametrize(("left", "expected"), [(50, 49), (1, 0), (0, 0)])
def test_a_report_of_the_end_alone_counts_one_request(left: int, expected: int) -> None:
    assert after(known(left), says(reset=75.0), sent=24.0, now=25.0).remaining == expected


def test_a_retry_after_beside_a_reset_is_the_wait() -> None:
    state = after(known(), says(9, 10.0), sent=20.0, now=20.0, refused=True, retry_after=70.0)
    assert window_of(state) == (0, 88.0, 90.0)
    fresh = BucketState(limit=100, window=900.0)
    state = after(fresh, says(9, 10.0), sent=20.0, now=21.0, refused=True, retry_after=70.0)
    assert window_of(state) == (0, 88.0, 91.0)


@pytest.mark.parametrize(("wait", "end"), [(0.5, 22.0), (1.0, 22.0), (30.0, 51.0)])
def test_a_refusal_waits_a_second_at_least(wait: float, end: float) -> None:
    fresh = BucketState(limit=100, window=900.0)
    state = after(fresh, None, sent=20.0, now=21.0, refused=True, retry_after=wait)
    assert window_of(state) == (0, 18.0 + wait, end)


# Which window a response describes


@pytest.mark.parametrize(
    ("sent", "reset", "refused", "adopted"),
    [
        (110.9, 51.1, False, False),
        (110.9, 51.2, False, True),
        (110.9, 51.1, True, True),
        (111.0, 40.0, False, True),
    ],
    ids=["before", "before, about a later end", "before, refused", "after the old window was forgotten"],
)
def test_a_response_from_before_the_end_of_a_window_is_not_about_the_next(
    sent: float, reset: float, refused: bool, adopted: bool
) -> None:
    state = BucketState(limit=100, window=900.0, rolled_at=111.0, previous_end=160.0)
    result = after(state, says(7, reset), sent=sent, now=120.0, refused=refused)
    assert result.remaining == ((0 if refused else 7) if adopted else None)
    assert result.used == int(adopted)


@pytest.mark.parametrize(
    ("reset", "expected"),
    [(82.0, (50, 100.0, 100.0)), (82.1, (80, pytest.approx(100.1), pytest.approx(103.1)))],
    ids=["the same", "a later one"],
)
def test_a_window_that_ends_later_than_the_latest_end_is_another(
    reset: float, expected: tuple[int, float, float]
) -> None:
    assert window_of(after(known(), says(80, reset), sent=20.0, now=21.0)) == expected


@pytest.mark.parametrize(
    ("sent", "reset", "expected"),
    [
        (20.0, 77.0, (50, 98.0, 98.0)),
        (20.0, 76.9, (80, pytest.approx(94.9), pytest.approx(97.9))),
        (10.0, 76.9, (50, 98.0, 100.0)),
    ],
    ids=["the same", "an earlier one, and newer", "an earlier one, and as old"],
)
def test_a_window_that_ends_before_the_earliest_end_is_another(
    sent: float, reset: float, expected: tuple[int, float, float]
) -> None:
    assert window_of(after(known(), says(80, reset), sent=sent, now=21.0)) == expected


def test_reports_about_one_window_narrow_its_end() -> None:
    state = after(known(50, (90.0, 100.0)), says(45, 75.0), sent=20.0, now=21.0)
    assert window_of(state) == (45, 93.0, 96.0)
    assert window_of(after(state, says(60, 90.0), sent=4.0, now=5.0)) == (45, 93.0, 95.0)


@pytest.mark.parametrize(("sent", "as_of"), [(9.9, 10.0), (10.0, 10.0), (10.1, 21.0)])
def test_counts_are_as_old_as_the_newest_request(sent: float, as_of: float) -> None:
    assert after(known(), says(45, 78.0), sent=sent, now=21.0).as_of == as_of


def test_a_report_does_not_end_a_wait_that_no_response_named() -> None:
    bucket = Bucket(100, 900, jitter=lambda bound: bound)
    for sent in (0.0, 10.0, 10.2):
        bucket.begin(sent)
    bucket.answered(10.0, 0.0, refused=True)
    bucket.answered(11.0, 10.0, refused=True)
    bucket.answered(11.5, 10.2, headers=says(50, 60.0))
    assert bucket.wait(11.5, INTERACTIVE) == 0.5


def test_a_report_ends_the_counting() -> None:
    state = known()
    state.without_headers = True
    assert after(state, says(45, 75.0), sent=20.0, now=21.0).without_headers is False


def test_a_new_window_starts_with_the_outcomes_that_are_unknown() -> None:
    state = known(used=9, unanswered=2, unanswered_at=30.0)
    state.first_used_by_others = 5
    state = after(state, says(80, 900.0), sent=20.0, now=21.0)
    assert (state.used, state.unanswered, state.as_of) == (3, 2, 21.0)
    assert state.first_used_by_others == 100 - 80 - 3


# Others who use the budget


@pytest.mark.parametrize(
    ("remaining", "contended", "sharers"),
    [(61, 0, 1.0), (60, 0, 1.0), (59, 2, 1.25), (52, 2, 3.0), (0, 2, 16.0)],
)
def test_more_requests_of_others_than_at_first_show_that_the_budget_is_contended(
    remaining: int, contended: int, sharers: float
) -> None:
    state = known(99, used=3, in_flight=6)
    state.first_used_by_others = 30
    state = after(state, says(remaining, 78.0), sent=20.0, now=21.0)
    assert (state.first_used_by_others, state.contended_windows, state.sharers) == (30, contended, sharers)


def test_a_refusal_shows_that_the_budget_is_contended() -> None:
    state = known(99, used=3)
    state.first_used_by_others = 97
    state = after(state, None, sent=20.0, now=21.0, refused=True, retry_after=75.0)
    assert (state.contended_windows, state.sharers) == (2, 1.0)
