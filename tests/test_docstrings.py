"""The docstrings of public functions and methods describe each argument."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from types import FunctionType

import pytest

PACKAGE = "sessionboard_async"
MODULES = ("", ".models", ".services", ".types", ".errors", ".change_feed", ".export", ".sqlite", ".testing")


def public_functions() -> Iterator[tuple[str, FunctionType]]:
    """Yield the public functions of the package, and the public methods of its public classes, by name."""
    for module in MODULES:
        loaded = import_module(PACKAGE + module)
        for name in getattr(loaded, "__all__", None) or [name for name in vars(loaded) if name[0] != "_"]:
            value = getattr(loaded, name)
            is_own = hasattr(loaded, "__all__") or getattr(value, "__module__", "") == loaded.__name__
            if is_own and isinstance(value, FunctionType):
                yield name, value
            for cls in value.__mro__ if isinstance(value, type) else ():
                if cls.__module__.startswith(PACKAGE):
                    for method, member in vars(cls).items():
                        function = getattr(member, "__func__", member)
                        if isinstance(function, FunctionType) and not method.startswith("_"):
                            yield f"{cls.__name__}.{method}", function


FUNCTIONS = dict(public_functions())


def arguments(function: FunctionType) -> list[str]:
    """Return the names of the arguments, without ``self`` and ``cls``; those of a TypedDict are one."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("name", [*FUNCTIONS])
def test_each_argument_is_described(name: str) -> None:
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    missing = [one for one in arguments(FUNCTIONS[name]) if not re.search(rf"(?m)^ +{one}: \S", text)]
    assert not missing
    assert text


def test_there_are_many() -> None:
    assert len(FUNCTIONS) > 150
    assert "Sessions.update_fields" in FUNCTIONS
    assert "sync_event" in FUNCTIONS
