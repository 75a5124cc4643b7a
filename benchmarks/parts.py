"""The parts of the benchmarks: comparisons, numbers of samples, and targets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from itertools import chain
from statistics import median

import msgspec

from benchmarks.consistency import BY_NUMBER, EXACT, MANY, WAYS, read
from benchmarks.figures import Figure, Target, at_least, at_most, figure, ratios
from benchmarks.jobs.part import jobs
from benchmarks.measurements import Rounds
from benchmarks.processes import Bench
from benchmarks.recording import recorded
from sessionboard_async.core.page import LARGEST_PAGE
from tests.core.pagination.changing_data import ALL_CHANGES, SCENARIOS, SERVERS, ChangingData, Outcome

# The encoding of the pages, and the modules hidden from the reading process.
_WIRES: dict[str, tuple[str, list[str]]] = {
    "identity": ("identity", []),
    "gzip": ("gzip", []),
    "gzip, zlib alone": ("gzip", ["isal"]),
}


def streams(bench: Bench) -> Iterator[Figure]:
    """Records per second against the other contenders, side by side in the same process."""
    targets = {
        ("identity", "floor"): at_least(0.95),
        ("gzip", "floor"): at_least(1.25),
        ("gzip, zlib alone", "floor"): at_least(1.25),
        ("identity", "httpx+pydantic"): at_least(5.0),
        ("gzip", "httpx+pydantic"): at_least(3.0),
        ("gzip, zlib alone", "httpx+pydantic"): at_least(3.0),
    }
    informing = () if bench.quick else ("httpx+pydantic from dicts", "aiohttp+json")
    for wire in _WIRES:
        for other in ("floor", "httpx+pydantic", *informing):
            # Close results need more samples than distant ones.
            processes, rounds = (bench.often(5, 1), 12) if other == "floor" else (bench.often(2, 1), 5)
            yield from _against(bench, wire, other, processes, rounds, targets.get((wire, other)))


def _against(
    bench: Bench, wire: str, other: str, processes: int, rounds: int, target: Target | None
) -> Iterator[Figure]:
    coding, hidden = _WIRES[wire]
    measured = _several(
        processes,
        lambda: bench.measure(
            "streams",
            base_url=bench.base_url(coding),
            names=[other, "us"],
            pages=bench.often(40, 20),
            rounds=bench.often(rounds, max(3, rounds // 2)),
            hide=hidden,
        ),
    )
    yield figure("streams", f"{wire}: us / {other}", "×", ratios(measured, other, "us"), target)
    if other == "floor":
        busy = ratios(measured, "floor processor", "us processor")
        yield figure("streams", f"{wire}: us / floor, processor time", "×", busy)


def exact(bench: Bench) -> Iterator[Figure]:
    """Exact reading, page by page, against the floor, which misses records that move."""
    for wire in ("identity", "gzip"):
        for name in ("us by time, prefetch=1", "us by page numbers"):
            measured = _several(
                bench.often(5, 1),
                lambda wire=wire, name=name: bench.measure(  # type: ignore[misc]  # binds this turn's values
                    "streams",
                    base_url=bench.base_url(wire),
                    names=["floor", name],
                    pages=120,
                    rounds=bench.often(8, 4),
                    hide=[],
                ),
            )
            target = at_least(0.95) if name == "us by time, prefetch=1" else None
            yield figure("exact", f"{wire}: {name} / floor", "×", ratios(measured, "floor", name), target)


def into(bench: Bench) -> Iterator[Figure]:
    """Processor time of full records against a struct with five of their fields."""
    for coding, target in (("gzip", at_least(1.5)), ("identity", None)):
        measured = _several(
            bench.often(3, 1),
            lambda coding=coding: bench.measure(  # type: ignore[misc]  # binds the value of this turn
                "into", base_url=bench.base_url(coding), pages=40, rounds=bench.often(8, 4)
            ),
        )
        title = f"{coding}: full record / struct of five fields, processor time"
        yield figure("into", title, "×", ratios(measured, "full", "struct"), target)


def consistency(bench: Bench) -> Iterator[Figure]:
    """Lost records and requests, while the data changes and while it does not."""
    # Reading by page numbers warns that the data changed, which is measured here.
    logging.getLogger("sessionboard_async").setLevel(logging.ERROR)
    seeds = range(1, bench.often(20, 2) + 1)
    for name, data in SCENARIOS.items():
        for way in WAYS:
            yield from _outcomes(
                f"{name}: {way}", way, [asyncio.run(read(data, way, seed)) for seed in seeds]
            )
    for way in EXACT:
        outcomes = [
            asyncio.run(read(ChangingData(ALL_CHANGES, times, sessions=1500), way, seed))
            for times in SERVERS.values()
            for seed in seeds
        ]
        lost = [outcome.lost + outcome.repeated for outcome in outcomes]
        title = f"{len(SERVERS)} kinds of servers: most lost or repeated, {way}"
        yield figure("consistency", title, "", [max(lost)], at_most(0))
        many = asyncio.run(read(MANY, way, 1))
        yield figure("consistency", f"150,000 records: lost, {way}", "", [many.lost], at_most(0))
        fewest = MANY.sessions / LARGEST_PAGE
        title = f"150,000 records: requests / fewest, {way}"
        yield figure("consistency", title, "×", [many.requests / fewest], at_most(1.10))
    unchanging = ChangingData({})
    by_number = asyncio.run(read(unchanging, BY_NUMBER, 1))
    by_time = asyncio.run(read(unchanging, "exact", 1))
    title = "data at rest: requests, exact / page numbers"
    yield figure("consistency", title, "×", [by_time.requests / by_number.requests], at_most(1.03))


def _outcomes(title: str, way: str, outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    target = at_most(0) if way in EXACT else None
    lost = [outcome.lost for outcome in outcomes]
    yield figure("consistency", f"{title}: lost", "", lost)
    most = max(outcome.lost + outcome.repeated for outcome in outcomes)
    yield figure("consistency", f"{title}: most lost or repeated", "", [most], target)
    yield figure("consistency", f"{title}: requests", "", [outcome.requests for outcome in outcomes])


def latency(bench: Bench) -> Iterator[Figure]:
    """Reading ahead, with and without network latency."""
    for coding in ("gzip",) if bench.quick else ("gzip", "identity"):
        measured = bench.measure(
            "prefetch",
            base_url=bench.base_url(coding, 50),
            depths=[0, 8],
            pages=160,
            rounds=bench.often(3, 1),
            pause=0,
        )
        title = f"{coding}, 50 ms: prefetch=8 / sequential, 160 pages"
        yield figure("latency", title, "×", ratios(measured, "0", "8"), at_least(6.0))
    measured = bench.measure(
        "prefetch",
        base_url=bench.base_url("gzip", 50),
        depths=[0, None],
        pages=bench.often(30, 20),
        rounds=bench.often(3, 1),
        pause=0.03,
    )
    title = "gzip, 50 ms, 30 ms of work a page: default / sequential"
    yield figure("latency", title, "×", ratios(measured, "0", "None"), at_least(1.2))
    measured = _several(
        bench.often(2, 1),
        lambda: bench.measure(
            "prefetch",
            base_url=bench.base_url("identity"),
            depths=[0, None],
            pages=40,
            rounds=bench.often(10, 5),
            pause=0,
        ),
    )
    title = "identity, no latency: default / sequential"
    yield figure("latency", title, "×", ratios(measured, "0", "None"), at_least(0.95))
    yield from _depths(bench)


def _depths(bench: Bench) -> Iterator[Figure]:
    """The default, which finds a depth, against fixed depths."""
    for milliseconds, least in {50: 0.85, 20: 0.80, 150: 0.80}.items():
        measured = bench.measure(
            "prefetch",
            base_url=bench.base_url("gzip", milliseconds),
            depths=[8, None],
            pages=30,
            rounds=bench.often(7, 2),
            warm_ups=bench.often(2, 1),
        )
        title = f"gzip, {milliseconds} ms: default / prefetch=8, 30 pages"
        yield figure("latency", title, "×", ratios(measured, "8", "None"), at_least(least))
    depths = (0, 1, 2, 4, 8)
    measured = bench.measure(
        "prefetch",
        base_url=bench.base_url("gzip"),
        depths=[*depths, None],
        pages=30,
        rounds=bench.often(20, 5),
        warm_ups=bench.often(2, 1),
    )
    best = min(map(str, depths), key=lambda depth: median(seconds[depth] for seconds in measured))
    title = "gzip, no latency: default / best fixed depth, 30 pages"
    yield figure("latency", title, "×", ratios(measured, best, "None"), at_least(0.97))
    yield figure("latency", "gzip, no latency: best fixed depth", "", [int(best)])


def memory(bench: Bench) -> Iterator[Figure]:
    """Growth of the process while it streams 100,000 sessions."""
    depths = {"default": None} if bench.quick else {"default": None, "prefetch=8": 8}
    for name, depth in depths.items():
        measured = _several(
            bench.often(3, 1),
            lambda depth=depth: bench.measure(  # type: ignore[misc]  # binds the value of this turn
                "memory", base_url=bench.base_url("identity"), depth=depth
            ),
        )
        for title, target in (("growth", at_most(8.0) if depth is None else None), ("peak", None)):
            sizes = [taken[title] / 1e6 for taken in measured]
            yield figure("memory", f"{title} over 100,000 sessions, {name}", "MB", sizes, target)
        if depth is None:
            far = _several(
                bench.often(3, 1),
                lambda: bench.measure("memory", base_url=bench.base_url("identity", 50), depth=None),
            )
            more = [there["size"] - here["size"] for there, here in zip(far, measured, strict=True)]
            title = "50 ms away against no latency, default"
            yield figure("memory", title, "MB", [size / 1e6 for size in more], at_most(12.6))


def keep(bench: Bench) -> Iterator[Figure]:
    """Decoding and keeping 10,000 records, against structs with lists; fresh processes in turn."""
    measured = []
    for _ in range(bench.often(7, 3)):
        seconds: dict[str, float] = {}
        for kind in ("ours", "lists"):
            seconds |= bench.measure("keep", kind=kind, file=str(bench.file), pages=100)[0]
        measured.append(seconds)
    yield figure(
        "keep", "decode time, ours / structs of lists", "×", ratios(measured, "ours", "lists"), at_most(0.6)
    )


def imports(bench: Bench) -> Iterator[Figure]:
    """Importing the package against importing its dependencies; fresh processes in turn."""
    ours, theirs = ["sessionboard_async.client"], ["aiohttp", "msgspec", "anyio", "backoff"]
    measured = []
    for _ in range(bench.often(15, 5) + 1):
        seconds: dict[str, float] = {}
        for modules in (ours, theirs):
            seconds |= bench.measure("imported", modules=modules)[0]
        measured.append(seconds)
    samples = ratios(measured[1:], "+".join(ours), "+".join(theirs))  # The first one fills the caches.
    yield figure("imports", "time to import, ours / dependencies", "×", samples, at_most(1.20))


def calls(bench: Bench) -> Iterator[Figure]:
    """Small calls."""
    session_id = msgspec.json.decode(recorded(bench.file)[0].records)[0]["id"]
    measured = _several(
        bench.often(3, 1),
        lambda: bench.measure(
            "calls",
            base_url=bench.base_url("identity"),
            session_id=session_id,
            # Short turns, since the speed of a machine changes from one second to the next.
            count=50,
            rounds=bench.often(60, 20),
        ),
    )
    yield figure(
        "calls", "calls per second, us / bare aiohttp", "×", ratios(measured, "floor", "us"), at_least(0.75)
    )
    yield figure("calls", "sessions.get", "µs", [seconds["us"] * 1e6 for seconds in measured])


def limits(bench: Bench) -> Iterator[Figure]:
    """Cost of the limiter beside aiolimiter, and the budget that it leaves unused."""
    costs = bench.measure("cost of limits", count=20_000, rounds=bench.often(15, 5))
    for name, target in (("us", at_most(6.0)), ("us, no headers", None), ("aiolimiter", None)):
        title = f"{name}: acquire" if name == "aiolimiter" else f"{name}: acquire and report"
        yield figure("limits", title, "µs", [cost[name] * 1e6 for cost in costs], target)
    yield figure("limits", "us / aiolimiter", "×", ratios(costs, "us", "aiolimiter"))
    requests = bench.often(200, 60)
    spans = bench.measure("makespan", requests=requests, limit=20, window=2.0)
    title = f"{requests} requests at 20 in 2 s"
    yield figure(
        "limits", f"{title}: time / optimum with guard", "×", ratios(spans, "taken", "optimum"), at_most(1.15)
    )
    yield figure("limits", f"{title}: refusals", "", [span["refusals"] for span in spans], at_most(0))
    gets = bench.measure(
        "gets without headers", base_url=f"{bench.base_url('identity')}/silent", count=50, rounds=20
    )
    title = "1,000 gets, no headers"
    busy = ratios(gets, "us processor", "floor processor")
    yield figure("limits", f"{title}: processor time / bare aiohttp", "×", busy, at_most(1.3))
    waits = sum(found["waits"] for found in gets)
    yield figure("limits", f"{title}: calls that waited or failed", "", [waits], at_most(0))
    for retry_after, title in ((0, "429 with Retry-After: 0"), (None, "429 without Retry-After")):
        refused = bench.measure(
            "refused streams",
            retry_after=retry_after,
            pages=bench.often(300, 100),
            rounds=bench.often(3, 1),
        )
        title = f"8 streams, every 89th {title}: time / limits=None"
        yield figure("limits", title, "×", ratios(refused, "default", "None"), at_most(1.5))


def uvloop(bench: Bench) -> Iterator[Figure]:
    """A stream on uvloop, if installed, and on asyncio's own loop; fresh processes in turn."""
    if find_spec("uvloop") is None:
        return
    for coding in ("identity", "gzip"):
        measured = []
        for _ in range(bench.often(5, 2)):
            taken: dict[str, float] = {}
            for faster in (False, True):
                rounds = bench.measure(
                    "streams",
                    base_url=bench.base_url(coding),
                    names=["us"],
                    pages=40,
                    rounds=4,
                    uvloop=faster,
                )
                taken["uvloop" if faster else "asyncio"] = min(seconds["us"] for seconds in rounds)
            measured.append(taken)
        yield figure("uvloop", f"{coding}: uvloop / asyncio", "×", ratios(measured, "asyncio", "uvloop"))


def _several(processes: int, measure: Callable[[], Rounds]) -> Rounds:
    return list(chain.from_iterable(measure() for _ in range(processes)))


PARTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "jobs": jobs,
    "streams": streams,
    "exact": exact,
    "into": into,
    "consistency": consistency,
    "latency": latency,
    "memory": memory,
    "keep": keep,
    "imports": imports,
    "calls": calls,
    "limits": limits,
    "uvloop": uvloop,
}
