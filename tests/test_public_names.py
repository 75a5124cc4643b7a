"""The public names, module by module: a change of the public surface shows in this file."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.services import load_services

PUBLIC = {
    "sessionboard_async": """
        APIError Answered AnsweringServices AsyncSession AttemptTimeoutError AuthenticationError
        BadRequestError Budget BulkInterruptedError BulkOutcomes BulkResult Cache CallWait Checkpoint
        ClientClosedError ClientStateError ConfigurationError ConflictError ConnectError ConnectionLostError
        Consistency Create DailyQuotaExceeded DeadlineExceededError DecodeError Delete Download
        EqualTimestampsError Expansion FieldSearch Limits NotFoundError OnInvalid Page PageStream Pager
        PagerOptions Pagination PaginationError PermissionDeniedError PrefetchDepth RateLimitError
        RateLimitStoreError RateLimitWaitExceeded RateLimits RecordSearch RecordStream RedirectError Region
        RequestContext Response ResponseError ResponseInfo ResponseTooLargeError Retry ServerError
        SessionStatusName SessionboardError SharedRateLimits Sort StatusError StatusSearch StatusSort
        StorageError Timeout Timestamp TransportError UNSET UnprocessableError UnreadableField UnsetType
        Update WrongEventLoopError __version__ code_challenge
    """,
    "sessionboard_async.change_feed": """
        Batch BatchStream Change ChangeFeed ChangeKind KnownIds RESOURCES changes
    """,
    "sessionboard_async.errors": """
        APIError AttemptTimeoutError AuthenticationError BadRequestError BulkInterruptedError
        ClientClosedError ClientStateError ConfigurationError ConflictError ConnectError
        ConnectionLostError DailyQuotaExceeded DeadlineExceededError DecodeError EqualTimestampsError
        NotFoundError PaginationError PermissionDeniedError RateLimitError RateLimitStoreError
        RateLimitWaitExceeded RedirectError ResponseError ResponseTooLargeError ServerError SessionboardError
        StatusError StorageError TransportError UnprocessableError WrongEventLoopError
    """,
    "sessionboard_async.export": """
        EarlierFile ExportProgress Manifest RESOURCES ResourceSummary RunId export_checkpoint export_event
    """,
    "sessionboard_async.guides": """
        Chapter chapters read
    """,
    "sessionboard_async.models": """
        AccountContact AgendaDraft AuthorizationAnswer AuthorizationRequest AuthorizationServer
        BaseContentItem BulkAnswer BulkItemError BulkOutcome BulkResult BulkStats ComposedTranscription
        CompositionDetail CompositionSource CompositionStatus CompositionTarget Contact
        ContactSessionSummary ContactSessions Content ContentItem ContentSpeaker CustomFieldValue
        Dashboard Document DraftChanges DraftSession Event EventContent EventFeatures EventId Exhibitor
        Field FileUpload Format GDPRMatches GDPRRequest GeneratedQuery Insight Language Level MediaItem
        MediaPart MediaUpload OAuthTokens OpenRecord OrgContactSessionSummary OrgContactSessions
        ParticipantRole Persona Podcast Recap Record Recording RecordingUpload Room Rule SavedQuery
        Session SessionContent SessionParticipant SessionSpeaker SessionStatus SignedPart SignedParts
        Sponsor Status Subsession SubsessionStatus Suggestion Suggestions Summary Tag Timestamp Track
        Transcription TranscriptionElement TranscriptionFragment TranscriptionInsight
        TranscriptionSummary TranscriptionTranslation TranslatedField UploadAddress Widget
    """,
    "sessionboard_async.services": """
        AgendaDrafts Contacts ContentPacks Dashboards Events Exhibitors Fields Files Formats GDPR
        Insights Languages Levels Media OAuth OrgContacts Personas Queries Recordings Rooms Rules
        Sessions Speakers Sponsors Statuses Tags Tracks Transcriptions Widgets
    """,
    "sessionboard_async.sqlite": """
        Applied Database RecordChange SyncSummary schema_sql sync_event
    """,
    "sessionboard_async.testing": """
        Changes EmbeddedServer Fault FaultKind HeaderStyle RecordedRequest ServerLimits SimulatedTime TieOrder
        TimeBounds TimePrecision Times
    """,
    "sessionboard_async.types": """
        AccountCreate AccountUpdate Assume AsyncFile ColoredCreate ColoredUpdate ContactCreate ContactLike
        ContactUpdate ContentExpansion ContentItemLike CustomFields DashboardCreate DashboardUpdate
        DraftCreate DraftSessionCreate DraftSessionUpdate DraftUpdate EventContentExpansion EventId EventLike
        ExecuteFile ExecuteOptions ExecuteRows Extra FieldModule FieldScope FieldSource FieldValues FileCreate
        FileUpdate GDPRIdentityType GDPRRequestType Id Kinds NamedCreate NamedUpdate OnStoreError Operation
        Operations PersonaCreate PersonaUpdate Provider QueryCreate QueryUpdate QueryValue RecordingComplete
        RecordingCreate RoomCreate RoomUpdate RuleCreate RuleUpdate RunFile RunOptions RunRows SessionCreate
        SessionLike SessionPackLike SessionUpdate Source Ssl Target TokenType TokenTypeHint TranscriptionType
        Turn Unchanged Variant WidgetCreate WidgetUpdate Writable Writer
    """,
}
"""The names that each public module exports."""

METHODS = {
    "AsyncSession": """
        aclose agenda_drafts base_url closed contacts content dashboards events exhibitors fields files
        formats gdpr insights languages levels limits media oauth org_contacts personas queries
        recordings request rooms rules send_file sessions speakers sponsors statuses tags tracks
        transcriptions waits widgets with_options with_response
    """,
    "events": """
        get list
    """,
    "sessions": """
        bulk create delete get list restore search search_statuses update update_fields
    """,
    "speakers": """
        get search
    """,
    "contacts": """
        bulk create delete get restore search sessions update
    """,
    "org_contacts": """
        get search sessions
    """,
    "sponsors": """
        bulk create delete get restore search update
    """,
    "exhibitors": """
        bulk create delete get restore search update
    """,
    "fields": """
        create delete list search update
    """,
    "rooms": """
        create delete list search update
    """,
    "tracks": """
        create delete list search update
    """,
    "tags": """
        create delete list search update
    """,
    "formats": """
        create delete list search update
    """,
    "levels": """
        create delete list search update
    """,
    "languages": """
        create delete list search update
    """,
    "statuses": """
        create delete list restore search update
    """,
    "agenda_drafts": """
        add_session bulk_sessions changes commit create delete get list remove_session sessions update
        update_session
    """,
    "rules": """
        create delete get list update
    """,
    "personas": """
        create delete get list update
    """,
    "dashboards": """
        create delete get list update
    """,
    "widgets": """
        create delete update
    """,
    "queries": """
        create delete list run update
    """,
    "insights": """
        dashboard event_schema execute execute_file generate queries run_query run_query_file schema
        suggestions
    """,
    "content": """
        download_event_document download_session_document event item list session
    """,
    "transcriptions": """
        create delete get get_for_session list list_for_session update
    """,
    "recordings": """
        complete create get list
    """,
    "media": """
        abort complete get initiate sign_parts
    """,
    "files": """
        complete create delete list replace update upload
    """,
    "gdpr": """
        create list
    """,
    "oauth": """
        authorize exchange_code metadata refresh revoke
    """,
}
"""The attributes of the client, and the methods of each of its services."""


def exported(module: str) -> list[str]:
    """Return the names that a module exports: those in ``__all__``, else those that it defines."""
    loaded = import_module(module)
    if names := getattr(loaded, "__all__", None):
        return sorted(names)
    return sorted(
        name
        for name, value in vars(loaded).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    )


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_exports_the_listed_names(module: str) -> None:
    assert exported(module) == PUBLIC[module].split()


@pytest.mark.parametrize("module", PUBLIC)
def test_every_exported_name_is_there(module: str) -> None:
    loaded = import_module(module)
    assert [name for name in PUBLIC[module].split() if not hasattr(loaded, name)] == []


def test_the_client_has_the_listed_attributes() -> None:
    # Of a client: its class has a `close` too, which says what to write instead.
    names = [name for name in dir(AsyncSession("a-token")) if not name.startswith("_")]
    assert names == METHODS["AsyncSession"].split()


def test_every_service_is_listed() -> None:
    assert ["AsyncSession", *load_services()] == [*METHODS]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "AsyncSession"])
def test_a_service_has_the_listed_methods(name: str) -> None:
    service = load_services()[name]
    public = [name for name in dir(service) if not name.startswith("_")]
    assert public == METHODS[name].split()
    assert all(inspect.isfunction(getattr(service, name)) for name in public)
