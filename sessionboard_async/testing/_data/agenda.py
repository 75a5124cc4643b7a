"""The sessions of an event as rows without texts: order, times, participants and status.

Rows are generated from a seed. Subsession rows are stored only once a write has changed one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from sessionboard_async.testing._data.metadata import STATUS_DEFINITIONS, MetadataStore
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.seeded import (
    DAY,
    HOUR,
    MINUTE,
    SeededRandom,
    iso_timestamp,
    milliseconds,
    precise_timestamp,
    uuid_for,
)
from sessionboard_async.testing._data.selections import Selections
from sessionboard_async.testing._data.texts import EVENTS
from sessionboard_async.testing._data.times import Times

_SUBMISSIONS_OPEN = milliseconds(2025, 10, 6, 8)
_SUBMISSIONS = 240 * DAY
_FIRST_DAY = milliseconds(2026, 9, 14, 8)
"""The first day of the first event at 8:00, in its own time zone. The last talks end before 18:00."""

_STATUS_CYCLE = (0, 0, 2, 0, 5, 1, 0, 0, 4, 0, 3, 0, 6, 0, 0, 7, 0, 2, 0, 0)
_PART_STATUS_CYCLE = (0, None, 2)


class SessionRow(NamedTuple):
    """The sort and filter keys of a session or subsession. Times are milliseconds since 1970.

    ``number`` is 0 for a session and 1 to n for its subsessions; ``definition`` is the index of its status in
    the event's status definitions; ``target`` is the session that a composition source was merged into.
    """

    ordinal: int
    number: int
    created: float
    updated: float
    deleted: float | None
    definition: int | None
    status: str | None
    is_abstract: bool
    is_source: bool
    target: int | None
    track_id: str | None
    tag_ids: tuple[str, ...]

    @property
    def place(self) -> tuple[int, int]:
        """The identity of the session or subsession, which writes never change."""
        return self.ordinal, self.number


class Slot(NamedTuple):
    """Start and end of a session, in milliseconds since 1970."""

    start: int
    end: int


class Participation(NamedTuple):
    """One person in one role: an index into the event's contacts and one into the roles."""

    contact: int
    role: int


class Agenda:
    """The sessions of one event.

    Args:
        seed: The seed of the data set.
        position: The index of the event, from 0.
        sessions: Number of sessions that a plain search returns. Deleted sessions and composition sources
            come on top.
        speakers: Number of speakers, which are the first of the event's contacts.
        contacts: Number of contacts of the event.
        metadata: The tracks and tags of sessions.
        light: Omit deleted sessions, composition sources, subsessions and participants.
        times: The creation times; ``None`` for the default.
    """

    def __init__(
        self,
        seed: int,
        position: int,
        *,
        sessions: int,
        speakers: int,
        contacts: int,
        metadata: MetadataStore,
        light: bool = False,
        times: Times | None = None,
    ) -> None:
        self._seed = seed
        self._position = position
        self._sessions = sessions
        self._speakers = 0 if light else speakers
        self._contacts = 0 if light else contacts
        self._light = light
        self._times = times
        self._tracks = [str(track["id"]) for track in metadata.all("tracks")]
        tags = [str(tag["id"]) for tag in metadata.all("tags")]
        self._tag_sets = [
            tuple(tags[(first + step) % len(tags)] for step in range(0, 3 * (first % 4), 3))
            for first in range(len(tags))
        ]
        self._sources = 0 if light else sessions // 20 or min(1, sessions // 2)
        self._deleted = 0 if light else sessions // 25 or min(1, sessions)
        self._generated = sessions + self._sources + self._deleted
        self._touched: dict[int, list[SessionRow]] = {}
        self._selections = {
            (everything, linked_sources): Selections(partial(self._among, everything, linked_sources))
            for everything in (False, True)
            for linked_sources in (False, True)
        }

    @cached_property
    def rows(self) -> list[SessionRow]:
        """All sessions in order of creation, deleted sessions and composition sources included."""
        kinds = ["session"] * self._sessions + ["source"] * self._sources + ["deleted"] * self._deleted
        SeededRandom(self._seed, self._position, "kinds").shuffle(kinds)
        targets = _targets(kinds)
        return [
            self._row(index, kind, next(targets) if kind == "source" else None)
            for index, kind in enumerate(kinds)
        ]

    @property
    def live(self) -> list[SessionRow]:
        """All sessions that are not deleted."""
        return [row for row in self.rows if row.deleted is None]

    @property
    def with_parts(self) -> list[SessionRow]:
        """All sessions, deleted ones included, each followed by its subsessions."""
        return [part for row in self.rows for part in (row, *self.parts(row))]

    def sources_of(self, row: SessionRow) -> list[SessionRow]:
        """Return the composition sources of a session, or of the parent if it is a subsession."""
        return [self.rows[ordinal] for ordinal in self._composed.get(row.ordinal, ())]

    @cached_property
    def _composed(self) -> dict[int, list[int]]:
        sources: defaultdict[int, list[int]] = defaultdict(list)
        for row in self.rows:
            if row.target is not None:
                sources[row.target].append(row.ordinal)
        return dict(sources)

    @cached_property
    def sessions_by_contact(self) -> dict[int, list[int]]:
        """The sessions, deleted ones included, in which each contact takes part."""
        sessions: defaultdict[int, list[int]] = defaultdict(list)
        for row in self.rows:
            for contact in dict.fromkeys(who.contact for who in self.cast(row)):
                sessions[contact].append(row.ordinal)
        return dict(sessions)

    @cached_property
    def places(self) -> dict[str, tuple[int, int]]:
        """The place of every session and subsession, deleted ones included, by id."""
        return {self.id(row): row.place for row in self.with_parts}

    def id(self, row: SessionRow) -> str:
        """Return the id of a session or subsession."""
        return uuid_for(self._seed, self._position, "session", row.ordinal, row.number)

    def find(self, session_id: str) -> SessionRow | None:
        """Return the session or subsession with this id, deleted or not; ``None`` if it does not exist."""
        place = self.places.get(session_id)
        if place is None:
            return None
        ordinal, number = place
        return self.parts(self.rows[ordinal])[number - 1] if number else self.rows[ordinal]

    def select(self, criteria: Criteria, *, everything: bool, linked_sources: bool) -> Sequence[SessionRow]:
        """Return the sessions that meet the criteria; valid until the next change.

        Args:
            criteria: Filters and order.
            everything: Include subsessions and deleted sessions.
            linked_sources: Include composition sources.
        """
        return self._selections[everything, linked_sources].find(criteria)

    def timestamp(self, time: float) -> str:
        """Format a time of a session, in the precision of the event."""
        has_microseconds = self._times is not None and self._times.has_microseconds
        return precise_timestamp(time) if has_microseconds else iso_timestamp(time)

    def is_created(self, row: SessionRow) -> bool:
        """Return whether a write created the session, so that nothing about it is generated."""
        return row.ordinal >= self._generated or row.number > self._part_count(row.ordinal)

    def parts(self, row: SessionRow) -> list[SessionRow]:
        """Return the subsessions of a session by number, deleted ones included."""
        touched = self._touched.get(row.ordinal)
        if touched is not None:
            return touched
        return [self._part(row, number + 1) for number in range(self._part_count(row.ordinal))]

    def add(self, row: SessionRow) -> SessionRow:
        """Add a session, with the next ordinal."""
        row = row._replace(ordinal=len(self.rows), number=0)
        self.rows.append(row)
        self._changed(None, row)
        return row

    def add_part(self, row: SessionRow) -> SessionRow:
        """Add a subsession to the session with this ordinal, with the next number."""
        parts = self._touch(row.ordinal)
        row = row._replace(number=len(parts) + 1)
        parts.append(row)
        self._changed(None, row)
        return row

    def replace(self, row: SessionRow) -> None:
        """Replace the row of a session or subsession."""
        # Subsessions are generated from the row of their session until one of them is stored.
        parts = self._touch(row.ordinal) if row.number or self._part_count(row.ordinal) else []
        rows, index = (parts, row.number - 1) if row.number else (self.rows, row.ordinal)
        old, rows[index] = rows[index], row
        self._changed(old, row)

    def recategorize(self, definition: int, status: str) -> None:
        """Set the category of every session and subsession with this custom status."""
        for row in self.with_parts:
            if row.definition == definition and row.status != status:
                self.replace(row._replace(status=status))

    def _touch(self, ordinal: int) -> list[SessionRow]:
        return self._touched.setdefault(ordinal, self.parts(self.rows[ordinal]))

    def _changed(self, old: SessionRow | None, new: SessionRow) -> None:
        if old is None:
            self.places[self.id(new)] = new.place
        for (everything, linked_sources), selections in self._selections.items():
            selections.change(
                old if old and _is_among(old, everything, linked_sources) else None,
                new if _is_among(new, everything, linked_sources) else None,
            )

    def _among(self, everything: bool, linked_sources: bool) -> Iterator[SessionRow]:
        rows = self.with_parts if everything else self.rows
        return (row for row in rows if _is_among(row, everything, linked_sources))

    def times(self, row: SessionRow) -> Slot | None:
        """Return when a generated session takes place; ``None`` if it is not scheduled."""
        if row.is_abstract or row.ordinal % 10 == 7:
            return None
        parts = self._part_count(row.ordinal)
        start = (
            _FIRST_DAY
            + self._position * 28 * DAY
            - EVENTS[self._position % len(EVENTS)].offset * MINUTE
            + row.ordinal % 3 * DAY
            + row.ordinal * 7 % 18 * 30 * MINUTE
        )
        if row.number:
            start += (row.number - 1) * 20 * MINUTE
            return Slot(start, start + 20 * MINUTE)
        return Slot(start, start + (parts * 20 if parts else 45) * MINUTE)

    def cast(self, row: SessionRow) -> list[Participation]:
        """Return the participants of a session, in order; a contact may have two roles."""
        if self.is_created(row):
            return []
        index = row.ordinal
        people: list[Participation] = []
        if self._speakers:
            first = index % self._speakers
            stride = 1 + index // self._speakers % max(1, self._speakers - 1)
            chosen = dict.fromkeys(
                (first + stride * step) % self._speakers for step in range(_speaker_count(index))
            )
            on_a_panel = index % 12 == 4
            people += [Participation(contact, 3 if on_a_panel else 0) for contact in chosen]
        if self._contacts and index % 11 == 2:
            in_two_roles = people and index % 2 == 0
            people.append(
                Participation(people[0].contact if in_two_roles else (index * 5 + 2) % self._contacts, 1)
            )
        if self._contacts and index % 9 == 1:
            people.append(Participation((index * 3 + 1) % self._contacts, 2))
        return people

    def _part_count(self, index: int) -> int:
        """Return the number of generated subsessions."""
        has_parts = index % 18 == 2 and index < self._generated and not self._light
        return 2 + index // 18 % 3 if has_parts else 0

    def _row(self, index: int, kind: str, target: int | None) -> SessionRow:
        created, updated = self._dates(index)
        deleted = updated + index * 13 % 20 * DAY if kind == "deleted" else None
        definition = _STATUS_CYCLE[index % len(_STATUS_CYCLE)]
        return SessionRow(
            ordinal=index,
            number=0,
            created=created,
            updated=updated if deleted is None else deleted,
            deleted=deleted,
            definition=definition,
            status=STATUS_DEFINITIONS[definition].category,
            is_abstract=index % 6 == 5,
            is_source=kind == "source",
            target=target,
            track_id=None if index % 8 == 6 else self._tracks[index * 3 % len(self._tracks)],
            tag_ids=self._tag_sets[index * 5 % len(self._tag_sets)],
        )

    def _dates(self, index: int) -> tuple[float, float]:
        """Return the times at which a session was created and last changed."""
        if self._times is not None:
            created = self._times.created(index)
            return created, created
        total = self._sessions + self._sessions // 10 + 2
        # Sessions that were imported together have the same creation time.
        group = index - (index % 5 == 4)
        imported = _SUBMISSIONS_OPEN + group * (_SUBMISSIONS // total) + group * 389 % 1000
        if index % 4 == 0:
            return imported, imported
        return imported, imported + index * 53 % 60 * DAY + index * 17 % 24 * HOUR + index % 997

    def _part(self, row: SessionRow, number: int) -> SessionRow:
        definition = _PART_STATUS_CYCLE[(row.ordinal // 18 + number) % len(_PART_STATUS_CYCLE)]
        created = row.created + number * MINUTE
        return row._replace(
            number=number,
            created=created,
            updated=max(row.updated, created),
            definition=definition,
            status=None if definition is None else STATUS_DEFINITIONS[definition].category,
        )


def _targets(kinds: list[str]) -> Iterator[int]:
    """Yield the target of each composition source; every third source joins the target before it."""
    ordinary = [index for index, kind in enumerate(kinds) if kind == "session"]
    for number in range(len(kinds)):
        yield ordinary[(number - number % 3 // 2) * 7 % len(ordinary)]


def _is_among(row: SessionRow, everything: bool, linked_sources: bool) -> bool:
    return (everything or (row.deleted is None and not row.number)) and (linked_sources or not row.is_source)


def _speaker_count(index: int) -> int:
    return 3 if index % 12 == 4 else 1 + (index % 10 == 1)
