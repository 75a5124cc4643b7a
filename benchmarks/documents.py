"""The tables of figures in the README and the guides."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PLACES = {"README.md": "benchmarks", "sessionboard_async/guides/benchmarks.md": "jobs"}
"""The files that show the table of the jobs, and the mark around it."""


def show_jobs(table: str, root: Path = _ROOT) -> list[str]:
    """Write the table of the jobs into each file that shows it, and return their names."""
    for name, mark in _PLACES.items():
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
    return [*_PLACES]
