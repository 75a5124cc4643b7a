"""The tables of figures in the README and the guides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.guide_tables import losses, single_figures

_ROOT = Path(__file__).parents[1]
_GUIDE = "sessionboard_async/guides/benchmarks.md"
_PLACES = {"README.md": "benchmarks", _GUIDE: "jobs"}
"""The files that show the table of the jobs, and the mark around it."""


def show_jobs(table: str, root: Path = _ROOT) -> list[str]:
    """Write the table of the jobs into each file that shows it, and return their names."""
    for name, mark in _PLACES.items():
        _write(root, name, mark, table)
    return [*_PLACES]


def show_figures(figures: Sequence[Figure], root: Path = _ROOT) -> str:
    """Write the losses and the single figures of a full run into the guide, and return its name."""
    _write(root, _GUIDE, "losses", losses(figures))
    _write(root, _GUIDE, "single", single_figures(figures))
    return _GUIDE


def _write(root: Path, name: str, mark: str, table: str) -> None:
    file = root / name
    text = file.read_text(encoding="utf-8")
    written, count = re.subn(
        rf"(?<=<!-- {mark} -->\n).*?(?=^<!-- /{mark} -->$)",
        lambda _: f"{table}\n",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{name} needs one place between <!-- {mark} --> and <!-- /{mark} -->")
    file.write_text(written, encoding="utf-8")
