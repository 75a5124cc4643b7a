"""Limits kept in a store: sharing, closing, outages, and errors."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiohttp import ClientSession, web
from redis.asyncio import Redis

from sessionboard_async import (
    AsyncSession,
    ClientClosedError,
    ConfigurationError,
    RateLimitError,
    RateLimits,
    RateLimitStoreError,
    RateLimitWaitExceeded,
    Retry,
    Timeout,
)
from sessionboard_async.core.http.auth import Token
from tests.support.http_server import TOKEN, Handler, HttpServer, RawHandler, until
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

NOWHERE = "redis://someone:planted-password@127.0.0.1:1"
READS = "entity-reads"


@asynccontextmanager
async def open_client(
    server: HttpServer, url: str, *, client: ClientSession | None = None, **options: Any
) -> AsyncIterator[AsyncSession]:
    limits = RateLimits.shared(url, **{"max_wait": None, "store_timeout": 5.0, **options})
    async with AsyncSession(
        TOKEN, base_url=server.base_url, limits=limits, timeout=Timeout(total=None), client=client
    ) as sb:
        yield sb


class Counted:
    """A handler with some requests left in a window of 900 seconds."""

    def __init__(self, left: int, limit: int = 50) -> None:
        self.left = left
        self.limit = limit
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        self.left -= 1
        headers = {
            "RateLimit-Limit": f"{self.limit}",
            "RateLimit-Remaining": f"{self.left}",
            "RateLimit-Reset": "900",
        }
        await self.open.wait()
        return web.json_response({}, headers=headers)


async def in_flight(store: Redis) -> int:
    return int(await store.zcard(f"{{sb:{Token(TOKEN).digest()[:16]}}}:{READS}:l"))


async def turns(number: int) -> None:
    """Let other tasks run for some turns of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until_true(condition: Callable[[], Awaitable[bool]]) -> None:
    with anyio.fail_after(5):
        while not await condition():  # noqa: ASYNC110  # another process changes it
            await asyncio.sleep(0.01)


async def test_independent_clients_share_a_budget(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    server = await serve(Counted(3))
    async with open_client(server, redis_server.url) as one, open_client(server, redis_server.url) as other:
        await one.sponsors.get(1, "a")
        waiting = [asyncio.ensure_future(sb.sponsors.get(1, "b")) for sb in (one, other) for _ in range(5)]
        await until(lambda: sum(call.done() for call in waiting) >= 2)
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        left = [(await sb.limits.snapshot())[READS] for sb in (one, other)]
        for call in waiting:
            call.cancel()
        await asyncio.wait(waiting)
    assert len(done) == 2
    assert len(server.requests) == 3
    assert [(budget.limit, budget.remaining) for budget in left] == [(50, 0), (50, 0)]
    assert sum(budget.waiting for budget in left) == 8


async def test_a_closing_client_returns_its_leases(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    handler = Counted(40)
    server = await serve(handler)
    async with open_client(server, redis_server.url) as sb:
        await asyncio.gather(*(sb.sponsors.get(1, "a") for _ in range(20)))
        handler.open.clear()
        calls = [asyncio.ensure_future(sb.sponsors.get(1, "b")) for _ in range(5)]
        # A granted lease may belong to a call that has not been sent yet.
        await until(lambda: handler.left == 40 - 25)
        assert await in_flight(store) == 5
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
    assert await in_flight(store) == 0
    async with open_client(server, redis_server.url, max_wait=0) as sb:
        handler.open.set()
        await sb.sponsors.get(1, "c")
        # Five were cancelled, and the later response shows that the server had counted them.
        assert (await sb.limits.snapshot())[READS].remaining == 40 - 26


async def _equals(number: Awaitable[int], expected: int) -> bool:
    return await number == expected


async def test_closing_does_not_report_an_outcome_twice(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    handler = Counted(40)
    server = await serve(handler)
    async with open_client(server, redis_server.url) as sb:
        await sb.sponsors.get(1, "a")
        handler.open.clear()
        call = asyncio.ensure_future(sb.sponsors.get(1, "b"))
        await until(lambda: handler.left == 40 - 2)
        with redis_server.held():
            call.cancel()
            await asyncio.wait({call})
            await turns(20)
            closing = asyncio.ensure_future(sb.aclose())
            await turns(20)
        await closing
    async with open_client(server, redis_server.url) as other:
        call = asyncio.ensure_future(other.sponsors.get(1, "c"))
        await until(lambda: handler.left == 40 - 3)
        # Of the 39 that the only response reported, one was cancelled, and one is in flight.
        assert (await other.limits.snapshot())[READS].remaining == 37
        handler.open.set()
        await call


async def test_leases_of_calls_ended_by_closing_are_returned(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    handler = Counted(40)
    server = await serve(handler)
    async with ClientSession() as client:
        async with open_client(server, redis_server.url, client=client) as sb:
            await asyncio.gather(*(sb.sponsors.get(1, "a") for _ in range(5)))
            handler.open.clear()
            calls = [asyncio.ensure_future(sb.sponsors.get(1, "b")) for _ in range(5)]
            await until(lambda: handler.left == 40 - 10)
        assert await in_flight(store) == 0
        await asyncio.wait(calls)
    assert {type(call.exception()) for call in calls} == {ClientClosedError}


async def test_a_wait_that_is_too_long_is_known_from_the_store(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    server = await serve(Counted(1))
    async with open_client(server, redis_server.url) as one:
        await one.sponsors.get(1, "a")
    async with open_client(server, redis_server.url, max_wait=60) as other:
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await other.sponsors.get(1, "b")
    assert 899 < caught.value.seconds <= 901
    assert caught.value.limit == 50
    assert len(server.requests) == 1


@pytest.mark.parametrize("others", [{"RateLimit-Remaining": "0", "RateLimit-Reset": "900"}, {}])
async def test_retry_after_is_reported_to_the_store_before_the_reset(
    serve: Serve, store: Redis, redis_server: RedisServer, others: dict[str, str]
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=429, headers={"Retry-After": "100", **others})

    server = await serve(refuse)
    async with open_client(server, redis_server.url) as one:
        with pytest.raises(RateLimitError):
            await one.with_options(retry=Retry(attempts=1)).sponsors.get(1, "a")
    async with open_client(server, redis_server.url, max_wait=0) as other:
        with pytest.raises(RateLimitWaitExceeded) as caught:
            await other.sponsors.get(1, "b")
    assert 99 < caught.value.seconds <= 101


async def test_no_key_and_no_value_holds_the_token(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    server = await serve(Counted(40))
    async with open_client(server, redis_server.url) as sb:
        await sb.sponsors.get(1, "a")
    keys = await store.keys("*")
    assert keys == [f"{{sb:{Token(TOKEN).digest()[:16]}}}:{READS}:s".encode()]
    value = await store.get(keys[0])
    assert isinstance(value, bytes)
    assert TOKEN.encode() not in value
    assert await store.ttl(keys[0]) > 900


async def test_without_the_store_each_process_keeps_its_own_limits(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = await serve(Counted(3))
    async with open_client(server, NOWHERE, max_wait=60) as sb:
        for _ in range(3):
            await sb.sponsors.get(1, "a")
        with pytest.raises(RateLimitWaitExceeded):
            await sb.sponsors.get(1, "a")
    logged = [record.getMessage() for record in caplog.records if "store" in record.getMessage()]
    assert logged == ["the store of the shared rate limits does not answer (ConnectionError)"]
    assert "planted-password" not in caplog.text
    assert len(server.requests) == 3


async def test_a_hanging_store_does_not_block_calls(serve: Serve, serve_bytes: ServeBytes) -> None:
    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    url = (await serve_bytes(hang)).replace("http", "redis")
    server = await serve(Counted(40))
    async with open_client(server, url, store_timeout=0.05) as sb:
        with anyio.fail_after(2):
            await asyncio.gather(*(sb.sponsors.get(1, "a") for _ in range(20)))
    assert len(server.requests) == 20


async def test_without_the_store_a_call_fails_if_so_configured(serve: Serve) -> None:
    server = await serve(Counted(3))
    async with open_client(server, NOWHERE, on_store_error="raise") as sb:
        for _ in range(2):
            with anyio.fail_after(2), pytest.raises(RateLimitStoreError, match=r"GET .*/sponsors/") as caught:
                await sb.sponsors.get(1, "a")
            assert "planted-password" not in f"{caught.value!r} {vars(caught.value)}"
            assert caught.value.operation == "get-sponsor"
    assert server.requests == []


async def answer_every_command_with_a_number(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while header := await reader.readline():
        for _ in range(int(header[1:])):
            size = int((await reader.readline())[1:])
            await reader.readexactly(size + 2)
        writer.write(b":1\r\n")


async def test_a_store_with_an_unexpected_reply_counts_as_unavailable(
    serve: Serve, serve_bytes: ServeBytes, caplog: pytest.LogCaptureFixture
) -> None:
    url = (await serve_bytes(answer_every_command_with_a_number)).replace("http", "redis")
    server = await serve(Counted(40))
    with anyio.fail_after(5):
        async with open_client(server, url) as sb:
            await sb.sponsors.get(1, "a")
        async with open_client(server, url, on_store_error="raise") as sb:
            with pytest.raises(RateLimitStoreError):
                await sb.sponsors.get(1, "a")
    assert len(server.requests) == 1
    assert "the store of the shared rate limits does not answer (TypeError)" in caplog.text


async def test_a_store_that_starts_later_is_used(serve: Serve, tmp_path: Path) -> None:
    server, later = await serve(Counted(40)), RedisServer(tmp_path)
    async with open_client(server, later.url) as sb:
        await sb.sponsors.get(1, "a")
        later.start()
        try:
            async with later.client() as client:
                await until_true(lambda: _equals(_count(client), 1))
                await sb.sponsors.get(1, "a")
        finally:
            later.kill()
        await sb.sponsors.get(1, "a")
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 5))]
)
async def test_every_call_ends_while_connections_are_killed(
    serve: Serve, redis_server: RedisServer, store: Redis, seed: int
) -> None:
    draw = random.Random(seed)
    server = await serve(Counted(5_000, 5_000))

    async def disturb() -> None:
        while True:
            await asyncio.sleep(draw.uniform(0, 0.02))
            if draw.random() < 0.5:
                await store.script_flush()
            else:
                await store.client_kill_filter(_type="normal", skipme=True)

    async def work(sb: AsyncSession) -> int:
        calls = [asyncio.ensure_future(sb.sponsors.get(1, "a")) for _ in range(150)]
        for call in draw.sample(calls, 40):
            asyncio.get_running_loop().call_later(draw.uniform(0, 0.3), call.cancel)
        await asyncio.wait(calls)
        return sum(not call.cancelled() and call.exception() is None for call in calls)

    disturbing = asyncio.ensure_future(disturb())
    try:
        async with (
            open_client(server, redis_server.url) as one,
            open_client(server, redis_server.url) as other,
        ):
            with anyio.fail_after(20):
                done = await asyncio.gather(work(one), work(other))
            disturbing.cancel()
            await asyncio.wait({disturbing})
            await until_true(lambda: _equals(in_flight(store), 0))
            left = [(await sb.limits.snapshot())[READS].waiting for sb in (one, other)]
    finally:
        disturbing.cancel()
        await asyncio.wait({disturbing})
    assert min(done) >= 110
    assert left == [0, 0]


async def test_a_lease_granted_to_a_cancelled_call_is_returned(
    serve: Serve, redis_server: RedisServer, store: Redis
) -> None:
    server = await serve(Counted(40))
    async with open_client(server, redis_server.url) as sb:
        call = asyncio.ensure_future(sb.sponsors.get(1, "a"))
        await turns(3)
        # The exchange is under way.
        call.cancel()
        await until_true(lambda: _equals(_count(store), 1))
        await until_true(lambda: _equals(in_flight(store), 0))
    assert server.requests == []


async def test_a_lease_granted_after_the_timeout_is_returned(
    serve: Serve, redis_server: RedisServer, store: Redis
) -> None:
    async def all_is_reported() -> bool:
        return await exchanges(store) >= before + 2 and await in_flight(store) == 0

    server = await serve(Counted(40))
    async with open_client(server, redis_server.url, store_timeout=0.5) as sb:
        await sb.sponsors.get(1, "a")
        await until_true(lambda: _equals(in_flight(store), 0))
        before = await exchanges(store)
        with redis_server.held():
            await sb.sponsors.get(1, "a")
        # The store carries out the exchange that the client has given up, and then the next one.
        await until_true(all_is_reported)
    assert len(server.requests) == 2


async def test_a_client_that_closes_during_a_pause_returns_its_leases_nevertheless(
    serve: Serve, redis_server: RedisServer, store: Redis
) -> None:
    server = await serve(Counted(40))
    async with open_client(server, redis_server.url, store_timeout=0.5) as sb:
        await sb.sponsors.get(1, "a")
        await until_true(lambda: _equals(in_flight(store), 0))
        with redis_server.held():
            await sb.sponsors.get(1, "a")
        # The store grants what the client has given up, and the client pauses.
        await until_true(lambda: _equals(in_flight(store), 1))
    assert await in_flight(store) == 0


async def exchanges(store: Redis) -> int:
    """Return how often the script ran."""
    statistics = await store.info("commandstats")
    return sum(statistics.get(name, {"calls": 0})["calls"] for name in ("cmdstat_eval", "cmdstat_evalsha"))


async def _count(store: Redis) -> int:
    return int(await store.dbsize())


async def test_a_view_with_shared_limits_is_closed_with_its_client(
    serve: Serve, store: Redis, redis_server: RedisServer
) -> None:
    server = await serve(Counted(40))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        for patience in (60, None):
            limits = RateLimits.shared(redis_server.url, max_wait=patience, store_timeout=5)
            await sb.with_options(limits=limits).sponsors.get(1, "a")
        before = len(await store.client_list())
    assert before == 2
    await until_true(lambda: _equals(_clients(store), 1))


async def _clients(store: Redis) -> int:
    return len(await store.client_list())


@pytest.mark.parametrize(
    "address",
    [
        "redis://127.0.0.1:planted-password",
        "redis://user:planted@127.0.0.1:99999",
        "redis://user:planted@127.0.0.1:0",
        "redis://:planted/password@127.0.0.1/0",
        "redis://user:planted@[::1",
        "redis://127.0.0.1?socket_timeout=planted",
        "redis://127.0.0.1?health_check_interval=planted",
        "redis://127.0.0.1?retry_on_timeout=no&db=planted",
        "http://user:planted@127.0.0.1",
    ],
)
async def test_an_invalid_address_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the URL of the store") as caught:
        AsyncSession(TOKEN, limits=RateLimits.shared(address))
    assert "planted" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


async def test_no_error_of_the_store_is_in_the_context_of_ours(
    serve_bytes: ServeBytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Servers repeat the arguments of commands that they do not know, and so a password."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while sent := await reader.read(65536):
            words = sent.decode(errors="replace").replace("\r\n", " ")
            writer.write(f"-ERR unknown command: {words}\r\n".encode())

    caplog.set_level(logging.DEBUG)
    address = (await serve_bytes(repeat)).replace("http://", "redis://user:planted@")
    limits = RateLimits.shared(address, on_store_error="raise", store_timeout=5)
    async with AsyncSession(TOKEN, base_url="http://127.0.0.1:1", limits=limits) as sb:
        with pytest.raises(RateLimitStoreError) as caught:
            await sb.sponsors.get(1, "a")
    error: BaseException | None = caught.value
    while error is not None:
        assert "planted" not in f"{error!r} {error} {vars(error)}"
        error = error.__context__
    assert "planted" not in caplog.text
    assert "planted" not in f"{limits!r} {limits.__rich_repr__()}"


async def test_without_redis_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"sessionboard-async\[redis\]"):
        AsyncSession(TOKEN, limits=RateLimits.shared(NOWHERE))
