"""Field definitions of an event, and field values of records."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from sessionboard_async.models.base import Record, Timestamp


class Field(Record, frozen=True, kw_only=True):
    """The definition of a standard or custom field of an event.

    Only here, the API calls the timestamps ``createdAt`` and ``updatedAt``; they are read under the names
    that all other records have.
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

    The API's document says that the value is a string; servers send any JSON value, and some send only
    ``key`` and ``value``.
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
        """The name to find the field by: ``internal_name``, or ``key`` if only that was sent."""
        return self.key if self.internal_name is None else self.internal_name


class TranslatedField(Record, frozen=True, kw_only=True):
    """The text of a field in one of the event's other languages.

    Sent only with the expansion ``translated_fields``, and if the event has other languages.
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
        """Whether it has no text, so that the text of a more general language applies."""
        return self.value is None or not self.value.strip()

    def is_in(self, language: str) -> bool:
        """Whether it is in a language.

        Args:
            language: A tag such as ``fr-CA``, in upper or lower case, or a locale such as ``fr_CA.UTF-8``.
        """
        spoken = self.translated_language
        return spoken is not None and language_tag(spoken) == language_tag(language)

    def is_about(self, field: CustomFieldValue) -> bool:
        """Whether it translates a custom field.

        Args:
            field: The field, which is found by its id or internal name.
        """
        if field.id is not None and field.id == self.parent_field_id:
            return True
        return field.lookup_name is not None and field.lookup_name == self.parent_field_internal_name


@lru_cache(maxsize=1024)
def language_tag(language: str) -> str:
    """Return a language tag, or the name of a locale such as ``fr_CA.UTF-8``, as a tag in lower case."""
    name = language.partition(".")[0].partition("@")[0]
    return name.strip().lower().replace("_", "-").strip("-")
