"""A run of the benchmarks as a table, a file and the facts that belong to it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

_PACKAGES = (
    "sessionboard-async",
    "aiohttp",
    "msgspec",
    "anyio",
    "backoff",
    "isal",
    "uvloop",
    "httpx",
    "pydantic",
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a run.

    Attributes:
        date: When it ended, in UTC.
        machine: What it ran on.
        load: The machine's load average over the last minute, before and after.
        packages: The versions of what took part.
        bytes_per_record: How large the records were.
        gzip_ratio: How much smaller gzip made the pages.
        figures: What was measured.
    """

    date: str
    machine: dict[str, str | int]
    load: tuple[float, float]
    packages: dict[str, str]
    bytes_per_record: int
    gzip_ratio: float
    figures: Sequence[Figure]


def facts() -> dict[str, str | int]:
    """Return what a reader must know of the machine, and nothing that names it."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processors": os.cpu_count() or 0,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that are installed among those that matter."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the time as it stands in a report."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def table(figures: Sequence[Figure]) -> Table:
    """Return the figures as a table."""
    drawn = Table(title="Medians and quartiles of paired runs", title_justify="left")
    for name in ("part", "what"):
        drawn.add_column(name)
    for name in ("figure", "quartiles", "samples", "target"):
        drawn.add_column(name, justify="right")
    drawn.add_column("")
    part = ""
    for found in figures:
        if part and part != found.part:
            drawn.add_section()
        low, high = found.quartiles
        target = found.target
        drawn.add_row(
            "" if found.part == part else found.part,
            found.what,
            f"{found.median:.3g} {found.unit}",
            f"{low:.3g} to {high:.3g}",
            str(found.samples),
            "" if target is None else f"{target.bound} {target.value:g}",
            {None: "", True: "[green]pass[/]", False: "[bold red]MISS[/]"}[found.met],
        )
        part = found.part
    return drawn


def show(console: Console, figures: Sequence[Figure]) -> None:
    """Print the table, and after it plainly what missed its target."""
    console.print(table(figures))
    missed = [found for found in figures if found.met is False]
    for found in missed:
        assert found.target is not None
        console.print(
            f"[bold red]MISS[/] {found.part}: {found.what} is {found.median:.3g} {found.unit}, "
            f"and {found.target.bound} {found.target.value:g} is the target"
        )
    if not missed:
        console.print("Every target is met.")


def write(report: Report, file: Path) -> None:
    """Write the report as JSON; the file appears only when it is complete."""
    beside = file.with_suffix(".tmp")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    beside.replace(file)
