"""The imports of the package run down the layers of the design, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

pytestmark = pytest.mark.untraced

PACKAGE = Path(__file__).parents[1] / "sessionboard_async"

LAYERS = (
    *(("__main__",), ("cli",)),
    *(("guides", "sqlite", "testing"), ("change_feed",), ("export",)),
    ("",),
    *(("client",), ("types",), ("services",), ("services._common",)),
    *(("core.pagination",), ("core.cache",), ("core.engine",), ("core.rate_limits", "core.retry")),
    *(("core.http", "core.decoding"), ("core",)),
    *(
        ("errors",),
        ("models",),
        ("_answered", "_lazy", "_printable", "_request_context", "_suggestions", "_version"),
    ),
)
"""The parts of the package from top to bottom; ``""`` is the package itself, with its public names.

Parts of one layer do not import each other. ``core`` stands for its modules that are not listed.
"""

LEVELS = {part: -level for level, layer in enumerate(LAYERS) for part in layer}


def sources() -> dict[str, str]:
    """Return the text of every module by its name within the package."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        steps = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(steps[:-1] if steps[-1] == "__init__" else steps)] = file.read_text(encoding="utf-8")
    return found


@cache
def statements(text: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return the imports of a module, for type checkers only or in a function too."""
    return tuple(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))


def imports(text: str, modules: dict[str, str]) -> Iterator[str]:
    """Yield the modules of the package that a module imports."""
    for node in statements(text):
        if isinstance(node, ast.Import):
            yield from (within(name.name) for name in node.names if is_ours(name.name))
        elif node.level or is_ours(node.module or ""):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            source = within(node.module or "")
            for name in node.names:
                inner = f"{source}.{name.name}".removeprefix(".")
                yield inner if inner in modules else source


def is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE.name


def within(module: str) -> str:
    return module.removeprefix(PACKAGE.name).removeprefix(".")


def part_of(module: str) -> str:
    """Return the part that a module belongs to: the longest one that its name begins with."""
    steps = module.split(".")
    names = [".".join(steps[:end]) for end in range(len(steps), 0, -1)]
    return next(name for name in names if name in LEVELS)


def upward(modules: dict[str, str]) -> list[str]:
    """Name the imports that do not run down, nor stay within a part."""
    return [
        f"{module} imports {imported}"
        for module, text in modules.items()
        for imported in imports(text, modules)
        if part_of(module) != part_of(imported) and LEVELS[part_of(imported)] >= LEVELS[part_of(module)]
    ]


def circle(modules: dict[str, str]) -> list[str]:
    """Return the modules of a circle of imports; empty where there is none."""
    sorter = TopologicalSorter({module: {*imports(text, modules)} for module, text in modules.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        return [*error.args[1]]
    return []


def test_every_module_belongs_to_a_layer() -> None:
    assert {part_of(module) for module in sources()} == LEVELS.keys()


def test_imports_run_down() -> None:
    assert upward(sources()) == []


def test_imports_make_no_circle() -> None:
    assert circle(sources()) == []


@pytest.mark.parametrize(
    ("module", "line", "imported"),
    [
        ("core.engine", "from sessionboard_async.services.sessions import Sessions", "services.sessions"),
        ("core.http.request", "import sessionboard_async.core.engine", "core.engine"),
        ("models.base", "from sessionboard_async import AsyncSession", ""),
        ("core.decoding.decoders", "from sessionboard_async.core.http import response", "core.http.response"),
        ("sqlite.schema", "def later():\n    from sessionboard_async.testing import Changes", "testing"),
    ],
)
def test_an_upward_import_is_found(module: str, line: str, imported: str) -> None:
    modules = sources()
    modules[module] += f"\n{line}\n"
    assert upward(modules) == [f"{module} imports {imported}"]


def test_a_circle_is_found() -> None:
    modules = sources()
    modules["models.base"] += "\nfrom sessionboard_async.models import sessions\n"
    assert {"models.base", "models.sessions"} <= {*circle(modules)}
