"""Other kinds of classes with the fields of the package's models, for comparison."""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Union, cast, get_args, get_origin

import msgspec
import pydantic

from sessionboard_async import Page
from sessionboard_async.models import Session

SESSION_PAGE = cast("type[msgspec.Struct]", Page[Session])


class Variants(ABC):
    """Creates classes with the fields of structs and of their inner structs."""

    def __init__(self) -> None:
        self._made: dict[object, type] = {}

    def of(self, struct: type[msgspec.Struct]) -> type:
        """Return the class with the fields of a struct."""
        if struct not in self._made:
            fields = msgspec.structs.fields(struct)
            translated = [(field.name, field.encode_name, self._type(field.type)) for field in fields]
            name = getattr(struct, "__name__", "Page")
            self._made[struct] = self._make(name, translated)
        return self._made[struct]

    @abstractmethod
    def _make(self, name: str, fields: Sequence[tuple[str, str, Any]]) -> type:
        """Create a class from the name of each field, its name in JSON, and its type."""

    def _type(self, type_: Any) -> Any:
        origin, arguments = get_origin(type_), get_args(type_)
        if origin is Annotated:
            return self._type(arguments[0])
        if origin in (Union, types.UnionType):
            return reduce(or_, [self._type(argument) for argument in arguments])
        if origin is tuple:
            return list[self._type(arguments[0])]  # type: ignore[misc]  # a type known at run time
        if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
            return self.of(type_)
        return type_


class PydanticVariants(Variants):
    """Pydantic models as they are usually written."""

    def _make(self, name: str, fields: Sequence[tuple[str, str, Any]]) -> type:
        definitions: dict[str, Any] = {
            field: (type_ | None, pydantic.Field(default=None, alias=alias)) for field, alias, type_ in fields
        }
        return cast("type", pydantic.create_model(name, **definitions))


class ListVariants(Variants):
    """Structs with msgspec's defaults: mutable, and tracked by the garbage collector."""

    def _make(self, name: str, fields: Sequence[tuple[str, str, Any]]) -> type:
        return msgspec.defstruct(
            name,
            [(field, type_ | None, None) for field, _, type_ in fields],
            rename={field: alias for field, alias, _ in fields},
            kw_only=True,
        )


def pydantic_page() -> type[pydantic.BaseModel]:
    """Return the page of sessions as a pydantic model."""
    return cast("type[pydantic.BaseModel]", PydanticVariants().of(SESSION_PAGE))


def list_page() -> type[msgspec.Struct]:
    """Return the page of sessions as default structs with lists."""
    return cast("type[msgspec.Struct]", ListVariants().of(SESSION_PAGE))
