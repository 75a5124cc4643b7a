"""Masking of personal data for tokens that may not see it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import cast

_SHOWN_DIGITS = 4
_MASKED_PHONE = re.compile(r"\*{3}-\*{3}-(?:\*|\d){4}")


def masked(content: object) -> object:
    """Return an answer with all personal data masked.

    E-mail addresses become ``j***@a***.com``, telephone numbers ``***-***-4567``; streets and postal codes
    keep their first character, followed by ``***``. Values that are already masked stay unchanged.
    """
    if isinstance(content, Mapping):
        record = cast("Mapping[str, object]", content)
        return {name: _masked_property(record, name) for name in record}
    if isinstance(content, (list, tuple)):
        return [masked(item) for item in cast("list[object]", content)]
    return content


def _masked_property(record: Mapping[str, object], name: str) -> object:
    # Whether the value of a custom field is personal depends on the type of the field.
    mask = _FIELD_TYPES.get(str(record.get("type"))) if name == "value" else _mask_for(name)
    return masked(record[name]) if mask is None else _masked_texts(mask, record[name])


def _masked_texts(mask: Callable[[str], str], value: object) -> object:
    """Mask every text in a value and keep its structure."""
    if isinstance(value, Mapping):
        record = cast("Mapping[str, object]", value)
        return {name: _masked_texts(mask, item) for name, item in record.items()}
    if isinstance(value, (list, tuple)):
        return [_masked_texts(mask, item) for item in cast("list[object]", value)]
    return mask(value) if isinstance(value, str) and value else value


def _mask_email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at:
        return _mask_text(value)
    name, dot, ending = domain.rpartition(".") if "." in domain else (domain, "", "")
    return f"{_mask_text(local)}@{_mask_text(name)}{dot}{ending}"


def _mask_phone(value: str) -> str:
    if _MASKED_PHONE.fullmatch(value):
        return value
    digits = "".join(character for character in value if character.isdecimal())
    return f"***-***-{digits[-_SHOWN_DIGITS:] if len(digits) > _SHOWN_DIGITS else '****'}"


def _mask_text(value: str) -> str:
    return f"{value.removesuffix('***')[:1]}***"


_Mask = Callable[[str], str]
_FIELD_TYPES: Mapping[str, _Mask] = {"email": _mask_email, "phone": _mask_phone}
_PARTS: Mapping[str, _Mask] = {"email": _mask_email, "emails": _mask_email, "phone": _mask_phone}
_NAMES: Mapping[str, _Mask] = {
    "address_line_1": _mask_text,
    "address_line_2": _mask_text,
    "address_postal_code": _mask_text,
    "identity_value": _mask_email,  # of GDPR requests
}


def _mask_for(name: str) -> _Mask | None:
    """Return the mask of a property by its name, such as ``assigned_participant_email``."""
    parts = (_PARTS[part] for part in name.split("_") if part in _PARTS)
    return next(parts, _NAMES.get(name))
