"""Models of a client's limiter, a network and a server in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate

from multidict import CIMultiDict

from sessionboard_async.core.http.request import Call, Priority, Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.options import RateLimits
from sessionboard_async.core.rate_limits.limiter import Limiter
from sessionboard_async.testing.rate_limits import HeaderStyle, headers_of
from sessionboard_async.testing.request_counters import RequestCounter
from tests.support.virtual_time import now

READS = "entity-reads"
SINCE_1970 = 1_700_000_000.0
"""The time of the server's clock when the virtual time is 0."""


@dataclass
class Server:
    """Counts requests as they arrive, and reports the rest in headers.

    Attributes:
        refusals: Number of refused requests.
        answered: Times of the other responses.
    """

    counter: RequestCounter
    headers: HeaderStyle = "draft-6"
    refusals: int = 0
    answered: list[float] = field(default_factory=list)

    def hit(self) -> Response:
        verdict = self.counter.hit(now())
        time = SINCE_1970 + now()
        headers = CIMultiDict(headers_of(verdict, self.headers, since_1970=time))
        headers["Date"] = formatdate(int(time), usegmt=True)
        if verdict.allowed:
            self.answered.append(now())
        else:
            self.refusals += 1
        return Response(200 if verdict.allowed else 429, headers, b"")


@dataclass
class Client:
    """Sends requests as the engine does, and repeats refused ones until they are answered.

    Attributes:
        latency: The least and the most seconds of a round trip.
        waits: Seconds that each call waited for its first permit.
    """

    server: Server
    draw: random.Random
    limits: RateLimits = RateLimits(max_wait=None)  # noqa: RUF009  # it never changes
    latency: tuple[float, float] = (0.05, 0.3)
    waits: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limiter = Limiter(self.limits, clock=now)

    async def call(self, priority: Priority = Priority.INTERACTIVE) -> None:
        """Make a call until it is answered."""
        call = Call(Request("GET", "/v1/a", "/v1/a", limit=READS, priority=priority), None)
        arrived = now()
        while True:
            permit = await self.limiter.acquire(call)
            if not call.attempts:
                self.waits.append(now() - arrived)
            call.attempts += 1
            try:
                response = await self.exchange()
            except BaseException:
                self.limiter.release(permit, outcome_unknown=True)
                raise
            self.limiter.report(permit, response)
            if response.status == 200:
                return
            if not call.is_held_back:
                # As the retry loop does.
                await asyncio.sleep(self.draw.uniform(0.0, 0.5))

    async def exchange(self) -> Response:
        """Carry a request to the server and its response back."""
        latency = self.draw.uniform(*self.latency)
        await asyncio.sleep(latency / 2)
        response = self.server.hit()
        await asyncio.sleep(latency / 2)
        return response

    async def many(self, calls: int, priority: Priority = Priority.INTERACTIVE) -> None:
        """Make many calls at once."""
        await asyncio.gather(*(self.call(priority) for _ in range(calls)))


async def seconds(*work: Awaitable[object]) -> float:
    """Return the seconds that some work takes."""
    began = now()
    await asyncio.gather(*work)
    return now() - began


def worst(runs: Iterable[tuple[int, float]]) -> tuple[int, float]:
    """Return the most refusals and the most seconds of several runs."""
    refusals, times = zip(*runs, strict=True)
    return max(refusals), max(times)


RecordFigure = Callable[[str, object], None]
