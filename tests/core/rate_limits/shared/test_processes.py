"""Processes that share one budget: while the store comes and goes, and forgets its scripts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.support.redis_server import RedisServer, program

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).with_name("sharing_process.py")
PROCESSES = 4


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def hear(self, word: str) -> None:
        """Wait until it says a word; what it says before is passed over."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.split() == [word.encode()]:
                return
        raise AssertionError(f"the process ended before it said {word!r}")

    async def make(self, requests: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{requests}\n".encode())
        await self.hear("done")


@asynccontextmanager
async def worker(*arguments: str) -> AsyncIterator[Worker]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.core.rate_limits.shared.sharing_process", *arguments),
        cwd=SCRIPT.parents[4],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def forget_scripts(server: RedisServer) -> None:
    async with server.client() as client:
        while True:
            await client.script_flush()
            await asyncio.sleep(0.05)


async def all_of(workers: list[Worker], work: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    async with anyio.create_task_group() as group:
        for one in workers:
            group.start_soon(work, one)


async def test_four_processes_share_one_budget_while_the_store_comes_and_goes(tmp_path: Path) -> None:
    if program() is None:
        pytest.skip("no redis-server or valkey-server on this system")
    store = RedisServer(tmp_path)
    store.start()
    try:
        async with (
            EmbeddedServer(limits=ServerLimits(requests=20, window=1.0)) as server,
            AsyncSession(server.token, base_url=server.base_url, limits=None) as sb,
            AsyncExitStack() as stack,
        ):
            sponsor = (await sb.sponsors.search(4630).collect())[0].id
            arguments = (server.token, server.base_url, store.url, str(sponsor))
            workers = [await stack.enter_async_context(worker(*arguments)) for _ in range(PROCESSES)]
            await all_of(workers, lambda one: one.hear("ready"))

            flushing = asyncio.ensure_future(forget_scripts(store))
            try:
                await all_of(workers, lambda one: one.make(15))
            finally:
                flushing.cancel()
                await asyncio.wait({flushing})
            assert server.refusals == 0

            store.kill()
            await all_of(workers, lambda one: one.make(5))

            store.start()
            await all_of(workers, lambda one: one.hear("back"))
            before = server.refusals
            await all_of(workers, lambda one: one.make(10))
            assert server.refusals == before
    finally:
        store.kill()
