"""The fields an event defines, and their values on records."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from sessionboard_async.models.base import Record, Timestamp


class Field(Record, frozen=True, kw_only=True):
    """The definition of a standard or custom field of an event.

    The API writes its times as ``createdAt`` and ``updatedAt``, here alone; they are read under the names
    that every other record uses.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "internal_name", "public_name")

    id: str | None = None
    internal_name: str | None = None
    public_name: str | None = None
    field_type: str | None = None
    field_source: str | None = None
    contains_pii: bool | None = None
    scope: str | None = None
    created_at: Timestamp | None = msgspec.field(default=None, name="createdAt")
    updated_at: Timestamp | None = msgspec.field(default=None, name="updatedAt")


class CustomFieldValue(Record, frozen=True, kw_only=True):
    """The value of a custom field on one record.

    The API's document promises a string; servers send any JSON value, and some send only ``key`` and
    ``value``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "internal_name", "key")

    id: str | None = None
    name: str | None = None
    value: Any = None
    type: str | None = None
    internal_name: str | None = None
    key: str | None = None
    created_at: Timestamp | None = None

    @property
    def lookup_name(self) -> str | None:
        """The name to find the field by: ``internal_name``, or ``key`` where only that was sent."""
        return self.key if self.internal_name is None else self.internal_name


class TranslatedField(Record, frozen=True, kw_only=True):
    """The text of one field in one of the event's other languages.

    Sent only when the request expands ``translated_fields`` and the event has other languages.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "parent_field_internal_name", "translated_language")

    id: str | None = None
    name: str | None = None
    type: str | None = None
    parent_field_id: str | None = None
    parent_field_source: str | None = None
    parent_field_name: str | None = None
    parent_field_internal_name: str | None = None
    translated_language: str | None = None
    value: str | None = None

    @property
    def is_blank(self) -> bool:
        """Whether it holds no text, so that the text of a more general language is to stand there."""
        return self.value is None or not self.value.strip()

    def is_in(self, language: str) -> bool:
        """Whether its language is a given one; tags are compared without regard to capitals."""
        return self.translated_language is not None and self.translated_language.lower() == language.lower()

    def is_about(self, field: CustomFieldValue) -> bool:
        """Whether it translates a given custom field, told by its id or by its internal name."""
        if field.id is not None and field.id == self.parent_field_id:
            return True
        return field.lookup_name is not None and field.lookup_name == self.parent_field_internal_name
