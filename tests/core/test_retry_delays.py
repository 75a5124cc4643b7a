"""The delay before a retry, and which requests are retried, as functions without a loop."""

from __future__ import annotations

import io
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.http.request import Call, Request
from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.core.options import Retry
from sessionboard_async.core.retry import delay_bounds, may_retry, retry_delay
from sessionboard_async.errors import (
    ConnectError,
    ConnectionLostError,
    NotFoundError,
    RateLimitError,
    ServerError,
    SessionboardError,
)

READ = Request("GET", "/v1/events", "/v1/events", idempotent=True)
WRITE = Request("POST", "/v1/event/{event_id}/sessions/create", "/v1/event/1/sessions/create")
LOST = ConnectionLostError("lost")
BUSY = RateLimitError("429", status=429, retry_after=20.0)
UNAVAILABLE = ServerError("503", status=503, retry_after=20.0)


def download(received: int) -> Request:
    """A download into memory, of which an attempt passed on some bytes."""
    sink = Sink(io.BytesIO())
    sink.size = received
    return Request("GET", "/", "/", idempotent=True, transfer=Transfer(sink=sink))


def delay(
    error: SessionboardError,
    *,
    bound: float | None = 0.0,
    deadline: float | None = None,
    is_held_back: bool = False,
) -> float | None:
    call = Call(READ, deadline)
    call.is_held_back = is_held_back
    return retry_delay(call, error, bound, 100.0)


@pytest.mark.parametrize("error", [BUSY, UNAVAILABLE], ids=["429", "503"])
def test_the_servers_number_is_the_delay(error: SessionboardError) -> None:
    assert delay(error) == 20.0


def test_a_failure_without_a_number_is_retried_within_the_bound() -> None:
    assert delay(LOST) == 0.0
    assert all(0.0 <= (delay(LOST, bound=0.25) or 0.0) <= 0.25 for _ in range(50))


def test_a_refusal_of_the_rate_limit_waits_in_the_limiter() -> None:
    assert delay(BUSY, bound=30.0, is_held_back=True) == 0.0


def test_other_failures_wait_here_although_there_is_a_limiter() -> None:
    assert delay(UNAVAILABLE, is_held_back=True) == 20.0


@pytest.mark.parametrize(("deadline", "expected"), [(119.9, None), (120.0, None), (120.1, 20.0)])
def test_no_delay_ends_at_the_deadline_or_later(deadline: float, expected: float | None) -> None:
    assert delay(UNAVAILABLE, deadline=deadline) == expected


def test_a_call_past_its_deadline_is_not_repeated_in_the_limiter_either() -> None:
    assert delay(BUSY, deadline=100.0, is_held_back=True) is None
    assert delay(BUSY, deadline=100.1, is_held_back=True) == 0.0


def test_there_is_no_delay_where_there_is_no_retry() -> None:
    assert delay(LOST, bound=None) is None
    assert delay(NotFoundError("404", status=404)) is None


@given(st.integers(1, 8), st.floats(0, 10), st.floats(0, 40))
def test_bounds_double_up_to_the_longest(attempts: int, base: float, longest: float) -> None:
    policy = Retry(attempts=attempts, base_delay=base, max_delay=longest)
    expected = [min(base * 2**number, longest) for number in range(attempts - 1)]
    assert list(islice(delay_bounds(policy), 20)) == pytest.approx(expected)


@pytest.mark.parametrize("error", [LOST, UNAVAILABLE, BUSY], ids=["lost", "503", "429"])
def test_a_download_is_repeated_unless_bytes_of_it_were_passed_on(error: SessionboardError) -> None:
    assert may_retry(download(0), error)
    assert not may_retry(download(1), error)


def test_an_upload_has_nothing_to_start_again() -> None:
    assert may_retry(Request("PUT", "/", "/", idempotent=True, transfer=Transfer()), LOST)


def test_a_download_that_found_no_connection_is_always_repeated() -> None:
    assert may_retry(download(1), ConnectError("no connection"))


def test_a_write_is_not_repeated_when_its_outcome_is_unknown() -> None:
    assert [may_retry(WRITE, error) for error in (LOST, UNAVAILABLE, BUSY)] == [False, False, True]
