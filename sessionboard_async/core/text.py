"""What no text may hold that becomes part of a path, an address or a header."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def refuse_control_characters(name: str, text: str) -> None:
    """Refuse line breaks and other control characters, which could forge a header or a path.

    Halves of surrogate pairs, which no encoding can carry, are refused with them.

    Raises:
        ValueError: If there is one.
    """
    if _CONTROL.search(text):
        raise ValueError(f"{name} must not hold control characters")
