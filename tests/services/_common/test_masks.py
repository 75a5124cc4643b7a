"""Masks of personal data: refused where the API masks, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from sessionboard_async.models import Contact, CustomFieldValue
from sessionboard_async.services._common.masks import refuse_masked
from sessionboard_async.services._common.payloads import payload
from sessionboard_async.services.accounts import AccountUpdate
from sessionboard_async.services.people import ContactCreate, ContactUpdate
from sessionboard_async.services.sessions import SessionCreate, SessionUpdate
from sessionboard_async.testing._data.masking import masked

MASKS = ["j***@a***.com", "***-***-4567", "***@***.org", "A***@a.b***", "***-***-****", " j***@a***.com\n"]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(
    ("kind", "values", "name"),
    [
        (ContactUpdate, lambda mask: ({"email": mask}, None), "email"),
        (ContactCreate, lambda mask: ({"email": "a@example.org", "phone": mask}, None), "phone"),
        (ContactUpdate, lambda mask: ({"custom_fields": {"pet": mask}}, None), r"custom_fields\.pet"),
        (
            ContactUpdate,
            lambda mask: ({"custom_fields": {"pets": (1, [mask])}}, None),
            r"custom_fields\.pets",
        ),
        (
            SessionUpdate,
            lambda mask: ({"custom_fields": [CustomFieldValue(internal_name="pet", value=mask)]}, None),
            r"custom_fields\.pet",
        ),
        (AccountUpdate, lambda mask: ({}, {"phone": mask}), "phone"),
        (AccountUpdate, lambda mask: ({}, {"contactEmails": [mask]}), "contactEmails"),
        (SessionUpdate, lambda mask: ({}, {"speaker": Contact(email=mask)}), r"speaker\.email"),
    ],
)
def test_a_mask_is_refused_by_the_name_of_its_field(
    kind: type[Any], values: Any, name: str, mask: str
) -> None:
    given, extra = values(mask)
    advice = (
        "writing the mask back would destroy what it hides; leave it out, read it with a token that does not "
        "hide personal data, or pass allow_masked=True to write it as it is"
    )
    with pytest.raises(ValueError, match=rf"^{name} is masked: .*, and {advice}$") as refusal:
        payload(kind, given, extra, allow_masked=False)
    assert mask not in str(refusal.value)
    assert payload(kind, given, extra, allow_masked=True)


@pytest.mark.parametrize(
    "text",
    [
        "*** CANCELLED *** Maps for all",
        "***New*** room",
        "Hotel Astoria ***",
        "***",
        "J***",
        "Agenda\n*****\nIntro",
        "write to j***@a***.com",
        "j***@a***.com, k***@b***.org",
        "call ***-***-4567",
        "***-***-45678",
        "a***@example.org",
        "ann@example.org",
        "+1 555 0199",
        "",
    ],
)
def test_other_texts_with_stars_are_no_masks(text: str) -> None:
    sent = {
        "title": text,
        "email": text,
        "phone": text,
        "custom_fields": {"notes": text, "list": [text]},
        "subtitle": text,
    }
    refuse_masked(sent)
    given = {"title": text, "custom_fields": {"notes": text}}
    assert payload(SessionCreate, given, {"subtitle": text}, allow_masked=False)["title"] == text


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", ["title", "name", "description", "query", "filename", "transcription"])
def test_no_other_field_is_masked_by_the_api(name: str, mask: str) -> None:
    body: dict[str, object] = {name: mask}
    refuse_masked(body)
    assert body == {name: mask}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "ann@example.org"),
        ("email", "ann.lee@mail.example.co.uk"),
        ("email", "a@localhost"),
        ("phone_mobile", "+47 555 01 99"),
        ("phone_home", "5"),
        ("assigned_participant_email", "ann@example.org"),
        ("identity_value", "ann@example.org"),
    ],
)
def test_what_a_server_masks_is_not_written_back(name: str, value: str) -> None:
    content = masked({name: value})
    assert isinstance(content, dict)
    assert content != {name: value}
    with pytest.raises(ValueError, match=f"^{name} is masked"):
        refuse_masked(content)
