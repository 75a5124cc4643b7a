"""A program whose requests lose the loop, the process or the client that they belong to.

It prints the seconds that a call of a new client took afterwards, one line for each way.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any

from sessionboard_async import AsyncSession, RateLimits, Timeout
from sessionboard_async.testing import EmbeddedServer

EVENT = 4630
IN_FLIGHT = 8


class SoftTimeLimitError(Exception):
    """Raised by a signal handler, as worker systems do."""


def make_client(server: EmbeddedServer, limits: RateLimits, *, seconds: float | None = None) -> AsyncSession:
    return AsyncSession(
        server.token, base_url=server.base_url, limits=limits, timeout=Timeout(total=seconds or 300.0)
    )


async def use(sb: AsyncSession) -> None:
    await sb.sponsors.search(EVENT).first()
    await sb.sponsors.get(EVENT, "no such sponsor")


async def begin(sb: AsyncSession, calls: int) -> list[asyncio.Future[Any]]:
    """Begin calls of both kinds, which the server does not answer yet."""
    begun: list[asyncio.Future[Any]] = [asyncio.ensure_future(use(sb)) for _ in range(calls)]
    begun += [asyncio.ensure_future(sb.sponsors.get(EVENT, "a")) for _ in range(calls)]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while not any(budget.in_flight for budget in (await sb.limits.snapshot()).values()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return begun


async def one_call(sb: AsyncSession) -> str:
    began = time.monotonic()
    async with sb:
        try:
            await sb.sponsors.search(EVENT).first()
            await sb.sponsors.get(EVENT, "a")
        except Exception as error:  # noqa: BLE001  # printed
            if type(error).__name__ != "NotFoundError":
                return f"{type(error).__name__}: {error}"
    return f"{time.monotonic() - began:.2f}"


def closed_by_an_exception(server: EmbeddedServer, limits: RateLimits) -> str:
    def end(*_: object) -> None:
        raise SoftTimeLimitError

    clients: weakref.WeakSet[AsyncSession] = weakref.WeakSet()

    async def job() -> None:
        async with make_client(server, limits) as sb:
            clients.add(sb)
            await begin(sb, 1)
            # Only while the loop waits for its sockets does the exception leave it.
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            await asyncio.sleep(60)

    signal.signal(signal.SIGALRM, end)
    for _ in range(IN_FLIGHT):
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(job())
        except SoftTimeLimitError:
            pass
        finally:
            loop.close()
    server.latency = 0.0
    result = asyncio.run(one_call(make_client(server, limits, seconds=5)))
    del loop
    gc.collect()
    return f"{len(clients)} clients were not collected, with their connections" if clients else result


def stopped(server: EmbeddedServer, limits: RateLimits) -> str:
    loop = asyncio.new_event_loop()
    sb = make_client(server, limits)
    begun = loop.run_until_complete(begin(sb, IN_FLIGHT))
    server.latency = 0.0
    result = asyncio.run(one_call(make_client(server, limits, seconds=5)))
    # The calls in the stopped loop end as usual when it runs again.
    loop.run_until_complete(asyncio.wait_for(asyncio.gather(*begun, return_exceptions=True), 10))
    loop.run_until_complete(sb.aclose())
    loop.close()
    left = asyncio.run(make_client(server, limits).limits.snapshot())
    assert [budget.in_flight for budget in left.values() if budget.in_flight] == [], left
    return result


def abandoned(server: EmbeddedServer, limits: RateLimits) -> str:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin(make_client(server, limits), IN_FLIGHT))
    del loop
    gc.collect()
    server.latency = 0.0
    return asyncio.run(one_call(make_client(server, limits, seconds=5)))


def forked(server: EmbeddedServer, limits: RateLimits) -> str:
    async def parent() -> str:
        reader, writer = os.pipe()
        unused = make_client(server, limits, seconds=5)
        async with make_client(server, limits) as sb:
            begun = await begin(sb, IN_FLIGHT)
            server.latency = 0.0
            child = os.fork()
            if not child:
                # A child that hangs would keep the pipes of this program open: who reads them would wait.
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.alarm(20)
                try:
                    for client in (unused, make_client(server, limits, seconds=5)):
                        result = asyncio.run(one_call(client))
                        os.write(writer, result.encode() + b" ")
                finally:
                    os._exit(0)
            os.close(writer)
            os.waitpid(child, 0)  # noqa: ASYNC222  # the child is what is measured
            await asyncio.gather(*begun, return_exceptions=True)
        await unused.aclose()
        results = os.read(reader, 1000).decode().split()
        os.close(reader)
        return max(results) if len(results) == 2 else f"the child printed {results}"

    return asyncio.run(parent())


def main(store: str) -> None:
    both: list[Callable[[EmbeddedServer, RateLimits], str]] = [closed_by_an_exception, stopped]
    for way in [*both, abandoned, forked]:
        measure(way.__name__, way, RateLimits())
    for way in both if store else []:
        measure(f"{way.__name__} shared", way, RateLimits.shared(store, store_timeout=2.0))


def measure(name: str, way: Callable[[EmbeddedServer, RateLimits], str], limits: RateLimits) -> None:
    with EmbeddedServer(latency=0.4).in_thread() as server:
        sys.stdout.write(f"{name}: {way(server, limits)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
