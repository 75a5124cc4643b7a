"""Refusals and makespan of the limiter against several kinds of servers, ten seeds each."""

from __future__ import annotations

import asyncio
import random

import pytest

from sessionboard_async.core.options import RateLimits
from sessionboard_async.testing.rate_limits import HeaderStyle
from sessionboard_async.testing.request_counters import (
    FixedWindow,
    RequestCounter,
    SharedCounter,
    SlidingLog,
    TokenBucket,
)
from tests.core.rate_limits.simulation.model import Client, RecordFigure, Server, seconds, worst
from tests.support.virtual_time import run

pytestmark = pytest.mark.untraced

SEEDS = range(10)
STYLES: list[HeaderStyle] = ["draft-6", "draft-7", "draft-8", "x", "epoch"]
SLOW_STYLES = [pytest.param(style, marks=pytest.mark.slow) for style in STYLES[1:]]


async def burst(
    seed: int, counter: RequestCounter, calls: int, *, used: int = 0, headers: HeaderStyle = "draft-6"
) -> tuple[int, float]:
    """Make many calls at once, in a window that may be partly used."""
    client = Client(Server(counter, headers), random.Random(seed))
    for _ in range(used):
        client.server.hit()
    took = await seconds(client.many(calls))
    return client.server.refusals, took


@pytest.mark.parametrize("headers", [STYLES[0], *SLOW_STYLES])
def test_a_burst_of_250(headers: HeaderStyle, record_figure: RecordFigure) -> None:
    refusals, took = worst(run(burst(seed, FixedWindow(100, 900), 250, headers=headers)) for seed in SEEDS)
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals == 0
    assert took <= 1810


def test_a_burst_at_a_server_that_announces_nothing_and_refuses(record_figure: RecordFigure) -> None:
    refusals, took = worst(run(burst(seed, FixedWindow(100, 900), 250, headers="none")) for seed in SEEDS)
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals <= 8
    assert took <= 1810


@pytest.mark.slow
def test_a_burst_at_a_server_that_announces_nothing_and_refuses_nothing(record_figure: RecordFigure) -> None:
    # 20 connections of 0.3 seconds at most, after a few round trips that double what is under way.
    _, took = worst(run(burst(seed, FixedWindow(10_000, 900), 1_000, headers="none")) for seed in SEEDS)
    record_figure("seconds", round(took, 1))
    assert took < 60


@pytest.mark.parametrize("headers", [STYLES[0], *SLOW_STYLES])
def test_a_window_of_which_60_are_used_already(headers: HeaderStyle, record_figure: RecordFigure) -> None:
    refusals, took = worst(
        run(burst(seed, FixedWindow(100, 900), 250, used=60, headers=headers)) for seed in SEEDS
    )
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals == 0
    assert took <= 2710


@pytest.mark.slow
@pytest.mark.parametrize("headers", STYLES)
def test_another_client_that_uses_half(headers: HeaderStyle, record_figure: RecordFigure) -> None:
    refusals, took = worst(
        run(burst(seed, SharedCounter(FixedWindow(100, 900), 0.5), 250, headers=headers)) for seed in SEEDS
    )
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals == 0
    assert took <= 1810


async def steady(seed: int, counter: RequestCounter) -> tuple[int, float]:
    """Make a call every five seconds."""
    client = Client(Server(counter), random.Random(seed))

    async def begin() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(1440):
                group.create_task(client.call())
                await asyncio.sleep(5)

    took = await seconds(begin())
    return client.server.refusals, took


@pytest.mark.slow
def test_a_call_every_five_seconds(record_figure: RecordFigure) -> None:
    refusals, took = worst(run(steady(seed, FixedWindow(100, 900))) for seed in SEEDS)
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals == 0
    assert took <= 12_650


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SlidingLog, TokenBucket])
def test_servers_that_do_not_count_in_fixed_windows(
    kind: type[SlidingLog | TokenBucket], record_figure: RecordFigure
) -> None:
    refusals, took = worst(run(burst(seed, kind(100, 900), 250)) for seed in SEEDS)
    record_figure("refusals", refusals)
    record_figure("seconds", round(took, 1))
    assert refusals == 0
    assert took <= 2720


async def four_clients(seed: int) -> tuple[int, float]:
    """Run four processes that do not share their budgets."""
    server = Server(FixedWindow(100, 900))
    clients = [Client(server, random.Random(seed * 4 + number)) for number in range(4)]
    took = await seconds(*(client.many(100) for client in clients))
    return server.refusals, took


def test_four_processes_that_do_not_share_their_budgets(record_figure: RecordFigure) -> None:
    runs = [run(four_clients(seed)) for seed in SEEDS]
    refusals, took = worst(runs)
    record_figure("refusals", sorted(count for count, _ in runs))
    record_figure("seconds", round(took, 1))
    assert refusals <= 12
    assert took <= 2720


def test_half_of_the_budget_is_left_to_others() -> None:
    async def half(seed: int) -> tuple[int, list[float]]:
        client = Client(
            Server(FixedWindow(100, 900)), random.Random(seed), RateLimits(max_wait=None, share=0.5)
        )
        await client.many(150)
        return client.server.refusals, client.server.answered

    for seed in SEEDS:
        refusals, answered = run(half(seed))
        assert refusals == 0
        first = answered[0]
        windows = [sum(first + 900 * n <= at < first + 900 * (n + 1) for at in answered) for n in range(3)]
        assert windows == [50, 50, 50]
