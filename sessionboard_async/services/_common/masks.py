"""Masks of personal data, which must not be written back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from sessionboard_async._printable import printable

_MASK = re.compile(
    r"""
    [^\s@*]* \*{3} @ [^\s@*]* \*{3} (?: \. [^\s@*]+ )?  # j***@a***.com
    | \*{3} - \*{3} - [0-9*]{4}  # ***-***-4567
    """,
    re.VERBOSE,
)
"""The two masks of the API. A text that merely contains asterisks is no mask."""

_PERSONAL = re.compile("email|phone|^custom_?fields$|^identity_?value$", re.IGNORECASE)
"""The names of fields that the API masks: those of custom fields do not say which of them it masks."""


def refuse_masked(values: Mapping[str, object]) -> None:
    """Refuse masks in the fields that the API masks, at any depth.

    Args:
        values: The values to write, under the API's names.

    Raises:
        ValueError: If a value is a mask.
    """
    for name, value in values.items():
        _refuse_masked(name, value, is_personal=_PERSONAL.search(name) is not None)


def _refuse_masked(path: str, value: object, *, is_personal: bool) -> None:
    if isinstance(value, str):
        if is_personal and _MASK.fullmatch(value.strip()):
            raise ValueError(
                f"{printable(path)} is masked: the token that read it may not see it, and writing the mask "
                "back would destroy what it hides; leave it out, read it with a token that does not hide "
                "personal data, or pass allow_masked=True to write it as it is"
            )
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            is_personal_too = is_personal or _PERSONAL.search(str(key)) is not None
            _refuse_masked(f"{path}.{key}", item, is_personal=is_personal_too)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in cast("Iterable[object]", value):
            _refuse_masked(path, item, is_personal=is_personal)
