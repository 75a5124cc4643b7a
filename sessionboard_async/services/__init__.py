"""The services: one file per family of resources, its operations first and then its methods."""

from sessionboard_async.services.accounts import Exhibitors, Sponsors
from sessionboard_async.services.events import Events
from sessionboard_async.services.fields import Fields
from sessionboard_async.services.metadata import (
    Formats,
    Languages,
    Levels,
    Rooms,
    Statuses,
    Tags,
    Tracks,
)
from sessionboard_async.services.people import Contacts, OrgContacts, Speakers
from sessionboard_async.services.sessions import Sessions

__all__ = [
    "Contacts",
    "Events",
    "Exhibitors",
    "Fields",
    "Formats",
    "Languages",
    "Levels",
    "OrgContacts",
    "Rooms",
    "Sessions",
    "Speakers",
    "Sponsors",
    "Statuses",
    "Tags",
    "Tracks",
]
