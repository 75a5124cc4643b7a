"""The types of the values that calls take are public."""

from __future__ import annotations

import inspect
import pydoc
import re
from typing import get_args, get_type_hints, is_typeddict

import pytest

import sessionboard_async
from sessionboard_async import types
from sessionboard_async.services import load_services

METHODS = {
    f"{name}.{verb}": method
    for name, service in load_services().items()
    for verb, method in inspect.getmembers(service, inspect.isfunction)
    if not verb.startswith("_")
}
PUBLIC = {*types.__all__, *sessionboard_async.__all__}

KEYWORDS = {
    name: kind
    for module in (sessionboard_async, types)
    for name in module.__all__
    if is_typeddict(kind := getattr(module, name))
}
"""The public ``TypedDict`` classes."""


@pytest.mark.parametrize("method", METHODS)
def test_the_keywords_of_a_method_are_public(method: str) -> None:
    hints = get_type_hints(METHODS[method])
    keywords = [kind for hint in hints.values() for kind in (hint, *get_args(hint)) if is_typeddict(kind)]
    assert {kind.__name__ for kind in keywords} <= PUBLIC


@pytest.mark.parametrize("method", METHODS)
def test_the_classes_that_its_docstring_refers_to_are_public(method: str) -> None:
    assert set(re.findall(r"\bas in\s+``([A-Z]\w+)``", METHODS[method].__doc__ or "")) <= PUBLIC


def test_what_a_module_exports_is_there() -> None:
    assert all(hasattr(types, name) for name in types.__all__)
    assert types.__all__ == sorted(types.__all__)


@pytest.mark.parametrize("name", KEYWORDS)
def test_help_describes_every_keyword_those_of_base_classes_too(name: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(KEYWORDS[name]))
    described = re.findall(r"^ \|      (\w+): \S+", shown, re.MULTILINE)
    assert sorted(described) == sorted(get_type_hints(KEYWORDS[name]))
