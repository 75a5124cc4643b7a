"""Sessions, their parts, and the short form that tells which are gone."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr, replace

from sessionboard_async.models.accounts import Exhibitor, Sponsor
from sessionboard_async.models.base import Record, Timestamp
from sessionboard_async.models.compositions import CompositionDetail, CompositionStatus
from sessionboard_async.models.metadata import Format, Language, Level, Room, Status, Tag, Track
from sessionboard_async.models.people import SessionParticipant, SessionSpeaker
from sessionboard_async.models.translation import RecordWithFields


class Content(Record, frozen=True, kw_only=True):
    """A file on a session, such as its slides."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "mimetype")

    id: str | None = None
    url: str | None = None
    title: str | None = None
    filename: str | None = None
    size: int | None = None
    mimetype: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    assigned_participant_id: str | None = None
    assigned_participant_email: str | None = None
    assigned_participant_name: str | None = None


_NO_STATUS = Status()
_NO_PART = CompositionStatus()
_NO_COMPOSITION = CompositionDetail()
_NO_LANGUAGE = Language()
_NO_TRACK = Track()
_NO_LEVEL = Level()
_NO_FORMAT = Format()
_NO_ROOM = Room()


class BaseSession(RecordWithFields, frozen=True, kw_only=True):
    """What sessions and subsessions have in common.

    ``status`` is an open string: beside the five of the API's document there are others. ``starts_at`` and
    ``ends_at`` are UTC, and ``None`` while nothing is scheduled. ``description`` is HTML. ``room`` is there
    only where the session takes place in one.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id", "title", "status")

    title: str | None = None
    description: str | None = None
    status: str | None = None
    custom_status_id: str | None = None
    custom_status: Status | None = None
    starts_at: Timestamp | None = None
    ends_at: Timestamp | None = None
    is_public: bool | None = None
    is_abstract: bool | None = None
    composition_status: CompositionStatus | None = None
    composition: CompositionDetail | None = None
    external_url: str | None = None
    client_session_id: str | None = None
    ceu_credits: float | None = None
    capacity: int | None = None
    speakers: tuple[SessionSpeaker, ...] | None = None
    chairpersons: tuple[SessionSpeaker, ...] | None = None
    moderators: tuple[SessionSpeaker, ...] | None = None
    participants: tuple[SessionParticipant, ...] | None = None
    sponsors: tuple[Sponsor, ...] | None = None
    exhibitors: tuple[Exhibitor, ...] | None = None
    content: tuple[Content, ...] | None = None
    tags: tuple[Tag, ...] | None = None
    language: Language | None = None
    track: Track | None = None
    level: Level | None = None
    format: Format | None = None
    room: Room | None = None
    parent_session_friendly_id: str | None = None
    parent_session_friendly_id_raw: int | None = None
    source: str | None = None
    deleted_at: Timestamp | None = None

    def __post_init__(self) -> None:
        # ``{}`` stands for what is not assigned. This runs for every session: kept objects to compare with,
        # and the look at one field before, cost half of what a loop over the names does.
        if (status := self.custom_status) is not None and status.id is None and status == _NO_STATUS:
            force_setattr(self, "custom_status", None)
        if (part := self.composition_status) is not None and part.role is None and part == _NO_PART:
            force_setattr(self, "composition_status", None)
        if (graph := self.composition) is not None and graph.target is None and graph == _NO_COMPOSITION:
            force_setattr(self, "composition", None)
        if (language := self.language) is not None and language.id is None and language == _NO_LANGUAGE:
            force_setattr(self, "language", None)
        if (track := self.track) is not None and track.id is None and track == _NO_TRACK:
            force_setattr(self, "track", None)
        if (level := self.level) is not None and level.id is None and level == _NO_LEVEL:
            force_setattr(self, "level", None)
        if (kind := self.format) is not None and kind.id is None and kind == _NO_FORMAT:
            force_setattr(self, "format", None)
        if (room := self.room) is not None and room.id is None and room == _NO_ROOM:
            force_setattr(self, "room", None)

    @property
    def people(self) -> tuple[SessionSpeaker, ...]:
        """Everybody on the session, in whatever role, each person once.

        The API repeats people over four arrays. A person is given as in the first of them that has the
        person: ``participants``, ``speakers``, ``chairpersons``, ``moderators``. Two things are taken from
        all of the person's entries, since not every array has them: ``order`` is the first one given, and
        ``is_public`` is false where any entry says so. Entries without an ``id`` are all kept.

        They are sorted by ``order``; those without one follow, as they were sent. Hidden people are among
        them: for the public, leave out those whose ``is_public`` is false.
        """
        entries: dict[str | int, SessionSpeaker] = {}
        for group in (self.participants, self.speakers, self.chairpersons, self.moderators):
            for entry in group or ():
                key = entry.id if entry.id is not None else len(entries)
                first = entries.get(key)
                entries[key] = entry if first is None else _merged(first, entry)
        return tuple(sorted(entries.values(), key=_place))


class Subsession(BaseSession, frozen=True, kw_only=True):
    """A part of a session, inside it: all its fields with ``subsession_details`` expanded, else a few.

    ``status`` is its own and may be missing; ``is_abstract`` and the compositions are those of the session.
    """


class Session(BaseSession, frozen=True, kw_only=True):
    """A talk, a workshop, a panel; or, where ``is_abstract``, what somebody submitted to become one.

    What comes for the id of a subsession is one too, with ``parent_session_friendly_id`` and no
    ``subsessions``. Some servers still give a deleted session when asked for it; ``deleted_at`` is then set.
    """

    subsessions: tuple[Subsession, ...] | None = None
    admin_url: str | None = None


def _merged(first: SessionSpeaker, other: SessionSpeaker) -> SessionSpeaker:
    """Fill in the first entry of a person what decides over place and visibility in another one."""
    order = other.order if first.order is None else first.order
    shown = [entry.is_public for entry in (first, other) if entry.is_public is not None]
    is_public = all(shown) if shown else None
    if (order, is_public) == (first.order, first.is_public):
        return first
    return replace(first, order=order, is_public=is_public)


def _place(person: SessionSpeaker) -> tuple[bool, int]:
    return (person.order is None, person.order or 0)


class BaseStatus(Record, frozen=True, kw_only=True):
    """What the short forms of sessions and subsessions have in common.

    Deleted ones are among them, with ``deleted_at`` set; nothing else tells what was deleted.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "friendly_id", "status")

    id: str | None = None
    friendly_id: str | None = None
    friendly_id_raw: int | None = None
    parent_session_friendly_id: str | None = None
    parent_session_friendly_id_raw: int | None = None
    status: str | None = None
    custom_status_id: str | None = None
    custom_status: Status | None = None
    deleted_at: Timestamp | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None

    def __post_init__(self) -> None:
        if self.custom_status == _NO_STATUS:
            force_setattr(self, "custom_status", None)


class SubsessionStatus(BaseStatus, frozen=True, kw_only=True):
    """The short form of a subsession; its ``status`` is its own, not its session's, and may be missing."""


class SessionStatus(BaseStatus, frozen=True, kw_only=True):
    """The short form of a session, deleted or not.

    A subsession comes twice: inside its session, and as a row of its own, with empty ``subsessions``.
    """

    is_abstract: bool | None = None
    composition_status: CompositionStatus | None = None
    subsessions: tuple[SubsessionStatus, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.composition_status == _NO_PART:
            force_setattr(self, "composition_status", None)
