"""The sessions of one event in the API's form, generated on demand."""

from __future__ import annotations

import math
from collections.abc import Collection

from sessionboard_async.testing._data.accounts import Accounts
from sessionboard_async.testing._data.agenda import Agenda, Participation, SessionRow
from sessionboard_async.testing._data.details import SETTINGS, DetailBook, Details
from sessionboard_async.testing._data.fields import FieldBook, Record
from sessionboard_async.testing._data.metadata import MetadataStore
from sessionboard_async.testing._data.people import ROLES, People
from sessionboard_async.testing._data.seeded import DAY, iso_timestamp, optional_timestamp, uuid_for
from sessionboard_async.testing._data.session_files import SessionFiles

_RELATIONS = ("merged_session", "merged_abstract", "composed_into_session")
_MINIMAL = (
    "title",
    "description",
    "starts_at",
    "ends_at",
    "created_at",
    "updated_at",
    "translated_fields",
    "speakers",
    "participants",
    "is_abstract",
    "composition_status",
    "composition",
    "format",
    "content",
)


class Program:
    """The sessions of one event.

    Args:
        key: Seed and event index, which make the ids unique.
        agenda: The rows of the sessions.
        details: The details of the sessions.
        metadata: The event's rooms, tracks and other settings.
        fields: The event's fields.
        people: The organization's contacts.
        first_contact: The index of the event's first contact.
        sponsors: The event's sponsors.
        exhibitors: The event's exhibitors.
        files: The files of the sessions.
        light: Reduce sessions to id, title, status and dates.
    """

    def __init__(
        self,
        key: tuple[int, int],
        agenda: Agenda,
        details: DetailBook,
        metadata: MetadataStore,
        fields: FieldBook,
        people: People,
        first_contact: int,
        sponsors: Accounts,
        exhibitors: Accounts,
        files: SessionFiles,
        *,
        light: bool = False,
    ) -> None:
        self._light = light
        self._key = key
        self._agenda = agenda
        self._details = details
        self._metadata = metadata
        self._fields = fields
        self._people = people
        self._first_contact = first_contact
        self._sponsors = sponsors
        self._exhibitors = exhibitors
        self._files = files
        self._statuses = [str(status["id"]) for status in metadata.all("statuses")]
        self._roles: list[Record] = [
            {
                "id": uuid_for(*key, "role", role.slug),
                "slug": role.slug,
                "name": role.name,
                "name_plural": role.plural,
                "core_role": role.core,
            }
            for role in ROLES
        ]

    def session(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        """Return a full session.

        Args:
            row: The session or subsession. A subsession names its parent and has no subsessions.
            unassigned: The value for a room, track and so on that is not set, which differs by operation.
            expand: The expansions.
        """
        if self._light:
            return self._lightly(row)
        record = {**self._names(row), **self._body(row, unassigned=unassigned, expand=expand)}
        if not row.number:
            record["subsessions"] = [
                self._detailed(part, unassigned=unassigned, expand=expand)
                if "subsession_details" in expand
                else self._minimal(part, unassigned=unassigned, expand=expand)
                for part in self._programme(row)
            ]
        record["admin_url"] = f"https://admin.example.com/sessions/{record['id']}"
        return record

    def status(self, row: SessionRow) -> Record:
        """Return the short form with status and deletion, also of the subsessions."""
        if self._light:
            deleted = {} if row.deleted is None else {"deleted_at": self._agenda.timestamp(row.deleted)}
            return {**self._lightly(row), **deleted}
        parts = [] if row.number else self._agenda.parts(row)
        return {
            **self._part_status(row),
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
            "subsessions": [self._part_status(part) for part in parts],
        }

    def summary(self, row: SessionRow) -> Record:
        """Return the short form in the list of a contact's sessions."""
        custom = self._custom_status(row)
        return {
            "id": self._agenda.id(row),
            "title": self._details.title(row),
            "status": row.status,
            "custom_status": None if custom is None else custom["name"],
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
        }

    def recategorize(self, status: Record) -> None:
        """Update the category of the sessions that have a custom status."""
        if status["id"] in self._statuses:
            self._agenda.recategorize(self._statuses.index(str(status["id"])), str(status["status"]))

    def speakers(self, row: SessionRow) -> list[str]:
        """Return the names of the speakers of a session, in order."""
        people = self._taking_part(row, translated=False)["speakers"]
        return [str(person["full_name"]) for person in people if person.get("full_name")]

    def _programme(self, row: SessionRow) -> list[SessionRow]:
        """Return the subsessions that are not deleted, by start time."""

        def start(part: SessionRow) -> float:
            timestamp = self._details.of(part).starts_at
            return math.inf if timestamp is None else timestamp

        return sorted((part for part in self._agenda.parts(row) if part.deleted is None), key=start)

    def _part_status(self, row: SessionRow) -> Record:
        return {
            **self._names(row),
            **self._status(row),
            "deleted_at": None if row.deleted is None else self._agenda.timestamp(row.deleted),
            **self._dates(row),
        }

    def _dates(self, row: SessionRow) -> Record:
        return {
            "created_at": self._agenda.timestamp(row.created),
            "updated_at": self._agenda.timestamp(row.updated),
        }

    def _lightly(self, row: SessionRow) -> Record:
        return {
            "id": self._agenda.id(row),
            "title": self._details.title(row),
            "status": row.status,
            "is_abstract": row.is_abstract,
            **self._dates(row),
        }

    def _names(self, row: SessionRow) -> Record:
        if not row.number:
            return {
                "id": self._agenda.id(row),
                "friendly_id": f"SESS-{row.ordinal + 1}",
                "friendly_id_raw": row.ordinal + 1,
            }
        return {
            "id": self._agenda.id(row),
            "friendly_id": f"SESS-{row.ordinal + 1}-{row.number}",
            "friendly_id_raw": row.number,
            "parent_session_friendly_id": f"SESS-{row.ordinal + 1}",
            "parent_session_friendly_id_raw": row.ordinal + 1,
        }

    def _status(self, row: SessionRow, *, in_short: bool = False) -> Record:
        custom = self._custom_status(row)
        status = {"id": custom["id"], "name": custom["name"]} if custom and in_short else custom
        return {
            "status": row.status,
            "custom_status_id": None if custom is None else custom["id"],
            "custom_status": status,
        }

    def _custom_status(self, row: SessionRow) -> Record | None:
        if row.definition is None:
            return None
        definition = self._metadata.find("statuses", self._statuses[row.definition])
        return definition if definition and definition["is_custom"] else None

    def _minimal(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        full = self._body(row, unassigned=unassigned, expand=expand)
        return {**self._names(row), **{key: full[key] for key in _MINIMAL if key in full}}

    def _detailed(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        full = self._body(row, unassigned=unassigned, expand=expand)
        return {**self._names(row), **full, "source": "subsession"}

    def _body(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        details = self._details.of(row)
        record: Record = {"title": details.title[0], "description": details.description[0]}
        record |= self._status(row, in_short=not row.number)
        record |= self._schedule(row, details)
        record |= {
            "is_public": details.is_public,
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
            "external_url": details.external_url,
            "client_session_id": details.client_session_id,
            **self._dates(row),
            "ceu_credits": details.ceu_credits,
            "capacity": details.capacity,
            "custom_fields": self._fields.values("session", details.custom_fields),
        }
        if "composition" in expand:
            record["composition"] = self._composition(row)
        translated = "translated_fields" in expand
        if translated:
            record["translated_fields"] = self._translations(row, details)
        record |= self._taking_part(row, translated)
        record["sponsors"] = self._supporters(self._sponsors, row, 0, translated)
        record["exhibitors"] = self._supporters(self._exhibitors, row, 3, translated)
        record["content"] = self._files.records(row)
        record["tags"] = [tag for id_ in row.tag_ids if (tag := self._metadata.find("tags", id_))]
        record["track"] = self._metadata.find("tracks", row.track_id) or unassigned
        for name, family in SETTINGS.items():
            record[name] = self._metadata.find(family, getattr(details, f"{name}_id")) or unassigned
        if chosen := self._metadata.find("formats", details.format_id):
            # The format of a session has only these properties.
            record["format"] = {"id": chosen["id"], "name": chosen["name"]}
        return record

    def _translations(self, row: SessionRow, details: Details) -> list[Record]:
        texts = {"title": details.title, "description": details.description}
        texts |= {name: field.translated for name, field in details.custom_fields.items() if field.translated}
        triples = [(name, (text[0] or "", *text[1:])) for name, text in texts.items()]
        return self._fields.translations("session", self._agenda.id(row), triples)

    def _schedule(self, row: SessionRow, details: Details) -> Record:
        if details.starts_at is None and details.ends_at is None and row.ordinal % 20 == 7:
            return {"starts_at": None, "ends_at": None} if self._details.is_modified(row) else {}
        return {
            "starts_at": optional_timestamp(details.starts_at),
            "ends_at": optional_timestamp(details.ends_at),
        }

    def _taking_part(self, row: SessionRow, translated: bool) -> dict[str, list[Record]]:
        cast = self._agenda.cast(row)
        if row.number:
            speakers = [who for who in cast if ROLES[who.role].core == "speaker"]
            cast = [speakers[(row.number - 1) % len(speakers)]] if speakers else []
        arrays: dict[str, list[Record]] = {
            "speakers": [],
            "chairpersons": [],
            "moderators": [],
            "participants": [],
        }
        for order, who in enumerate(cast):
            if self._people.registry.is_deleted(self._first_contact + who.contact):
                continue
            person = self._person(row, who, order, translated)
            arrays[f"{ROLES[who.role].core}s"].append(person)
            participant = uuid_for(*self._key, "participant", row.ordinal, row.number, order)
            arrays["participants"].append({**person, "session_participant_id": participant})
        return arrays

    def _person(self, row: SessionRow, who: Participation, order: int, translated: bool) -> Record:
        return self._people.in_session(
            self._first_contact + who.contact,
            self._roles[who.role],
            order=order,
            is_public=(row.ordinal + order) % 11 != 10,
            translated=translated,
        )

    def _supporters(
        self, accounts: Accounts, row: SessionRow, remainder: int, translated: bool
    ) -> list[Record]:
        is_supported = not row.number and row.ordinal % 18 == remainder
        if not accounts.count or not is_supported or self._agenda.is_created(row):
            return []
        index = row.ordinal // 18 % accounts.count
        if accounts.registry.is_deleted(index):
            return []
        return [accounts.in_session(index, translated=translated)]

    def _composed(self, row: SessionRow) -> Record:
        sources = self._agenda.sources_of(row)
        role = "source" if row.is_source else "target" if sources else "standalone"
        return {
            "role": role,
            "is_linked": role != "standalone",
            "is_read_only": row.is_source,
            "source_count": len(sources),
            "target": self._target(row),
        }

    def _composition(self, row: SessionRow) -> Record:
        return {
            "target": self._target(row),
            "sources": [
                {
                    "composition_id": uuid_for(*self._key, "composition", source.ordinal),
                    "relationship_type": _RELATIONS[source.ordinal % len(_RELATIONS)],
                    "created_at": iso_timestamp(source.created + 30 * DAY),
                    **self._linked(source),
                }
                for source in self._agenda.sources_of(row)
            ],
        }

    def _target(self, row: SessionRow) -> Record | None:
        target = None if row.target is None else self._agenda.rows[row.target]
        return None if target is None or target.deleted is not None else self._linked(target)

    def _linked(self, row: SessionRow) -> Record:
        return {
            "id": self._agenda.id(row),
            "friendly_id": f"SESS-{row.ordinal + 1}",
            "title": self._details.title(row),
            "is_abstract": row.is_abstract,
        }
