"""The searches and gets of the client that commands offer, by the names of their resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from sessionboard_async import AsyncSession, Pager
from sessionboard_async.core.pagination.pager import PagerOptions
from sessionboard_async.models import (
    Contact,
    Exhibitor,
    Field,
    Format,
    Language,
    Level,
    Room,
    Session,
    SessionStatus,
    Sponsor,
    Status,
    Tag,
    Track,
)
from sessionboard_async.models.base import Record
from sessionboard_async.services._common.filters import FIELD_SEARCH, RECORD_SEARCH, STATUS_SEARCH, SearchKind

_PAGING = PagerOptions.__optional_keys__


class SearchCommand(msgspec.Struct, frozen=True):
    """A search as a command.

    Attributes:
        search: Returns the ``search`` of a client.
        record: The type of the records.
        columns: The columns that are shown by default.
        kind: The keywords that the search takes.
        more: Other keywords of this search.
    """

    search: Callable[[AsyncSession], Callable[..., Pager[Any]]]
    record: type[Record]
    columns: tuple[str, ...]
    kind: SearchKind = RECORD_SEARCH
    more: frozenset[str] = frozenset()

    @property
    def filters(self) -> frozenset[str]:
        """The keywords that the search takes, without those of paging."""
        return (self.kind.keywords | self.more) - _PAGING


_PERSON = ("id", "full_name", "company_name")
_NAMED = ("id", "name")

SEARCHES: dict[str, SearchCommand] = {
    "sessions": SearchCommand(
        lambda sb: sb.sessions.search, Session, ("id", "status", "title"), more=frozenset({"is_abstract"})
    ),
    "session_statuses": SearchCommand(
        lambda sb: sb.sessions.search_statuses, SessionStatus, ("id", "status", "deleted_at"), STATUS_SEARCH
    ),
    "speakers": SearchCommand(lambda sb: sb.speakers.search, Contact, _PERSON),
    "contacts": SearchCommand(lambda sb: sb.contacts.search, Contact, _PERSON),
    "org_contacts": SearchCommand(lambda sb: sb.org_contacts.search, Contact, _PERSON),
    "sponsors": SearchCommand(lambda sb: sb.sponsors.search, Sponsor, _NAMED),
    "exhibitors": SearchCommand(lambda sb: sb.exhibitors.search, Exhibitor, _NAMED),
    "fields": SearchCommand(
        lambda sb: sb.fields.search,
        Field,
        ("internal_name", "public_name", "field_type"),
        FIELD_SEARCH,
        frozenset({"module", "source", "scope"}),
    ),
    "rooms": SearchCommand(lambda sb: sb.rooms.search, Room, _NAMED),
    "tracks": SearchCommand(lambda sb: sb.tracks.search, Track, _NAMED),
    "tags": SearchCommand(lambda sb: sb.tags.search, Tag, _NAMED),
    "formats": SearchCommand(lambda sb: sb.formats.search, Format, _NAMED),
    "levels": SearchCommand(lambda sb: sb.levels.search, Level, _NAMED),
    "languages": SearchCommand(lambda sb: sb.languages.search, Language, _NAMED),
    "statuses": SearchCommand(lambda sb: sb.statuses.search, Status, ("id", "status", "name")),
}
"""The searches; that of ``org_contacts`` takes an organization in place of the event."""

GETS: dict[str, Callable[[AsyncSession], Callable[..., Awaitable[Record]]]] = {
    "sessions": lambda sb: sb.sessions.get,
    "speakers": lambda sb: sb.speakers.get,
    "contacts": lambda sb: sb.contacts.get,
    "org_contacts": lambda sb: sb.org_contacts.get,
    "sponsors": lambda sb: sb.sponsors.get,
    "exhibitors": lambda sb: sb.exhibitors.get,
    "agenda_drafts": lambda sb: sb.agenda_drafts.get,
    "rules": lambda sb: sb.rules.get,
    "personas": lambda sb: sb.personas.get,
    "transcriptions": lambda sb: sb.transcriptions.get,
}
"""The gets of single records, likewise."""

EXPANDABLE = frozenset({"sessions", "speakers", "contacts", "org_contacts", "sponsors", "exhibitors"})
"""The resources whose get takes expansions."""
