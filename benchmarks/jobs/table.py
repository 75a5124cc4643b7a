"""The table of the jobs in the README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import nan

from benchmarks.figures import Figure
from benchmarks.jobs.part import BARE, GATHER, HTTPX2, LATENCIES, PART, US, lost_title, title_of

_CONTENDERS = {
    US: "this package",
    GATHER: "aiohttp + msgspec, `gather`",
    BARE: "aiohttp + msgspec, page after page",
    HTTPX2: "httpx2 + pydantic",
}
_JOBS = {
    "stream": "stream 3,000 sessions",
    "export": "write a whole event to files",
    "events": "read 20 events of 300 sessions",
    "gets": "200 times `sessions.get`",
}
_SHOWN = 50


def table(figures: Sequence[Figure]) -> str:
    """Return the figures of the jobs as a table in Markdown."""
    medians = {found.name: found.median for found in figures if found.part == PART}
    return "\n".join(f"| {' | '.join(row)} |" for row in _rows(medians))


def _rows(medians: dict[str, float]) -> Iterator[list[str]]:
    latencies = [number for number in LATENCIES if f"{title_of('stream', number)}: {US}" in medians]
    yield [f"Seconds, {', '.join(map(str, latencies))} ms away", *_CONTENDERS.values()]
    yield ["---"] * (len(_CONTENDERS) + 1)
    for job, text in _JOBS.items():
        yield [
            text,
            *(
                ", ".join(
                    f"{medians.get(f'{title_of(job, number)}: {name}', nan):.2g}" for number in latencies
                )
                for name in _CONTENDERS
            ),
        ]
    for kind, unit, form in (
        ("processor", ": processor time, 50 ms away", ".2g"),
        ("requests", ": requests", ".0f"),
    ):
        for job, text in _JOBS.items():
            title = title_of(job, _SHOWN)
            yield [
                f"{text}{unit}",
                *(f"{medians.get(f'{title}: {name}: {kind}', nan):{form}}" for name in _CONTENDERS),
            ]
    for job in ("stream", "events"):
        yield [
            f"{_JOBS[job]}: lost in 20 runs, while 2 a second are removed from each event, 50 ms away",
            *(f"{medians[lost_title(job, _SHOWN, name)]:.0f}" for name in (US, GATHER, BARE, BARE)),
        ]
