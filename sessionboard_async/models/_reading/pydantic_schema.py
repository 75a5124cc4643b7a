"""The schema of a record for pydantic: read as from an answer, written as by ``to_dict``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import methodcaller
from typing import Any, Protocol, TypeGuard, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class SchemaHandler(Protocol):
    """The part of pydantic's ``GetCoreSchemaHandler`` that is used here."""

    def generate_schema(self, source_type: Any, /) -> Any:
        """Return the schema of another type."""
        ...


def core_schema_of(type_: type[S], read: Callable[[Mapping[str, object]], S], handler: SchemaHandler) -> Any:
    """Return the schema of a class of records.

    The fields are there for JSON schemas, as of FastAPI. A record of the class is taken as it is.

    Args:
        type_: The class.
        read: Reads a record from a mapping.
        handler: Returns the schemas of other types.
    """
    # Imported here, since pydantic is no dependency: it is there when it asks for this.
    from pydantic_core import core_schema

    def validate(value: object, _handler: Callable[[object], object]) -> S:
        if isinstance(value, type_):
            return value
        if _is_mapping(value):
            return read(value)
        raise ValueError(f"expected a {type_.__name__}, or a mapping with its values")

    fields = {
        field.encode_name: core_schema.typed_dict_field(handler.generate_schema(field.type), required=False)
        for field in msgspec.structs.fields(type_)
        if field.name != "as_sent"
    }
    is_open = "as_sent" in type_.__struct_fields__
    return core_schema.no_info_wrap_validator_function(
        validate,
        core_schema.typed_dict_schema(fields, cls=type_, extra_behavior="allow" if is_open else "ignore"),
        serialization=core_schema.plain_serializer_function_ser_schema(methodcaller("to_dict")),
        # As pydantic writes those of its own models: the name is that of the class in an OpenAPI document.
        ref=f"{type_.__module__}.{type_.__qualname__}:{id(type_)}",
    )


def _is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping)
