"""Contacts, and the people on a session."""

from __future__ import annotations

from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import EventId, Record
from sessionboard_async.models.compositions import CompositionStatus
from sessionboard_async.models.profile import Profile


class Person(Profile, frozen=True, kw_only=True):
    """The fields that contacts and people on a session share.

    For a token that hides personal data, the API masks email addresses, phone numbers and more with
    asterisks: never use them as keys, and never write them back.
    """

    full_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    photo_url: str | None = None
    company_name: str | None = None
    title: str | None = None
    about: str | None = None
    phone_home: str | None = None
    phone_mobile: str | None = None


class Contact(Person, frozen=True, kw_only=True):
    """A contact of an organization or event, such as a speaker or attendee.

    Figures such as ``speaker_fee`` or ``headcount`` are texts of any form.
    """

    honorific: str | None = None
    salutation: str | None = None
    pronouns: str | None = None
    gender: str | None = None
    past_companies: str | None = None
    educational_affiliation: str | None = None
    highest_level_of_education: str | None = None
    ethnicity: str | None = None
    languages: str | None = None
    speaker_score: str | None = None
    organization_contact: str | None = None
    speaker_fee: str | None = None
    availability: str | None = None
    preferred_session_format: str | None = None
    annual_revenue: str | None = None
    headcount: str | None = None
    years_in_operation: str | None = None
    organization_structure: str | None = None
    industry: str | None = None
    global_region: str | None = None
    audience_type: str | None = None
    target_age_range: str | None = None
    topic_expertise: str | None = None
    brand: str | None = None
    admin_url: str | None = None


class ParticipantRole(Record, frozen=True, kw_only=True):
    """The role of a person on a session, as defined by the event.

    Display ``name``. ``core_role`` is the older list that the role belongs to: ``speaker``, ``chairperson``
    or ``moderator``.
    """

    _shown: ClassVar[tuple[str, ...]] = ("id", "slug", "name")
    _short_form: ClassVar[str | None] = "name"

    id: str | None = None
    slug: str | None = None
    name: str | None = None
    name_plural: str | None = None
    core_role: str | None = None


_NO_ROLE = ParticipantRole()


class SessionSpeaker(Person, frozen=True, kw_only=True):
    """A speaker, chairperson or moderator on a session; ``id`` is that of the contact.

    The API sends hidden people too: in public, omit those whose ``is_public`` is false. ``order``,
    ``is_public`` and ``friendly_id_raw`` are not in the API's document.
    """

    participant_role: ParticipantRole | None = None
    order: int | None = None
    is_public: bool | None = None

    def __post_init__(self) -> None:
        if (role := self.participant_role) is not None and role.id is None and role == _NO_ROLE:
            force_setattr(self, "participant_role", None)


class SessionParticipant(SessionSpeaker, frozen=True, kw_only=True):
    """A person on a session, in a role that the event defines.

    A person with two roles has two entries: ``id`` is the person, ``session_participant_id`` the entry.
    """

    session_participant_id: str | None = None


class ContactSessionSummary(Record, frozen=True, kw_only=True):
    """A session in the list of a contact's sessions. Its ``custom_status`` is a name, not an object."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "title", "status")

    id: str | None = None
    title: str | None = None
    status: str | None = None
    custom_status: str | None = None
    is_abstract: bool | None = None
    composition_status: CompositionStatus | None = None

    def __post_init__(self) -> None:
        if self.composition_status == CompositionStatus():
            force_setattr(self, "composition_status", None)


class OrgContactSessionSummary(ContactSessionSummary, frozen=True, kw_only=True):
    """A session in the list of a contact's sessions at all events, with its event."""

    _shown: ClassVar[tuple[str, ...]] = ("event_id", "id", "title", "status")

    event_id: EventId | None = None


class ContactSessions(Record, frozen=True, kw_only=True):
    """A contact's sessions at one event.

    ``status`` summarizes them: ``accepted``, ``pending``, or the status of the only session.
    """

    _shown: ClassVar[tuple[str, ...]] = ("status",)

    sessions: tuple[ContactSessionSummary, ...] | None = None
    status: str | None = None


class OrgContactSessions(Record, frozen=True, kw_only=True):
    """A contact's sessions at all events of the organization; ``status`` summarizes them."""

    _shown: ClassVar[tuple[str, ...]] = ("status",)

    sessions: tuple[OrgContactSessionSummary, ...] | None = None
    status: str | None = None
