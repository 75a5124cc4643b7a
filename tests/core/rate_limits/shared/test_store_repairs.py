"""A store whose clock is set back, whose keys hold something else, or whose URL has options."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import GUARD
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.shared.store import (
    LEASE_SECONDS,
    RateLimitStore,
    RequestOutcome,
    StoreReply,
    StoreRequest,
    StoreUnavailableError,
)
from tests.support.redis_server import RedisServer, stores

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

READS = "entity-reads"
WINDOW = 900.0
BEFORE = 1_800_000_000.0
"""A time of the store's clock before it is set back."""

HOUR = 3600.0
NAMES = (f"lease-{number}" for number in itertools.count())


@pytest.fixture
async def asked(store: Redis, redis_server: RedisServer) -> AsyncIterator[RateLimitStore]:
    """The connection of the client to an empty store."""
    connection = RateLimitStore(redis_server.url, "9" * 64, timeout=5.0, clock=time.monotonic)
    yield connection
    await connection.aclose()


async def ask(
    asked: RateLimitStore, *outcomes: RequestOutcome, at: float | None = None, leases: list[str] | None = None
) -> StoreReply:
    """Ask for a lease, or for those named."""
    leases = [next(NAMES)] if leases is None else leases
    message = StoreRequest(
        state=BucketState(limit=100, window=WINDOW),
        share=1.0,
        reserve=0,
        documented=True,
        is_assumed=True,
        lease_seconds=LEASE_SECONDS,
        outcomes=list(outcomes),
        priorities=[Priority.INTERACTIVE] * len(leases),
        leases=leases,
        now=at,
    )
    return await asked.exchange(READS, message)


def answered(lease: str, *, remaining: int, reset: float) -> RequestOutcome:
    return RequestOutcome(
        kind="answered", at=0.0, sent=-0.5, lease=lease, limit=100, remaining=remaining, reset=reset
    )


@stores()
@pytest.mark.parametrize("back", [1.0, 60.0, HOUR, 24 * HOUR, 50 * 365 * 24 * HOUR])
async def test_after_the_clock_is_set_back_a_window_still_ends_in_its_time(
    asked: RateLimitStore, back: float
) -> None:
    await ask(asked, at=BEFORE, leases=["a"])
    used_up = await ask(asked, answered("a", remaining=0, reset=60.0), at=BEFORE + 1)
    assert used_up.granted == 0
    assert used_up.wait == pytest.approx(60 + GUARD, abs=0.01)
    late = await ask(asked, at=BEFORE + 1 - back)
    assert (late.granted, late.state.remaining) == (0, 0)
    assert late.wait == pytest.approx(60 + GUARD, abs=0.01)
    over = await ask(asked, at=BEFORE + 1 - back + 62)
    assert (over.granted, over.wait) == (1, 0.0)


async def test_after_the_clock_is_set_back_a_first_request_is_still_followed_by_others(
    asked: RateLimitStore,
) -> None:
    await ask(asked, at=BEFORE, leases=["a"])
    later = await ask(asked, at=BEFORE - HOUR)
    assert later.wait == pytest.approx(5.0, abs=0.01)


@stores()
async def test_after_the_clock_is_set_back_the_leases_of_dead_processes_still_expire(
    asked: RateLimitStore,
) -> None:
    for number in range(8):
        # The time since the first request allows more of them.
        assert (await ask(asked, at=BEFORE + 10 * number)).granted == 1
    back = BEFORE - 24 * HOUR
    assert (await ask(asked, at=back)).granted == 0
    after = await ask(asked, at=back + LEASE_SECONDS + 1)
    assert (after.granted, after.state.in_flight) == (1, 1)


async def test_after_the_clock_is_set_back_responses_are_learned_from(asked: RateLimitStore) -> None:
    await ask(asked, at=BEFORE, leases=["a"])
    await ask(asked, answered("a", remaining=5, reset=900.0), at=BEFORE + 1, leases=["b"])
    await ask(asked, at=BEFORE - HOUR, leases=["c"])
    learned = await ask(asked, answered("c", remaining=3, reset=800.0), at=BEFORE - HOUR + 1, leases=[])
    assert learned.state.remaining == 3
    assert learned.state.latest_end == pytest.approx(800.0, abs=1)


VALUES = {
    "text": b"garbage",
    "nothing": b"",
    "half of a state": msgspec.msgpack.encode(BucketState(limit=5, window=1.0))[:40],
    "a byte without a meaning": b"\xc1",
    "a number": msgspec.msgpack.encode(7),
    "a list": msgspec.msgpack.encode([1, 2]),
    "another mapping": msgspec.msgpack.encode({"limit": 5}),
    "a limit in words": msgspec.msgpack.encode(
        msgspec.to_builtins(BucketState(limit=5, window=1.0)) | {"limit": "many"}
    ),
    "a count in words": msgspec.msgpack.encode(
        msgspec.to_builtins(BucketState(limit=5, window=1.0)) | {"remaining": "none"}
    ),
    "times in words": msgspec.msgpack.encode(
        msgspec.to_builtins(BucketState(limit=5, window=1.0)) | {"as_of": "yesterday"}
    ),
}


@stores()
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
async def test_a_value_that_is_no_state_is_replaced(
    asked: RateLimitStore, store: Redis, value: bytes
) -> None:
    await store.set(f"{asked.key(READS)}:s", value)
    reply = await ask(asked)
    assert (reply.granted, reply.state.limit) == (1, 100)
    assert (await ask(asked)).state.in_flight == 1


async def test_a_key_of_another_type_is_left_alone(asked: RateLimitStore, store: Redis) -> None:
    key = f"{asked.key(READS)}:s"
    await store.rpush(key, "of another program")
    with pytest.raises(StoreUnavailableError):
        await ask(asked)
    assert await store.type(key) == b"list"


@pytest.mark.parametrize(
    "options",
    ["decode_responses=True", "encoding=utf-16", "protocol=2", "protocol=3", "socket_timeout=0.001"],
)
async def test_options_in_the_url_do_not_change_how_replies_are_read(
    store: Redis, redis_server: RedisServer, options: str
) -> None:
    connection = RateLimitStore(f"{redis_server.url}?{options}", "9" * 64, timeout=5.0, clock=time.monotonic)
    try:
        for _ in range(2):
            assert (await ask(connection, leases=[])).granted == 0
    finally:
        await connection.aclose()
