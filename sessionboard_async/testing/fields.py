"""The fields that records of the embedded conference have, with their values and translations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sessionboard_async.testing.chance import DAY, milliseconds, uuid_for, zulu
from sessionboard_async.testing.texts import Triple

Record = dict[str, object]

_DEFINED = milliseconds(2025, 9, 1, 9)


class Field(NamedTuple):
    """The definition of a field: one that every organization has, or one that this one added."""

    internal_name: str
    public_name: Triple
    field_type: str
    module: str
    source: str
    scope: str
    contains_pii: bool = False


class FieldRow(NamedTuple):
    """What field definitions are filtered and sorted by."""

    ordinal: int
    created: int
    updated: int
    module: str
    source: str
    scope: str


def _standard(name: str, public_name: Triple, kind: str, module: str, contains_pii: bool = False) -> Field:
    return Field(name, public_name, kind, module, "standard", "global", contains_pii)


def _custom(name: str, public_name: Triple, kind: str, module: str, scope: str = "global") -> Field:
    return Field(name, public_name, kind, module, "custom", scope)


FIELDS: tuple[Field, ...] = (
    _standard("title", ("Title", "Titre", "Titel"), "text", "session"),
    _standard("description", ("Description", "Description", "Beschreibung"), "wysiwyg", "session"),
    _standard("starts_at", ("Starts at", "Début", "Beginn"), "datetime", "session"),
    _standard("ends_at", ("Ends at", "Fin", "Ende"), "datetime", "session"),
    _standard("capacity", ("Capacity", "Capacité", "Plätze"), "number", "session"),
    _standard("ceu_credits", ("CEU credits", "Crédits CEU", "CEU-Punkte"), "number", "session"),
    _custom("audience", ("Audience", "Public", "Publikum"), "select", "session", "event"),
    _custom(
        "slides_ready",
        ("Slides ready?", "Diapositives prêtes ?", "Folien fertig?"),
        "checkbox",
        "session",
        "event",
    ),
    _custom(
        "expected_attendance",
        ("Expected attendance", "Public attendu", "Erwartete Gäste"),
        "number",
        "session",
        "event",
    ),
    _custom("keywords", ("Keywords", "Mots-clés", "Stichwörter"), "multiselect", "session", "event"),
    _custom("stage", ("Stage set-up", "Scène", "Bühne"), "json", "session", "event"),
    _standard("first_name", ("First name", "Prénom", "Vorname"), "text", "contact", True),
    _standard("last_name", ("Last name", "Nom", "Nachname"), "text", "contact", True),
    _standard("email", ("Email", "Courriel", "E-Mail"), "email", "contact", True),
    _standard("title", ("Job title", "Fonction", "Funktion"), "text", "contact"),
    _standard("company_name", ("Company", "Entreprise", "Firma"), "text", "contact"),
    _standard("about", ("About", "Présentation", "Über"), "wysiwyg", "contact"),
    _standard("phone_mobile", ("Mobile phone", "Portable", "Mobiltelefon"), "phone", "contact", True),
    _custom("dietary_needs", ("Dietary needs", "Régime alimentaire", "Ernährung"), "select", "contact"),
    _custom(
        "first_time_speaker",
        ("First-time speaker", "Première intervention", "Zum ersten Mal dabei"),
        "checkbox",
        "contact",
    ),
    _standard("name", ("Name", "Nom", "Name"), "text", "account"),
    _standard("description", ("Description", "Description", "Beschreibung"), "wysiwyg", "account"),
    _standard("website_url", ("Website", "Site web", "Website"), "url", "account"),
    _standard("address_country", ("Country", "Pays", "Land"), "text", "account"),
    _custom("booth", ("Booth", "Stand", "Stand"), "text", "account"),
    _custom("badges", ("Number of badges", "Nombre de badges", "Anzahl der Ausweise"), "number", "account"),
)

Translations = Iterable[tuple[str, Triple]]


class FieldBook:
    """The field definitions of one event, and how records refer to them.

    Args:
        seed: The seed of the data set.
        event: The event that the fields of scope ``event`` belong to; ``None`` for the organization itself,
            which has only the global ones.
    """

    def __init__(self, seed: int, event: int | None) -> None:
        self._seed = seed
        fields = [field for field in FIELDS if event is not None or field.scope == "global"]
        self._fields = {(field.module, field.internal_name): field for field in fields}
        self._ids = {
            key: uuid_for(seed, event if field.scope == "event" else "org", "field", *key)
            for key, field in self._fields.items()
        }
        self.rows = [
            FieldRow(
                index,
                _DEFINED + index * DAY,
                _DEFINED + (index * 3 + 1) * DAY,
                field.module,
                field.source,
                field.scope,
            )
            for index, field in enumerate(fields)
        ]

    def record(self, row: FieldRow) -> Record:
        """Return a definition as the API shows it."""
        key, field = list(self._fields.items())[row.ordinal]
        return {
            "id": self._ids[key],
            "internal_name": field.internal_name,
            "public_name": field.public_name[0],
            "field_type": field.field_type,
            "field_source": field.source,
            "contains_pii": field.contains_pii,
            "scope": field.scope,
            "createdAt": zulu(row.created),
            "updatedAt": zulu(row.updated),
        }

    def value(self, module: str, name: str, value: object, created: str) -> Record:
        """Return the value that one record has in a field that the organization added."""
        field = self._fields[module, name]
        return {
            "id": self._ids[module, name],
            "name": field.public_name[0],
            "value": value,
            "type": field.field_type,
            "internal_name": name,
            "created_at": created,
        }

    def translations(self, module: str, owner: str, texts: Translations) -> list[Record]:
        """Return the French and German texts of one record.

        Args:
            module: What kind of record it is.
            owner: The record's id.
            texts: Field names, each with its text in three languages. An empty text is left out.
        """
        return [
            {
                "id": uuid_for(self._seed, owner, name, language),
                "name": f"{field.public_name[0]} ({language})",
                "type": field.field_type,
                "parent_field_id": self._ids[module, name],
                "parent_field_source": field.source,
                "parent_field_name": field.public_name[0],
                "parent_field_internal_name": name,
                "translated_language": language,
                "value": text,
            }
            for name, triple in texts
            for field in (self._fields[module, name],)
            for language, text in zip(("fr", "de"), triple[1:], strict=True)
            if text
        ]
