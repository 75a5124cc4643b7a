"""However a stream ends, it leaves no task and no connection, and occupies no place in the pool."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, DeadlineExceededError, Pager, RateLimits, Timeout
from sessionboard_async.core.pagination.prefetch import PrefetchDepth
from sessionboard_async.models import Session
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.untraced, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
Prefetch = PrefetchDepth | None
PREFETCH = pytest.mark.parametrize(
    "prefetch", [0, *(pytest.param(depth, marks=pytest.mark.slow) for depth in (1, "eager")), 8, None]
)


class Pages:
    """Twenty records; each response takes a few turns of the loop.

    Attributes:
        dated: Whether they have a time of creation, for keyset pagination.
        stuck: Whether pages beyond the first four records never arrive.
    """

    def __init__(self, *, dated: bool = False) -> None:
        self.dated = dated
        self.stuck = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        number, size = int(request.query["page"]), int(request.query.get("pageSize", 2))
        found = await self._found(request)
        rows = found[(number - 1) * size : number * size]
        if self.stuck and {row["id"] for row in rows} - {"s0", "s1", "s2", "s3"}:
            await anyio.sleep_forever()
        await asyncio.sleep(0.001)
        pagination = {
            "currentPage": number,
            "pageSize": size,
            "totalPages": -(-len(found) // size),
            "totalResults": len(found),
        }
        return web.json_response({"results": rows, "pagination": pagination})

    async def _found(self, request: web.Request) -> list[dict[str, str]]:
        if not self.dated:
            return [{"id": f"s{number}"} for number in range(20)]
        bounds = {} if not await request.read() else (await request.json()).get("filters", {})
        after = bounds.get("createdAt", {}).get("after", "")
        rows = [
            {"id": f"s{number}", "created_at": f"2026-01-01T09:{number:02}:00.000Z"} for number in range(20)
        ]
        return [row for row in rows if row["created_at"] > after]


@pytest.fixture(params=[False, True], ids=["by number", "by time"])
def pages(request: pytest.FixtureRequest) -> Pages:
    return Pages(dated=request.param)


_is_client: ContextVar[bool] = ContextVar("_is_client", default=False)
_started: WeakSet[asyncio.Task[Any]] = WeakSet()


@pytest.fixture(autouse=True)
async def _watched_tasks() -> AsyncIterator[None]:
    """Note the tasks that are started by the test, and by the client on its behalf, but not by the server."""

    def start(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **options)
        if _is_client.get():
            _started.add(task)
        return task

    loop = asyncio.get_running_loop()
    _is_client.set(False)
    loop.set_task_factory(start)
    yield
    loop.set_task_factory(None)
    _is_client.set(False)


def client_tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks that still run, of those started since the first client was made."""
    return {task for task in _started if not task.done()}


async def still_works(sb: AsyncSession, server: HttpServer) -> None:
    """Check that every place in the pool and in the budget is free again."""
    assert client_tasks() == set()
    with anyio.fail_after(20):
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(search(sb, 2).collect(limit=4))


def search(sb: AsyncSession, prefetch: Prefetch) -> Pager[Session]:
    return sb.sessions.search(1, page_size=2, prefetch=prefetch)


async def read(pager: Pager[Session], fail_at: str = "") -> None:
    """Read a stream slowly, to its end or to a record at which the reader fails."""
    async for talk in pager:
        if talk.id == fail_at:
            raise ZeroDivisionError
        await asyncio.sleep(0)


def small(server: HttpServer, **options: Any) -> AsyncSession:
    """Return a client with a small pool; from here on, started tasks are noted."""
    _is_client.set(True)
    return AsyncSession(TOKEN, base_url=server.base_url, pool_size=3, retry=IMPATIENT, **options)


@PREFETCH
async def test_a_stream_read_to_its_end(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    server = await serve(pages)
    async with small(server) as sb:
        assert [talk.id async for talk in search(sb, prefetch)] == [f"s{number}" for number in range(20)]
        assert any(b"createdAt" in body and b"after" in body for body in server.bodies) is pages.dated
        await still_works(sb, server)


@PREFETCH
@pytest.mark.parametrize("after", [1, 2, 3, 5])
async def test_a_break(serve: Serve, pages: Pages, after: int, prefetch: Prefetch) -> None:
    server = await serve(pages)
    async with small(server) as sb:
        count = 0
        async for _ in search(sb, prefetch):
            count += 1
            if count == after:
                break
        assert count == after
        for _ in range(5):
            await asyncio.sleep(0)
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


@PREFETCH
async def test_a_break_right_before_the_client_closes(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    pages.stuck = True
    server = await serve(pages)
    async with small(server) as sb:
        async for _ in search(sb, prefetch):
            break
    assert client_tasks() == set()
    await until(lambda: server.open_connections == 0)


@PREFETCH
async def test_a_stream_that_is_kept_until_the_client_closes(
    serve: Serve, pages: Pages, prefetch: Prefetch
) -> None:
    server = await serve(pages)
    async with small(server) as sb:
        stream = aiter(search(sb, prefetch))
        await anext(stream)
    assert client_tasks() == set()
    del stream


@PREFETCH
async def test_an_explicit_close(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    pages.stuck = True
    server = await serve(pages)
    async with small(server) as sb:
        for stream in (aiter(search(sb, prefetch)), search(sb, prefetch).pages()):
            await anext(stream)
            await stream.aclose()
            assert client_tasks() == set()
            await stream.aclose()
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        pages.stuck = False
        await still_works(sb, server)


@PREFETCH
async def test_an_exception_in_the_body(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    server = await serve(pages)
    async with small(server) as sb:
        with pytest.raises(ZeroDivisionError):
            await read(search(sb, prefetch), fail_at="s2")
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


@PREFETCH
async def test_a_cancelled_consumer_at_every_point(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    server = await serve(pages)

    async with small(server) as sb:
        await sb.sessions.search(1).first()
        for turns in range(0, 160, 3):
            reader = asyncio.ensure_future(read(search(sb, prefetch)))
            for _ in range(turns):
                await asyncio.sleep(0)
            reader.cancel()
            await asyncio.wait({reader})
            assert reader.cancelled() or reader.exception() is None
            del reader
            for _ in range(3):
                await asyncio.sleep(0)
            assert client_tasks() == set(), turns
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


@PREFETCH
@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.01])
async def test_a_cancelled_anyio_scope(
    serve: Serve, pages: Pages, seconds: float, prefetch: Prefetch
) -> None:
    """anyio cancels repeatedly, cleanup included; even so nothing may be left when the scope ends."""
    pages.stuck = True
    server = await serve(pages)
    async with small(server) as sb:
        with anyio.move_on_after(seconds) as scope:
            async for _ in search(sb, prefetch):
                pass
        assert scope.cancelled_caught
        assert client_tasks() == set()
        pages.stuck = False
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


@PREFETCH
async def test_an_asyncio_timeout(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    pages.stuck = True
    server = await serve(pages)
    async with small(server) as sb:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read(search(sb, prefetch)), 0.02)
        # On a busy machine this ends the reader between two records, and the stream when it is collected.
        gc.collect()
        await until(lambda: client_tasks() == set())
        pages.stuck = False
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


@PREFETCH
async def test_the_total_timeout_of_the_client(serve: Serve, pages: Pages, prefetch: Prefetch) -> None:
    pages.stuck = True
    server = await serve(pages)
    async with small(server) as sb:
        with pytest.raises(DeadlineExceededError):
            await search(sb.with_options(timeout=Timeout(total=0.05)), prefetch).collect()
        for _ in range(3):
            await asyncio.sleep(0)
        assert client_tasks() == set()
        pages.stuck = False
        await still_works(sb, server)


@PREFETCH
async def test_a_task_group_in_which_one_consumer_fails(
    serve: Serve, pages: Pages, prefetch: Prefetch
) -> None:
    server = await serve(pages)

    async def several(sb: AsyncSession) -> None:
        async with asyncio.TaskGroup() as group:
            for fail_at in ("", "s6", ""):
                group.create_task(read(search(sb, prefetch), fail_at))

    async with small(server) as sb:
        with pytest.raises(ExceptionGroup) as caught:
            await several(sb)
        assert caught.group_contains(ZeroDivisionError)
        del caught
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)
        await still_works(sb, server)
    await until(lambda: server.open_connections == 0)


async def test_a_single_call_that_is_cancelled_at_every_point(serve: Serve, pages: Pages) -> None:
    server = await serve(pages)
    cancelled = 0
    async with small(server) as sb:
        for turns in range(40):
            call = asyncio.ensure_future(sb.request("GET", "/v1/a", query={"page": 1}))
            for _ in range(turns):
                await asyncio.sleep(0)
            call.cancel()
            await asyncio.wait({call})
            cancelled += call.cancelled()
        await still_works(sb, server)
    assert cancelled > 5
    await until(lambda: server.open_connections == 0)


async def test_a_cancelled_close_still_closes(serve: Serve, pages: Pages) -> None:
    pages.stuck = True
    server = await serve(pages)
    for turns in range(1, 5):
        sb = small(server)
        stream = aiter(search(sb, 8))
        await anext(stream)
        closing = asyncio.ensure_future(sb.aclose())
        for _ in range(turns):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})
        await until(lambda: server.open_connections == 0)
        assert client_tasks() == set()
        del stream


async def test_a_close_in_a_cancelled_scope_still_closes(serve: Serve, pages: Pages) -> None:
    pages.stuck = True
    server = await serve(pages)
    with anyio.CancelScope() as scope:
        async with small(server) as sb:
            async for _ in search(sb, 3):
                scope.cancel()
    assert client_tasks() == set()
    await until(lambda: server.open_connections == 0)


async def test_a_cancelled_wait_for_the_budget_takes_nothing_from_it(serve: Serve) -> None:
    async def counted(_: web.Request) -> web.StreamResponse:
        left = max(0, 2 - len(server.requests))
        headers = {"RateLimit-Limit": "2", "RateLimit-Remaining": str(left), "RateLimit-Reset": "900"}
        return web.json_response({}, headers=headers)

    server = await serve(counted)
    async with small(server, limits=RateLimits(max_wait=None), timeout=Timeout(total=None)) as sb:
        await sb.sponsors.get(1, "a")
        waiting = [asyncio.ensure_future(sb.sponsors.get(1, "c")) for _ in range(50)]
        with anyio.fail_after(1):
            await waiting[0]
        before = (await sb.limits.snapshot())["entity-reads"]
        for call in waiting:
            call.cancel()
        await asyncio.wait(waiting)
        after = (await sb.limits.snapshot())["entity-reads"]
    assert (before.remaining, before.in_flight, before.waiting) == (0, 0, 49)
    assert (after.remaining, after.in_flight, after.waiting) == (0, 0, 0)
    assert len(server.requests) == 2
