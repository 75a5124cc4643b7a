"""The pages of the reference: one for each service, each family of records, and each other public module."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import NamedTuple

from sessionboard_async.cli.coverage import covered_operations
from sessionboard_async.services import load_services

PACKAGE = "sessionboard_async"

_PARTS = {
    "core.options": "Options and limits",
    "core.http.base_url": "Options and limits",
    "core.rate_limits": "Options and limits",
    "core.pagination": "Streams and pages",
    "core.page": "Streams and pages",
    "services._common.filters": "Streams and pages",
    "core.decoding": "Streams and pages",
    "services._common.bulk": "Bulk writes",
    "models.bulk": "Bulk writes",
}
"""The page of a name that the package exports, by the module that defines it; the others are on the first."""

_CLIENT = "The client"

_MODULES = {
    "errors": ("Errors", "errors.md"),
    "types": ("Types of values", "writing.md"),
    "change_feed": ("Change feed", "export-and-changes.md"),
    "export": ("Export", "export-and-changes.md"),
    "sqlite": ("Database", "database.md"),
    "testing": ("Testing", "testing.md"),
    "guides": ("Guides", "index.md"),
}
"""The title of a module's page, and the guide that introduces it."""

_OTHERS = {
    "UNSET": "The default of every field of a write: the field is left as it is.",
    "UnsetType": "The type of `UNSET`.",
}
"""Names of msgspec that the package exports, with what they mean here."""


class ReferencePage(NamedTuple):
    """A page of the reference.

    Attributes:
        path: Its file, below ``reference/``.
        section: The section of the navigation; empty for pages outside of a section.
        title: Its title.
        text: Its Markdown.
    """

    path: str
    section: str
    title: str
    text: str


def public_names(module: str) -> list[str]:
    """Return the names that a public module exports: those in ``__all__``, else those that it defines."""
    loaded = import_module(module)
    if names := getattr(loaded, "__all__", None):
        return sorted(names)
    return sorted(
        name
        for name, value in vars(loaded).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    )


def public_modules() -> list[str]:
    """Return the modules whose names are public."""
    return [PACKAGE, *(f"{PACKAGE}.{name}" for name in ("models", "services", *_MODULES))]


def pages() -> Iterator[ReferencePage]:
    """Yield the pages in the order of the navigation."""
    yield from _package()
    yield from _services()
    yield from _models()
    for name, (title, guide) in _MODULES.items():
        module = f"{PACKAGE}.{name}"
        lead = f"Import these names from `{module}`. The guide is [here](../{guide})."
        if name == "errors":
            lead = f"{lead}\n\n{_tree(module)}"
        yield ReferencePage(f"{name}.md", "", title, _page(title, lead, module, public_names(module)))
    yield _operations()


def _package() -> Iterator[ReferencePage]:
    parts: dict[str, list[str]] = defaultdict(list)
    homes = vars(import_module(PACKAGE))["_MODULES"]
    for name in public_names(PACKAGE):
        home = homes.get(name, "")
        if home != "errors":
            part = next((title for start, title in _PARTS.items() if home.startswith(start)), _CLIENT)
            parts[part].append(name)
    for title in (_CLIENT, *dict.fromkeys(_PARTS.values())):
        names = sorted(parts[title], key=lambda name: (name != "AsyncSession", name != "Pager", name))
        lead = f"Import these names from `{PACKAGE}`."
        yield ReferencePage(f"{_slug(title)}.md", "", title, _page(title, lead, PACKAGE, names))


def _services() -> Iterator[ReferencePage]:
    for attribute, service in load_services().items():
        title = f"sb.{attribute}"
        lead = f"The methods of `sb.{attribute}`, where `sb` is an `AsyncSession`."
        text = _page(title, lead, f"{PACKAGE}.services", [service.__name__])
        yield ReferencePage(f"services/{attribute}.md", "Services", title, text)


def _models() -> Iterator[ReferencePage]:
    module = f"{PACKAGE}.models"
    families: dict[str, list[str]] = defaultdict(list)
    homes = vars(import_module(module))["_MODULES"]
    for name in public_names(module):
        home = homes[name]
        families[home].append(name)
    for family, names in sorted(families.items()):
        title = family.replace("_", " ").capitalize().replace("Gdpr", "GDPR").replace("Oauth", "OAuth")
        lead = f"Import these names from `{module}`. Records are frozen; a field without a value is `None`."
        yield ReferencePage(f"models/{family}.md", "Records", title, _page(title, lead, module, names))


def _operations() -> ReferencePage:
    lines = [
        "# Operations",
        "",
        "Every operation of the API, with the method that calls it.",
        "",
        "| Operation | Request | Call | Scope | Rate limit |",
        "|---|---|---|---|---|",
    ]
    for found in covered_operations():
        request = f"{found.method} {found.path}"
        cells = (found.operation, request, f"sb.{found.calls}", found.scope, found.limit)
        lines.append("| " + " | ".join(f"`{cell}`" if cell else "" for cell in cells) + " |")
    return ReferencePage("operations.md", "", "Operations", "\n".join(lines) + "\n")


def _page(title: str, lead: str, module: str, names: Iterable[str]) -> str:
    blocks = [f"# {title}", lead]
    for name in names:
        if name in _OTHERS and module == PACKAGE:
            blocks.append(f"## `{name}` {{ #{module}.{name} }}\n\n{_OTHERS[name]}")
        else:
            blocks.append(f"::: {module}.{name}{_options(module)}")
    return "\n\n".join(blocks) + "\n"


def _tree(module: str) -> str:
    """Return the docstring of a module from its code block on, as Markdown."""
    return (inspect.getdoc(import_module(module)) or "").partition("::\n\n")[2]


def _options(module: str) -> str:
    if module.endswith(".services"):
        # Services are made by the client alone.
        return "\n    options:\n      merge_init_into_class: false"
    if module.endswith(".errors"):
        # Each attribute once, where it is described: the search would list it for each class of the tree.
        return "\n    options:\n      inherited_members: false"
    return ""


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")
