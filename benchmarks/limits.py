"""Costs of the limiter while no call waits, and its use of the budget while all calls wait."""

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
        await asyncio.gather(*(sb.sponsors.get(4630, sponsor.id) for _ in range(requests)))
        taken = time.perf_counter() - began
        refusals = server.refusals
    optimum = (math.ceil(requests / limit) - 1) * (window + GUARD)
    return [{"taken": taken, "optimum": optimum, "refusals": refusals}]
