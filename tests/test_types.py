"""The types of the values that calls take are public."""

from __future__ import annotations

import builtins
import collections.abc
import inspect
import pydoc
import re
import sys
import typing
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, ForwardRef, TypeVar, get_args, get_type_hints, is_typeddict

import pytest

import sessionboard_async
from sessionboard_async import AsyncSession, types
from sessionboard_async.services import load_services
from tests.test_public_names import PUBLIC as MODULES
from tests.test_public_names import exported

METHODS = {
    f"{name}.{verb}": method
    for name, service in load_services().items()
    for verb, method in inspect.getmembers(service, inspect.isfunction)
    if not verb.startswith("_")
}
PUBLIC = {*types.__all__, *sessionboard_async.__all__}

EXPORTED = {name: getattr(import_module(module), name) for module in MODULES for name in exported(module)}
"""The names of all public modules, and what they stand for."""

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


def annotated(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the place, the text and the globals of each annotation of a public class or function.

    Objects are made by the package itself, but for the client: of the others, no constructor is public.
    """
    value = EXPORTED[name]
    found = {name: value}
    if isinstance(value, type):
        for field, hint in vars(value).get("__annotations__", {}).items():
            text = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
            if isinstance(text, str) and not field.startswith("_"):
                yield f"{name}.{field}", text, vars(sys.modules[value.__module__])
        found = {f"{name}.{key}": inspect.getattr_static(value, key) for key in dir(value) if key[0] != "_"}
        if value is AsyncSession:
            found[name] = AsyncSession.__init__
    for place, member in found.items():
        member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if inspect.isfunction(member) and member.__module__.startswith("sessionboard_async"):
            yield from ((place, text, member.__globals__) for text in member.__annotations__.values())


def types_in(text: str, scope: dict[str, Any]) -> set[str]:
    """Return the names in an annotation that are those of classes and aliases of the package."""
    names = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", re.sub(r"'[^']*'|\"[^\"]*\"", "", text)))
    standard = vars(builtins).keys() | vars(typing).keys() | vars(collections.abc).keys()
    return {
        name
        for name in names - standard
        if not isinstance(found := scope.get(name), TypeVar | ModuleType)
        and not (isinstance(found, type) and not found.__module__.startswith("sessionboard_async"))
    }


DESCRIPTORS = {"ServiceAttribute", "ErrorResponse"}
"""Types of attributes that read as another type."""


@pytest.mark.parametrize("name", EXPORTED)
def test_every_type_that_a_public_name_is_annotated_with_is_public(name: str) -> None:
    missing = {
        (place, type_)
        for place, text, scope in annotated(name)
        for type_ in types_in(text, scope)
        if type_ not in EXPORTED.keys() | DESCRIPTORS
    }
    assert missing == set()
