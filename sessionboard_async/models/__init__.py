"""Every record the API sends, as a class.

Records know nothing of HTTP: they can be made, compared, encoded with ``msgspec`` and tested on their own.
"""

from __future__ import annotations

from sessionboard_async.models.accounts import AccountContact, Exhibitor, Sponsor
from sessionboard_async.models.base import EventId, Record, Timestamp
from sessionboard_async.models.compositions import (
    CompositionDetail,
    CompositionSource,
    CompositionStatus,
    CompositionTarget,
)
from sessionboard_async.models.events import Event, EventFeatures
from sessionboard_async.models.fields import CustomFieldValue, Field, TranslatedField
from sessionboard_async.models.metadata import Format, Language, Level, Room, Status, Tag, Track
from sessionboard_async.models.people import (
    Contact,
    ContactSessions,
    ContactSessionSummary,
    OrgContactSessions,
    OrgContactSessionSummary,
    ParticipantRole,
    SessionParticipant,
    SessionSpeaker,
)
from sessionboard_async.models.sessions import Content, Session, SessionStatus, Subsession, SubsessionStatus

__all__ = [
    "AccountContact",
    "CompositionDetail",
    "CompositionSource",
    "CompositionStatus",
    "CompositionTarget",
    "Contact",
    "ContactSessionSummary",
    "ContactSessions",
    "Content",
    "CustomFieldValue",
    "Event",
    "EventFeatures",
    "EventId",
    "Exhibitor",
    "Field",
    "Format",
    "Language",
    "Level",
    "OrgContactSessionSummary",
    "OrgContactSessions",
    "ParticipantRole",
    "Record",
    "Room",
    "Session",
    "SessionParticipant",
    "SessionSpeaker",
    "SessionStatus",
    "Sponsor",
    "Status",
    "Subsession",
    "SubsessionStatus",
    "Tag",
    "Timestamp",
    "Track",
    "TranslatedField",
]
