"""Web applications, started and stopped as servers do, and clients of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from aiohttp import web

App = Callable[..., Any]
Client = httpx.AsyncClient


@asynccontextmanager
async def asgi_client(app: App) -> AsyncIterator[Client]:
    """A client of an application, which has started."""
    async with AsyncExitStack() as stack:
        state = await stack.enter_async_context(lifespan_of(app))

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state)}, receive, send)

        yield await stack.enter_async_context(
            Client(transport=httpx.ASGITransport(with_state), base_url="http://app")
        )


@asynccontextmanager
async def lifespan_of(app: App) -> AsyncIterator[dict[str, Any]]:
    """Start and stop an application as a server does; the result is the state that its requests get."""
    state: dict[str, Any] = {}
    came: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.ensure_future(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}, came.get, sent.put)
    )
    await came.put({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    yield state
    await came.put({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await task


@asynccontextmanager
async def web_client(app: web.Application) -> AsyncIterator[Client]:
    """A client of an application of aiohttp, which runs on a socket."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Client(base_url=f"http://127.0.0.1:{runner.addresses[0][1]}", trust_env=False) as client:
        yield client
    await runner.cleanup()
