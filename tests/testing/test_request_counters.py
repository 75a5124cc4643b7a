"""Request counters of the embedded server, on a simulated clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sessionboard_async.services  # noqa: F401  # declares the operations
from sessionboard_async.testing.request_counters import (
    FixedWindow,
    RequestCounter,
    SharedCounter,
    SlidingLog,
    TokenBucket,
    Verdict,
)

Kind = Callable[[int, float], RequestCounter]

KINDS: list[Kind] = [FixedWindow, SlidingLog, TokenBucket]
limits = st.integers(1, 20)
windows = st.integers(1, 40).map(lambda quarters: quarters / 4)
pauses = st.lists(st.one_of(st.just(0.0), st.integers(0, 60).map(lambda n: n / 8)), min_size=1, max_size=80)
"""Pauses between requests: bursts and gaps, in eighths of seconds, which floats represent exactly."""


def timestamps(pauses: list[float]) -> list[float]:
    return list(accumulate(pauses))


def verdicts(counter: RequestCounter, times: list[float]) -> list[Verdict]:
    return [counter.hit(time) for time in times]


def answered(counter: RequestCounter, times: list[float]) -> list[float]:
    return [time for time in times if counter.hit(time).allowed]


def first_hits(times: list[float], window: float) -> Iterator[float]:
    opened = -math.inf
    for time in times:
        if time >= opened + window:
            opened = time
            yield opened


@given(limits, windows, pauses)
def test_a_fixed_window_answers_its_first_requests_and_no_more(
    limit: int, window: float, pauses: list[float]
) -> None:
    times = timestamps(pauses)
    allowed = answered(FixedWindow(limit, window), times)
    expected = [
        time
        for opened in first_hits(times, window)
        for time in [time for time in times if opened <= time < opened + window][:limit]
    ]
    assert allowed == expected


def test_a_fixed_window_lets_nearly_twice_its_limit_through_around_its_end() -> None:
    counter = FixedWindow(100, 900.0)
    assert counter.hit(0.0).allowed
    assert len(answered(counter, [899.0] * 99 + [900.0] * 100)) == 199


@given(limits, windows, pauses)
def test_a_sliding_log_never_answers_more_in_any_window(
    limit: int, window: float, pauses: list[float]
) -> None:
    times = timestamps(pauses)
    allowed = answered(SlidingLog(limit, window), times)
    for index, start in enumerate(allowed):
        assert sum(time < start + window for time in allowed[index:]) <= limit
    assert len(allowed) >= min(limit, len(times))


@given(limits, windows, pauses)
def test_a_token_bucket_answers_no_more_than_it_holds_and_earns(
    limit: int, window: float, pauses: list[float]
) -> None:
    times = timestamps(pauses)
    allowed = answered(TokenBucket(limit, window), times)
    for index, start in enumerate(allowed):
        for count, end in enumerate(allowed[index:], start=1):
            assert count <= limit + (end - start) * limit / window + 1e-6
    assert len(allowed) >= min(limit, len(times))


@pytest.mark.parametrize("kind", KINDS)
@given(limits, windows, pauses)
def test_remaining_is_the_number_of_requests_that_would_be_answered_now(
    kind: Kind, limit: int, window: float, pauses: list[float]
) -> None:
    counter, times = kind(limit, window), timestamps(pauses)
    last = verdicts(counter, times)[-1]
    assert 0 <= last.remaining < limit
    assert len(answered(counter, [times[-1]] * (limit + 1))) == last.remaining


@pytest.mark.parametrize("kind", KINDS)
@given(limits, windows, pauses)
def test_seconds_are_rounded_up(kind: Kind, limit: int, window: float, pauses: list[float]) -> None:
    for verdict in verdicts(kind(limit, window), timestamps(pauses)):
        assert -1e-5 <= verdict.reset - verdict.resets_in < 1
        assert -1e-5 <= verdict.retry_after - verdict.retry_in < 1
        assert (verdict.retry_after == 0) == verdict.allowed


@pytest.mark.parametrize("kind", KINDS)
@given(limits, windows, pauses)
def test_a_refused_request_is_answered_after_the_announced_wait_and_not_before(
    kind: Kind, limit: int, window: float, pauses: list[float]
) -> None:
    early, times = kind(limit, window), timestamps([*pauses, *[0.0] * limit])
    refused = verdicts(early, times)[-1]
    assert not refused.allowed
    assert not early.hit(times[-1] + refused.retry_in * 0.99).allowed
    in_time = kind(limit, window)
    assert verdicts(in_time, times)[-1] == refused
    assert in_time.hit(times[-1] + refused.retry_after).allowed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("limit", "window"), [(3, 0.7), (7, 7.0), (100, 0.7)])
def test_a_client_that_waits_as_announced_is_answered(kind: Kind, limit: int, window: float) -> None:
    counter = kind(limit, window)
    refused = verdicts(counter, [7.7] * (limit + 1))[-1]
    assert counter.hit(7.7 + refused.retry_in).allowed


@given(limits, windows, pauses)
def test_a_fixed_window_ends_for_all_of_its_requests_at_once(
    limit: int, window: float, pauses: list[float]
) -> None:
    times = timestamps(pauses)
    counter = FixedWindow(limit, window)
    ends = {time + counter.hit(time).resets_in for time in times}
    assert ends == {opened + window for opened in first_hits(times, window)}


def test_the_three_kinds_of_counters_have_different_resets() -> None:
    resets = {}
    for kind in KINDS:
        counter = kind(100, 900.0)
        counter.hit(0.0)
        counter.hit(90.0)
        resets[kind] = [(verdict.remaining, verdict.reset) for verdict in verdicts(counter, [90.0, 900.0])]
    assert resets == {
        FixedWindow: [(97, 810), (99, 900)],
        SlidingLog: [(97, 810), (97, 90)],
        TokenBucket: [(98, 18), (99, 9)],
    }


class Recorder(FixedWindow):
    """A fixed window that records the times of its hits."""

    def __init__(self, limit: int, window: float) -> None:
        super().__init__(limit, window)
        self.times: list[float] = []

    def hit(self, now: float) -> Verdict:
        self.times.append(now)
        return super().hit(now)


@given(limits, windows, pauses, st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_another_client_sends_its_share_of_every_window_evenly(
    limit: int, window: float, pauses: list[float], share: float
) -> None:
    recorder = Recorder(limit, window)
    shared = SharedCounter(recorder, share)
    ours = list(accumulate(min(pause, window) for pause in pauses))
    verdicts(shared, ours)
    assert recorder.times == sorted(recorder.times)
    for time in ours:
        recorder.times.remove(time)
    expected = (ours[-1] - ours[0]) * limit * share / window
    assert abs(len(recorder.times) - expected) <= 0.5 + 1e-6
    for before, after in pairwise(recorder.times):
        assert after - before == pytest.approx(window / (limit * share))


def test_a_shared_counter_is_as_large_as_alone() -> None:
    shared = SharedCounter(FixedWindow(100, 900.0), 0.5)
    assert (shared.limit, shared.window) == (100, 900.0)
    remaining = [shared.hit(time).remaining for time in (0.0, 225.0, 450.0, 675.0, 899.0)]
    assert remaining == [99, 85, 72, 58, 45]


def test_another_client_continues_between_requests_and_hits_without_effect_are_skipped() -> None:
    recorder = Recorder(100, 900.0)
    shared = SharedCounter(recorder, 0.5)
    shared.hit(0.0)
    later = shared.hit(1e7)
    assert later.allowed
    assert 50 <= later.remaining <= 99
    assert len(recorder.times) == pytest.approx(2 + 2 * 50, abs=2)
