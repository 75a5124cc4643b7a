"""Types of the values that calls take, to annotate code that passes them on.

The package itself exports the keywords of searches and pagers.
"""

from __future__ import annotations

from sessionboard_async.core.http.auth import TokenType
from sessionboard_async.core.http.connection_safety import Ssl
from sessionboard_async.core.http.request import QueryValue
from sessionboard_async.core.http.transfers.sink import Target, Writer
from sessionboard_async.core.http.transfers.source import AsyncFile, Source
from sessionboard_async.core.options import Assume, OnStoreError, Unchanged
from sessionboard_async.models.base import EventId
from sessionboard_async.models.kinds import Kinds
from sessionboard_async.services._common.bulk.operations import Operation, Operations
from sessionboard_async.services._common.ids.arguments import Id
from sessionboard_async.services._common.ids.events import EventLike
from sessionboard_async.services._common.ids.sessions import SessionLike
from sessionboard_async.services._common.insights import (
    ExecuteFile,
    ExecuteOptions,
    ExecuteRows,
    RunFile,
    RunOptions,
    RunRows,
    Turn,
)
from sessionboard_async.services._common.payloads import CustomFields, Extra, Writable
from sessionboard_async.services.accounts import AccountCreate, AccountUpdate
from sessionboard_async.services.content import (
    ContentExpansion,
    ContentItemLike,
    EventContentExpansion,
    Provider,
    SessionPackLike,
    Variant,
)
from sessionboard_async.services.dashboards import (
    DashboardCreate,
    DashboardUpdate,
    WidgetCreate,
    WidgetUpdate,
)
from sessionboard_async.services.drafts import (
    DraftCreate,
    DraftSessionCreate,
    DraftSessionUpdate,
    DraftUpdate,
)
from sessionboard_async.services.fields import FieldModule, FieldScope, FieldSource, FieldValues
from sessionboard_async.services.files import FileCreate, FileUpdate
from sessionboard_async.services.gdpr import GDPRIdentityType, GDPRRequestType
from sessionboard_async.services.metadata import ColoredCreate, ColoredUpdate, NamedCreate, NamedUpdate
from sessionboard_async.services.oauth import TokenTypeHint
from sessionboard_async.services.people import ContactCreate, ContactLike, ContactUpdate
from sessionboard_async.services.planning import PersonaCreate, PersonaUpdate, RuleCreate, RuleUpdate
from sessionboard_async.services.queries import QueryCreate, QueryUpdate
from sessionboard_async.services.recordings import RecordingComplete, RecordingCreate
from sessionboard_async.services.rooms import RoomCreate, RoomUpdate
from sessionboard_async.services.sessions import SessionCreate, SessionUpdate
from sessionboard_async.services.transcriptions import TranscriptionType

__all__ = [
    "AccountCreate",
    "AccountUpdate",
    "Assume",
    "AsyncFile",
    "ColoredCreate",
    "ColoredUpdate",
    "ContactCreate",
    "ContactLike",
    "ContactUpdate",
    "ContentExpansion",
    "ContentItemLike",
    "CustomFields",
    "DashboardCreate",
    "DashboardUpdate",
    "DraftCreate",
    "DraftSessionCreate",
    "DraftSessionUpdate",
    "DraftUpdate",
    "EventContentExpansion",
    "EventId",
    "EventLike",
    "ExecuteFile",
    "ExecuteOptions",
    "ExecuteRows",
    "Extra",
    "FieldModule",
    "FieldScope",
    "FieldSource",
    "FieldValues",
    "FileCreate",
    "FileUpdate",
    "GDPRIdentityType",
    "GDPRRequestType",
    "Id",
    "Kinds",
    "NamedCreate",
    "NamedUpdate",
    "OnStoreError",
    "Operation",
    "Operations",
    "PersonaCreate",
    "PersonaUpdate",
    "Provider",
    "QueryCreate",
    "QueryUpdate",
    "QueryValue",
    "RecordingComplete",
    "RecordingCreate",
    "RoomCreate",
    "RoomUpdate",
    "RuleCreate",
    "RuleUpdate",
    "RunFile",
    "RunOptions",
    "RunRows",
    "SessionCreate",
    "SessionLike",
    "SessionPackLike",
    "SessionUpdate",
    "Source",
    "Ssl",
    "Target",
    "TokenType",
    "TokenTypeHint",
    "TranscriptionType",
    "Turn",
    "Unchanged",
    "Variant",
    "WidgetCreate",
    "WidgetUpdate",
    "Writable",
    "Writer",
]
