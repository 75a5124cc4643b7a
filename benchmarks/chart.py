"""The chart of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from benchmarks.figures import Figure
from benchmarks.report import Report

_PASS, _MISS, _INFORMS, _TARGET = "#2a7f62", "#c0392b", "#7f8fa6", "#1b1b1b"
_TITLES = {
    "jobs": "Speed of jobs as a multiple of what is written by hand (higher is better)",
    "streams": "Records per second, as a multiple of another client's (higher is better)",
    "latency": "Reading ahead, as a multiple of the speed without (higher is better)",
    "memory": "Memory in MB (lower is better)",
    "keep": "Time to decode 10,000 records and keep them (lower is better)",
    "imports": "Time to import (lower is better)",
    "calls": "Small calls",
    "uvloop": "Records per second on uvloop, as a multiple of asyncio's loop",
}
_DRAWN = ("jobs", "streams", "latency", "memory", "keep", "imports", "uvloop")


def draw(report: Report, file: Path) -> None:
    """Draw the figures of a report as bars with quartiles and targets."""
    mpl.rcParams["font.size"] = 9
    parts = {
        part: [found for found in report.figures if found.part == part and _is_drawn(found)]
        for part in _DRAWN
    }
    parts = {part: figures for part, figures in parts.items() if figures}
    heights = [len(figures) + 1.2 for figures in parts.values()]
    canvas = Canvas(figsize=(10, 0.34 * sum(heights) + 1.2), dpi=120, layout="constrained")
    axes = canvas.subplots(len(parts), 1, squeeze=False, height_ratios=heights)
    for (part, figures), (place,) in zip(parts.items(), axes, strict=True):
        _bars(place, part, figures)
    canvas.suptitle(
        f"sessionboard_async {report.packages.get('sessionboard-async', '')}: bars are medians, "
        "whiskers quartiles, black lines targets"
    )
    canvas.supxlabel(
        f"{report.date[:10]}, Python {report.machine['python']}, {report.machine['processors']} processors, "
        f"pages of 100 sessions of {report.bytes_per_record / 1000:.1f} kB, gzip 1:{report.gzip_ratio:.1f}",
        fontsize=8,
    )
    canvas.savefig(file)


def _is_drawn(found: Figure) -> bool:
    # Of the many figures of jobs, those that compare clients.
    return found.part != "jobs" or "50 ms: us / " in found.name


def _bars(place: Axes, part: str, figures: Sequence[Figure]) -> None:
    rows = range(len(figures))
    medians = [found.median for found in figures]
    place.barh(rows, medians, color=[_colour(found) for found in figures], height=0.62)
    place.errorbar(
        medians,
        rows,
        xerr=(
            [max(0.0, found.median - found.quartiles[0]) for found in figures],
            [max(0.0, found.quartiles[1] - found.median) for found in figures],
        ),
        fmt="none",
        ecolor="#444444",
        elinewidth=1,
        capsize=2,
    )
    widest = max(max(found.median, found.quartiles[1], _target(found)) for found in figures)
    for row, found in zip(rows, figures, strict=True):
        if found.target is not None:
            place.vlines(found.target.value, row - 0.42, row + 0.42, color=_TARGET, linewidth=2)
        end = max(found.median, found.quartiles[1], _target(found))
        place.text(end + widest * 0.012, row, _label(found), va="center", fontsize=8)
    place.set_yticks(rows, [found.name for found in figures])
    place.set_xlim(0, widest * 1.36)
    place.invert_yaxis()
    place.set_title(_TITLES[part], loc="left", fontsize=9, fontweight="bold")
    place.spines[["top", "right"]].set_visible(False)


def _target(found: Figure) -> float:
    return found.target.value if found.target is not None else 0.0


def _colour(found: Figure) -> str:
    return {None: _INFORMS, True: _PASS, False: _MISS}[found.met]


def _label(found: Figure) -> str:
    unit = "×" if found.unit == "×" else f" {found.unit}"
    target = found.target
    verdict = (
        "" if target is None else f"   {target.bound} {target.value:g}: {'pass' if found.met else 'MISS'}"
    )
    return f"{found.median:.3g}{unit}{verdict}"
