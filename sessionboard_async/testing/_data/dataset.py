"""The embedded organization and its events, the source of every answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar, cast

from sessionboard_async.testing._data.accounts import Accounts
from sessionboard_async.testing._data.agenda import Agenda, SessionRow
from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.details import DetailBook
from sessionboard_async.testing._data.fields import FieldBook, Record
from sessionboard_async.testing._data.metadata import MetadataStore
from sessionboard_async.testing._data.people import People
from sessionboard_async.testing._data.program import Program
from sessionboard_async.testing._data.query import Criteria
from sessionboard_async.testing._data.seeded import uuid_for
from sessionboard_async.testing._data.session_files import SessionFiles
from sessionboard_async.testing._data.storage import Storage
from sessionboard_async.testing._data.store import RecordStore
from sessionboard_async.testing._data.texts import EVENTS
from sessionboard_async.testing._data.times import RecordOrder, Times

T = TypeVar("T")

FIRST_EVENT_ID = 4630


@dataclass(frozen=True)
class Size:
    """The number of records of each kind, per event.

    Attributes:
        events: Number of events.
        sessions: Sessions that a plain search returns.
        speakers: Speakers; they are the first of the contacts.
        contacts: Contacts, speakers included. Neighbouring events share half of them.
        sponsors: Sponsors.
        exhibitors: Exhibitors.
        light: Reduce sessions to id, title, status and dates, so that there may be very many.
    """

    events: int
    sessions: int
    speakers: int
    contacts: int
    sponsors: int
    exhibitors: int
    light: bool = False

    @classmethod
    def of(
        cls,
        *,
        events: int,
        sessions: int,
        speakers: int | None,
        contacts: int | None,
        sponsors: int | None,
        exhibitors: int | None,
        light: bool = False,
    ) -> Size:
        """Fill in missing numbers in proportion to the sessions, up to the size of a large conference.

        Raises:
            ValueError: If a number is negative, there is no event, or there are more speakers than contacts.
        """
        chosen_speakers = min(max(4, sessions * 3 // 5), 4000) if speakers is None else speakers
        size = cls(
            events=events,
            sessions=sessions,
            speakers=chosen_speakers,
            contacts=chosen_speakers * 3 // 2 if contacts is None else contacts,
            sponsors=min(max(3, sessions // 10), 200) if sponsors is None else sponsors,
            exhibitors=min(max(3, sessions // 8), 300) if exhibitors is None else exhibitors,
            light=light,
        )
        if size.events < 1:
            raise ValueError("events must be at least 1")
        for name, number in vars(size).items():
            if number < 0:
                raise ValueError(f"{name} must not be negative")
        if size.speakers > size.contacts:
            raise ValueError("speakers are contacts too: contacts must be at least as many as speakers")
        return size


class DataOwner:
    """The owner of stored records: an event or the organization.

    Args:
        clock: Supplies the timestamps of writes.
        key: Key that makes the ids of the records unique.
    """

    def __init__(self, clock: Clock, *key: object) -> None:
        self.clock = clock
        self._key = (*key, "written")
        self._stores: dict[str, RecordStore] = {}
        self._parts: dict[object, object] = {}

    def store(self, name: str) -> RecordStore:
        """Return the store of one kind of record, such as ``"rule"``; it is empty at first."""
        if name not in self._stores:
            self._stores[name] = RecordStore(name, self.clock, *self._key, name)
        return self._stores[name]

    def part(self, make: Callable[[Self], T]) -> T:
        """Return the part that ``make`` creates for this owner; ``make`` is called once per owner."""
        if make not in self._parts:
            self._parts[make] = make(self)
        return cast("T", self._parts[make])


class EventData(DataOwner):
    """One event and its data."""

    def __init__(
        self,
        seed: int,
        position: int,
        size: Size,
        people: People,
        fields: FieldBook,
        storage: Storage,
        clock: Clock,
        times: Times | None,
    ) -> None:
        super().__init__(clock, seed, position)
        self._times = times
        self.id = FIRST_EVENT_ID + 37 * position
        self._position = position
        self._size = size
        self._first_contact = position * (size.contacts // 2)
        key = (seed, position)
        self.people = people
        self.storage = storage
        self.metadata = MetadataStore(seed, self.id, position, clock)
        self.fields = FieldBook(seed, position, clock, fields)
        self.sponsors = Accounts("sponsor", key, size.sponsors, people, self.fields, clock)
        self.exhibitors = Accounts("exhibitor", key, size.exhibitors, people, self.fields, clock)
        self.contacts = people.registry.group(self.contact_indexes)
        self.speakers = people.registry.group(self.speaker_indexes)
        self.agenda = Agenda(
            seed,
            position,
            sessions=size.sessions,
            speakers=size.speakers,
            contacts=size.contacts,
            metadata=self.metadata,
            light=size.light,
            times=times,
        )
        self.details = DetailBook(key, self.agenda, self.metadata)
        self.files = SessionFiles(
            key, self.agenda, people, self._first_contact, self.contacts, storage, clock
        )
        self.program = Program(
            key,
            self.agenda,
            self.details,
            self.metadata,
            self.fields,
            people,
            self._first_contact,
            self.sponsors,
            self.exhibitors,
            self.files,
            light=size.light,
        )

    @property
    def has_translations(self) -> bool:
        """Whether texts are translated: in the first event, and in every second one after it."""
        return self._position % 2 == 0

    def now(self) -> float:
        """Return the timestamp for a write to a session, in the precision of sessions."""
        has_microseconds = self._times is not None and self._times.has_microseconds
        return self.clock.read_precisely() if has_microseconds else self.clock.read()

    def record(self) -> Record:
        """Return the event as the API returns it."""
        text = EVENTS[self._position % len(EVENTS)]
        return {
            "id": self.id,
            "name": f"{text.name} {2026 + self._position // len(EVENTS)}",
            "timezone": text.timezone,
            "features": {"translated_fields": self.has_translations},
        }

    @property
    def speaker_indexes(self) -> range:
        """The initial speakers of this event, as indexes of the organization's contacts, deleted or not."""
        return range(self._first_contact, self._first_contact + self._size.speakers)

    @property
    def contact_indexes(self) -> range:
        """The initial contacts of this event, as indexes of the organization's contacts, deleted or not."""
        return range(self._first_contact, self._first_contact + self._size.contacts)

    def sessions(self, criteria: Criteria, *, linked_sources: bool) -> Sequence[SessionRow]:
        """Return the sessions that meet the criteria; composition sources only if requested."""
        return self.agenda.select(criteria, everything=False, linked_sources=linked_sources)

    def statuses(self, criteria: Criteria, *, linked_sources: bool) -> Sequence[SessionRow]:
        """Return the sessions and subsessions that meet the criteria, deleted ones included."""
        return self.agenda.select(criteria, everything=True, linked_sources=linked_sources)

    def session(self, session_id: str) -> SessionRow | None:
        """Return the session or subsession with this id; ``None`` if it does not exist or was deleted."""
        row = self.agenda.find(session_id)
        return None if row is None or row.deleted is not None else row

    def sessions_of(self, contact: int) -> list[SessionRow]:
        """Return the sessions in which a contact of the organization takes part."""
        taken = self.agenda.sessions_by_contact.get(contact - self._first_contact, ())
        return [row for index in taken if (row := self.agenda.rows[index]).deleted is None]


class Organization(DataOwner):
    """All data of the embedded server: generated from a seed and a size, and changed by writes.

    Args:
        seed: Determines every name, text, id and time.
        size: The number of records of each kind.
        clock: Supplies the timestamps of writes.
        times: Creation times of sessions and the treatment of times in searches; ``None`` for the defaults.
    """

    def __init__(self, seed: int, size: Size, clock: Clock | None = None, times: Times | None = None) -> None:
        clock = Clock() if clock is None else clock
        super().__init__(clock, seed)
        self.id = uuid_for(seed, "organization")
        contacts = size.contacts + (size.events - 1) * (size.contacts // 2)
        fields = FieldBook(seed, None, clock)
        self.people = People(seed, contacts, fields, clock)
        self.storage = Storage(clock, seed)
        self.record_order = RecordOrder(times, seed)
        self.has_inclusive_bounds = times is not None and times.is_inclusive
        events = (
            EventData(seed, position, size, self.people, fields, self.storage, clock, times)
            for position in range(size.events)
        )
        self.events = {event.id: event for event in events}
