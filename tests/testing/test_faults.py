"""Faults of the embedded server: when they apply, and invalid combinations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing import Fault
from sessionboard_async.testing.faults import FaultCounter


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"kind": "explode", "on": 1}, "unknown kind of fault 'explode'; the kinds are refuse, close_before"),
        ({"kind": "slow"}, "either on= or every="),
        ({"kind": "slow", "on": 1, "every": 2}, "either on= or every="),
        ({"kind": "slow", "on": 0}, "on must be at least 1"),
        ({"kind": "slow", "every": 1, "times": 0}, "times must be at least 1"),
        ({"kind": "slow", "on": 1, "times": 2}, "times= goes with every="),
        ({"kind": "status", "on": 1}, "needs status="),
        ({"kind": "status", "on": 1, "status": 200}, "400 to 599"),
        ({"kind": "html", "on": 1}, "needs status="),
        ({"kind": "html", "on": 1, "status": 302}, "400 to 599"),
        ({"kind": "redirect", "on": 1}, "needs location="),
        (
            {"kind": "truncate", "on": 1, "status": 503},
            "status= does not belong to a fault of kind 'truncate'",
        ),
        ({"kind": "truncate", "on": 1, "interval": 1.0}, "interval= does not belong"),
    ],
)
def test_invalid_arguments_are_an_error_at_once(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Fault(**arguments)


def happening(fault: Fault, requests: int) -> list[int]:
    counter = FaultCounter()
    return [number for number in range(1, requests + 1) if counter.next([fault], "list-events") is fault]


def test_on_applies_once() -> None:
    assert happening(Fault("refuse", on=3), 10) == [3]


def test_every_applies_repeatedly() -> None:
    assert happening(Fault("refuse", every=3), 10) == [3, 6, 9]
    assert happening(Fault("refuse", every=3, times=2), 10) == [3, 6]


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 100))
def test_times_limits_how_often_a_fault_applies(every: int, times: int, requests: int) -> None:
    assert len(happening(Fault("slow", every=every, times=times), requests)) == min(times, requests // every)


def test_only_requests_of_its_operation_count() -> None:
    fault = Fault("truncate", on=2, operation="search-sessions")
    counter = FaultCounter()
    asked = ["search-sessions", "list-events", "list-events", "search-sessions", "search-sessions"]
    assert [counter.next([fault], operation) for operation in asked] == [None, None, None, fault, None]


def test_the_first_fault_wins_and_all_count() -> None:
    first, second = Fault("slow", on=1), Fault("truncate", every=1)
    counter = FaultCounter()
    assert [counter.next([first, second], "list-events") for _ in range(2)] == [first, second]
    late = Fault("truncate", on=2)
    assert [counter.next([second, late], "list-events") for _ in range(2)] == [second, second]


def test_equal_faults_count_apart() -> None:
    counter = FaultCounter()
    one, other = Fault("slow", on=1), Fault("slow", on=1)
    assert counter.next([one, other], "list-events") is one
    assert counter.next([other], "list-events") is None


def test_counting_starts_again_after_a_fault_was_removed() -> None:
    counter = FaultCounter()
    fault = Fault("slow", on=2)
    assert counter.next([fault], "list-events") is None
    assert counter.next([], "list-events") is None
    assert [counter.next([fault], "list-events") for _ in range(2)] == [None, fault]
