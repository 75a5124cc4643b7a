"""The defaults of keywords that a method takes as a TypedDict, which holds none, for the reference."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from griffe import Extension, Function


class KeywordDefaults(Extension):
    """Takes the defaults from the signatures of the imported package."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Replace the ``...`` of keywords by their defaults."""
        unknown = [parameter for parameter in func.parameters if parameter.default == "..."]
        if not unknown or func.parent is None or not func.parent.is_class:
            return
        owner = getattr(import_module(func.module.path), func.parent.name)
        known = inspect.signature(getattr(owner, func.name)).parameters
        for parameter in unknown:
            if found := known.get(parameter.name):
                parameter.default = repr(found.default)
