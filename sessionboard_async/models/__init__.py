"""Every record the API sends, as a class.

Records know nothing of HTTP: they can be made, compared, encoded with ``msgspec`` and tested on their own.
"""

from __future__ import annotations

from sessionboard_async.models.accounts import AccountContact, Exhibitor, Sponsor
from sessionboard_async.models.base import EventId, OpenRecord, Record, Timestamp
from sessionboard_async.models.bulk import BulkAnswer, BulkItemError, BulkOutcome, BulkResult, BulkStats
from sessionboard_async.models.compositions import (
    CompositionDetail,
    CompositionSource,
    CompositionStatus,
    CompositionTarget,
)
from sessionboard_async.models.content import (
    BaseContentItem,
    ComposedTranscription,
    ContentItem,
    ContentSpeaker,
    Document,
    EventContent,
    Insight,
    Podcast,
    Recap,
    SessionContent,
    Summary,
    TranscriptionElement,
)
from sessionboard_async.models.events import Event, EventFeatures
from sessionboard_async.models.fields import CustomFieldValue, Field, TranslatedField
from sessionboard_async.models.gdpr import GDPRMatches, GDPRRequest
from sessionboard_async.models.insights import GeneratedQuery, Suggestion, Suggestions
from sessionboard_async.models.metadata import Format, Language, Level, Room, Status, Tag, Track
from sessionboard_async.models.oauth import (
    AuthorizationAnswer,
    AuthorizationRequest,
    AuthorizationServer,
    OAuthTokens,
)
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
from sessionboard_async.models.planning import AgendaDraft, DraftChanges, DraftSession, Persona, Rule
from sessionboard_async.models.reports import Dashboard, SavedQuery, Widget
from sessionboard_async.models.sessions import Content, Session, SessionStatus, Subsession, SubsessionStatus
from sessionboard_async.models.transcriptions import (
    Transcription,
    TranscriptionFragment,
    TranscriptionInsight,
    TranscriptionSummary,
    TranscriptionTranslation,
)
from sessionboard_async.models.uploads import (
    FileUpload,
    MediaItem,
    MediaPart,
    MediaUpload,
    Recording,
    RecordingUpload,
    SignedPart,
    SignedParts,
    UploadAddress,
)

__all__ = [
    "AccountContact",
    "AgendaDraft",
    "AuthorizationAnswer",
    "AuthorizationRequest",
    "AuthorizationServer",
    "BaseContentItem",
    "BulkAnswer",
    "BulkItemError",
    "BulkOutcome",
    "BulkResult",
    "BulkStats",
    "ComposedTranscription",
    "CompositionDetail",
    "CompositionSource",
    "CompositionStatus",
    "CompositionTarget",
    "Contact",
    "ContactSessionSummary",
    "ContactSessions",
    "Content",
    "ContentItem",
    "ContentSpeaker",
    "CustomFieldValue",
    "Dashboard",
    "Document",
    "DraftChanges",
    "DraftSession",
    "Event",
    "EventContent",
    "EventFeatures",
    "EventId",
    "Exhibitor",
    "Field",
    "FileUpload",
    "Format",
    "GDPRMatches",
    "GDPRRequest",
    "GeneratedQuery",
    "Insight",
    "Language",
    "Level",
    "MediaItem",
    "MediaPart",
    "MediaUpload",
    "OAuthTokens",
    "OpenRecord",
    "OrgContactSessionSummary",
    "OrgContactSessions",
    "ParticipantRole",
    "Persona",
    "Podcast",
    "Recap",
    "Record",
    "Recording",
    "RecordingUpload",
    "Room",
    "Rule",
    "SavedQuery",
    "Session",
    "SessionContent",
    "SessionParticipant",
    "SessionSpeaker",
    "SessionStatus",
    "SignedPart",
    "SignedParts",
    "Sponsor",
    "Status",
    "Subsession",
    "SubsessionStatus",
    "Suggestion",
    "Suggestions",
    "Summary",
    "Tag",
    "Timestamp",
    "Track",
    "Transcription",
    "TranscriptionElement",
    "TranscriptionFragment",
    "TranscriptionInsight",
    "TranscriptionSummary",
    "TranscriptionTranslation",
    "TranslatedField",
    "UploadAddress",
    "Widget",
]
