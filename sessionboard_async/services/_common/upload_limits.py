"""Limits of uploads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

LARGEST_FILE = 524_288_000
"""The largest file of a session, in bytes, that is sent to an upload address."""

LARGEST_FORM_FILE = 52_428_800
"""The largest file, in bytes, that is sent to the API itself."""


class RequiredUpload(TypedDict):
    """The name and size of an upload, which the operation that begins it requires."""

    filename: str
    size_bytes: int


def check_size(values: Mapping[str, object], most: int | None = None) -> None:
    """Refuse an upload whose size the API would refuse.

    Args:
        values: The announced values; ``size_bytes`` is checked if it is an integer.
        most: The largest size in bytes; ``None`` if no limit is known.

    Raises:
        ValueError: If it is less than one byte, or too large.
    """
    size = values.get("size_bytes")
    if not isinstance(size, int) or (size >= 1 and (most is None or size <= most)):
        return
    raise ValueError(
        "size_bytes must be " + ("1 or more" if most is None else f"1 to {most}") + f", not {size}"
    )
