"""The tables of losses and of single figures in the guide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.consistency import BY_NUMBER
from benchmarks.figures import Figure

_CHANGES = {
    "inserts, updates, deletes": "each second 1 is created, 2 change, and every other second 1 is removed",
    "20 deletes a second": "each second 20 are removed",
    "2 a second leave the filter": "each second 2 leave the filter, of 24,000",
    "300 equal times in random order": "as the first, and 300 at a time share a time of creation, in "
    "another order in each answer",
}
"""The changes while sessions are read, by the name that their figures begin with."""

_SINGLE = (
    (
        "latency",
        "gzip, 50 ms: prefetch=8 / sequential, 160 pages",
        "160 pages from a server 50 ms away: `prefetch=8` against one page after the other",
        "{:.1f} times the speed",
    ),
    (
        "memory",
        "growth over 100,000 sessions, default",
        "Memory growth while 100,000 sessions stream by",
        "{:.1f} MB",
    ),
    (
        "keep",
        "decode time, ours / structs of lists",
        "Decoding 10,000 sessions and keeping them, against structs that hold lists",
        "{:.2f} of the time",
    ),
    (
        "calls",
        "calls per second, us / bare aiohttp",
        "Calls of `sessions.get` per second, against bare aiohttp",
        "{:.2f}",
    ),
    (
        "limits",
        "us: acquire and report",
        "A call's part of the limiter: acquire and report",
        "{:.1f} µs",
    ),
    (
        "imports",
        "time to import, ours / dependencies",
        "`import sessionboard_async`, against importing its dependencies alone",
        "{:.2f} of the time",
    ),
)
"""The part and name of each figure, with its text in the guide and the form of its value."""


def losses(figures: Sequence[Figure]) -> str:
    """Return the losses by page numbers and by exact reading as a table in Markdown."""
    medians = _medians(figures)

    def rows() -> Iterator[list[str]]:
        yield [
            "Lost of 12,000 sessions that change while they are read, oldest first (medians of 20 runs)",
            *('`"pages"`', '`"exact"`', "requests"),
        ]
        yield ["---"] * 4
        for change, text in _CHANGES.items():
            ways = [f"{change}: {way}" for way in (BY_NUMBER, "exact")]
            lost = [f"{medians['consistency', f'{way}: lost']:.0f}" for way in ways]
            sent = [f"{medians['consistency', f'{way}: requests']:.0f}" for way in ways]
            yield [text, *lost, " and ".join(sent)]

    return _markdown(rows())


def single_figures(figures: Sequence[Figure]) -> str:
    """Return the figures that stand alone as a table in Markdown."""
    medians = _medians(figures)
    rows = [[text, form.format(medians[part, name])] for part, name, text, form in _SINGLE]
    return _markdown([["Figure", "Median"], ["---"] * 2, *rows])


def _medians(figures: Sequence[Figure]) -> dict[tuple[str, str], float]:
    return {(found.part, found.name): found.median for found in figures}


def _markdown(rows: Iterator[list[str]] | list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
