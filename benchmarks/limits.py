"""Costs of the limiter while no call waits, and its use of the budget while calls wait or are refused."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import Awaitable, Callable

from multidict import CIMultiDict

from benchmarks.measurements import Rounds

_PLENTY = 100_000


async def cost(count: int, rounds: int) -> Rounds:
    """Measure acquire and report beside aiolimiter's acquire; return seconds for one."""
    from aiolimiter import AsyncLimiter

    from sessionboard_async import RateLimits
    from sessionboard_async.core.http.request import Call, Request
    from sessionboard_async.core.http.response import Response
    from sessionboard_async.core.rate_limits.limiter import Limiter

    request = Request("GET", "/v1/a", "/v1/a", limit="entity-reads")
    usual = {"Content-Type": "application/json", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}

    def ours(with_headers: bool) -> Callable[[], Awaitable[None]]:
        limiter = Limiter(RateLimits(requests=_PLENTY))
        # The transport makes the responses, so they are made before the time is taken.
        remaining = range(_PLENTY - 1, _PLENTY - 1 - count, -1)
        headers = (usual | (_limit_headers(left) if with_headers else {}) for left in remaining)
        responses = iter([Response(200, CIMultiDict(pairs), b"") for pairs in headers])

        async def acquire_and_report() -> None:
            permit = await limiter.acquire(Call(request, None), max_wait=60.0)
            limiter.report(permit, next(responses))

        return acquire_and_report

    ways: dict[str, Callable[[], Callable[[], Awaitable[None]]]] = {
        "us": lambda: ours(with_headers=True),
        "us, no headers": lambda: ours(with_headers=False),
        "aiolimiter": lambda: AsyncLimiter(_PLENTY, 900).acquire,
    }
    measured: Rounds = []
    for turn in range(-1, rounds):
        seconds = {}
        for name in ways if turn % 2 else reversed(ways):
            way = ways[name]()
            gc.collect()
            began = time.perf_counter()
            for _ in range(count):
                await way()
            seconds[name] = (time.perf_counter() - began) / count
        if turn >= 0:  # The first round only warms up.
            measured.append(seconds)
    return measured


def _limit_headers(remaining: int) -> dict[str, str]:
    return {
        "RateLimit-Limit": f"{_PLENTY}",
        "RateLimit-Remaining": f"{remaining}",
        "RateLimit-Reset": "900",
    }


async def makespan(requests: int, limit: int, window: float) -> Rounds:
    """Get one record many times at once from a server with a limit; return seconds, optimum and refusals.

    The optimum sends as many requests as the limit allows at the start of each window, and adds the guard to
    the length of each window.
    """
    from sessionboard_async import AsyncSession, RateLimits, Timeout
    from sessionboard_async.core.rate_limits.bucket import GUARD
    from sessionboard_async.testing import EmbeddedServer, ServerLimits

    limits, timeout = RateLimits(max_wait=None), Timeout(total=None)
    async with (
        EmbeddedServer(limits=ServerLimits(requests=limit, window=window)) as server,
        AsyncSession(server.token, base_url=server.base_url, limits=limits, timeout=timeout) as sb,
    ):
        sponsor = await sb.sponsors.search(4630).first()
        assert sponsor is not None
        began = time.perf_counter()
        await asyncio.gather(*(sb.sponsors.get(4630, sponsor) for _ in range(requests)))
        taken = time.perf_counter() - began
        refusals = server.refusals
    optimum = (math.ceil(requests / limit) - 1) * (window + GUARD)
    return [{"taken": taken, "optimum": optimum, "refusals": refusals}]


async def gets_without_headers(base_url: str, count: int, rounds: int) -> Rounds:
    """Get single records from a server that reports no limits.

    Returns:
        The processor seconds of bare aiohttp and of this package, and the number of its calls that waited for
        the limiter or failed.
    """
    import aiohttp
    import msgspec

    from benchmarks.contenders import HEADERS, TOKEN
    from sessionboard_async import AsyncSession, RateLimits, RateLimitWaitExceeded
    from sessionboard_async.models import Session

    decoder = msgspec.json.Decoder(Session)
    measured: Rounds = []
    async with (
        aiohttp.ClientSession() as client,
        AsyncSession(TOKEN, base_url=base_url, limits=RateLimits(max_wait=0)) as sb,
    ):

        async def floor(id_: str) -> None:
            async with client.get(f"{base_url}/v1/event/1/sessions/{id_}", headers=HEADERS) as answer:
                decoder.decode(await answer.read())

        async def us(id_: str) -> None:
            await sb.sessions.get(1, id_)

        for turn in range(rounds):
            found = {"waits": 0.0}
            for name, get in (("floor", floor), ("us", us)) if turn % 2 else (("us", us), ("floor", floor)):
                began = time.process_time()
                for number in range(count):
                    try:
                        await get(f"{turn * count + number:036x}")
                    except RateLimitWaitExceeded:
                        found["waits"] += 1
                found[f"{name} processor"] = time.process_time() - began
            measured.append(found)
    return measured


async def refused_streams(retry_after: float | None, pages: int, rounds: int) -> Rounds:
    """Stream 8 times at once from a server that refuses every 89th request; return seconds by limits."""
    from sessionboard_async import AsyncSession, RateLimits
    from sessionboard_async.testing import EmbeddedServer, Fault

    fault = Fault("status", status=429, retry_after=retry_after, every=89)
    measured: Rounds = []
    for _ in range(rounds):
        seconds = {}
        for name, limits in {"default": RateLimits(), "None": None}.items():
            async with (
                EmbeddedServer(sessions=20, contacts=20 * pages, faults=[fault]) as server,
                AsyncSession(server.token, base_url=server.base_url, limits=limits) as sb,
            ):
                event = server.event_id
                began = time.perf_counter()
                read = (sb.contacts.search(event, page_size=20).collect() for _ in range(8))
                found = await asyncio.gather(*read)
                seconds[name] = time.perf_counter() - began
            if {*map(len, found)} != {20 * pages}:
                raise RuntimeError("records are missing")
        measured.append(seconds)
    return measured
