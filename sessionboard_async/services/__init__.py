"""The services: one file per family of resources, its operations first and then its methods."""

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
