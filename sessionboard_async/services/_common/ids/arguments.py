"""Path arguments of operations: the ids in their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeAlias, cast
from uuid import UUID

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.request import PathValue, validate_path_argument
from sessionboard_async.models.base import Record

Id: TypeAlias = str | int | UUID
"""The id of a record: a text, a number or a UUID. A call that takes one takes the record itself too."""

Kinds: TypeAlias = type[Record] | UnionType
"""The types of the records whose id an argument is; other types in a union are ignored."""

Path: TypeAlias = dict[str, PathValue]
"""The ids in the path of an operation, by name."""


def id_of(name: str, value: Record | Id | None, kinds: Kinds) -> str | int:
    """Return the id that a value is, or that the record has.

    Args:
        name: The name of the argument, for errors.
        value: The record or its id. What is neither is returned as it is, and refused with the request.
        kinds: The types of the records that have such an id.

    Raises:
        TypeError: If it is a record of another type.
        ValueError: If the record has no id.
    """
    # The most frequent form, in one comparison.
    if type(value) is str:
        return value
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, Record):
        return cast("str | int", value)
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be {_listed(kinds)}, not {type(value).__name__}")
    found: str | int | None = getattr(value, "id", None)
    if found is None:
        raise ValueError(f"the {type(value).__name__} has no id")
    return found


def filter_id(name: str, value: Record | Id | None, kinds: Kinds) -> str | int | None:
    """Return the id that a filter in the query is; ``None`` without a filter.

    Args:
        name: The name of the argument, for errors.
        value: The record or its id; ``None`` for no filter.
        kinds: The types of the records that have such an id.

    Raises:
        TypeError: If it is a record of another type, or no id.
        ValueError: As ``validate_id``.
    """
    if value is None:
        return None
    found = id_of(name, value, kinds)
    validate_id(name, found)
    return found


def validate_id(name: str, id_: str | int) -> None:
    """Refuse an id in a query or body that the API could take for none.

    Raises:
        ValueError: If it is empty or only blanks, ``.``, ``..`` or holds control characters.
        TypeError: If it is neither a string nor an integer.
    """
    # In a path, blanks stay an id.
    if not validate_path_argument(name, id_).strip():
        raise ValueError(f"{name} must not be empty")


def record_type(endpoint: Endpoint[Any]) -> type[Record]:
    """Return the type of the one record that an operation answers with."""
    return cast("type[Record]", endpoint.answer)


def validate_path(path: Mapping[str, PathValue]) -> None:
    """Refuse ids that no request can be sent with.

    Raises:
        ValueError: If an id is empty, ``.``, ``..`` or holds control characters.
        TypeError: If an id is neither a string nor an integer.
    """
    for name, value in path.items():
        validate_path_argument(name, value)


def _listed(kinds: Kinds) -> str:
    options = kinds.__args__ if isinstance(kinds, UnionType) else (kinds,)
    names = [option.__name__ for option in options if issubclass(option, Record)]
    return f"{' or '.join(names)} or its id" if names else "an id"
