"""The changes that mutmut makes to a module, by what they change."""

from __future__ import annotations

import contextlib
import difflib
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

_ONE_OF = 4
# The type in a cast is for type checkers alone.
_CAST = re.compile(r'\bcast\(("[^"]*"|None), ')


class Change(NamedTuple):
    """A change of one expression.

    Attributes:
        function: The function or method it is in; with a number for the second and further lines of it that
            change alike.
        was: The changed lines before, without their indentation.
        becomes: The same lines after.
    """

    function: str
    was: str
    becomes: str

    def __str__(self) -> str:
        return f"{self.function}\n    - {_indented(self.was)}\n    + {_indented(self.becomes)}"


def changes(folder: Path, path: Path) -> dict[str, Change]:
    """Return the changes of a module, each with the name that mutmut gives it.

    Args:
        folder: The work folder, with mutmut's configuration.
        path: The module within it.
    """
    # Not needed by those who import this module for the data alone.
    from mutmut.mutation.file_mutation import mutate_file_contents

    with contextlib.chdir(folder):
        mutated = mutate_file_contents(str(path), path.read_text("utf-8"))
    lines = mutated.code.splitlines()
    module = ".".join(path.with_suffix("").parts)

    def source(name: str) -> list[str]:
        span = mutated.line_span_by_function_name[name]
        return [line.strip().replace(name, "") for line in lines[span.start - 1 : span.end]]

    found = {}
    alike: Counter[Change] = Counter()
    for name in mutated.mutant_names:
        original = name.rpartition("__mutmut_")[0]
        change = Change(_function(original), *_difference(source(f"{original}__mutmut_orig"), source(name)))
        if _CAST.sub("", change.was) == _CAST.sub("", change.becomes):
            continue
        alike[change] += 1
        number = f" {alike[change]}" if alike[change] > 1 else ""
        found[f"{module}.{name}"] = change._replace(function=change.function + number)
    return found


def in_sample(module: str, change: Change) -> bool:
    """Return whether a change is among the quarter that is run by default."""
    return zlib.crc32("\n".join((module, *change)).encode()) % _ONE_OF == 0


def _difference(original: list[str], changed: list[str]) -> tuple[str, str]:
    steps = difflib.SequenceMatcher(None, original, changed, autojunk=False).get_opcodes()
    apart = [step for step in steps if step[0] != "equal"]
    was = [line for _, start, end, _, _ in apart for line in original[start:end]]
    becomes = [line for _, _, _, start, end in apart for line in changed[start:end]]
    return "\n".join(was), "\n".join(becomes)


def _function(name: str) -> str:
    """Return the qualified name: ``x_name`` is a function, ``xǁClassǁname`` a method."""
    return ".".join(name.split("ǁ")[1:]) if "ǁ" in name else name.removeprefix("x_")


def _indented(text: str) -> str:
    return text.replace("\n", "\n      ")
