"""Command line of the mutation tests: ``python -m tests.mutants [MODULE ...] [--all] [--processes N]``.

mutmut changes one expression of a module at a time and runs the tests that reach the changed function.
A change that fails no test was not noticed: a test is missing, or the change makes no difference.

``modules.toml`` lists the modules and the tests that may notice a change of each. ``equivalent.toml`` lists
the changes that make no difference, with the reason; they are neither run nor counted. Code outside of
functions, decorated functions and the types of casts are not changed.

Without arguments, about a quarter of the changes of each module is run, always the same ones (chosen by a
checksum of their text); ``--all`` runs all of them, and so does naming modules. Work files and the output
of mutmut are in ``build/mutants``. The exit status is 1 when fewer than 90 % of the changes were noticed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from rich.console import Console
from rich.table import Table

from tests.mutants.changes import Change, changes, in_sample
from tests.mutants.data import MODULES, Module, equivalents
from tests.mutants.runs import Outcome, run, work_folder

_LEAST_NOTICED = 0.9


class _Report:
    """What became of the changes, module by module."""

    def __init__(self, console: Console) -> None:
        self.counts: dict[str, Counter[Outcome]] = {}
        self.unmatched: list[str] = []
        self._console = console

    def of(self, module: Module, *, every: bool, processes: int) -> None:
        started = time.monotonic()
        folder = work_folder(module)
        found = changes(folder, module.path)
        harmless = equivalents(module.name)
        self.unmatched += [f"{module.name}: {change}" for change in harmless - {*found.values()}]
        selected = [
            name
            for name, change in found.items()
            if change not in harmless and (every or in_sample(module.name, change))
        ]
        outcomes = run(module, folder, selected, processes=processes) if selected else {}
        counts = self.counts[module.name] = Counter(outcomes.values())
        counts["equivalent"] = sum(change in harmless for change in found.values())
        self._show_unnoticed(module, found, outcomes)
        seconds = time.monotonic() - started
        self._console.print(f"{module.name}: {_share(counts)} noticed, {seconds:.0f} s", highlight=False)

    def _show_unnoticed(self, module: Module, found: dict[str, Change], outcomes: dict[str, Outcome]) -> None:
        for name, outcome in outcomes.items():
            if outcome != "noticed":
                text = f"{module.name}, {outcome}: {found[name]}"
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def table(self) -> Table:
        columns: tuple[Outcome, ...] = ("noticed", "survived", "time out", "equivalent")
        table = Table("module", "share", *columns)
        for name, counts in [*self.counts.items(), ("all", self.total)]:
            table.add_row(name, _share(counts), *(str(counts[column]) for column in columns))
        return table

    @property
    def total(self) -> Counter[Outcome]:
        return sum(self.counts.values(), Counter())


def _noticed(counts: Counter[Outcome]) -> float:
    """Return the share of changes that failed a test or kept it running until it was stopped."""
    run = counts["noticed"] + counts["time out"] + counts["survived"]
    return 1 - counts["survived"] / run if run else 1.0


def _share(counts: Counter[Outcome]) -> str:
    return f"{_noticed(counts):.1%}"


def main() -> None:
    """Run the changes of the modules named on the command line, or a sample of those of all modules."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"any of {', '.join(MODULES)}")
    parser.add_argument("--all", action="store_true", help="run all changes, not about a quarter")
    parser.add_argument("--processes", type=int, default=1, metavar="N", help="changes run at once (1)")
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - MODULES.keys():
        parser.error(f"unknown module: {', '.join(sorted(unknown))} (choose from {', '.join(MODULES)})")
    console = Console()
    if not console.is_terminal:
        console.width = 120
    report = _Report(console)
    for name in arguments.modules or MODULES:
        every = arguments.all or bool(arguments.modules)
        report.of(MODULES[name], every=every, processes=arguments.processes)
    console.print(report.table())
    for entry in report.unmatched:
        console.print(f"no such change, remove it from equivalent.toml: {entry}", markup=False)
    if _noticed(report.total) < _LEAST_NOTICED:
        sys.exit(f"fewer than {_LEAST_NOTICED:.0%} of the changes were noticed")


if __name__ == "__main__":
    main()
