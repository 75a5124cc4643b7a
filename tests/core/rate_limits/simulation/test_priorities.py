"""Interactive calls beside a bulk job: they go first, and a reserve is kept for them."""

from __future__ import annotations

import asyncio
import random
from statistics import median, quantiles

import pytest

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.options import RateLimits
from sessionboard_async.testing.request_counters import FixedWindow
from tests.core.rate_limits.simulation.model import Client, RecordFigure, Server
from tests.support.virtual_time import now, run

pytestmark = pytest.mark.untraced

SEEDS = range(10)


async def singles_beside_a_bulk_job(seed: int, reserve: int) -> tuple[int, list[float], float]:
    """Run a bulk job of 500 requests, and an interactive call about every 75 seconds."""
    draw = random.Random(seed)
    server = Server(FixedWindow(100, 900))
    client = Client(server, draw, RateLimits(max_wait=None, reserve=reserve))
    waits: list[float] = []

    async def single() -> None:
        began = now()
        await client.call(Priority.INTERACTIVE)
        waits.append(now() - began)

    async with asyncio.TaskGroup() as group:
        began = now()
        bulk = group.create_task(client.many(500, Priority.BULK))
        while not bulk.done():
            await asyncio.sleep(draw.expovariate(1 / 75))
            group.create_task(single())
        took = now() - began
    return server.refusals, waits, took


def test_a_reserve_keeps_interactive_calls_quick(record_figure: RecordFigure) -> None:
    runs = [run(singles_beside_a_bulk_job(seed, reserve=20)) for seed in SEEDS]
    waits = [wait for _, some, _ in runs for wait in some]
    record_figure("interactive calls", len(waits))
    record_figure("median seconds", round(median(waits), 2))
    record_figure("90th percentile", round(quantiles(waits, n=10)[-1], 2))
    record_figure("seconds of the bulk job", round(max(took for *_, took in runs)))
    assert sum(refusals for refusals, *_ in runs) == 0
    assert median(waits) < 1
    assert quantiles(waits, n=10)[-1] < 10


def test_without_a_reserve_interactive_calls_wait_for_the_next_window(record_figure: RecordFigure) -> None:
    runs = [run(singles_beside_a_bulk_job(seed, reserve=0)) for seed in SEEDS]
    waits = [wait for _, some, _ in runs for wait in some]
    record_figure("median seconds", round(median(waits), 2))
    assert sum(refusals for refusals, *_ in runs) == 0
    assert 100 < median(waits) < 903


def test_interactive_calls_overtake_an_earlier_bulk_job() -> None:
    async def main() -> tuple[float, float]:
        client = Client(Server(FixedWindow(100, 900)), random.Random(1))
        bulk = asyncio.ensure_future(client.many(250, Priority.BULK))
        await asyncio.sleep(100)
        began = now()
        await client.many(20, Priority.INTERACTIVE)
        took = now() - began
        await bulk
        return took, now() - began

    singles, all_of_it = run(main())
    assert singles < 803
    assert all_of_it > 1700
