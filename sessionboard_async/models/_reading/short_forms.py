"""Records that some servers send in a short form: a track as its name, an error as its text."""

from __future__ import annotations

from typing import TypeGuard
from uuid import UUID


def object_for(value: object, type_: type) -> dict[str, object] | None:
    """Return the object that a value of another type stands for; ``None`` if it stands for none.

    Args:
        value: A decoded JSON value that is no object.
        type_: The record type. Its ``_short_form`` is the name of the field that a bare text fills.
    """
    field: str | None = getattr(type_, "_short_form", None)
    if field is None:
        return None
    if isinstance(value, str):
        return {"id" if _is_id(value) and hasattr(type_, "id") else field: value}
    if _is_list(value):
        return _first_or_all(value, field, hasattr(type_, "id"))
    return None


def _first_or_all(values: list[object], field: str, is_single: bool) -> dict[str, object] | None:
    """Return the object for an array: its only element, or all texts in one, such as those of an error."""
    if len(values) == 1 and _is_object(first := values[0]):
        return first
    texts = [value.get(field) if _is_object(value) else value for value in values]
    if (is_single and len(texts) > 1) or not all(isinstance(text, str) for text in texts):
        return None
    return {field: "; ".join(map(str, texts))}


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
