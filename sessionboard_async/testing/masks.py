"""How personal data is hidden from a token that may not see it."""

from __future__ import annotations

import re
from typing import Any, cast

_HIDDEN = {
    "email": "email",
    "assigned_participant_email": "email",
    "phone": "phone",
    "phone_home": "phone",
    "phone_mobile": "phone",
    "address_line_1": "text",
    "address_line_2": "text",
    "address_postal_code": "text",
}


def masked(content: object) -> object:
    """Return an answer with the personal data in it masked, wherever in it that stands."""
    if isinstance(content, dict):
        return {
            name: _mask(_HIDDEN[name], value) if name in _HIDDEN and isinstance(value, str) else masked(value)
            for name, value in cast("dict[str, Any]", content).items()
        }
    if isinstance(content, (list, tuple)):
        return [masked(item) for item in cast("list[Any]", content)]
    return content


def _mask(kind: str, value: str) -> str:
    if not value:
        return value
    if kind == "email":
        # j***@a***.com
        return re.sub(r"^(.)[^@]*@(.)[^.]*(?:\.[^.]+)*?(\.[^.]+)?$", r"\1***@\2***\3", value)
    if kind == "phone":
        return f"***-***-{value[-4:]}"
    return f"{value[0]}***"
