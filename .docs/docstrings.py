"""Changes of signatures and docstrings for the reference: keywords of a TypedDict, and code blocks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args, get_type_hints, is_typeddict

from griffe import (
    Attribute,
    Class,
    Docstring,
    DocstringSectionKind,
    Expr,
    ExprSubscript,
    Extension,
    Function,
    Module,
    Object,
    Parameter,
    ParameterKind,
    Parameters,
)

_KEYWORDS = re.compile(r"^(\s*)\*\*\w+: .*(?:\n\1\s+.*)*", re.MULTILINE)
"""The description of all keywords together in a docstring."""


class Keywords(Extension):
    """Shows each keyword of a TypedDict where that stands for them, those of its base classes too."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Change methods and classes once all of them are known."""
        if pkg.name != "sessionboard_async":
            return
        classes = [*_classes(pkg)]
        for cls in classes:
            for function in [member for member in cls.members.values() if isinstance(member, Function)]:
                _expand(cls, function)
        typed_dicts = {cls.path: _keywords(cls) for cls in classes if is_typeddict(_loaded(cls))}
        for cls in [cls for cls in classes if cls.path in typed_dicts]:
            required = _loaded(cls).__required_keys__
            keywords = typed_dicts[cls.path]
            for keyword in keywords:
                keyword.default = None if keyword.name in required else "..."
                # The docstring of the class describes it.
                cls.members.pop(keyword.name, None)
            own = Parameter("self", kind=ParameterKind.positional_or_keyword)
            cls.set_member("__init__", Function("__init__", parameters=Parameters(own, *keywords)))


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


def _classes(owner: Object) -> Iterator[Class]:
    for member in owner.members.values():
        if isinstance(member, Class):
            yield member
        elif isinstance(member, Module):
            yield from _classes(member)


def _loaded(cls: Class) -> Any:
    return getattr(import_module(cls.module.path), cls.name, None)


def _expand(cls: Class, function: Function) -> None:
    """Replace ``**keywords: Unpack[...]`` by the keywords, in the order and with the defaults of ``help``."""
    all_together = [one for one in function.parameters if one.kind is ParameterKind.var_keyword]
    annotation = all_together[0].annotation if all_together else None
    if not isinstance(annotation, ExprSubscript) or not str(annotation).startswith("Unpack["):
        return
    method = getattr(_loaded(cls), function.name)
    path = annotation.slice.canonical_path if isinstance(annotation.slice, Expr) else str(annotation.slice)
    annotations = {one.name: one.annotation for one in _keywords(function.modules_collection[path])}
    known = inspect.signature(method).parameters
    expanded = [name for name in known if name in annotations]
    defaults = {name: known[name].default for name in expanded}
    parameters = [one for one in function.parameters if one.kind is not ParameterKind.var_keyword]
    for name in expanded:
        default = None if defaults[name] is inspect.Parameter.empty else repr(defaults[name])
        kind = ParameterKind.keyword_only
        parameters.append(Parameter(name, annotation=annotations[name], kind=kind, default=default))
    function.parameters = Parameters(*parameters)
    meanings = _meanings(get_args(get_type_hints(method)[all_together[0].name])[0])
    if function.docstring:
        function.docstring.value = _KEYWORDS.sub(
            lambda found: "\n".join(f"{found[1]}{name}: {meanings.get(name, '')}" for name in expanded),
            function.docstring.value,
        )


def _keywords(cls: Class) -> list[Parameter]:
    """Return the keywords of a TypedDict, those of its base classes first."""
    found = {
        member.name: Parameter(member.name, annotation=member.annotation, kind=ParameterKind.keyword_only)
        for base in (*reversed(cls.mro()), cls)
        for member in base.members.values()
        if isinstance(member, Attribute)
    }
    return [*found.values()]


def _meanings(kind: type) -> dict[str, str]:
    """Return the descriptions of the keywords of a TypedDict by name, each in one line."""
    return {
        one.name: " ".join(one.description.split())
        for section in Docstring(inspect.getdoc(kind) or "").parse("google")
        if section.kind is DocstringSectionKind.attributes
        for one in section.value
    }
