"""Handlers of speakers and contacts."""

from __future__ import annotations

from collections.abc import Sequence

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.query import (
    RECORD_FILTERS,
    expansions_of,
    read_page,
    read_search,
    refuse_unknown,
)
from sessionboard_async.testing._data.registry import Group
from sessionboard_async.testing._handlers.records import writing
from sessionboard_async.testing._writes.record_edits import ContactEditor
from sessionboard_async.testing._writes.requests import (
    PAGING,
    Handler,
    HandlerRequest,
    event_of,
    search_reply,
)


def _search_people(
    organization: Organization, call: HandlerRequest, group: Group, *, prefix: str, has_translations: bool
) -> object:
    refuse_unknown(call.query, PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, RECORD_FILTERS, inclusive=organization.has_inclusive_bounds)
    rows = group.select(criteria)
    translated = has_translations and "translated_fields" in expand
    records = [
        organization.people.contact(row.ordinal, prefix=prefix, translated=translated)
        for row in organization.record_order.page(page, rows, criteria)
    ]
    return search_reply(records, page.pagination(len(rows)))


def _get_person(
    organization: Organization, call: HandlerRequest, group: Group, *, prefix: str, has_translations: bool
) -> object:
    refuse_unknown(call.query, ("expand",))
    translated = has_translations and "translated_fields" in expansions_of(call.query)
    index = group.find(call.path["contact_id"])
    return organization.people.contact(index, prefix=prefix, translated=translated)


def _search_speakers(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    return _search_people(
        organization, call, event.speakers, prefix="SPK", has_translations=event.has_translations
    )


def _get_speaker(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    return _get_person(
        organization, call, event.speakers, prefix="SPK", has_translations=event.has_translations
    )


def _search_event_contacts(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    return _search_people(
        organization, call, event.contacts, prefix="CONT", has_translations=event.has_translations
    )


def _get_event_contact(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    return _get_person(
        organization, call, event.contacts, prefix="CONT", has_translations=event.has_translations
    )


def _get_contact_sessions(organization: Organization, call: HandlerRequest) -> object:
    event = event_of(organization, call)
    refuse_unknown(call.query, ())
    rows = event.sessions_of(event.contacts.find(call.path["contact_id"]))
    return _summaries([event.program.summary(row) for row in rows], rows)


def _all_contacts(organization: Organization, call: HandlerRequest) -> Group:
    if call.path["org_id"] != organization.id:
        raise RequestError(404, "there is no such organization")
    return organization.people.everyone


def _search_org_contacts(organization: Organization, call: HandlerRequest) -> object:
    everyone = _all_contacts(organization, call)
    return _search_people(organization, call, everyone, prefix="CONT", has_translations=True)


def _get_org_contact(organization: Organization, call: HandlerRequest) -> object:
    everyone = _all_contacts(organization, call)
    return _get_person(organization, call, everyone, prefix="CONT", has_translations=True)


def _get_org_contact_sessions(organization: Organization, call: HandlerRequest) -> object:
    refuse_unknown(call.query, ())
    contact = _all_contacts(organization, call).find(call.path["contact_id"])
    events = [event for event in organization.events.values() if call.grant.sees(event.id)]
    taken = [(event, row) for event in events for row in event.sessions_of(contact)]
    summaries = [{**event.program.summary(row), "event_id": event.id} for event, row in taken]
    return _summaries(summaries, [row for _, row in taken])


def _summaries(summaries: Sequence[Record], rows: Sequence[SessionRow]) -> Record:
    statuses = {row.status for row in rows}
    together = "accepted" if "accepted" in statuses else "pending" if len(statuses) > 1 else None
    return {"sessions": summaries, "status": together or next(iter(statuses), None)}


OPERATIONS: dict[str, Handler] = {
    "search-speakers": _search_speakers,
    "get-speaker": _get_speaker,
    "search-event-contacts": _search_event_contacts,
    "get-event-contact": _get_event_contact,
    "get-contact-sessions": _get_contact_sessions,
    "search-org-contacts": _search_org_contacts,
    "get-org-contact": _get_org_contact,
    "get-org-contact-sessions": _get_org_contact_sessions,
    **writing("contact", lambda event: event.part(ContactEditor)),
}
