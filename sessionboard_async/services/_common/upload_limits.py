"""How large an upload may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

LARGEST_FILE = 524_288_000
"""The most bytes that a file of a session may have, when its bytes go to an address of its own."""

LARGEST_FORM_FILE = 52_428_800
"""The most bytes that a file may have that is sent to the API itself."""


class RequiredUpload(TypedDict):
    """The name and size of an upload, which the operation that begins it requires."""

    filename: str
    size_bytes: int


def check_size(values: Mapping[str, object], most: int | None = None) -> None:
    """Refuse an upload that the API would refuse.

    Args:
        values: What is announced; ``size_bytes`` is looked at, if it is a number.
        most: The most bytes allowed; ``None`` where no bound is known.

    Raises:
        ValueError: If it has less than one byte, or too many.
    """
    size = values.get("size_bytes")
    if not isinstance(size, int) or (size >= 1 and (most is None or size <= most)):
        return
    raise ValueError(
        "size_bytes must be " + ("1 or more" if most is None else f"1 to {most}") + f", not {size}"
    )
