"""Random circumstances: no permit leaks, every call ends, and no window is missed."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.options import RateLimits
from sessionboard_async.testing.rate_limits import HeaderStyle
from sessionboard_async.testing.request_counters import FixedWindow
from tests.core.rate_limits.simulation.model import READS, Client, RecordFigure, Server
from tests.support.virtual_time import now, run

pytestmark = pytest.mark.untraced

SEEDS = [
    range(50),
    *(pytest.param(seeds, marks=pytest.mark.slow) for seeds in (range(50, 525), range(525, 1000))),
]
"""The seeds of the worlds, in groups that parallel workers share."""

STYLES: list[HeaderStyle] = ["draft-6", "draft-7", "draft-8", "x", "epoch", "none"]


@dataclass
class World:
    """One random set of circumstances.

    Attributes:
        limit: Requests per window.
        window: Length of the window in seconds.
        calls: Number of calls.
        over: Seconds over which they start.
        bulk: Part of them with the priority of bulk work.
        cancelled: Part of them that is cancelled after a while.
        lost: Part of the attempts whose response is lost.
        unsent: Part of the attempts that make no connection.
    """

    seed: int
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        draw = self.draw = random.Random(self.seed)
        self.limit = draw.choice([1, 2, 5, 20, 100])
        self.window = draw.choice([1.0, 7.5, 60.0, 900.0])
        self.calls = draw.randint(1, 4 * self.limit + 20)
        self.over = draw.choice([0.0, self.window / 3, 3 * self.window])
        self.bulk = draw.choice([0.0, 0.5, 1.0])
        self.cancelled = draw.choice([0.0, 0.0, 0.3])
        self.lost = draw.choice([0.0, 0.0, 0.05, 0.3])
        self.unsent = draw.choice([0.0, 0.0, 0.1])
        self.latency = draw.choice([(0.01, 0.02), (0.05, 0.3), (0.5, 3.0)])
        self.headers = draw.choice(STYLES)
        share = draw.choice([1.0, 1.0, 0.5])
        # A share of less than one request is rounded up to one; a reserve is not for bulk work alone.
        reserve = draw.choice([0, 0, self.limit // 5]) if share == 1.0 else 0
        self.limits = RateLimits(
            requests=self.limit,
            window=self.window,
            max_wait=None,
            assume=draw.choice([None, "documented"]),
            share=share,
            reserve=reserve,
        )
        self.server = Server(FixedWindow(self.limit, self.window), self.headers)
        self.client = Client(self.server, draw, self.limits, self.latency)
        self.ended = self.attempts = 0
        self.overslept = 0.0
        self.interval = max(0.25, self.window / 300)

    async def run(self) -> None:
        watching = asyncio.ensure_future(self._watch())
        async with asyncio.TaskGroup() as group:
            for _ in range(self.calls):
                priority = Priority.BULK if self.draw.random() < self.bulk else Priority.INTERACTIVE
                call = group.create_task(self._call(priority))
                if self.draw.random() < self.cancelled:
                    after = self.draw.uniform(0, 2 * self.window)
                    asyncio.get_running_loop().call_later(after, call.cancel)
                await asyncio.sleep(self.over / self.calls)
        watching.cancel()
        self.left = self.client.limiter.snapshot().get(READS)

    async def _call(self, priority: Priority) -> None:
        """Make a call as an idempotent request: until it is answered."""
        call = Call(Request("GET", "/v1/a", "/v1/a", limit=READS, priority=priority), None)
        limiter = self.client.limiter
        try:
            while True:
                permit = await limiter.acquire(call)
                self.attempts += 1
                try:
                    fate = self.draw.random()
                    if fate < self.unsent:
                        await asyncio.sleep(self.draw.uniform(0, 1))
                        limiter.cancel(permit)
                        continue
                    response = await self.client.exchange()
                except BaseException:
                    limiter.release(permit, outcome_unknown=True)
                    raise
                if fate < self.unsent + self.lost:
                    limiter.release(permit, outcome_unknown=True)
                    continue
                limiter.report(permit, response)
                if response.status == 200:
                    return
                if not call.is_held_back:
                    await asyncio.sleep(self.draw.uniform(0.0, 0.5))
        finally:
            self.ended += 1

    async def _watch(self) -> None:
        """Measure how long calls wait although the window has ended and no request is in flight."""
        idle_since: float | None = None
        while True:
            budget = self.client.limiter.snapshot().get(READS)
            seconds = self.interval
            if budget is not None and budget.waiting and not budget.in_flight and budget.remaining is None:
                idle_since = now() if idle_since is None else idle_since
                self.overslept = max(self.overslept, now() - idle_since)
            else:
                idle_since = None
                if budget is not None and budget.resets_at is not None:
                    # Nothing can go wrong before the end of the window, but a response may bring it forward.
                    until_reset = (budget.resets_at - datetime.now(UTC)).total_seconds()
                    seconds = max(seconds, min(until_reset, self.window / 20))
            await asyncio.sleep(seconds)


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_nothing_leaks_and_every_call_ends(
    seeds: range, record_figure: RecordFigure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "sessionboard_async")
    requests: Counter[float] = Counter()
    refusals: Counter[float] = Counter()
    for seed in seeds:
        world = World(seed)
        # The waits after refusals that name none are drawn from it.
        random.seed(seed)
        run(world.run())
        budget = world.left
        assert world.ended == world.calls, seed
        assert budget is None or (budget.in_flight, budget.waiting) == (0, 0), seed
        assert world.overslept <= world.interval, seed
        if world.headers == "none" and world.limits.assume is None:
            # The first refusals reveal the limit; as many as go beyond it at once.
            assert world.lost or world.server.refusals <= 8, seed
            continue
        # A lost response takes along what it would have reported.
        assert world.lost or not world.server.refusals, seed
        requests[world.lost] += world.attempts
        refusals[world.lost] += world.server.refusals
    for lost, count in sorted(requests.items()):
        record_figure(f"{lost:.0%} lost: requests", count)
        record_figure(f"{lost:.0%} lost: refusals per 100,000", round(refusals[lost] / count * 100_000))
    record_figure("refusals per 100,000 of all", round(refusals.total() / requests.total() * 100_000))
    assert refusals.total() / requests.total() < 0.02


def test_calls_go_when_the_window_has_ended() -> None:
    """Each window is used in full, and waits are no longer than rounding and the guard require."""

    async def main(limit: int, window: float, style: HeaderStyle) -> None:
        server = Server(FixedWindow(limit, window), style)
        limits = RateLimits(requests=limit, window=window, max_wait=None, assume="documented")
        client = Client(server, random.Random(limit), limits)
        await client.many(4 * limit)
        assert server.refusals == 0, (limit, window, style)
        opened = server.answered[0]
        for number in range(1, 4):
            renewed = server.answered[number * limit]
            # A second of guard, one of rounding up, one of a clock in whole seconds, and the latency.
            assert window <= renewed - opened <= window + 3.5, (limit, window, style, number)
            opened = renewed

    for case in itertools.product((2, 5, 20), (7.5, 60.0, 900.0), STYLES):
        run(main(*case))
