"""The connection to the store: cancellation, flushed scripts, outages, and expiry of what it keeps."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest
from redis.asyncio import Redis

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.shared.store import (
    RateLimitStore,
    StoreRequest,
    StoreUnavailableError,
)
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

READS = "entity-reads"
NOWHERE = "redis://127.0.0.1:1"
NOTHING = StoreRequest(
    state=BucketState(limit=10, window=30.0),
    share=1.0,
    reserve=0,
    documented=True,
    is_assumed=False,
    lease_seconds=1.0,
    outcomes=[],
    priorities=[],
    leases=[],
)


async def turns(number: int) -> None:
    """Let other tasks run for some turns of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize("moment", range(8))
async def test_an_exchange_can_be_cancelled_at_any_moment(
    store: Redis, redis_server: RedisServer, moment: int
) -> None:
    asked = RateLimitStore(redis_server.url, "3" * 64, timeout=5.0, clock=time.monotonic)
    await asked.exchange(READS, NOTHING)
    asking = asyncio.ensure_future(asked.exchange(READS, NOTHING))
    await turns(moment)
    ended = asking.done()
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled() or ended
    await asked.aclose()


async def test_exchanges_succeed_while_scripts_are_flushed(store: Redis, redis_server: RedisServer) -> None:
    asked = RateLimitStore(redis_server.url, "4" * 64, timeout=5.0, clock=time.monotonic)

    async def forget() -> None:
        while True:
            await store.script_flush()

    forgetting = asyncio.ensure_future(forget())
    try:
        for _ in range(200):
            await asked.exchange(READS, NOTHING)
        assert not forgetting.done()
    finally:
        forgetting.cancel()
        await asyncio.wait({forgetting})
        await asked.aclose()


async def test_an_unavailable_store_is_tried_again_after_longer_and_longer_pauses() -> None:
    now = 0.0
    asked = RateLimitStore(NOWHERE, "5" * 64, timeout=5.0, clock=lambda: now)
    pauses: list[float] = []
    for _ in range(8):
        with pytest.raises(StoreUnavailableError) as caught:
            await asked.exchange(READS, NOTHING)
        pauses.append(caught.value.seconds)
        now += caught.value.seconds
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    await asked.aclose()


async def test_no_error_of_the_client_is_in_the_context_of_ours() -> None:
    """It may show the address of the store, and the password in it."""
    asked = RateLimitStore(NOWHERE, "6" * 64, timeout=5.0, clock=time.monotonic)
    with pytest.raises(StoreUnavailableError) as caught:
        await asked.exchange(READS, NOTHING)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    await asked.aclose()


async def test_during_a_pause_the_store_is_tried_only_on_request(
    store: Redis, redis_server: RedisServer
) -> None:
    asked = RateLimitStore(redis_server.url, "6" * 64, timeout=0.5, clock=lambda: 0.0)
    with redis_server.held(), pytest.raises(StoreUnavailableError):
        await asked.exchange(READS, NOTHING)
    with pytest.raises(StoreUnavailableError):
        await asked.exchange(READS, NOTHING)
    assert (await asked.exchange(READS, NOTHING, insist=True)).granted == 0
    assert (await asked.exchange(READS, NOTHING)).granted == 0
    await asked.aclose()


async def test_the_state_and_the_leases_expire(store: Redis, redis_server: RedisServer) -> None:
    asked = RateLimitStore(redis_server.url, "7" * 64, timeout=5.0, clock=time.monotonic)
    one = msgspec.structs.replace(NOTHING, priorities=[Priority.INTERACTIVE], leases=["a"])
    assert (await asked.exchange(READS, one)).granted == 1
    await asked.aclose()
    keys = await store.keys("*")
    assert len(keys) == 2
    # Three windows of 30 seconds, and the second that the lease lasts.
    assert [0 < await store.ttl(key) <= 91 for key in keys] == [True, True]
