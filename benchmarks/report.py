"""The report of a run: a table, a file, and facts about the machine."""

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
    "httpx2",
    "pydantic",
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a run.

    Attributes:
        date: The end of the run, in UTC.
        machine: Facts about the machine.
        load: The machine's load average over the last minute, before and after.
        packages: The versions of the packages involved.
        bytes_per_record: The mean size of a record.
        gzip_ratio: The size of the pages divided by their size under gzip.
        figures: The figures.
    """

    date: str
    machine: dict[str, str | int]
    load: tuple[float, float]
    packages: dict[str, str]
    bytes_per_record: int
    gzip_ratio: float
    figures: Sequence[Figure]


def facts() -> dict[str, str | int]:
    """Return facts about the machine that do not identify it."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processors": os.cpu_count() or 0,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages involved, as far as they are installed."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def now() -> str:
    """Return the time in the format of a report."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def table(figures: Sequence[Figure]) -> Table:
    """Return the figures as a table."""
    drawn = Table(title="Medians and quartiles of paired runs", title_justify="left")
    for name in ("part", "name"):
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
            found.name,
            f"{found.median:.3g} {found.unit}",
            f"{low:.3g} to {high:.3g}",
            str(found.samples),
            "" if target is None else f"{target.bound} {target.value:g}",
            {None: "", True: "[green]pass[/]", False: "[bold red]MISS[/]"}[found.met],
        )
        part = found.part
    return drawn


def show(console: Console, figures: Sequence[Figure]) -> None:
    """Print the table and, below it, every missed target."""
    console.print(table(figures))
    missed = [found for found in figures if found.met is False]
    for found in missed:
        assert found.target is not None
        console.print(
            f"[bold red]MISS[/] {found.part}: {found.name} is {found.median:.3g} {found.unit}; "
            f"the target is {found.target.bound} {found.target.value:g}"
        )
    if not missed:
        console.print("Every target is met.")


def write(report: Report, file: Path) -> None:
    """Write the report as JSON, replacing the file at once."""
    beside = file.with_suffix(".tmp")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    beside.replace(file)
