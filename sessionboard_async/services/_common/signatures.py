"""Signatures of methods with every keyword that they accept, for ``help``, completion and ``inspect``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType, MappingProxyType, NoneType
from typing import Any, Unpack, cast, get_args, get_origin, get_overloads, get_type_hints

from msgspec import UNSET, UnsetType

from sessionboard_async.core.pagination.pager import Pager, PagerOptions

_DEFAULTS: dict[str, Any] = {**cast("Any", Pager).__init__.__kwdefaults__, "expand": ()}
"""The defaults of keywords that neither ``UNSET`` nor ``None`` leaves out."""


class KeywordSignature(inspect.Signature):
    """The signature of a method whose ``**keywords`` are a ``TypedDict`` (PEP 692), with each of them.

    It is made when it is first looked at, so that programs that never do spend no time on it.
    """

    def __init__(self, method: FunctionType) -> None:
        self._method = method

    @cached_property
    def _signature(self) -> inspect.Signature:
        return _expanded(self._method)

    @property
    def parameters(self) -> MappingProxyType[str, inspect.Parameter]:
        """The parameters by name."""
        return self._signature.parameters

    @property
    def return_annotation(self) -> Any:
        """The type of the result."""
        return self._signature.return_annotation

    def replace(self, **changes: Any) -> inspect.Signature:  # type: ignore[override]  # not of this class
        """Return a plain signature with other parameters or another result."""
        return self._signature.replace(**changes)

    __replace__ = replace  # type: ignore[assignment]  # as above

    def __reduce__(self) -> str | tuple[Any, ...]:
        return self._signature.__reduce__()


def show_keywords(service: type) -> None:
    """Give each public method of a class a signature with all of its keywords, and types instead of texts."""
    for name, method in vars(service).items():
        if isinstance(method, FunctionType) and not name.startswith("_"):
            cast("Any", method).__signature__ = KeywordSignature(method)


def _expanded(method: FunctionType) -> inspect.Signature:
    hints = get_type_hints(method)
    parameters: list[inspect.Parameter] = []
    for parameter in _plain_signature(method).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            kinds = _kinds(method, hints[parameter.name])
            keywords = {one.name: one for kind in kinds for one in _keywords(kind)}
            # Filters and values first, paging last.
            paging = PagerOptions.__optional_keys__
            parameters += sorted(keywords.values(), key=lambda one: one.name in paging)
        else:
            annotation = hints.get(parameter.name, inspect.Parameter.empty)
            parameters.append(parameter.replace(annotation=annotation))
    return inspect.Signature(parameters, return_annotation=hints["return"])


def _plain_signature(method: FunctionType) -> inspect.Signature:
    """Return the signature of the code of a method, not the one that it was given."""
    copy = FunctionType(method.__code__, method.__globals__, method.__name__, method.__defaults__)
    copy.__kwdefaults__ = method.__kwdefaults__
    return inspect.signature(copy)


def _kinds(method: FunctionType, hint: Any) -> list[type]:
    """Return the ``TypedDict`` of the keywords; several for a method with overloads."""
    hints = [hint, *(get_type_hints(overload).get("options") for overload in get_overloads(method))]
    return [get_args(one)[0] for one in hints if get_origin(one) is Unpack]


def _keywords(kind: Any) -> Iterator[inspect.Parameter]:
    for name, hint in get_type_hints(kind).items():
        is_required = name in kind.__required_keys__
        default = inspect.Parameter.empty if is_required else _default(name, get_args(hint))
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _default(name: str, options: tuple[Any, ...]) -> Any:
    if UnsetType in options:
        return UNSET
    return None if name not in _DEFAULTS and NoneType in options else _DEFAULTS[name]
