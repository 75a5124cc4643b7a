"""A store that answers anything at all: calls go on with local counting, or fail, and never wait for it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import msgspec
import pytest
from aiohttp import web
from redis.asyncio import Redis

from sessionboard_async import AsyncSession, RateLimits, RateLimitStoreError, RateLimitWaitExceeded, Timeout
from sessionboard_async.core.options import OnStoreError
from sessionboard_async.core.rate_limits.bucket_state import BucketState
from tests.support.http_server import TOKEN, Handler, HttpServer, RawHandler

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

SECONDS = 3.0
"""A call that takes longer has waited for the store."""


def bulk(content: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(content), content)


def packed(
    granted: object = 0, wait: object = 0.0, daily: dict[str, object] | None = None, **state: object
) -> bytes:
    """Return a reply of the script, with some values of the state replaced."""
    plain = msgspec.to_builtins(BucketState(limit=100, window=900.0)) | state
    return bulk(msgspec.msgpack.encode({"granted": granted, "wait": wait, "state": plain, "daily": daily}))


REPLIES = {
    "nil": b"$-1\r\n",
    "nil array": b"*-1\r\n",
    "null": b"_\r\n",
    "integer": b":1\r\n",
    "simple string": b"+OK\r\n",
    "empty bulk": bulk(b""),
    "text": bulk(b"hello"),
    "bytes that are no text": bulk(b"\xff\xfe\x00"),
    "array": b"*2\r\n:1\r\n:2\r\n",
    "empty array": b"*0\r\n",
    "map": b"%1\r\n+granted\r\n:1\r\n",
    "set": b"~1\r\n:1\r\n",
    "push": b">2\r\n+message\r\n:1\r\n",
    "double": b",1.5\r\n",
    "infinity": b",inf\r\n",
    "boolean": b"#t\r\n",
    "large number": b"(3492890328409238509324850943850943825024385\r\n",
    "verbatim string": b"=7\r\ntxt:abc\r\n",
    "attribute": b"|1\r\n+a\r\n:1\r\n:1\r\n",
    "error": b"-ERR no\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "busy": b"-BUSY Redis is busy running a script\r\n",
    "no script": b"-NOSCRIPT No matching script\r\n",
    "read only": b"-READONLY You can't write against a read only replica.\r\n",
    "moved": b"-MOVED 3999 127.0.0.1:6381\r\n",
    "bulk error": b"!7\r\nERR bad\r\n",
    "error without a text": b"-\r\n",
    "nested": b"*1\r\n" * 40 + b":1\r\n",
    "nested without end": b"*1\r\n" * 20_000,
    "a length without content": b"$999999999999\r\nabc",
    "a length that is no number": b"$abc\r\n",
    "a negative length": b"$-7\r\nabc\r\n",
    "an unknown type": b"?what\r\n",
    "nothing": b"",
    "half a line": b"$10",
    "huge": bulk(b"x" * 3_000_000),
    "packed number": bulk(msgspec.msgpack.encode(1)),
    "packed list": bulk(msgspec.msgpack.encode([0, 0.0, {}])),
    "without a state": bulk(msgspec.msgpack.encode({"granted": 1, "wait": 0.0})),
    "more granted than asked": packed(5),
    "less than nothing granted": packed(-1, 1.0),
    "half granted": packed(0.5),
    "granted in words": packed("1"),
    "neither granted nor a wait": packed(0, 0.0),
    "a negative wait": packed(0, -5.0),
    "no number as wait": packed(0, math.nan),
    "an endless wait without a reason": packed(0, math.inf),
    "a long wait without a reason": packed(0, 1e12),
    "no limit": packed(1, limit=0),
    "no window": packed(1, window=0.0),
    "a window without end": packed(1, window=math.inf),
    "a window of years": packed(1, window=1e9),
    "no request may be in flight": packed(0, math.inf, max_in_flight=0),
    "less than one sharer": packed(1, sharers=0.0),
    "less than nothing in flight": packed(1, in_flight=-3),
    "a limit in words": packed(1, limit="100"),
    "less than no writes left": packed(1, daily={"remaining": -1}),
    "refusals without end": packed(1, unstated_refusals=10**6),
}
ALIKE = {
    "nil array", "null", "empty bulk", "empty array", "set", "double", "boolean", "large number",
    "verbatim string", "loading", "read only", "moved", "bulk error", "nested", "a negative length",
    "packed list", "less than nothing granted", "granted in words", "no window", "a limit in words",
}  # fmt: skip
"""Replies that another one, which stays among the fast tests, is much like."""


def store_that_replies(reply: bytes) -> RawHandler:
    """Return a store that answers scripts with some bytes, and everything else with OK."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while header := await reader.readline():
            words = []
            for _ in range(int(header[1:])):
                size = int((await reader.readline())[1:])
                words.append((await reader.readexactly(size + 2))[:-2])
            scripted = words[0].upper() in {b"EVAL", b"EVALSHA"}
            hello = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
            writer.write(reply if scripted else hello if words[0].upper() == b"HELLO" else b"+OK\r\n")
            await writer.drain()

    return answer


async def ok(_: web.Request) -> web.StreamResponse:
    return web.json_response({})


async def call(
    server: HttpServer, url: str, on_store_error: OnStoreError, times: int = 1, timeout: float = 0.1
) -> None:
    limits = RateLimits.shared(url, on_store_error=on_store_error, store_timeout=timeout)
    with anyio.fail_after(SECONDS):
        async with AsyncSession(
            TOKEN, base_url=server.base_url, limits=limits, timeout=Timeout(total=2 * SECONDS)
        ) as sb:
            for _ in range(times):
                await sb.sponsors.get(1, "a")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(reply, id=name, marks=[pytest.mark.slow] if name in ALIKE else [])
        for name, reply in REPLIES.items()
    ],
)
async def test_after_any_reply_calls_go_on_with_local_counting_or_fail(
    serve: Serve, serve_bytes: ServeBytes, reply: bytes
) -> None:
    server = await serve(ok)
    url = (await serve_bytes(store_that_replies(reply))).replace("http", "redis")
    await call(server, url, "local", times=2)
    assert len(server.requests) == 2
    with pytest.raises(RateLimitStoreError):
        await call(server, url, "raise")
    assert len(server.requests) == 2


async def test_a_lease_without_end_is_accepted(serve: Serve, serve_bytes: ServeBytes) -> None:
    """The store of these tests would be understood if it made sense."""
    server = await serve(ok)
    url = (await serve_bytes(store_that_replies(packed(1)))).replace("http", "redis")
    await call(server, url, "raise", timeout=2.0)
    assert len(server.requests) == 1


@pytest.mark.parametrize("on_store_error", ["local", "raise"])
async def test_a_window_that_ends_in_another_age_ends_in_its_time(
    serve: Serve, serve_bytes: ServeBytes, on_store_error: OnStoreError
) -> None:
    server = await serve(ok)
    reply = packed(0, 1e12, remaining=0, earliest_end=1e12, latest_end=1e12, seen_length=1e12)
    url = (await serve_bytes(store_that_replies(reply))).replace("http", "redis")
    with pytest.raises(RateLimitWaitExceeded) as caught:
        await call(server, url, on_store_error, timeout=2.0)
    assert 895 < caught.value.seconds < 903


async def test_at_time_0_nothing_has_happened_in_the_future() -> None:
    times = ("previous_end", "rolled_at", "unknown_since", "as_of", "unanswered_at")
    for time in (math.nan, 1e9, math.inf):
        state = BucketState(limit=1, window=60.0)
        for name in times:
            setattr(state, name, time)
        state = state.bounded()
        assert {getattr(state, name) for name in times} == {0.0}
        assert (state.earliest_end, state.latest_end) == (math.inf, math.inf)
    state = BucketState(limit=1, window=60.0, remaining=0, earliest_end=math.nan, latest_end=math.nan)
    assert (state.bounded().earliest_end, state.bounded().latest_end) == (61.0, 61.0)
    possible = BucketState(
        limit=1, window=60.0, remaining=0, earliest_end=5.0, latest_end=7.0, as_of=-3.0, previous_end=-9.0
    )
    possible = msgspec.structs.replace(possible, rolled_at=-8.0, unknown_since=-8.0, unanswered_at=-1.0)
    assert possible.bounded() == possible


FAILURES = [
    OSError("no"),
    ValueError("no"),
    AttributeError("no"),
    RuntimeError("Event loop is closed"),
    RecursionError("no"),
    MemoryError(),
    StopAsyncIteration(),
    ExceptionGroup("several", [OSError("no")]),
    asyncio.CancelledError("of the client's own"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_after_any_failure_of_the_client_calls_go_on_with_local_counting_or_fail(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(Redis, "execute_command", fail)
    server = await serve(ok)
    await call(server, "redis://127.0.0.1:1", "local", times=2)
    with pytest.raises(RateLimitStoreError):
        await call(server, "redis://127.0.0.1:1", "raise")
    assert len(server.requests) == 2
