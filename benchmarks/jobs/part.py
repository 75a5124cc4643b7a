"""The part ``jobs``: figures of jobs that users have."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.figures import Figure, Target, at_least, at_most, figure, ratios
from benchmarks.jobs.work import JOBS
from benchmarks.measurements import Rounds
from benchmarks.processes import Bench

_ROUNDS = {0: 3, 20: 3, 50: 5, 150: 1}
LATENCIES = tuple(_ROUNDS)
_SOME_LATENCY = 50
US = "us"
ALONE = "us, sessions alone"
GATHER = "aiohttp+msgspec, gather"
BARE = "aiohttp+msgspec"
HTTPX2 = "httpx2+pydantic"
_ONE_BY_ONE = (BARE, HTTPX2)
PART = "jobs"

_TARGETS: dict[tuple[str, int, str], Target] = {
    ("stream", 50, GATHER): at_least(0.85),
    ("stream", 50, HTTPX2): at_least(5.0),
}


def jobs(bench: Bench) -> Iterator[Figure]:
    """Jobs that users have, done by us and by what they would write without us."""
    latencies = (_SOME_LATENCY,) if bench.quick else LATENCIES
    for job in ("stream", "export", "events", "gets"):
        for milliseconds in latencies:
            yield from _job(bench, job, milliseconds)
    yield from _losses(bench, latencies)


def title_of(job: str, milliseconds: int) -> str:
    """Return the first part of the names of a job's figures."""
    return f"{JOBS[job].title}, {milliseconds} ms"


def lost_title(job: str, milliseconds: int, contender: str) -> str:
    """Return the name of the figure of records that are lost in all runs together."""
    return f"{title_of(job, milliseconds)}, 2 removed a second: lost, {contender}"


def _job(bench: Bench, job: str, milliseconds: int) -> Iterator[Figure]:
    is_long = milliseconds >= _SOME_LATENCY
    # One request after the other takes long: a quick run only has what targets need.
    quick = (US, GATHER, HTTPX2) if job == "stream" else (US, GATHER)
    jobs_of = dict.fromkeys(quick if bench.quick else (US, GATHER, BARE, HTTPX2), job)
    if job == "export":
        jobs_of[ALONE] = job
    if is_long and not bench.quick and f"some {job}" in JOBS:
        # One after the other, each takes as long as the one before.
        jobs_of |= dict.fromkeys(_ONE_BY_ONE, f"some {job}")
    *rounds, failures = bench.measure(
        "jobs",
        host=bench.host,
        path=f"gzip/{milliseconds}",
        jobs_of=jobs_of,
        rounds=bench.often(_ROUNDS[milliseconds], 1),
        # The latency hardly varies, and takes most of their time.
        once=_ONE_BY_ONE if milliseconds else (),
    )
    title = title_of(job, milliseconds)
    yield figure(PART, f"{title}: {US}: failures", "", [failures[f"{US}: failures"]], at_most(0))
    rounds = [found for found in rounds if US in found]
    if not rounds:
        return
    for name in jobs_of:
        for kind, unit in (("", "s"), (": processor", "s"), (": requests", "")):
            samples = [found[f"{name}{kind}"] for found in rounds if name in found]
            yield figure(PART, f"{title}: {name}{kind}", unit, samples)
    for other in [name for name in (GATHER, *_ONE_BY_ONE) if name in jobs_of]:
        both: Rounds = [found for found in rounds if other in found]
        target = _TARGETS.get((job, milliseconds, other))
        yield figure(PART, f"{title}: us / {other}", "×", ratios(both, other, US), target)
    if job == "export":
        target = at_most(1.3) if milliseconds == _SOME_LATENCY else None
        yield figure(PART, f"{title}: time / sessions alone", "×", ratios(rounds, US, ALONE), target)
    if job == "stream":
        samples = [found[f"{US}: requests"] / found[f"{GATHER}: requests"] for found in rounds]
        yield figure(PART, f"{title}: requests / page numbers", "×", samples, at_most(1.05))


def _losses(bench: Bench, latencies: tuple[int, ...]) -> Iterator[Figure]:
    seeds = bench.often(20, 2)
    # One request after the other loses the same with every client.
    contenders = [US, GATHER, BARE]
    for milliseconds in latencies:
        runs = bench.measure("losses", contenders=contenders, milliseconds=milliseconds, seeds=seeds)
        for job in ("stream", "events"):
            for name in contenders:
                lost = sum(run[f"{name}: {job}"] for run in runs)
                title = lost_title(job, milliseconds, name)
                yield figure(PART, title, "", [lost], at_most(0) if name == US else None)
