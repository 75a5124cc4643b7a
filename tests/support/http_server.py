"""Small servers that answer as a test wants, and what tests over sockets share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from aiohttp import web

from sessionboard_async import Retry

TOKEN = "sb_secret_0123456789/planted+for=tests"
"""A token that is good for nothing; no test may find it anywhere but on the wire."""

IMPATIENT = Retry(base_delay=0.0)
"""The usual number of attempts, without waits between them."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class HttpServer:
    """A server that answers every request with one handler, and counts.

    Attributes:
        requests: How many requests came, by what they asked for, oldest first.
        under_way: How many are being answered.
        most_under_way: The most that were being answered at once.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.05)
        self.base_url = ""
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.under_way = 0
        self.most_under_way = 0
        self._answering: set[asyncio.Task[object]] = set()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.raw_path}")
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.bodies.append(await request.read())
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await self._handler(request)  # type: ignore[arg-type]  # the handlers use nothing of an app
        finally:
            self.under_way -= 1
            self._answering.discard(task)

    @property
    def open_connections(self) -> int:
        """How many connections clients hold open."""
        # aiohttp lists a connection that is gone until its handler ends.
        return sum(connection.transport is not None for connection in self._server.connections)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[HttpServer]:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        try:
            yield self
        finally:
            with anyio.CancelScope(shield=True):
                answering = list(self._answering)
                for task in answering:
                    task.cancel()
                await asyncio.gather(*answering, return_exceptions=True)
                await self._runner.cleanup()


@asynccontextmanager
async def byte_server(handler: RawHandler) -> AsyncIterator[str]:
    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            talking.discard(task)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read the head and body of one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)


async def read_into(ids: list[str | None], stream: AsyncIterable[Any]) -> None:
    """Read a stream to its end; the ids that came before an error stay in the list."""
    async for record in stream:
        ids.append(record.id)  # noqa: PERF401  # a comprehension would lose them


async def until(condition: Callable[[], bool]) -> None:
    """Give others their turns until something holds; a bound keeps a broken test from hanging."""
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110  # there is no event to wait for on the other side
            await asyncio.sleep(0.001)


def tasks() -> set[asyncio.Task[object]]:
    """Return the tasks of the running loop, without those in which anyio runs tests and fixtures."""
    return {task for task in asyncio.all_tasks() if "TestRunner." not in repr(task.get_coro())}
