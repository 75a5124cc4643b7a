"""Path arguments of operations: the ids in their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from sessionboard_async.core.http.request import PathValue, validate_path_argument
from sessionboard_async.models.base import EventId

Path: TypeAlias = dict[str, EventId | None]
"""The ids in the path of an operation, by name."""


def session_path(event_id: EventId | None, session_id: str | None, **child: str | None) -> Path:
    """Return the path arguments of a session, or of a record that belongs to it, such as a file."""
    return {"event_id": event_id, "session_id": session_id, **child}


def validate_path(path: Mapping[str, PathValue]) -> None:
    """Refuse ids that no request can be sent with.

    Raises:
        ValueError: If an id is empty, ``.``, ``..`` or holds control characters.
        TypeError: If an id is neither a string nor an integer.
    """
    for name, value in path.items():
        validate_path_argument(name, value)
