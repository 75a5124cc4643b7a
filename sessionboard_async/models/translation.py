"""Records with custom fields and translations."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, get_args

from msgspec import UNSET
from msgspec.structs import fields, replace

from sessionboard_async.models.base import Record, Timestamp
from sessionboard_async.models.fields import CustomFieldValue, TranslatedField, language_tag

logger: logging.Logger = logging.getLogger("sessionboard_async")


class RecordWithFields(Record, frozen=True, kw_only=True):
    """A record with custom fields and translations: a session, person or account.

    ``id`` is the only stable key: ``friendly_id`` changes on all records when the event's prefix changes.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id")

    id: str | None = None
    friendly_id: str | None = None
    friendly_id_raw: int | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    custom_fields: tuple[CustomFieldValue, ...] | None = None
    translated_fields: tuple[TranslatedField, ...] | None = None

    def custom(self, internal_name: str, default: Any = UNSET) -> Any:
        """Return the value of a custom field, a text, number, list or other JSON value; or the default.

        Args:
            internal_name: The field's internal name, as returned by ``sb.fields.list``. If several fields
                have the name, the first is used.
            default: The value to return if the record has no such field, or null in it; ``None`` if it is not
                passed. With a default, even ``None``, a name that looks misspelt is no error.

        Raises:
            LookupError: If the record has no such field, but one whose name is almost the same.
        """
        for field in self.custom_fields or ():
            if field.lookup_name == internal_name:
                value = field.value
                break
        else:
            value = None
            if default is UNSET:
                self._refuse_misspelt(internal_name)
        return value if value is not None or default is UNSET else default

    def _refuse_misspelt(self, internal_name: str) -> None:
        # Imported here, since most programs misspell nothing.
        from sessionboard_async._suggestions import did_you_mean

        names = [field.lookup_name for field in self.custom_fields or () if field.lookup_name]
        # One of `poster` and `poster_2` may well be missing.
        other = [
            one for one in names if not one.startswith(internal_name) and not internal_name.startswith(one)
        ]
        if question := did_you_mean([internal_name], other, likeness=0.8):
            raise LookupError(f"the {type(self).__name__} has no custom field {internal_name!r}{question}")

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The record's translated texts: language as the API spells it -> internal field name -> text.

        Blank texts, and texts without a language or a field, are omitted; they are in ``translated_fields``.
        """
        found: dict[str, dict[str, str]] = {}
        for item in self.translated_fields or ():
            language, name, text = item.translated_language, self._name_of(item), item.value
            if language and name and text and not item.is_blank:
                found.setdefault(language, {}).setdefault(name, text)
        return found

    def _name_of(self, item: TranslatedField) -> str | None:
        if item.parent_field_internal_name is not None:
            return item.parent_field_internal_name
        return next((field.lookup_name for field in self.custom_fields or () if item.is_about(field)), None)

    def translated(self, language: str) -> Self:
        """Return a copy with the texts of a language, in this record and the records inside it.

        Each text is taken from the most specific language that has it: for ``fr-CA``, that is ``fr-CA``, then
        ``fr``, then the text of the event's default language. ``fr`` never uses a text of ``fr-CA``. Call
        this on the record that the API sent: in a copy, the translated texts are the default.

        Args:
            language: A language tag such as ``fr`` or ``pt-BR``, in upper or lower case, or a locale such as
                ``pt_BR`` or ``pt_BR.UTF-8``.

        Returns:
            The copy; the record itself if there is nothing to translate.

        Raises:
            ValueError: If ``language`` is empty.
        """
        subtags = language_tag(language).split("-")
        if subtags == [""]:
            raise ValueError("language must be a tag such as 'fr' or 'fr-CA', not an empty string")
        if self.translated_fields is None:
            _warn_of_missing_texts(type(self))
        return _translate(self, tuple("-".join(subtags[:end]) for end in range(len(subtags), 0, -1)))


@cache
def _warn_of_missing_texts(kind: type[RecordWithFields]) -> None:
    """Warn once for each type: every record of an event without other languages lacks them."""
    logger.warning(
        "%s.translated: the record was read without its translations, or the event has no other language: "
        'pass expand=["translated_fields"] to the call that reads it',
        kind.__name__,
    )


class _Layout(NamedTuple):
    """The fields of a class that a translation can change."""

    texts: frozenset[str]
    records: tuple[str, ...]


@cache
def _layout(kind: type[RecordWithFields]) -> _Layout:
    texts: list[str] = []
    records: list[str] = []
    for field in fields(kind):
        options = get_args(field.type)
        items = [item for option in options for item in get_args(option) if isinstance(item, type)]
        if str in options and not (field.name in ("id", "status") or field.name.endswith("_id")):
            texts.append(field.name)
        elif any(issubclass(item, RecordWithFields) for item in items):
            records.append(field.name)
    return _Layout(frozenset(texts), tuple(records))


R = TypeVar("R", bound=RecordWithFields)


def _translate(record: R, languages: tuple[str, ...]) -> R:
    """Return a record with the texts of ``languages``, best first, also in the records inside it."""
    layout = _layout(type(record))
    texts = [item for item in record.translated_fields or () if not item.is_blank]
    found = [item for language in languages for item in texts if item.is_in(language)]
    changes: dict[str, Any] = {}
    for item in reversed(found):
        name = item.parent_field_internal_name
        if name in layout.texts and item.parent_field_source != "custom":
            changes[name] = item.value
    if found and record.custom_fields:
        changes["custom_fields"] = tuple(_translate_value(field, found) for field in record.custom_fields)
    for name in layout.records:
        if inside := getattr(record, name):
            changes[name] = tuple(_translate(item, languages) for item in inside)
    changes = {name: value for name, value in changes.items() if value != getattr(record, name)}
    return replace(record, **changes) if changes else record


def _translate_value(field: CustomFieldValue, found: list[TranslatedField]) -> CustomFieldValue:
    for item in found:
        if item.parent_field_source != "standard" and item.is_about(field):
            return replace(field, value=item.value)
    return field
