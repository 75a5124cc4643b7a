"""The leases of one process: granted, in use, returned, and when to ask for more."""

from __future__ import annotations

import math

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import GUARD, Bucket
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.shared.bucket import SharedBucket
from sessionboard_async.core.rate_limits.shared.store import StoreReply

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK
ROOM = BucketState(limit=100, window=900.0, remaining=50, latest_end=800.0, max_in_flight=50)
FULL = BucketState(limit=100, window=900.0, in_flight=8)
"""Eight requests of others are under way, and none of them has been answered."""
USED_UP = BucketState(limit=100, window=900.0, remaining=0, earliest_end=58.0, latest_end=60.0)


class Process:
    """A bucket with a clock, and how often it asked for an exchange."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0
        self.copy = Bucket(100, 900.0)
        self.bucket = SharedBucket(self.copy, clock=lambda: self.now, request_exchange=self._ask)

    def _ask(self) -> None:
        self.asked += 1

    def accept(
        self,
        granted: int,
        state: BucketState,
        *leases: str,
        wait: float = 0.0,
        priority: Priority = INTERACTIVE,
    ) -> None:
        self.bucket.accept(StoreReply(granted, wait, state), [priority] * len(leases), list(leases))

    def wait(self, priority: Priority = INTERACTIVE) -> float:
        return self.bucket.wait(self.now, priority)

    def returned(self) -> list[tuple[str, str | None]]:
        return [(outcome.kind, outcome.lease) for outcome in self.bucket.outcomes]


def test_a_request_that_ends_returns_the_oldest_lease() -> None:
    process = Process()
    process.accept(2, ROOM, "a", "b")
    assert process.wait() == 0.0
    process.bucket.begin(process.now)
    process.bucket.begin(process.now)
    assert process.wait() == math.inf
    process.bucket.unanswered(process.now, process.now)
    process.bucket.cancel()
    assert process.returned() == [("unanswered", "a"), ("cancelled", "b")]
    assert process.bucket.all_ended.is_set()


def test_without_the_store_unused_leases_are_returned_once_and_those_in_use_are_counted() -> None:
    process = Process()
    process.accept(3, ROOM, "a", "b", "c")
    process.bucket.begin(process.now)
    process.bucket.begin(process.now)
    process.bucket.decide_locally()
    process.bucket.decide_locally()
    assert process.returned() == [("cancelled", "c")]
    assert process.copy.state.in_flight == 2
    assert process.wait() == 0.0
    process.bucket.begin(process.now)
    assert process.copy.state.in_flight == 3
    for _ in range(3):
        process.bucket.cancel()
    assert process.returned()[1:] == [("cancelled", "a"), ("cancelled", "b"), ("cancelled", None)]


def test_a_lease_that_is_returned_cannot_be_used() -> None:
    process = Process()
    process.accept(1, ROOM, "a")
    assert process.bucket.return_unused_leases()
    assert not process.bucket.return_unused_leases()
    assert process.wait() == math.inf
    assert process.returned() == [("cancelled", "a")]


def test_the_store_is_asked_again_after_longer_and_longer_pauses_until_it_grants_a_lease() -> None:
    process, pauses = Process(), list[float]()
    for _ in range(8):
        process.accept(0, FULL, "a", wait=math.inf)
        pauses.append(process.wait())
        process.now += pauses[-1]
    assert pauses == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0])
    process.accept(1, FULL, "a")
    process.bucket.return_unused_leases()
    process.accept(0, FULL, "a", wait=math.inf)
    assert process.wait() == pytest.approx(0.02)


def test_the_end_of_a_request_here_is_worth_asking_at_once() -> None:
    process = Process()
    process.accept(1, FULL, "a")
    process.bucket.begin(process.now)
    for _ in range(3):
        process.accept(0, FULL, "b", wait=math.inf)
    assert process.wait() < math.inf
    before = process.asked
    process.bucket.unanswered(process.now, process.now)
    assert process.wait() == math.inf
    assert process.asked == before + 2
    process.accept(0, FULL, "b", wait=math.inf)
    assert process.wait() == pytest.approx(0.02)


def test_the_wait_of_a_priority_is_that_of_the_state() -> None:
    process = Process()
    process.accept(0, USED_UP, "a", wait=1e9, priority=BULK)
    assert process.wait(BULK) == pytest.approx(60 + GUARD)
    assert process.wait(INTERACTIVE) == math.inf
    assert process.asked == 1


@pytest.mark.parametrize("wait", [0.5, 1e9, math.inf])
def test_a_refusal_without_a_reason_is_an_error(wait: float) -> None:
    process = Process()
    with pytest.raises(ValueError, match="has room for one"):
        process.accept(0, ROOM, "a", wait=wait)
    process.accept(0, ROOM, "a", wait=0.001)
    assert process.wait() == pytest.approx(0.02)
