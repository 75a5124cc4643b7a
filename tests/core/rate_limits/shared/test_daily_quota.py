"""The daily quota of writes in the store: learned by one process, known to all."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from aiohttp import web
from redis.asyncio import Redis
from redis.crc import key_slot

from sessionboard_async import AsyncSession, DailyQuotaExceeded, RateLimits, Retry
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from sessionboard_async.core.rate_limits.daily_quota import DAILY, DailyQuotaState
from sessionboard_async.core.rate_limits.shared.store import RateLimitStore, StoreReply, StoreRequest
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.support.http_server import TOKEN, Handler, HttpServer, until
from tests.support.redis_server import RedisServer, stores

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

DAY = 86_400.0
NOW = 1_800_000_000.0
"""A time of the store's clock."""
USED_UP = DailyQuotaState(limit=50, remaining=0, ends_at=4_000.0, refused_until=60.0, as_of=0.0)
SOME_LEFT = DailyQuotaState(limit=50, remaining=7, ends_at=4_000.0, as_of=0.0)


def process(base_url: str, store: RedisServer, token: str = TOKEN) -> AsyncSession:
    limits = RateLimits.shared(store.url, store_timeout=5.0)
    return AsyncSession(token, base_url=base_url, limits=limits, retry=Retry(attempts=1))


@pytest.fixture
async def asked(store: Redis, redis_server: RedisServer) -> AsyncIterator[RateLimitStore]:
    """The connection of a process to an empty store."""
    connection = RateLimitStore(redis_server.url, Token(TOKEN).digest(), timeout=5.0, clock=time.monotonic)
    yield connection
    await connection.aclose()


NOTHING = StoreRequest(
    state=BucketState(limit=100, window=900.0),
    share=1.0,
    reserve=0,
    documented=True,
    is_assumed=True,
    lease_seconds=120.0,
    outcomes=[],
    priorities=[],
    leases=[],
)


async def send(
    asked: RateLimitStore, daily: DailyQuotaState | None = None, *, new: bool = True, at: float | None = NOW
) -> DailyQuotaState | None:
    """Report what a process knows, and return what it learns."""
    message = msgspec.structs.replace(
        NOTHING,
        now=at,
        daily=daily,
        daily_is_new=new,
    )
    return (await asked.exchange("session-writes", message)).daily


@stores()
@pytest.mark.parametrize("headers", ["draft-6", "draft-8"])
async def test_a_quota_used_up_in_one_process_is_known_to_all(
    store: Redis, redis_server: RedisServer, headers: str
) -> None:
    limits = ServerLimits(requests=100, window=900, daily_quota=2, headers=headers)  # type: ignore[arg-type]  # one of them
    async with EmbeddedServer(limits=limits) as server:
        one, other, third = (process(server.base_url, redis_server, server.token) for _ in range(3))
        async with one, other, third:
            await one.sponsors.create(4630, name="a")
            sponsor = await other.sponsors.create(4630, name="b")
            before = len(server.requests)
            for late in (one, third):
                with pytest.raises(DailyQuotaExceeded, match="2 writes is used up") as caught:
                    await late.sponsors.create(4630, name="c")
                assert caught.value.retry_after == pytest.approx(DAY, abs=3)
            assert len(server.requests) == before
            # Other operations go on, and share what is known.
            await third.sponsors.get(4630, sponsor)
            assert (await third.limits.snapshot())[DAILY].remaining == 0
        assert server.refusals == 0


class Writes:
    """A handler that refuses writes for the day, or accepts them."""

    def __init__(self) -> None:
        self.refuses = True
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        await self.open.wait()
        if self.refuses and request.method == "POST":
            return web.json_response({}, status=429, headers={"Retry-After": "40000"})
        return web.json_response({"id": "a"})


async def test_a_refusal_and_what_is_left_are_learned_with_the_first_exchange(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    server = await serve(Writes())
    async with process(server.base_url, redis_server) as one:
        with pytest.raises(DailyQuotaExceeded):
            await one.sponsors.create(1, name="a")
    async with process(server.base_url, redis_server) as other:
        await other.sponsors.get(1, "a")
        budget = (await other.limits.snapshot())[DAILY]
        assert (budget.limit, budget.remaining) == (10_000, 0)
        with pytest.raises(DailyQuotaExceeded) as caught:
            await other.sponsors.create(1, name="a")
    assert caught.value.retry_after == pytest.approx(40_000, abs=3)
    assert len(server.requests) == 2


async def test_after_a_minute_one_write_of_all_processes_asks_again(
    serve: Serve, asked: RateLimitStore, redis_server: RedisServer
) -> None:
    handler = Writes()
    server = await serve(handler)
    minute_over = msgspec.structs.replace(USED_UP, refused_until=-0.001, as_of=-60.0)
    await send(asked, minute_over, at=None)
    handler.refuses = False
    handler.open.clear()
    async with process(server.base_url, redis_server) as one, process(server.base_url, redis_server) as other:
        asking = asyncio.ensure_future(one.sponsors.create(1, name="a"))
        await until(lambda: len(server.requests) == 1)
        async with asyncio.timeout(5):
            # The exchange that reports it is under way.
            while (known := await send(asked, at=None)) is None or known.refused_until < 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        for late in (one, other):
            # Of another category, whose window does not wait for the first response.
            with pytest.raises(DailyQuotaExceeded):
                await late.contacts.create(1, email="b@example.org")
        handler.open.set()
        await asking
        # Its success, though without a header, lifts the refusal.
        async with process(server.base_url, redis_server) as third:
            await third.sponsors.create(1, name="c")
    assert len(server.requests) == 2


async def test_without_the_store_each_process_knows_its_own(serve: Serve) -> None:
    server = await serve(Writes())
    limits = RateLimits.shared("redis://127.0.0.1:1")
    async with AsyncSession(TOKEN, base_url=server.base_url, limits=limits) as sb:
        for _ in range(2):
            with pytest.raises(DailyQuotaExceeded):
                await sb.sponsors.create(1, name="a")
    assert len(server.requests) == 1


async def test_an_empty_store_learns_what_processes_know(asked: RateLimitStore, store: Redis) -> None:
    assert await send(asked) is None
    assert await send(asked, USED_UP, new=False) == USED_UP
    await store.flushall()
    assert await send(asked) is None
    assert await send(asked, SOME_LEFT, new=False) == SOME_LEFT


@stores()
async def test_the_newest_report_wins(asked: RateLimitStore) -> None:
    await send(asked, SOME_LEFT)
    old = msgspec.structs.replace(USED_UP, as_of=-30.0)
    assert await send(asked, old) == SOME_LEFT
    assert await send(asked, USED_UP, new=False) == SOME_LEFT
    assert await send(asked, USED_UP) == USED_UP
    # A response that was under way at the time of a refusal does not lift it. A later one does.
    assert await send(asked, SOME_LEFT, at=NOW + 0.5) == USED_UP.shifted(-0.5)
    assert await send(asked, SOME_LEFT, at=NOW + 2) == SOME_LEFT


@stores()
async def test_after_the_clock_is_set_back_the_day_still_ends_in_its_time(asked: RateLimitStore) -> None:
    await send(asked, USED_UP)
    assert await send(asked, at=NOW - 3600) == USED_UP
    assert await send(asked, at=NOW - 3600 + 30) == USED_UP.shifted(-30)


async def test_a_day_that_is_over_is_not_kept(asked: RateLimitStore, store: Redis) -> None:
    await send(asked, USED_UP)
    assert 3_990 < await store.ttl(asked.key(DAILY)) <= 4_000
    assert await send(asked, at=NOW + 4_001) is None
    unknown = DailyQuotaState(remaining=0, refused_until=60.0, as_of=0.0)
    assert await send(asked, unknown, at=NOW + 4_001) == unknown
    assert DAY - 10 < await store.ttl(asked.key(DAILY)) <= DAY + 1


async def test_one_node_of_a_cluster_has_all_keys(asked: RateLimitStore, store: Redis) -> None:
    message = msgspec.structs.replace(
        NOTHING, priorities=[Priority.INTERACTIVE], leases=["a"], daily=SOME_LEFT
    )
    await asked.exchange("session-writes", message)
    keys = await store.keys("*")
    assert len(keys) == 3
    assert len({key_slot(bytes(key)) for key in keys if isinstance(key, bytes)}) == 1


def damaged(**values: object) -> bytes:
    return msgspec.msgpack.encode(msgspec.to_builtins(USED_UP.shifted(NOW)) | values)


DAMAGED = {
    "text": b"garbage",
    "a byte without a meaning": b"\xc1",
    "a number": msgspec.msgpack.encode(7),
    "half of a state": damaged()[:30],
    "another mapping": msgspec.msgpack.encode({"limit": 5}),
    "a limit in words": damaged(limit="many"),
    "no limit": damaged(limit=0),
    "half a write left": damaged(remaining=0.5),
    "less than nothing left": damaged(remaining=-1),
    "a count in words": damaged(remaining="none"),
    "more writes than numbers": damaged(remaining=1e300),
    "a refusal without end": damaged(refused_until=NOW + 1e9),
    "a refusal that is no number": damaged(refused_until=math.nan),
    "a day without end": damaged(ends_at=NOW + 1e9),
    "a report that is no number": damaged(as_of=math.nan),
    "times in words": damaged(ends_at="tomorrow"),
}


@stores()
@pytest.mark.parametrize("value", DAMAGED.values(), ids=DAMAGED.keys())
async def test_a_damaged_value_is_replaced(asked: RateLimitStore, store: Redis, value: bytes) -> None:
    await store.set(asked.key(DAILY), value)
    assert await send(asked) is None
    await store.set(asked.key(DAILY), value)
    assert await send(asked, SOME_LEFT, new=False) == SOME_LEFT
    assert await send(asked) == SOME_LEFT


async def test_a_reply_about_the_quota_is_bounded_and_checked() -> None:
    for odd in (math.nan, math.inf, 1e12):
        state = DailyQuotaState(remaining=0, ends_at=odd, refused_until=odd, as_of=odd).bounded()
        assert state.refused_until == 60.0
        assert state.as_of == 0.0
        assert state.ends_at == (math.inf if odd == math.inf else DAY + 1)
    over = msgspec.structs.replace(USED_UP, ends_at=10.0).bounded()
    assert over.refused_until == 10.0
    assert USED_UP.bounded() == USED_UP
    assert SOME_LEFT.bounded() == SOME_LEFT
    for wrong in ({"limit": 0}, {"limit": "1"}, {"remaining": -1}, {"ends_at": "1"}):
        plain = {"granted": 0, "wait": 1.0, "state": {"limit": 1, "window": 1.0}, "daily": wrong}
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(msgspec.msgpack.encode(plain), type=StoreReply)
