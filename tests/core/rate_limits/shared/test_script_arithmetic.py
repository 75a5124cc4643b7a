"""The script in the store counts exactly as the bucket does, for any sequence of events."""

from __future__ import annotations

import asyncio
import itertools
import math
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import Bucket, names_no_wait
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders
from sessionboard_async.core.rate_limits.shared.store import (
    LEASE_SECONDS,
    RateLimitStore,
    RequestOutcome,
    StoreReply,
    StoreRequest,
)
from tests.support.redis_server import RedisServer, stores

NUMBERS = itertools.count()
SECONDS = st.sampled_from([0.0, 0.01, 0.7, 1.0, 3.0, 10.0, 29.5, 31.0, 100.0])
COUNTS = st.integers(0, 12)


@dataclass(frozen=True)
class Ask:
    priority: Priority
    after: float


@dataclass(frozen=True)
class End:
    kind: str
    after: float
    which: int
    refused: bool = False
    headers: RateLimitHeaders | None = None
    retry_after: float | None = None
    draw: float = 0.5


ASKS = st.builds(Ask, st.sampled_from(Priority), SECONDS)
HEADERS = st.builds(
    RateLimitHeaders,
    limit=st.none() | st.integers(1, 60),
    remaining=st.none() | COUNTS,
    reset=st.none() | SECONDS,
    window=st.none() | st.sampled_from([10.0, 30.0]),
)
ENDS = st.builds(
    End,
    st.sampled_from(["answered", "answered", "answered", "unanswered", "cancelled"]),
    SECONDS,
    st.integers(0, 20),
    st.booleans(),
    st.none() | HEADERS,
    st.none() | SECONDS,
    st.floats(0, 1),
)


@dataclass
class Process:
    """A process that shares a budget; its clock differs from that of the store."""

    store: RateLimitStore
    share: float = 1.0
    reserve: int = 0
    documented: bool = True
    is_assumed: bool = True
    category: str = field(default_factory=lambda: f"category-{next(NUMBERS)}")
    leases: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = (f"{self.category}:{number}" for number in itertools.count())

    async def exchange(self, now: float, priorities: list[Priority], *outcomes: RequestOutcome) -> StoreReply:
        leases = list(itertools.islice(self.names, len(priorities)))
        message = StoreRequest(
            state=BucketState(limit=10, window=30.0),
            share=self.share,
            reserve=self.reserve,
            documented=self.documented,
            is_assumed=self.is_assumed,
            lease_seconds=1e6,
            outcomes=list(outcomes),
            priorities=priorities,
            leases=leases,
            now=now,
        )
        reply = await self.store.exchange(self.category, message)
        self.leases += [(lease, now) for lease in leases[: reply.granted]]
        return reply


def report_of(end: End, lease: str, sent: float, now: float) -> RequestOutcome:
    headers = end.headers if end.kind == "answered" else None
    reset = end.retry_after if end.retry_after is not None else headers and headers.reset
    return RequestOutcome(
        kind=end.kind,  # type: ignore[arg-type]  # one of the three
        at=0.0,
        sent=sent - now,
        lease=lease,
        refused=end.refused,
        names_no_wait=names_no_wait(headers, end.retry_after),
        has_headers=headers is not None,
        draw=end.draw,
        limit=headers and headers.limit,
        window=headers and headers.window,
        remaining=headers and headers.remaining,
        reset=reset,
    )


def end_locally(bucket: Bucket, end: End, now: float, sent: float) -> None:
    if end.kind == "cancelled":
        bucket.cancel()
    elif end.kind == "unanswered":
        bucket.unanswered(now, sent)
    else:
        bucket.answered(now, sent, refused=end.refused, headers=end.headers, retry_after=end.retry_after)


def assert_same(one: BucketState, other: BucketState) -> None:
    for name, value in msgspec.structs.asdict(one).items():
        assert value == pytest.approx(getattr(other, name), abs=1e-6), name


async def play(process: Process, steps: list[Ask | End]) -> int:
    """Take the same steps in the script and in a bucket, and return how many were compared."""
    draw = 0.0
    compared = 0
    bucket = Bucket(
        10,
        30.0,
        share=process.share,
        reserve=process.reserve,
        documented=process.documented,
        is_assumed=process.is_assumed,
        jitter=lambda bound: draw * bound,
    )
    now = 1_000.0
    for step in steps:
        now += step.after
        if isinstance(step, Ask):
            reply = await process.exchange(now, [step.priority])
            wait = bucket.wait(now, step.priority)
            if wait == 0.0:
                bucket.begin(now)
            assert reply.granted == int(wait == 0.0)
            assert reply.wait == pytest.approx(wait, abs=1e-6)
        elif process.leases:
            lease, sent = process.leases.pop(step.which % len(process.leases))
            draw = step.draw
            reply = await process.exchange(now, [], report_of(step, lease, sent, now))
            end_locally(bucket, step, now, sent)
            bucket.roll(now)
        else:
            continue
        assert_same(reply.state, bucket.state.shifted(-now))
        compared += 1
    return compared


@stores()
@pytest.mark.untraced
def test_the_script_counts_as_the_bucket_does(redis_server: RedisServer) -> None:
    compared = 0
    with asyncio.Runner() as runner:
        store = RateLimitStore(redis_server.url, "0" * 64, timeout=10.0, clock=lambda: 0.0)

        # Long sequences: three times as many as of other examples.
        @settings(
            max_examples=3 * settings().max_examples,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        @given(
            st.lists(ASKS | ENDS, max_size=40),
            st.sampled_from([1.0, 0.5, 0.05]),
            st.sampled_from([0, 2, 10]),
            st.booleans(),
            st.booleans(),
        )
        def check(
            steps: list[Ask | End], share: float, reserve: int, documented: bool, is_assumed: bool
        ) -> None:
            nonlocal compared
            compared += runner.run(play(Process(store, share, reserve, documented, is_assumed), steps))

        try:
            check()
        finally:
            runner.run(store.aclose())
        assert compared > settings().max_examples


@pytest.mark.anyio
async def test_requests_of_a_dead_process_have_an_unknown_outcome(redis_server: RedisServer) -> None:
    store = RateLimitStore(redis_server.url, "1" * 64, timeout=10.0, clock=lambda: 0.0)
    process = Process(store)
    message = StoreRequest(
        state=BucketState(limit=10, window=1000.0),
        share=1.0,
        reserve=0,
        documented=True,
        is_assumed=True,
        lease_seconds=LEASE_SECONDS,
        outcomes=[],
        priorities=[Priority.INTERACTIVE],
        leases=["a"],
        now=1_000.0,
    )
    answered = RequestOutcome(kind="answered", at=0.0, sent=-0.1, lease="a", remaining=9, reset=900.0)
    try:
        assert (await store.exchange(process.category, message)).granted == 1
        message.outcomes, message.leases = [answered], ["b"]
        assert (await store.exchange(process.category, message)).state.in_flight == 1
        message.outcomes, message.priorities, message.leases, message.now = (
            [],
            [],
            [],
            1_000.0 + LEASE_SECONDS,
        )
        late = (await store.exchange(process.category, message)).state
    finally:
        await store.aclose()
    assert (late.in_flight, late.unanswered, late.remaining) == (0, 1, 9)


@pytest.mark.anyio
async def test_an_empty_store_takes_over_the_state_of_the_process(redis_server: RedisServer) -> None:
    store = RateLimitStore(redis_server.url, "2" * 64, timeout=10.0, clock=lambda: 0.0)
    state = BucketState(limit=50, window=900.0, remaining=0, earliest_end=98.0, latest_end=100.0)
    message = StoreRequest(
        state=state,
        share=1.0,
        reserve=0,
        documented=True,
        is_assumed=True,
        lease_seconds=LEASE_SECONDS,
        outcomes=[],
        priorities=[Priority.INTERACTIVE],
        leases=["a"],
    )
    try:
        first = await store.exchange("entity-reads", message)
        message.state = BucketState(limit=100, window=900.0)
        second = await store.exchange("entity-reads", message)
    finally:
        await store.aclose()
    assert (first.granted, first.state.limit) == (0, 50)
    assert first.wait == pytest.approx(101.0)
    assert 99.0 < second.wait <= first.wait
    assert second.state.remaining == 0
    assert math.isinf(second.state.previous_end)
