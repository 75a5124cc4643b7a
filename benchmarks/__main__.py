"""Command line of the benchmarks: ``python -m benchmarks [PART ...] [--quick]``.

Prints a table, and stores the figures and a chart in ``benchmarks/results`` after a full run. Every ratio
compares two things measured side by side: in turn in one process where both are short (streams, calls), in
fresh processes in turn where the state of the process matters (keeping records, imports, memory). Absolute
times depend on the machine, so they are reported for small calls only. Missed targets are printed; the exit
status is 0 nevertheless, because a benchmark is not a test.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import zlib
from pathlib import Path

from rich.console import Console

from benchmarks import chart
from benchmarks.documents import show_figures, show_jobs
from benchmarks.figures import Figure
from benchmarks.jobs.table import table
from benchmarks.parts import PARTS
from benchmarks.processes import Bench, serving
from benchmarks.recording import RECORDS_PER_PAGE, record, recorded
from benchmarks.report import Report, facts, now, show, versions, write

_RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the parts named on the command line, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure speed, memory and requests of the package."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="take fewer samples, and store nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"unknown part: {', '.join(sorted(unknown))} (choose from {', '.join(PARTS)})")
    parts = arguments.parts or [*PARTS]

    console = Console()
    if not console.is_terminal:
        console.width = 120
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pages.json")
        file.write_bytes(asyncio.run(record()))
        pages = [page.as_page(1, 1) for page in recorded(file)]
        size = sum(map(len, pages))
        ratio = size / sum(len(zlib.compress(page, 6)) for page in pages)
        load = os.getloadavg()[0]
        figures: list[Figure] = []
        with serving(file) as port:
            bench = Bench(file, port, quick=arguments.quick)
            for part in parts:
                with console.status(f"measuring {part}"):
                    figures += PARTS[part](bench)
    show(console, figures)
    console.print(f"load average: {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    if "jobs" in parts and not arguments.quick:
        print(table(figures))
        console.print(f"Written: the table in {' and '.join(show_jobs(table(figures)))}.")
    if arguments.quick or set(parts) != PARTS.keys():
        console.print("Not a full run: the stored results stay unchanged.")
        return
    report = Report(
        date=now(),
        machine=facts(),
        load=(load, os.getloadavg()[0]),
        packages=versions(),
        bytes_per_record=size // len(pages) // RECORDS_PER_PAGE,
        gzip_ratio=round(ratio, 2),
        figures=figures,
    )
    _RESULTS.mkdir(exist_ok=True)
    write(report, _RESULTS / "latest.json")
    chart.draw(report, _RESULTS / "latest.png")
    console.print(
        f"Written: benchmarks/results/latest.json, latest.png, and tables in {show_figures(figures)}."
    )


if __name__ == "__main__":
    main()
