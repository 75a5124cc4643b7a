"""Records lost while others are removed, in virtual time: the same with each run."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from tests.support import virtual_time

if TYPE_CHECKING:
    from benchmarks.measurements import Rounds
    from benchmarks.server import Search

_PER_SECOND = 2.0
"""Removals from each event."""

_SECONDS_PER_REQUEST = 0.002
"""Seconds that pass with each request besides the latency: virtual time does not count processor time."""


def losses(contenders: list[str], milliseconds: int, seeds: int) -> Rounds:
    """Read one event, and several at a time, while records are removed.

    Args:
        contenders: The contenders.
        milliseconds: The latency.
        seeds: The number of runs.

    Returns:
        The lost records by contender and job, for each seed.
    """
    loop = virtual_time.VirtualTimeLoop()
    # The package measures how long answers take, which are virtual seconds here.
    time.perf_counter = time.monotonic = loop.time
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_losses(contenders, milliseconds, seeds))


async def _losses(contenders: list[str], milliseconds: int, seeds: int) -> Rounds:
    from benchmarks.jobs.work import EVENT, SMALL_EVENTS

    measured: Rounds = []
    for seed in range(1, seeds + 1):
        lost: dict[str, float] = {}
        for name in contenders:
            lost[f"{name}: stream"] = await _lost(name, (EVENT,), milliseconds, seed)
            lost[f"{name}: events"] = await _lost(name, SMALL_EVENTS, milliseconds, seed)
        measured.append(lost)
    return measured


async def _lost(contender: str, events: tuple[int, ...], milliseconds: int, seed: int) -> int:
    from benchmarks.jobs.measurement import CONTENDERS
    from benchmarks.server import Application, Connection

    data = _ShrinkingEvents(events, seed)
    application = Application(data, cached=False)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(application), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with CONTENDERS[contender](f"http://127.0.0.1:{port}/identity/{milliseconds}") as client:
            found = await client.events(events) if len(events) > 1 else [await client.stream(events[0])]
    return sum(len(data.remaining(event) - set(ids)) for event, ids in zip(events, found, strict=True))


class _ShrinkingEvents:
    """Answers about events from which records are removed at random times.

    Args:
        events: The events.
        seed: Determines the times and the records.
    """

    def __init__(self, events: tuple[int, ...], seed: int) -> None:
        self._events = {event: _ShrinkingEvent(event, Random(f"{seed} {event}")) for event in events}
        self._requests = 0

    def page(self, search: Search, *, gzip: bool) -> bytes:
        self._requests += 1
        event = self._events[search.event]
        event.remove_due(virtual_time.now() + self._requests * _SECONDS_PER_REQUEST)
        return event.page(search)

    def record(self, id_: bytes) -> bytes:
        raise NotImplementedError("no job of this measurement reads single records")

    def remaining(self, event: int) -> set[str]:
        """Return the ids of the records that are still there."""
        return self._events[event].ids


class _ShrinkingEvent:
    def __init__(self, event: int, random: Random) -> None:
        from benchmarks.server import sessions_of

        self._random = random
        self._indexes = [*range(sessions_of(event))]
        self._next = virtual_time.now() + random.expovariate(_PER_SECOND)

    @property
    def ids(self) -> set[str]:
        return {f"{index:036x}" for index in self._indexes}

    def remove_due(self, now: float) -> None:
        while self._next <= now:
            self._indexes.pop(self._random.randrange(len(self._indexes)))
            self._next += self._random.expovariate(_PER_SECOND)

    def page(self, search: Search) -> bytes:
        from benchmarks.server import around_records

        found = [index for index in self._indexes if index >= search.first]
        start = (search.number - 1) * search.size
        shown = found[start : start + search.size]
        before, after = around_records(search, len(found))
        return b"".join((before, b",".join(map(_record, shown)), after))


@cache
def _record(index: int) -> bytes:
    from benchmarks.server import created_at

    return b'{"id":"%036x","title":"A talk","created_at":"%b"}' % (index, created_at(index))
