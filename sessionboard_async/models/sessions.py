"""Sessions, subsessions, and their short form, which includes deleted ones."""

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
    """The fields that sessions and subsessions share.

    ``status`` is an open string: there are more than the five of the API's document. ``starts_at`` and
    ``ends_at`` are UTC, and ``None`` while the session is not scheduled. ``description`` is HTML. ``room`` is
    ``None`` if the session has no room.
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
        # ``{}`` means unassigned. This runs for every session: cached objects to compare with, and a check of
        # one field before, are faster than a loop over the names.
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
        """The people on the session, in any role, each person once.

        The API repeats people over four arrays. Each person is taken from the first array that has them, of
        ``participants``, ``speakers``, ``chairpersons`` and ``moderators``. Two fields are combined from all
        entries of a person, since not every array has them: ``order`` is the first one given, and
        ``is_public`` is false if it is false in any entry. Entries without an ``id`` are all kept.

        People are sorted by ``order``; those without one follow, in the API's order. Hidden people are
        included: in public, omit those whose ``is_public`` is false.
        """
        entries: dict[str | int, SessionSpeaker] = {}
        for group in (self.participants, self.speakers, self.chairpersons, self.moderators):
            for entry in group or ():
                key = entry.id if entry.id is not None else len(entries)
                first = entries.get(key)
                entries[key] = entry if first is None else _merged(first, entry)
        return tuple(sorted(entries.values(), key=_place))


class Subsession(BaseSession, frozen=True, kw_only=True):
    """A part of a session; it has all fields only with the expansion ``subsession_details``.

    ``status`` is that of the subsession and may be missing; ``is_abstract`` and the compositions are those of
    the session.
    """


class Session(BaseSession, frozen=True, kw_only=True):
    """A session, such as a talk, workshop or panel; or a submission, if ``is_abstract`` is true.

    ``sessions.get`` with the id of a subsession returns one with ``parent_session_friendly_id`` and without
    ``subsessions``. Some servers still return a deleted session, with ``deleted_at`` set.
    """

    subsessions: tuple[Subsession, ...] | None = None
    admin_url: str | None = None


def _merged(first: SessionSpeaker, other: SessionSpeaker) -> SessionSpeaker:
    """Return the first entry of a person, with the order and visibility of both entries."""
    order = other.order if first.order is None else first.order
    shown = [entry.is_public for entry in (first, other) if entry.is_public is not None]
    is_public = all(shown) if shown else None
    if (order, is_public) == (first.order, first.is_public):
        return first
    return replace(first, order=order, is_public=is_public)


def _place(person: SessionSpeaker) -> tuple[bool, int]:
    return (person.order is None, person.order or 0)


class BaseStatus(Record, frozen=True, kw_only=True):
    """The fields that the short forms of sessions and subsessions share.

    Deleted ones are included, with ``deleted_at`` set. No other operation reports deletions.
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
    """The short form of a subsession; ``status`` is that of the subsession, and may be missing."""


class SessionStatus(BaseStatus, frozen=True, kw_only=True):
    """The short form of a session, deleted or not.

    A subsession is sent twice: inside its session, and as a row of its own with empty ``subsessions``.
    """

    is_abstract: bool | None = None
    composition_status: CompositionStatus | None = None
    subsessions: tuple[SubsessionStatus, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.composition_status == _NO_PART:
            force_setattr(self, "composition_status", None)
