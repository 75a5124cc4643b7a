"""Changes of docstrings for the reference: keywords that a method takes as a TypedDict, and code blocks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Unpack, get_args, get_origin, get_type_hints, is_typeddict

from griffe import (
    Attribute,
    Class,
    Docstring,
    DocstringSectionKind,
    Extension,
    Function,
    Module,
    Object,
    Parameter,
    ParameterKind,
    Parameters,
)


class DescribedKeywords(Extension):
    """Takes the defaults of keywords from signatures, and their descriptions from the TypedDict."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Replace the ``...`` of keywords by their defaults, and add what they mean."""
        if func.parent is None or not func.parent.is_class or not func.docstring:
            return
        method = getattr(getattr(import_module(func.module.path), func.parent.name), func.name)
        if "Unpack[" not in str(getattr(method, "__annotations__", "")):
            return
        known, meanings = inspect.signature(method).parameters, _descriptions(method)
        for parameter in func.parameters:
            if parameter.default == "..." and (found := known.get(parameter.name)):
                parameter.default = repr(found.default)
        for section in func.docstring.parsed:
            if section.kind is not DocstringSectionKind.parameters:
                continue
            for described in section.value:
                if described.value == "..." and (found := known.get(described.name)):
                    described.value = repr(found.default)
                described.description = described.description or meanings.get(described.name, "")


class MarkdownCode(Extension):
    """Removes the ``::`` before code blocks, which Markdown does not know."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Change the text of a docstring before it is parsed."""
        if obj.docstring:
            text = re.sub(r"^::\n+", "", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = re.sub(r"(?<=\w)::$", ":", text, flags=re.MULTILINE)


class NoPlaceholders(Extension):
    """Leaves out ``close`` where it stands for ``aclose``."""

    def on_class(self, *, cls: Class, **_: Any) -> None:
        """Remove the attribute from a class."""
        close = cls.members.get("close")
        if isinstance(close, Attribute) and str(close.value) == "NoClose()":
            cls.del_member("close")


class CompleteKeywords(Extension):
    """Shows every TypedDict as a call with its keywords, those of its base classes too."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Change the classes once all of them are known."""
        for cls in [*_classes(pkg)]:
            loaded = getattr(import_module(cls.module.path), cls.name, None)
            if not is_typeddict(loaded):
                continue
            keywords = _keywords(cls)
            for keyword in keywords.values():
                keyword.default = None if keyword.name in loaded.__required_keys__ else "..."
            own = Parameter("self", kind=ParameterKind.positional_or_keyword)
            cls.set_member("__init__", Function("__init__", parameters=Parameters(own, *keywords.values())))
            # The docstring of the class describes them.
            for name in keywords.keys() & cls.members.keys():
                cls.del_member(name)


def _classes(owner: Object) -> Iterator[Class]:
    for member in owner.members.values():
        if isinstance(member, Class):
            yield member
        elif isinstance(member, Module):
            yield from _classes(member)


def _keywords(cls: Class) -> dict[str, Parameter]:
    """Return the keywords of a TypedDict by name: of its base classes first."""
    found: dict[str, Parameter] = {}
    for base in (*reversed(cls.mro()), cls):
        constructor = base.members.get("__init__")
        if isinstance(constructor, Function):
            found |= {one.name: one for one in constructor.parameters if one.name != "self"}
        for member in base.members.values():
            if isinstance(member, Attribute):
                kind = ParameterKind.keyword_only
                found[member.name] = Parameter(member.name, annotation=member.annotation, kind=kind)
    return {name: Parameter(name, annotation=one.annotation, kind=one.kind) for name, one in found.items()}


def _descriptions(method: Any) -> Mapping[str, str]:
    """Return the descriptions of the keywords that a method takes as a TypedDict, by name."""
    found: dict[str, str] = {}
    for hint in get_type_hints(method).values():
        if get_origin(hint) is Unpack:
            for section in Docstring(inspect.getdoc(get_args(hint)[0]) or "").parse("google"):
                if section.kind is DocstringSectionKind.attributes:
                    found |= {one.name: one.description for one in section.value}
    return found
