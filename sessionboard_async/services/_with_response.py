"""The services whose calls return facts about their answer, ``sb.with_response``: one line a call."""

from __future__ import annotations

from typing import ClassVar, Final

from sessionboard_async.core.engine import Engine
from sessionboard_async.services._answering import Answering, AnsweringService
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
from sessionboard_async.services.metadata import Formats, Languages, Levels, Statuses, Tags, Tracks
from sessionboard_async.services.oauth import OAuth
from sessionboard_async.services.people import Contacts, OrgContacts, Speakers
from sessionboard_async.services.planning import Personas, Rules
from sessionboard_async.services.queries import Queries
from sessionboard_async.services.recordings import Recordings
from sessionboard_async.services.rooms import Rooms
from sessionboard_async.services.sessions import Sessions
from sessionboard_async.services.transcriptions import Transcriptions


class AnsweringEvents(AnsweringService):
    """``Events``, with responses."""

    _kind: ClassVar[type[Service]] = Events
    get: Final = Answering(Events.get)


class AnsweringSessions(AnsweringService):
    """``Sessions``, with responses."""

    _kind: ClassVar[type[Service]] = Sessions
    bulk: Final = Answering(Sessions.bulk)
    create: Final = Answering(Sessions.create)
    delete: Final = Answering(Sessions.delete)
    get: Final = Answering(Sessions.get)
    restore: Final = Answering(Sessions.restore)
    update: Final = Answering(Sessions.update)
    update_fields: Final = Answering(Sessions.update_fields)


class AnsweringSpeakers(AnsweringService):
    """``Speakers``, with responses."""

    _kind: ClassVar[type[Service]] = Speakers
    get: Final = Answering(Speakers.get)


class AnsweringContacts(AnsweringService):
    """``Contacts``, with responses."""

    _kind: ClassVar[type[Service]] = Contacts
    bulk: Final = Answering(Contacts.bulk)
    create: Final = Answering(Contacts.create)
    delete: Final = Answering(Contacts.delete)
    get: Final = Answering(Contacts.get)
    restore: Final = Answering(Contacts.restore)
    sessions: Final = Answering(Contacts.sessions)
    update: Final = Answering(Contacts.update)


class AnsweringOrgContacts(AnsweringService):
    """``OrgContacts``, with responses."""

    _kind: ClassVar[type[Service]] = OrgContacts
    get: Final = Answering(OrgContacts.get)
    sessions: Final = Answering(OrgContacts.sessions)


class AnsweringSponsors(AnsweringService):
    """``Sponsors``, with responses."""

    _kind: ClassVar[type[Service]] = Sponsors
    bulk: Final = Answering(Sponsors.bulk)
    create: Final = Answering(Sponsors.create)
    delete: Final = Answering(Sponsors.delete)
    get: Final = Answering(Sponsors.get)
    restore: Final = Answering(Sponsors.restore)
    update: Final = Answering(Sponsors.update)


class AnsweringExhibitors(AnsweringService):
    """``Exhibitors``, with responses."""

    _kind: ClassVar[type[Service]] = Exhibitors
    bulk: Final = Answering(Exhibitors.bulk)
    create: Final = Answering(Exhibitors.create)
    delete: Final = Answering(Exhibitors.delete)
    get: Final = Answering(Exhibitors.get)
    restore: Final = Answering(Exhibitors.restore)
    update: Final = Answering(Exhibitors.update)


class AnsweringFields(AnsweringService):
    """``Fields``, with responses."""

    _kind: ClassVar[type[Service]] = Fields
    create: Final = Answering(Fields.create)
    delete: Final = Answering(Fields.delete)
    update: Final = Answering(Fields.update)


class AnsweringRooms(AnsweringService):
    """``Rooms``, with responses."""

    _kind: ClassVar[type[Service]] = Rooms
    create: Final = Answering(Rooms.create)
    delete: Final = Answering(Rooms.delete)
    update: Final = Answering(Rooms.update)


class AnsweringTracks(AnsweringService):
    """``Tracks``, with responses."""

    _kind: ClassVar[type[Service]] = Tracks
    create: Final = Answering(Tracks.create)
    delete: Final = Answering(Tracks.delete)
    update: Final = Answering(Tracks.update)


class AnsweringTags(AnsweringService):
    """``Tags``, with responses."""

    _kind: ClassVar[type[Service]] = Tags
    create: Final = Answering(Tags.create)
    delete: Final = Answering(Tags.delete)
    update: Final = Answering(Tags.update)


class AnsweringFormats(AnsweringService):
    """``Formats``, with responses."""

    _kind: ClassVar[type[Service]] = Formats
    create: Final = Answering(Formats.create)
    delete: Final = Answering(Formats.delete)
    update: Final = Answering(Formats.update)


class AnsweringLevels(AnsweringService):
    """``Levels``, with responses."""

    _kind: ClassVar[type[Service]] = Levels
    create: Final = Answering(Levels.create)
    delete: Final = Answering(Levels.delete)
    update: Final = Answering(Levels.update)


class AnsweringLanguages(AnsweringService):
    """``Languages``, with responses."""

    _kind: ClassVar[type[Service]] = Languages
    create: Final = Answering(Languages.create)
    delete: Final = Answering(Languages.delete)
    update: Final = Answering(Languages.update)


class AnsweringStatuses(AnsweringService):
    """``Statuses``, with responses."""

    _kind: ClassVar[type[Service]] = Statuses
    create: Final = Answering(Statuses.create)
    delete: Final = Answering(Statuses.delete)
    restore: Final = Answering(Statuses.restore)
    update: Final = Answering(Statuses.update)


class AnsweringAgendaDrafts(AnsweringService):
    """``AgendaDrafts``, with responses."""

    _kind: ClassVar[type[Service]] = AgendaDrafts
    add_session: Final = Answering(AgendaDrafts.add_session)
    bulk_sessions: Final = Answering(AgendaDrafts.bulk_sessions)
    changes: Final = Answering(AgendaDrafts.changes)
    commit: Final = Answering(AgendaDrafts.commit)
    create: Final = Answering(AgendaDrafts.create)
    delete: Final = Answering(AgendaDrafts.delete)
    get: Final = Answering(AgendaDrafts.get)
    remove_session: Final = Answering(AgendaDrafts.remove_session)
    update: Final = Answering(AgendaDrafts.update)
    update_session: Final = Answering(AgendaDrafts.update_session)


class AnsweringRules(AnsweringService):
    """``Rules``, with responses."""

    _kind: ClassVar[type[Service]] = Rules
    create: Final = Answering(Rules.create)
    delete: Final = Answering(Rules.delete)
    get: Final = Answering(Rules.get)
    update: Final = Answering(Rules.update)


class AnsweringPersonas(AnsweringService):
    """``Personas``, with responses."""

    _kind: ClassVar[type[Service]] = Personas
    create: Final = Answering(Personas.create)
    delete: Final = Answering(Personas.delete)
    get: Final = Answering(Personas.get)
    update: Final = Answering(Personas.update)


class AnsweringDashboards(AnsweringService):
    """``Dashboards``, with responses."""

    _kind: ClassVar[type[Service]] = Dashboards
    create: Final = Answering(Dashboards.create)
    delete: Final = Answering(Dashboards.delete)
    get: Final = Answering(Dashboards.get)
    update: Final = Answering(Dashboards.update)


class AnsweringWidgets(AnsweringService):
    """``Widgets``, with responses."""

    _kind: ClassVar[type[Service]] = Widgets
    create: Final = Answering(Widgets.create)
    delete: Final = Answering(Widgets.delete)
    update: Final = Answering(Widgets.update)


class AnsweringQueries(AnsweringService):
    """``Queries``, with responses."""

    _kind: ClassVar[type[Service]] = Queries
    create: Final = Answering(Queries.create)
    delete: Final = Answering(Queries.delete)
    update: Final = Answering(Queries.update)


class AnsweringInsights(AnsweringService):
    """``Insights``, with responses."""

    _kind: ClassVar[type[Service]] = Insights
    dashboard: Final = Answering(Insights.dashboard)
    event_schema: Final = Answering(Insights.event_schema)
    execute_file: Final = Answering(Insights.execute_file)
    generate: Final = Answering(Insights.generate)
    run_query_file: Final = Answering(Insights.run_query_file)
    schema: Final = Answering(Insights.schema)
    suggestions: Final = Answering(Insights.suggestions)


class AnsweringContentPacks(AnsweringService):
    """``ContentPacks``, with responses."""

    _kind: ClassVar[type[Service]] = ContentPacks
    download_event_document: Final = Answering(ContentPacks.download_event_document)
    download_session_document: Final = Answering(ContentPacks.download_session_document)
    event: Final = Answering(ContentPacks.event)
    item: Final = Answering(ContentPacks.item)
    session: Final = Answering(ContentPacks.session)


class AnsweringTranscriptions(AnsweringService):
    """``Transcriptions``, with responses."""

    _kind: ClassVar[type[Service]] = Transcriptions
    create: Final = Answering(Transcriptions.create)
    delete: Final = Answering(Transcriptions.delete)
    get: Final = Answering(Transcriptions.get)
    get_for_session: Final = Answering(Transcriptions.get_for_session)
    update: Final = Answering(Transcriptions.update)


class AnsweringRecordings(AnsweringService):
    """``Recordings``, with responses."""

    _kind: ClassVar[type[Service]] = Recordings
    complete: Final = Answering(Recordings.complete)
    create: Final = Answering(Recordings.create)
    get: Final = Answering(Recordings.get)


class AnsweringMedia(AnsweringService):
    """``Media``, with responses."""

    _kind: ClassVar[type[Service]] = Media
    abort: Final = Answering(Media.abort)
    complete: Final = Answering(Media.complete)
    get: Final = Answering(Media.get)
    initiate: Final = Answering(Media.initiate)
    sign_parts: Final = Answering(Media.sign_parts)


class AnsweringFiles(AnsweringService):
    """``Files``, with responses."""

    _kind: ClassVar[type[Service]] = Files
    complete: Final = Answering(Files.complete)
    create: Final = Answering(Files.create)
    delete: Final = Answering(Files.delete)
    replace: Final = Answering(Files.replace)
    update: Final = Answering(Files.update)
    upload: Final = Answering(Files.upload)


class AnsweringGDPR(AnsweringService):
    """``GDPR``, with responses."""

    _kind: ClassVar[type[Service]] = GDPR
    create: Final = Answering(GDPR.create)


class AnsweringOAuth(AnsweringService):
    """``OAuth``, with responses."""

    _kind: ClassVar[type[Service]] = OAuth
    authorize: Final = Answering(OAuth.authorize)
    exchange_code: Final = Answering(OAuth.exchange_code)
    metadata: Final = Answering(OAuth.metadata)
    refresh: Final = Answering(OAuth.refresh)
    revoke: Final = Answering(OAuth.revoke)


class AnsweringServices:
    """The services of a client, whose calls return an ``Answered``.

    Those that return a pager are not here: their pages have ``page.response``.

    Args:
        engine: Sends requests.
    """

    def __init__(self, engine: Engine) -> None:
        self.events: AnsweringEvents = AnsweringEvents(engine)
        self.sessions: AnsweringSessions = AnsweringSessions(engine)
        self.speakers: AnsweringSpeakers = AnsweringSpeakers(engine)
        self.contacts: AnsweringContacts = AnsweringContacts(engine)
        self.org_contacts: AnsweringOrgContacts = AnsweringOrgContacts(engine)
        self.sponsors: AnsweringSponsors = AnsweringSponsors(engine)
        self.exhibitors: AnsweringExhibitors = AnsweringExhibitors(engine)
        self.fields: AnsweringFields = AnsweringFields(engine)
        self.rooms: AnsweringRooms = AnsweringRooms(engine)
        self.tracks: AnsweringTracks = AnsweringTracks(engine)
        self.tags: AnsweringTags = AnsweringTags(engine)
        self.formats: AnsweringFormats = AnsweringFormats(engine)
        self.levels: AnsweringLevels = AnsweringLevels(engine)
        self.languages: AnsweringLanguages = AnsweringLanguages(engine)
        self.statuses: AnsweringStatuses = AnsweringStatuses(engine)
        self.agenda_drafts: AnsweringAgendaDrafts = AnsweringAgendaDrafts(engine)
        self.rules: AnsweringRules = AnsweringRules(engine)
        self.personas: AnsweringPersonas = AnsweringPersonas(engine)
        self.dashboards: AnsweringDashboards = AnsweringDashboards(engine)
        self.widgets: AnsweringWidgets = AnsweringWidgets(engine)
        self.queries: AnsweringQueries = AnsweringQueries(engine)
        self.insights: AnsweringInsights = AnsweringInsights(engine)
        self.content: AnsweringContentPacks = AnsweringContentPacks(engine)
        self.transcriptions: AnsweringTranscriptions = AnsweringTranscriptions(engine)
        self.recordings: AnsweringRecordings = AnsweringRecordings(engine)
        self.media: AnsweringMedia = AnsweringMedia(engine)
        self.files: AnsweringFiles = AnsweringFiles(engine)
        self.gdpr: AnsweringGDPR = AnsweringGDPR(engine)
        self.oauth: AnsweringOAuth = AnsweringOAuth(engine)
