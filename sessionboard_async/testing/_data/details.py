"""Texts, times and settings of sessions: generated from the seed and overlaid with writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sessionboard_async.testing._data.agenda import Agenda, SessionRow
from sessionboard_async.testing._data.fields import FieldValue, Text
from sessionboard_async.testing._data.metadata import MetadataStore
from sessionboard_async.testing._data.seeded import SeededRandom
from sessionboard_async.testing._data.texts import (
    ANGLES,
    AUDIENCES,
    FORMULA,
    PARTS,
    SENTENCES,
    TALKS,
    TOPICS,
    Triple,
)

_KEYWORDS = ("maps", "archives", "données", "統計", "🦉", "Wetter", "queues")

SETTINGS = {"room": "rooms", "format": "formats", "level": "levels", "language": "languages"}
"""The settings of which a session has at most one, with their families; the track is part of the row."""


class Details(NamedTuple):
    """Properties of a session that rows do not hold. Times are milliseconds since 1970."""

    title: Text
    description: Text = (None, "", "")
    starts_at: int | None = None
    ends_at: int | None = None
    is_public: bool = False
    external_url: str | None = None
    client_session_id: str | None = None
    ceu_credits: float | None = None
    capacity: int | None = None
    room_id: str | None = None
    format_id: str | None = None
    level_id: str | None = None
    language_id: str | None = None
    custom_fields: Mapping[str, FieldValue] = {}


class DetailBook:
    """The details of all sessions of one event; only changes are stored.

    Args:
        key: Seed and event index, which make the ids unique.
        agenda: The event's sessions.
        metadata: The rooms, formats, levels and languages of generated sessions.
    """

    def __init__(self, key: tuple[int, int], agenda: Agenda, metadata: MetadataStore) -> None:
        self._key = key
        self._agenda = agenda
        self._options = [[str(record["id"]) for record in metadata.all(name)] for name in SETTINGS.values()]
        self._changes: dict[tuple[int, int], dict[str, Any]] = {}
        self._texts = lru_cache(maxsize=4096)(self._description)

    def title(self, row: SessionRow) -> str:
        """Return the title of a session or subsession, in English."""
        changes = self._changes.get(row.place, {}).get("title")
        return str((changes or _title(row))[0])

    def of(self, row: SessionRow) -> Details:
        """Return the details of a session or subsession."""
        changes = self._changes.get(row.place)
        if changes is None:
            return self._generate(row)
        if self._agenda.is_created(row):
            return Details(**changes)
        return self._generate(row)._replace(**changes)

    def is_modified(self, row: SessionRow) -> bool:
        """Return whether any detail was ever written."""
        return row.place in self._changes

    def write(self, row: SessionRow, details: Mapping[str, object]) -> None:
        """Store some details of a session, by name."""
        self._changes[row.place] = {**self._changes.get(row.place, {}), **details}

    def _generate(self, row: SessionRow) -> Details:
        index = row.ordinal
        draw = SeededRandom(*self._key, "session", index, row.number)
        description = self._texts(index, row.number)
        audience = draw.pick(AUDIENCES)
        times = self._agenda.times(row)
        ceu_credits = draw.below(8) / 4 if index % 3 == 1 else None
        capacity = 20 + draw.below(400) if index % 4 != 2 else None
        unusual, value = _unusual(index, draw)
        room, format_, level, language = (
            options[(index * 3 + place) % len(options)] if (index + place * 3) % 7 != 5 else None
            for place, options in enumerate(self._options)
        )
        return Details(
            title=_title(row),
            description=(None, *description[1:]) if index % 50 == 33 else description,
            starts_at=None if times is None else times.start,
            ends_at=None if times is None else times.end,
            is_public=row.status == "accepted" and index % 8 != 3,
            external_url=f"https://talks.example.org/{index + 1}" if index % 4 == 0 else None,
            client_session_id=f"C-{index + 1:05}" if index % 3 == 0 else None,
            ceu_credits=ceu_credits,
            capacity=capacity,
            room_id=room,
            format_id=format_,
            level_id=level,
            language_id=language,
            custom_fields={
                "audience": FieldValue(audience[0], int(row.created), audience),
                unusual: FieldValue(value, int(row.created)),
            },
        )

    def _description(self, index: int, number: int) -> Triple:
        draw = SeededRandom(*self._key, "text", index, number)
        sentences = draw.several(SENTENCES, 2 if number else 5)
        opening = f"<p>{TALKS[index // 7 % len(TALKS)].text}</p>" if index % 7 == 4 else ""
        closing = FORMULA if index % 10 == 3 else ""
        english, french, german = (
            f"<p>{texts[0]}</p><ul>{''.join(f'<li>{text}</li>' for text in texts[1:])}</ul>"
            for texts in zip(*sentences, strict=True)
        )
        return f"{opening}{english}{closing}", f"{french}{closing}", f"{german}{closing}"


def _title(row: SessionRow) -> Triple:
    index = row.ordinal
    if row.number:
        return PARTS[(row.number - 1) % len(PARTS)]
    if index % 7 == 4:
        return TALKS[index // 7 % len(TALKS)].title
    topic, angle = TOPICS[index * 5 % len(TOPICS)], ANGLES[(index + index // len(TOPICS)) % len(ANGLES)]
    german = "" if index % 9 == 1 else f"{topic[2]}: {angle[2]}"
    return f"{topic[0]}: {angle[0]}", f"{topic[1]} : {angle[1]}", german


def _unusual(index: int, draw: SeededRandom) -> tuple[str, object]:
    match index % 5:
        case 0:
            return "expected_attendance", draw.below(300)
        case 1:
            return "keywords", draw.several(_KEYWORDS, 3)
        case 2:
            return "stage", {"microphones": 1 + draw.below(4), "screen": True, "note": None}
        case 3:
            return "slides_ready", draw.flag(0.5)
        case _:
            return "expected_attendance", None
