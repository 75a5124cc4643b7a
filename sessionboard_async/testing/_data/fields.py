"""The field definitions of the embedded conference, with values and translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.query import read_timestamp, read_word
from sessionboard_async.testing._data.seeded import DAY, iso_timestamp, milliseconds, uuid_for
from sessionboard_async.testing._data.texts import Triple

Record = dict[str, object]

MODULES = ("session", "account", "contact")

_DEFINED = milliseconds(2025, 9, 1, 9)

Text = tuple[str | None, str, str]
"""A text in English, French and German; an empty one has no translation."""


class FieldValue(NamedTuple):
    """The value of a custom field.

    ``created`` is the time since which the record has a value, in milliseconds since 1970.
    """

    value: object
    created: int
    translated: Text | None = None


class FieldDefinition(NamedTuple):
    """The definition of a field, standard or custom."""

    internal_name: str
    public_name: Triple
    field_type: str
    module: str
    source: str
    scope: str
    contains_pii: bool = False


class FieldRow(NamedTuple):
    """The filter and sort keys of a field definition."""

    id: str
    created: int
    updated: int
    module: str
    source: str
    scope: str


class _Definition(NamedTuple):
    """A field with its identity; ``event`` is the one event that has it, ``None`` for all events."""

    id: str
    field: FieldDefinition
    created: int
    updated: int
    event: int | None


def _standard(
    name: str, public_name: Triple, kind: str, module: str, contains_pii: bool = False
) -> FieldDefinition:
    return FieldDefinition(name, public_name, kind, module, "standard", "global", contains_pii)


def _custom(name: str, public_name: Triple, kind: str, module: str, scope: str = "global") -> FieldDefinition:
    return FieldDefinition(name, public_name, kind, module, "custom", scope)


FIELDS: tuple[FieldDefinition, ...] = (
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
    """The field definitions of one event, and the values and translations of records.

    Internal names are never reused, so values of a deleted field never appear in a new one.

    Args:
        seed: The seed of the data set.
        event: The index of the event that owns the fields of scope ``event``; ``None`` for the organization,
            which owns the global fields and the fields of contacts.
        clock: Supplies the timestamps of writes.
        shared: The organization's fields, for an event.
    """

    def __init__(self, seed: int, event: int | None, clock: Clock, shared: FieldBook | None = None) -> None:
        self._seed = seed
        self._event = event
        self._clock = clock
        self._shared = shared
        self._made = 0
        self._definitions: dict[tuple[str, str], _Definition] = {}
        for index, field in enumerate(FIELDS):
            if field.scope == ("global" if event is None else "event"):
                key = (field.module, field.internal_name)
                self._definitions[key] = _Definition(
                    uuid_for(seed, "org" if event is None else event, "field", *key),
                    field,
                    _DEFINED + index * DAY,
                    _DEFINED + (index * 3 + 1) * DAY,
                    event,
                )
        self._names = set(self._definitions)

    @property
    def rows(self) -> list[FieldRow]:
        """The filter and sort keys of the definitions, in order of creation."""
        return [
            FieldRow(
                definition.id,
                definition.created,
                definition.updated,
                definition.field.module,
                definition.field.source,
                definition.field.scope,
            )
            for definition in sorted(self._visible().values(), key=lambda definition: definition.created)
        ]

    def record(self, row: FieldRow) -> Record:
        """Return a definition as the API returns it."""
        return _definition_record(self._visible()[row.id])

    def create(self, values: Mapping[str, Any]) -> Record:
        """Create a custom field from ``name``, ``type`` and ``module_id``, the module that has the field.

        Raises:
            RequestError: With 400 if the module is unknown.
        """
        module = read_word(values.get("module_id"), "module_id", MODULES)
        # Contacts belong to the organization, so their values also appear in calls without an event.
        home = self._shared if module == "contact" and self._shared is not None else self
        name = self._free_name(module, values["name"])
        now = self._clock.read()
        home._made += 1
        field = FieldDefinition(
            name, (values["name"], "", ""), values.get("type") or "text", module, "custom", "event"
        )
        place = "org" if home._event is None else home._event
        definition = _Definition(
            uuid_for(self._seed, place, "field", "made", home._made), field, now, now, self._event
        )
        home._definitions[module, name] = definition
        home._names.add((module, name))
        return _definition_record(definition)

    def update(self, id_: str, values: Mapping[str, Any]) -> Record:
        """Change name and type of a custom field; its internal name stays the same.

        Raises:
            RequestError: With 404 if there is none, with 400 if it is a standard field or its module
                would change, with 409 if the ``updated_at`` is stale.
        """
        definition = self._custom(id_)
        field = definition.field
        if values.get("module_id", field.module) != field.module:
            raise RequestError(400, "module_id of a field cannot be changed")
        given = values.get("updated_at")
        if given is not None and read_timestamp(given, "updated_at") != definition.updated:
            raise RequestError(409, "the field was modified since it was fetched")
        if values.get("name") is not None:
            field = field._replace(public_name=(values["name"], "", ""))
        if values.get("type") is not None:
            field = field._replace(field_type=values["type"])
        changed = definition._replace(field=field, updated=self._clock.read())
        self._home(definition)._definitions[field.module, field.internal_name] = changed
        return _definition_record(changed)

    def delete(self, id_: str) -> Record:
        """Delete a custom field; its values no longer appear.

        Returns:
            The deleted definition.

        Raises:
            RequestError: With 404 if there is none, with 400 if it is a standard field.
        """
        definition = self._custom(id_)
        key = (definition.field.module, definition.field.internal_name)
        del self._home(definition)._definitions[key]
        return _definition_record(definition)

    def values(
        self, module: str, values: Mapping[str, FieldValue], *, write: Callable[[int], str] = iso_timestamp
    ) -> list[Record]:
        """Return the custom field values of one record, as the API returns them.

        Args:
            module: The module of the record.
            values: The values, by the internal names of the fields.
            write: Formats the creation time of a value.
        """
        return [
            {
                "id": definition.id,
                "name": definition.field.public_name[0],
                "value": held.value,
                "type": definition.field.field_type,
                "internal_name": name,
                "created_at": write(held.created),
            }
            for name, held in values.items()
            if (definition := self._find(module, name)) is not None
        ]

    def merged_values(
        self, module: str, held: Mapping[str, FieldValue], values: Mapping[str, object] | None, now: int
    ) -> dict[str, FieldValue]:
        """Return the custom field values of one record after a write.

        Args:
            module: The module of the record.
            held: The current values.
            values: The custom fields of a body, by internal name; ``None`` clears all.
            now: The time of the write, in milliseconds since 1970.

        Raises:
            RequestError: With 400, naming the first unknown custom field.
        """
        if values is None:
            return {}
        for name in sorted(values):
            definition = self._find(module, name)
            if definition is None or definition.field.source != "custom":
                raise RequestError(400, f"custom_fields: no field of {module}s is called {name!r}")
        changed = {
            name: FieldValue(value, held[name].created if name in held else now)
            for name, value in values.items()
        }
        return {**held, **changed}

    def translations(self, module: str, owner: str, texts: Translations) -> list[Record]:
        """Return the French and German texts of one record.

        Args:
            module: The module of the record.
            owner: The record's id.
            texts: Field names, each with its text in three languages. Empty texts are omitted.
        """
        return [
            {
                "id": uuid_for(self._seed, owner, name, language),
                "name": f"{definition.field.public_name[0]} ({language})",
                "type": definition.field.field_type,
                "parent_field_id": definition.id,
                "parent_field_source": definition.field.source,
                "parent_field_name": definition.field.public_name[0],
                "parent_field_internal_name": name,
                "translated_language": language,
                "value": text,
            }
            for name, triple in texts
            if (definition := self._find(module, name)) is not None
            for language, text in zip(("fr", "de"), triple[1:], strict=True)
            if text
        ]

    def _find(self, module: str, name: str) -> _Definition | None:
        found = self._definitions.get((module, name))
        if found is None and self._shared is not None:
            found = self._shared._find(module, name)
            return None if found is not None and self._hides(found) else found
        return found

    def _visible(self) -> dict[str, _Definition]:
        shared = {} if self._shared is None else self._shared._visible()
        mine = {definition.id: definition for definition in self._definitions.values()}
        return {id_: one for id_, one in {**shared, **mine}.items() if not self._hides(one)}

    def _hides(self, definition: _Definition) -> bool:
        return self._event is not None and definition.event not in (None, self._event)

    def _custom(self, id_: str) -> _Definition:
        definition = self._visible().get(id_)
        if definition is None:
            raise RequestError(404, "there is no such field")
        if definition.field.source != "custom":
            raise RequestError(400, "the field is a standard one, which cannot be changed or deleted")
        return definition

    def _home(self, definition: _Definition) -> FieldBook:
        """Return the owner of a definition: this book or the organization's."""
        key = (definition.field.module, definition.field.internal_name)
        return self if key in self._definitions or self._shared is None else self._shared

    def _free_name(self, module: str, name: str) -> str:
        taken = self._names if self._shared is None else self._names | self._shared._names
        plain = re.sub(r"\W+", "_", name.lower()).strip("_") or "field"
        free, number = plain, 1
        while (module, free) in taken:
            number += 1
            free = f"{plain}_{number}"
        return free


def _definition_record(definition: _Definition) -> Record:
    field = definition.field
    return {
        "id": definition.id,
        "internal_name": field.internal_name,
        "public_name": field.public_name[0],
        "field_type": field.field_type,
        "field_source": field.source,
        "contains_pii": field.contains_pii,
        "scope": field.scope,
        "createdAt": iso_timestamp(definition.created),
        "updatedAt": iso_timestamp(definition.updated),
    }
