"""Time, processor time and requests of the jobs."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import aiohttp

from benchmarks.jobs.by_hand import gather, page_after_page
from benchmarks.jobs.httpx2_pydantic import httpx2_pydantic
from benchmarks.jobs.ours import us, us_sessions_alone
from benchmarks.jobs.work import JOBS, Contender, Job
from benchmarks.measurements import Rounds
from sessionboard_async import SessionboardError

CONTENDERS: dict[str, Callable[[str], AbstractAsyncContextManager[Contender]]] = {
    "us": us,
    "us, sessions alone": us_sessions_alone,
    "aiohttp+msgspec, gather": gather,
    "aiohttp+msgspec": page_after_page,
    "httpx2+pydantic": httpx2_pydantic,
}


async def jobs(host: str, path: str, jobs_of: dict[str, str], rounds: int, once: list[str]) -> Rounds:
    """Do a job with each contender in turn, in reverse order every other round.

    Args:
        host: The address of the server.
        path: The path that selects the encoding and the latency.
        jobs_of: The job of each contender.
        rounds: The number of rounds.
        once: The contenders that only take part in the first round.

    Returns:
        The seconds, processor seconds and requests by contender, for each round; and the failures.
    """
    measured: Rounds = []
    failures = dict.fromkeys(jobs_of, 0.0)
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(aiohttp.ClientSession())

        async def requests() -> int:
            async with control.get(f"{host}/requests") as answer:
                return int(await answer.read())

        opened = {
            name: await stack.enter_async_context(CONTENDERS[name](f"{host}/{path}")) for name in jobs_of
        }
        for turn in range(-1, rounds):
            found: dict[str, float] = {}
            # The first round fills the caches of the server, which all contenders ask for the same pages.
            names = [name for name in jobs_of if turn == 0 or name not in once]
            for name in names if turn % 2 else reversed(names):
                before = await requests()
                job = JOBS[jobs_of[name]]
                try:
                    seconds, processor = await _measure(job, opened[name])
                except SessionboardError as error:
                    print(f"{job.title}: {error}", file=sys.stderr)
                    failures[name] += 1
                    continue
                found[name] = seconds * job.times
                found[f"{name}: processor"] = processor * job.times
                found[f"{name}: requests"] = (await requests() - before) * job.times
            if turn >= 0:
                measured.append(found)
    # Those of the first round count, where a client knows nothing of the server yet.
    return [*measured, {f"{name}: failures": number for name, number in failures.items()}]


async def _measure(job: Job, contender: Contender) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gc.collect()
        began, began_work = time.perf_counter(), time.process_time()
        result = await job.do(contender, folder)
        taken = time.perf_counter() - began, time.process_time() - began_work
        if not job.is_done(result, folder):
            raise RuntimeError(f"{type(contender).__name__} did not read or write {job.title}")
    return taken
