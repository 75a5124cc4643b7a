"""Processes that share one budget, while the store comes and goes and forgets its scripts."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from sessionboard_async import AsyncSession, RateLimits
from sessionboard_async.testing import EmbeddedServer, ServerLimits
from tests.support.redis_server import PROGRAMS, RedisServer, program

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(program() is None, reason="no redis-server or valkey-server on this system"),
]

SCRIPT = Path(__file__).with_name("sharing_process.py")


class Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def wait_for(self, word: str) -> None:
        """Wait until it writes a word; other words are skipped."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            if line.split() == [word.encode()]:
                return
        raise AssertionError(f"the process ended before it wrote {word!r}")

    async def make(self, requests: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{requests}\n".encode())
        await self.wait_for("done")


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


async def flush_scripts(server: RedisServer) -> None:
    async with server.client() as client:
        while True:
            await client.script_flush()
            await asyncio.sleep(0.05)


async def all_of(workers: list[Worker], work: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    async with anyio.create_task_group() as group:
        for one in workers:
            group.start_soon(work, one)


async def share_a_budget(
    store: RedisServer, processes: int, limits: ServerLimits, requests: tuple[int, int, int]
) -> int | None:
    """Have processes make requests: while scripts are flushed, without the store, and after it is back.

    Returns:
        The requests that another client of the store sees left after the first ones.
    """
    with_scripts_flushed, without_store, with_store_back = requests
    store.start()
    try:
        async with (
            EmbeddedServer(limits=limits) as server,
            AsyncSession(server.token, base_url=server.base_url, limits=None) as sb,
            AsyncExitStack() as stack,
        ):
            sponsor = (await sb.sponsors.search(4630).collect())[0].id
            arguments = (server.token, server.base_url, store.url, str(sponsor))
            starting = [worker(*arguments) for _ in range(processes)]
            workers = [await stack.enter_async_context(one) for one in starting]
            await all_of(workers, lambda one: one.wait_for("ready"))

            flushing = asyncio.ensure_future(flush_scripts(store))
            try:
                await all_of(workers, lambda one: one.make(with_scripts_flushed))
            finally:
                flushing.cancel()
                await asyncio.wait({flushing})
            assert server.refusals == 0
            shared = sb.with_options(limits=RateLimits.shared(store.url, max_wait=None, store_timeout=5.0))
            await shared.sponsors.get(4630, str(sponsor))
            left = (await shared.limits.snapshot())["entity-reads"].remaining

            store.kill()
            await all_of(workers, lambda one: one.make(without_store))

            store.start()
            await all_of(workers, lambda one: one.wait_for("back"))
            before = server.refusals
            await all_of(workers, lambda one: one.make(with_store_back))
            assert server.refusals == before
            return left
    finally:
        store.kill()


@pytest.mark.slow
async def test_two_processes_share_one_budget_while_the_store_comes_and_goes(tmp_path: Path) -> None:
    # Without headers, only the store can know how many requests the others made.
    limits = ServerLimits(requests=100, window=900, headers="none")
    left = await share_a_budget(RedisServer(tmp_path), 2, limits, (8, 2, 2))
    assert left == 100 - 2 * 8 - 1


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
async def test_four_processes_share_one_budget_over_several_windows(tmp_path: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on this system")
    limits = ServerLimits(requests=20, window=1.0)
    left = await share_a_budget(RedisServer(tmp_path, name), 4, limits, (10, 5, 5))
    assert left is None or 0 <= left < 20
