"""Masking of personal data for tokens that may not see it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._data.masking import masked

EMAIL_NAMES = ("email", "assigned_participant_email", "identity_value")
TEXTS = st.text(st.characters(), max_size=40)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
KEYS = st.sampled_from(
    (*EMAIL_NAMES, "phone", "phone_mobile", "address_line_1", "title", "value", "type", "emails", "id")
)
ANSWERS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


def mask(name: str, value: object) -> Any:
    content: Any = masked({name: value})
    return content[name]


@pytest.mark.parametrize(
    ("name", "value", "returned"),
    [
        ("email", "jane.doe@acme.com", "j***@a***.com"),
        ("email", "j@mail.acme.co.uk", "j***@m***.uk"),
        ("email", "jane@localhost", "j***@l***"),
        ("email", "Ünal@Übung.de", "Ü***@Ü***.de"),
        ("email", "a@b@c.org", "a***@c***.org"),
        ("email", "no address\nat all", "n***"),
        ("email", "@acme.com", "***@a***.com"),
        ("assigned_participant_email", "jane@acme.com", "j***@a***.com"),
        ("identity_value", "jane@acme.com", "j***@a***.com"),
        ("phone", "+1 (555) 123-4567", "***-***-4567"),
        ("phone_mobile", "555.123.45 67 ext", "***-***-4567"),
        ("phone_home", "4567", "***-***-****"),
        ("phone", "call me", "***-***-****"),
        ("address_line_1", "1 Main Street", "1***"),
        ("email", "", ""),
        ("phone", None, None),
        ("email", True, True),
        ("title", "jane.doe@acme.com", "jane.doe@acme.com"),
    ],
)
def test_values_are_masked_as_the_api_masks_them(name: str, value: object, returned: object) -> None:
    assert mask(name, value) == returned
    assert mask(name, returned) == returned


def test_custom_fields_are_masked_by_their_type() -> None:
    fields = [
        {"internal_name": "assistant", "type": "email", "value": "jane@acme.com"},
        {"internal_name": "desk", "type": "phone", "value": "+1 555 123 4567"},
        {"internal_name": "diet", "type": "text", "value": "Vegan"},
    ]
    content: Any = masked({"custom_fields": fields})
    assert [field["value"] for field in content["custom_fields"]] == [
        "j***@a***.com",
        "***-***-4567",
        "Vegan",
    ]


@given(local=st.text(min_size=1), domain=st.text(st.characters(exclude_characters="@")))
def test_only_the_first_character_of_the_local_part_is_left(local: str, domain: str) -> None:
    returned = mask("email", f"{local}@{domain}")
    assert mask("email", returned) == returned
    name, _, after = returned.rpartition("@")
    assert name in {f"{local[0]}***", "***"}
    ending = f".{domain.rpartition('.')[2]}" if "." in domain else ""
    assert after in {f"{first}***{ending}" for first in ("", domain[:1])}


@given(st.text(st.characters(exclude_categories=["Nd"])), st.text("0123456789", min_size=5, max_size=15))
def test_the_last_four_digits_of_a_phone_number_are_left(words: str, digits: str) -> None:
    assert mask("phone", words + digits) == f"***-***-{digits[-4:]}"


@given(ANSWERS)
def test_structure_stays_and_masking_twice_changes_nothing(content: object) -> None:
    once = masked(content)
    assert shape(once) == shape(content)
    assert masked(once) == once


def shape(content: object) -> object:
    if isinstance(content, dict):
        return {name: shape(value) for name, value in cast("dict[str, object]", content).items()}
    if isinstance(content, list):
        return [shape(item) for item in cast("list[object]", content)]
    return type(content).__name__
