"""The sessions of one event as the API shows them, made from the agenda when asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

from sessionboard_async.testing.accounts import Accounts
from sessionboard_async.testing.agenda import Agenda, Participation, SessionRow
from sessionboard_async.testing.chance import DAY, Draw, uuid_for, zulu
from sessionboard_async.testing.fields import FieldBook, Record
from sessionboard_async.testing.metadata import Metadata
from sessionboard_async.testing.people import ROLES, People
from sessionboard_async.testing.texts import (
    ANGLES,
    AUDIENCES,
    FORMULA,
    PARTS,
    SENTENCES,
    TALKS,
    TOPICS,
    Triple,
)

_RELATIONS = ("merged_session", "merged_abstract", "composed_into_session")
_KEYWORDS = ("maps", "archives", "données", "統計", "🦉", "Wetter", "queues")
_FILES = (("Slides", "slides.pdf", "application/pdf"), ("Notes – заметки", "notes.txt", "text/plain"))
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
        key: What tells this event's sessions from all others: seed and the event's place, from 0.
        agenda: Which sessions there are.
        metadata: The event's rooms, tracks and so on.
        fields: The event's fields.
        people: The organization's contacts.
        first_contact: The first of them that belongs to this event.
        sponsors: The event's sponsors.
        exhibitors: The event's exhibitors.
    """

    def __init__(
        self,
        key: tuple[int, int],
        agenda: Agenda,
        metadata: Metadata,
        fields: FieldBook,
        people: People,
        first_contact: int,
        sponsors: Accounts,
        exhibitors: Accounts,
    ) -> None:
        self._key = key
        self._agenda = agenda
        self._metadata = metadata
        self._fields = fields
        self._people = people
        self._first_contact = first_contact
        self._sponsors = sponsors
        self._exhibitors = exhibitors
        self._tracks = {str(track["id"]): track for track in metadata.all("tracks")}
        self._tags = {str(tag["id"]): tag for tag in metadata.all("tags")}
        self._settings: dict[str, Sequence[Record]] = {
            "room": metadata.all("rooms"),
            # Sessions show of their format only this.
            "format": [{"id": record["id"], "name": record["name"]} for record in metadata.all("formats")],
            "level": metadata.all("levels"),
            "language": metadata.all("languages"),
        }
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
        self._texts = lru_cache(maxsize=4096)(self._write)

    def id(self, row: SessionRow) -> str:
        """Return the id of a session or subsession."""
        return uuid_for(*self._key, "session", row.ordinal, row.number)

    def title(self, row: SessionRow) -> str:
        """Return the title of a session or subsession."""
        return self._title(row)[0]

    def session(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        """Return a session in full.

        Args:
            row: Which session or subsession. A subsession names its parent and has no parts of its own.
            unassigned: What stands for a room, track and so on that is not set: it differs by operation.
            expand: The expansions.
        """
        record = {**self._names(row), **self._body(row, unassigned=unassigned, expand=expand)}
        if not row.number:
            record["subsessions"] = [
                self._detailed(part, unassigned=unassigned, expand=expand)
                if "subsession_details" in expand
                else self._minimal(part, unassigned=unassigned, expand=expand)
                for part in self._agenda.parts(row)
            ]
        record["admin_url"] = f"https://admin.example.com/sessions/{record['id']}"
        return record

    def status(self, row: SessionRow) -> Record:
        """Return the short form that tells of status and deletion, with that of the subsessions."""
        parts = [] if row.number else self._agenda.parts(row)
        return {
            **self._part_status(row),
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
            "subsessions": [self._part_status(part) for part in parts],
        }

    def summary(self, row: SessionRow) -> Record:
        """Return the short form in which a contact's sessions are listed."""
        custom = self._custom_status(row)
        return {
            "id": self.id(row),
            "title": self.title(row),
            "status": row.status,
            "custom_status": None if custom is None else custom["name"],
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
        }

    def _part_status(self, row: SessionRow) -> Record:
        return {
            **self._names(row),
            **self._status(row),
            "deleted_at": None if row.deleted is None else zulu(row.deleted),
            **_dates(row),
        }

    def _names(self, row: SessionRow) -> Record:
        if not row.number:
            return {
                "id": self.id(row),
                "friendly_id": f"SESS-{row.ordinal + 1}",
                "friendly_id_raw": row.ordinal + 1,
            }
        return {
            "id": self.id(row),
            "friendly_id": f"SESS-{row.ordinal + 1}-{row.number}",
            "friendly_id_raw": row.number,
            "parent_session_friendly_id": f"SESS-{row.ordinal + 1}",
            "parent_session_friendly_id_raw": row.ordinal + 1,
        }

    def _status(self, row: SessionRow, *, in_short: bool = False) -> Record:
        custom = self._custom_status(row)
        shown = {"id": custom["id"], "name": custom["name"]} if custom and in_short else custom
        return {
            "status": row.status,
            "custom_status_id": None if custom is None else custom["id"],
            "custom_status": shown,
        }

    def _custom_status(self, row: SessionRow) -> Record | None:
        if row.definition is None:
            return None
        definition = self._metadata.all("statuses")[row.definition]
        return definition if definition["is_custom"] else None

    def _minimal(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        full = self._body(row, unassigned=unassigned, expand=expand)
        return {**self._names(row), **{key: full[key] for key in _MINIMAL if key in full}}

    def _detailed(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        full = self._body(row, unassigned=unassigned, expand=expand)
        return {**self._names(row), **full, "source": "subsession"}

    def _body(self, row: SessionRow, *, unassigned: Record | None, expand: Collection[str]) -> Record:
        index, is_part = row.ordinal, bool(row.number)
        translated = "translated_fields" in expand
        draw = Draw(*self._key, "session", index, row.number)
        title, description = self._title(row), self._texts(index, row.number)
        audience = draw.pick(AUDIENCES)
        created = zulu(row.created)
        record: Record = {"title": title[0], "description": None if index % 50 == 33 else description[0]}
        record |= self._status(row, in_short=not is_part)
        record |= self._schedule(row)
        record |= {
            "is_public": row.status == "accepted" and index % 8 != 3,
            "is_abstract": row.is_abstract,
            "composition_status": self._composed(row),
            "external_url": f"https://talks.example.org/{index + 1}" if index % 4 == 0 else None,
            "client_session_id": f"C-{index + 1:05}" if index % 3 == 0 else None,
            **_dates(row),
            "ceu_credits": draw.below(8) / 4 if index % 3 == 1 else None,
            "capacity": 20 + draw.below(400) if index % 4 != 2 else None,
            "custom_fields": [
                self._fields.value("session", "audience", audience[0], created),
                self._fields.value("session", *_unusual(index, draw), created),
            ],
        }
        if "composition" in expand:
            record["composition"] = self._composition(row)
        if translated:
            texts = (("title", title), ("description", description), ("audience", audience))
            record["translated_fields"] = self._fields.translations("session", self.id(row), texts)
        record |= self._taking_part(row, translated)
        record["sponsors"] = [] if is_part else self._supporters(self._sponsors, index, 0, translated)
        record["exhibitors"] = [] if is_part else self._supporters(self._exhibitors, index, 3, translated)
        record["content"] = self._files(row)
        record["tags"] = [self._tags[tag] for tag in row.tag_ids]
        record["track"] = unassigned if row.track_id is None else self._tracks[row.track_id]
        for place, (name, options) in enumerate(self._settings.items()):
            is_set = (index + place * 3) % 7 != 5
            record[name] = options[(index * 3 + place) % len(options)] if is_set else unassigned
        return record

    def _schedule(self, row: SessionRow) -> Record:
        times = self._agenda.times(row)
        if times is not None:
            return {"starts_at": zulu(times.start), "ends_at": zulu(times.end)}
        return {} if row.ordinal % 20 == 7 else {"starts_at": None, "ends_at": None}

    def _taking_part(self, row: SessionRow, translated: bool) -> Record:
        cast = self._agenda.cast(row.ordinal)
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
            person = self._person(row, who, order, translated)
            arrays[f"{ROLES[who.role].core}s"].append(person)
            participant = uuid_for(*self._key, "participant", row.ordinal, row.number, order)
            arrays["participants"].append({**person, "session_participant_id": participant})
        return dict(arrays)

    def _person(self, row: SessionRow, who: Participation, order: int, translated: bool) -> Record:
        return self._people.in_session(
            self._first_contact + who.contact,
            self._roles[who.role],
            order=order,
            is_public=(row.ordinal + order) % 11 != 10,
            translated=translated,
        )

    def _supporters(self, accounts: Accounts, index: int, remainder: int, translated: bool) -> list[Record]:
        if not accounts.count or index % 18 != remainder:
            return []
        return [accounts.in_session(index // 18 % accounts.count, translated=translated)]

    def _files(self, row: SessionRow) -> list[Record]:
        if row.number or row.ordinal % 4:
            return []
        cast = self._agenda.cast(row.ordinal)
        owner = (
            self._people.contact(self._first_contact + cast[0].contact) if cast and row.ordinal % 8 else {}
        )
        return [
            {
                "id": uuid_for(*self._key, "content", row.ordinal, number),
                "url": f"https://files.example.com/{row.ordinal + 1}/{name}",
                "title": title,
                "filename": name,
                "size": 40_000 + row.ordinal * 977 % 4_000_000,
                "mimetype": mimetype,
                "created_at": zulu(row.created + number * DAY),
                "updated_at": zulu(row.created + number * DAY),
                "assigned_participant_id": owner.get("id"),
                "assigned_participant_email": owner.get("email"),
                "assigned_participant_name": owner.get("full_name"),
            }
            for number, (title, name, mimetype) in enumerate(_FILES[: 1 + (row.ordinal % 12 == 0)])
        ]

    def _composed(self, row: SessionRow) -> Record:
        sources = self._agenda.sources.get(row.ordinal, ())
        role = "source" if row.is_source else "target" if sources else "standalone"
        return {
            "role": role,
            "is_linked": role != "standalone",
            "is_read_only": row.is_source,
            "source_count": len(sources),
            "target": None if row.target is None else self._linked(row.target),
        }

    def _composition(self, row: SessionRow) -> Record:
        return {
            "target": None if row.target is None else self._linked(row.target),
            "sources": [
                {
                    "composition_id": uuid_for(*self._key, "composition", source),
                    "relationship_type": _RELATIONS[source % len(_RELATIONS)],
                    "created_at": zulu(self._agenda.rows[source].created + 30 * DAY),
                    **self._linked(source),
                }
                for source in self._agenda.sources.get(row.ordinal, ())
            ],
        }

    def _linked(self, index: int) -> Record:
        row = self._agenda.rows[index]
        return {
            "id": self.id(row),
            "friendly_id": f"SESS-{index + 1}",
            "title": self.title(row),
            "is_abstract": row.is_abstract,
        }

    def _title(self, row: SessionRow) -> Triple:
        index = row.ordinal
        if row.number:
            return PARTS[(row.number - 1) % len(PARTS)]
        if index % 7 == 4:
            return TALKS[index // 7 % len(TALKS)].title
        topic, angle = TOPICS[index * 5 % len(TOPICS)], ANGLES[(index + index // len(TOPICS)) % len(ANGLES)]
        german = "" if index % 9 == 1 else f"{topic[2]}: {angle[2]}"
        return f"{topic[0]}: {angle[0]}", f"{topic[1]} : {angle[1]}", german

    def _write(self, index: int, number: int) -> Triple:
        draw = Draw(*self._key, "text", index, number)
        sentences = draw.several(SENTENCES, 2 if number else 5)
        opening = f"<p>{TALKS[index // 7 % len(TALKS)].text}</p>" if index % 7 == 4 else ""
        closing = FORMULA if index % 10 == 3 else ""
        english, french, german = (
            f"<p>{texts[0]}</p><ul>{''.join(f'<li>{text}</li>' for text in texts[1:])}</ul>"
            for texts in zip(*sentences, strict=True)
        )
        return f"{opening}{english}{closing}", f"{french}{closing}", f"{german}{closing}"


def _dates(row: SessionRow) -> Record:
    return {"created_at": zulu(row.created), "updated_at": zulu(row.updated)}


def _unusual(index: int, draw: Draw) -> tuple[str, object]:
    match index % 5:
        case 0:
            return "expected_attendance", draw.below(300)
        case 1:
            return "keywords", draw.several(_KEYWORDS, 3)
        case 2:
            return "stage", {"microphones": 1 + draw.below(4), "screen": True, "note": None}
        case 3:
            return "slides_ready", draw.chance(0.5)
        case _:
            return "expected_attendance", None
