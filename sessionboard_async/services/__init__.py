"""The services: one file per family of operations, with its endpoints and the values that its calls take.

Importing this package imports no family: each is imported when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from sessionboard_async._lazy import lazy_names

if TYPE_CHECKING:
    from sessionboard_async.services._common.service import Service
    from sessionboard_async.services.accounts import Exhibitors, Sponsors
    from sessionboard_async.services.content import ContentPacks
    from sessionboard_async.services.dashboards import Dashboards, Widgets
    from sessionboard_async.services.drafts import AgendaDrafts
    from sessionboard_async.services.events import Events
    from sessionboard_async.services.fields import Fields
    from sessionboard_async.services.files import Files
    from sessionboard_async.services.gdpr import GDPR
    from sessionboard_async.services.insights import Insights
    from sessionboard_async.services.media import Media
    from sessionboard_async.services.metadata import (
        Formats,
        Languages,
        Levels,
        Statuses,
        Tags,
        Tracks,
    )
    from sessionboard_async.services.oauth import OAuth
    from sessionboard_async.services.people import Contacts, OrgContacts, Speakers
    from sessionboard_async.services.planning import Personas, Rules
    from sessionboard_async.services.queries import Queries
    from sessionboard_async.services.recordings import Recordings
    from sessionboard_async.services.rooms import Rooms
    from sessionboard_async.services.sessions import Sessions
    from sessionboard_async.services.transcriptions import Transcriptions

__all__ = [
    "GDPR",
    "AgendaDrafts",
    "Contacts",
    "ContentPacks",
    "Dashboards",
    "Events",
    "Exhibitors",
    "Fields",
    "Files",
    "Formats",
    "Insights",
    "Languages",
    "Levels",
    "Media",
    "OAuth",
    "OrgContacts",
    "Personas",
    "Queries",
    "Recordings",
    "Rooms",
    "Rules",
    "Sessions",
    "Speakers",
    "Sponsors",
    "Statuses",
    "Tags",
    "Tracks",
    "Transcriptions",
    "Widgets",
]

_MODULES = {
    "AgendaDrafts": "drafts",
    "Contacts": "people",
    "ContentPacks": "content",
    "Dashboards": "dashboards",
    "Events": "events",
    "Exhibitors": "accounts",
    "Fields": "fields",
    "Files": "files",
    "Formats": "metadata",
    "GDPR": "gdpr",
    "Insights": "insights",
    "Languages": "metadata",
    "Levels": "metadata",
    "Media": "media",
    "OAuth": "oauth",
    "OrgContacts": "people",
    "Personas": "planning",
    "Queries": "queries",
    "Recordings": "recordings",
    "Rooms": "rooms",
    "Rules": "planning",
    "Sessions": "sessions",
    "Speakers": "people",
    "Sponsors": "accounts",
    "Statuses": "metadata",
    "Tags": "metadata",
    "Tracks": "metadata",
    "Transcriptions": "transcriptions",
    "Widgets": "dashboards",
}

SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "events": "Events",
        "sessions": "Sessions",
        "speakers": "Speakers",
        "contacts": "Contacts",
        "org_contacts": "OrgContacts",
        "sponsors": "Sponsors",
        "exhibitors": "Exhibitors",
        "fields": "Fields",
        "rooms": "Rooms",
        "tracks": "Tracks",
        "tags": "Tags",
        "formats": "Formats",
        "levels": "Levels",
        "languages": "Languages",
        "statuses": "Statuses",
        "agenda_drafts": "AgendaDrafts",
        "rules": "Rules",
        "personas": "Personas",
        "dashboards": "Dashboards",
        "widgets": "Widgets",
        "queries": "Queries",
        "insights": "Insights",
        "content": "ContentPacks",
        "transcriptions": "Transcriptions",
        "recordings": "Recordings",
        "media": "Media",
        "files": "Files",
        "gdpr": "GDPR",
        "oauth": "OAuth",
    }
)
"""The class of each service, by its name on a client."""


def load_service(name: str) -> type[Service]:
    """Import a service and return its class.

    Args:
        name: Its name on a client, such as ``sessions``.

    Raises:
        KeyError: If the service does not exist.
    """
    kind = SERVICES[name]
    service: type[Service] = getattr(import_module(f"{__name__}.{_MODULES[kind]}"), kind)
    return service


def load_services() -> dict[str, type[Service]]:
    """Import all services, which declares all operations, and return their classes by name."""
    return {name: load_service(name) for name in SERVICES}


if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _MODULES)
