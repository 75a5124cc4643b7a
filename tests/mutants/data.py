"""The modules under test and the changes known to make no difference."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tests.mutants.changes import Change

ROOT = Path(__file__).parents[2]
PACKAGE = "sessionboard_async"
_FOLDER = Path(__file__).parent


class Module(NamedTuple):
    """A module whose expressions are changed.

    Attributes:
        name: Its path within the package.
        tests: Patterns of the test files that may notice a change.
    """

    name: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The path from the root of the project."""
        return Path(PACKAGE, self.name)

    def files(self) -> list[str]:
        """Return the test files, as paths from the root of the project."""
        found = {path for pattern in self.tests for path in ROOT.joinpath("tests").glob(pattern)}
        return sorted(path.relative_to(ROOT).as_posix() for path in found)


def _modules() -> dict[str, Module]:
    parsed: dict[str, list[str]] = tomllib.loads(_FOLDER.joinpath("modules.toml").read_text("utf-8"))
    return {name: Module(name, tuple(tests)) for name, tests in parsed.items()}


MODULES = _modules()


def _equivalent() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(_FOLDER.joinpath("equivalent.toml").read_text("utf-8"))


def equivalents(module: str) -> set[Change]:
    """Return the changes of a module that make no difference."""
    return {
        Change(entry["function"], entry["was"], becomes)
        for entry in _equivalent().get(module, [])
        for becomes in entry["becomes"]
    }


def reasons() -> dict[str, list[str]]:
    """Return why changes make no difference, by the module."""
    return {module: [entry["reason"] for entry in entries] for module, entries in _equivalent().items()}
