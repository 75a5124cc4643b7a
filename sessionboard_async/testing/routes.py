"""What each operation answers: pure functions from the organization and a call to plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from multidict import MultiMapping

from sessionboard_async.testing.accounts import Accounts
from sessionboard_async.testing.agenda import SessionRow
from sessionboard_async.testing.dataset import Event, Organization
from sessionboard_async.testing.fields import Record
from sessionboard_async.testing.metadata import FAMILIES
from sessionboard_async.testing.problems import RequestError
from sessionboard_async.testing.query import (
    FIELD_FILTERS,
    RECORD_FILTERS,
    SESSION_FILTERS,
    STATUS_FILTERS,
    STATUSES,
    Criteria,
    expansions_of,
    read_flag,
    read_page,
    read_search,
    read_word,
    refuse_unknown,
    select,
)

_PAGING = ("page", "pageSize")


@dataclass(frozen=True)
class Call:
    """One request: the arguments in its path, its query, and its body."""

    path: Mapping[str, str]
    query: MultiMapping[str]
    body: bytes


Handler = Callable[[Organization, Call], object]


class Operation(NamedTuple):
    """How an operation is answered, and the scope that a token needs for it."""

    handler: Handler
    scope: str


def _event(organization: Organization, call: Call) -> Event:
    text = call.path["event_id"]
    event = organization.events.get(int(text[:9])) if text.isascii() and text.isdigit() else None
    if event is None:
        raise RequestError(404, "there is no such event")
    return event


def _found(results: Sequence[object], pagination: Record) -> Record:
    return {"results": results, "pagination": pagination}


def _list_events(organization: Organization, call: Call) -> object:
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    events = list(organization.events.values())
    return _found([event.record() for event in page.of(events)], page.pagination(len(events)))


# Sessions


def _expand(event: Event, names: frozenset[str]) -> frozenset[str]:
    return names if event.has_translations else names - {"translated_fields"}


def _search_sessions(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, SESSION_FILTERS)
    rows = event.sessions(criteria, linked_sources="linked_sources" in expand)
    shown = _expand(event, expand)
    records = [event.program.session(row, unassigned={}, expand=shown) for row in page.of(rows)]
    return _found(records, page.pagination(len(rows)))


def _list_sessions(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    query = call.query
    refuse_unknown(
        query, ("page", "page_size", "is_abstract", "expand", "status", "track_id", "tag_id", "search")
    )
    page = read_page(query, size_name="page_size")
    equal: list[tuple[str, object]] = []
    if (is_abstract := read_flag(query, "is_abstract")) is not None:
        equal.append(("is_abstract", is_abstract))
    if (status := query.get("status")) is not None:
        equal.append(("status", read_word(status, "status", STATUSES)))
    if (track := query.get("track_id")) is not None:
        equal.append(("track_id", track))
    expand = expansions_of(query)
    rows = event.sessions(Criteria(tuple(equal)), linked_sources="linked_sources" in expand)
    if (tag := query.get("tag_id")) is not None:
        rows = [row for row in rows if tag in row.tag_ids]
    if (text := query.get("search")) is not None:
        rows = [row for row in rows if text.casefold() in event.program.title(row).casefold()]
    shown = _expand(event, expand)
    records = [event.program.session(row, unassigned=None, expand=shown) for row in page.of(rows)]
    return {"data": records, "pagination": page.snake_pagination(len(rows))}


def _search_sessions_by_status(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, STATUS_FILTERS)
    rows = event.statuses(criteria, linked_sources="linked_sources" in expand)
    return _found([event.program.status(row) for row in page.of(rows)], page.pagination(len(rows)))


def _get_session(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, ("expand",))
    expand = _expand(event, expansions_of(call.query))
    row = event.session(call.path["session_id"])
    if row is None:
        raise RequestError(404, "there is no such session")
    return event.program.session(row, unassigned={}, expand=expand)


# People


def _search_people(
    organization: Organization, call: Call, indexes: range, *, prefix: str, has_translations: bool
) -> object:
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, RECORD_FILTERS)
    rows = organization.contacts(indexes, criteria)
    translated = has_translations and "translated_fields" in expand
    records = [
        organization.people.contact(row.ordinal, prefix=prefix, translated=translated)
        for row in page.of(rows)
    ]
    return _found(records, page.pagination(len(rows)))


def _person(organization: Organization, call: Call, indexes: range) -> int:
    index = organization.contact_by_id.get(call.path["contact_id"])
    if index is None or index not in indexes:
        raise RequestError(404, "there is no such contact")
    return index


def _get_person(
    organization: Organization, call: Call, indexes: range, *, prefix: str, has_translations: bool
) -> object:
    refuse_unknown(call.query, ("expand",))
    translated = has_translations and "translated_fields" in expansions_of(call.query)
    index = _person(organization, call, indexes)
    return organization.people.contact(index, prefix=prefix, translated=translated)


def _search_speakers(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    return _search_people(
        organization, call, event.speaker_indexes, prefix="SPK", has_translations=event.has_translations
    )


def _get_speaker(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    return _get_person(
        organization, call, event.speaker_indexes, prefix="SPK", has_translations=event.has_translations
    )


def _search_event_contacts(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    return _search_people(
        organization, call, event.contact_indexes, prefix="CONT", has_translations=event.has_translations
    )


def _get_event_contact(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    return _get_person(
        organization, call, event.contact_indexes, prefix="CONT", has_translations=event.has_translations
    )


def _get_contact_sessions(organization: Organization, call: Call) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, ())
    rows = event.sessions_of(_person(organization, call, event.contact_indexes))
    return _summaries([event.program.summary(row) for row in rows], rows)


def _everybody(organization: Organization, call: Call) -> range:
    if call.path["org_id"] != organization.id:
        raise RequestError(404, "there is no such organization")
    return range(organization.people.count)


def _search_org_contacts(organization: Organization, call: Call) -> object:
    everybody = _everybody(organization, call)
    return _search_people(organization, call, everybody, prefix="CONT", has_translations=True)


def _get_org_contact(organization: Organization, call: Call) -> object:
    everybody = _everybody(organization, call)
    return _get_person(organization, call, everybody, prefix="CONT", has_translations=True)


def _get_org_contact_sessions(organization: Organization, call: Call) -> object:
    refuse_unknown(call.query, ())
    contact = _person(organization, call, _everybody(organization, call))
    taken = [(event, row) for event in organization.events.values() for row in event.sessions_of(contact)]
    summaries = [{**event.program.summary(row), "event_id": event.id} for event, row in taken]
    return _summaries(summaries, [row for _, row in taken])


def _summaries(summaries: Sequence[Record], rows: Sequence[SessionRow]) -> Record:
    statuses = {row.status for row in rows}
    together = "accepted" if "accepted" in statuses else "pending" if len(statuses) > 1 else None
    return {"sessions": summaries, "status": together or next(iter(statuses), None)}


# Sponsors and exhibitors


def _accounts(event: Event, kind: str) -> Accounts:
    return event.sponsors if kind == "sponsor" else event.exhibitors


def _search_accounts(organization: Organization, call: Call, *, kind: str) -> object:
    event = _event(organization, call)
    accounts = _accounts(event, kind)
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, expand = read_search(call.body, RECORD_FILTERS)
    rows = select(accounts.rows, criteria)
    translated = event.has_translations and "translated_fields" in expand
    records = [accounts.account(row.ordinal, translated=translated) for row in page.of(rows)]
    return _found(records, page.pagination(len(rows)))


def _get_account(organization: Organization, call: Call, *, kind: str) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, ("expand",))
    translated = event.has_translations and "translated_fields" in expansions_of(call.query)
    accounts = _accounts(event, kind)
    index = accounts.index_by_id.get(call.path[f"{kind}_id"])
    if index is None:
        raise RequestError(404, f"there is no such {kind}")
    return accounts.account(index, translated=translated)


# Settings


def _list_fields(organization: Organization, call: Call) -> object:
    fields = _event(organization, call).fields
    refuse_unknown(call.query, ())
    return [fields.record(row) for row in fields.rows]


def _search_fields(organization: Organization, call: Call) -> object:
    fields = _event(organization, call).fields
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, FIELD_FILTERS)
    rows = select(fields.rows, criteria)
    return _found([fields.record(row) for row in page.of(rows)], page.pagination(len(rows)))


def _list_metadata(organization: Organization, call: Call, *, family: str) -> object:
    event = _event(organization, call)
    refuse_unknown(call.query, ())
    return event.metadata.all(family)


def _search_metadata(organization: Organization, call: Call, *, family: str) -> object:
    metadata = _event(organization, call).metadata
    refuse_unknown(call.query, _PAGING)
    page = read_page(call.query)
    criteria, _ = read_search(call.body, RECORD_FILTERS)
    rows = select(metadata.rows(family), criteria)
    records = metadata.all(family)
    return _found([records[row.ordinal] for row in page.of(rows)], page.pagination(len(rows)))


OPERATIONS: dict[str, Operation] = {
    "list-events": Operation(_list_events, "read:events"),
    "search-sessions": Operation(_search_sessions, "read:sessions"),
    "list-sessions": Operation(_list_sessions, "read:sessions"),
    "search-sessions-by-status": Operation(_search_sessions_by_status, "read:sessions"),
    "get-session": Operation(_get_session, "read:sessions"),
    "search-speakers": Operation(_search_speakers, "read:contacts"),
    "get-speaker": Operation(_get_speaker, "read:contacts"),
    "search-event-contacts": Operation(_search_event_contacts, "read:contacts"),
    "get-event-contact": Operation(_get_event_contact, "read:contacts"),
    "get-contact-sessions": Operation(_get_contact_sessions, "read:contacts"),
    "search-org-contacts": Operation(_search_org_contacts, "read:contacts"),
    "get-org-contact": Operation(_get_org_contact, "read:contacts"),
    "get-org-contact-sessions": Operation(_get_org_contact_sessions, "read:contacts"),
    "list-fields": Operation(_list_fields, "read:events"),
    "search-fields": Operation(_search_fields, "read:events"),
    "list-statuses": Operation(partial(_list_metadata, family="statuses"), "read:events"),
    "search-session-statuses": Operation(partial(_search_metadata, family="statuses"), "read:events"),
}
"""Every operation that is answered, by its ``operationId``."""

for _family in FAMILIES:
    OPERATIONS[f"list-{_family}"] = Operation(partial(_list_metadata, family=_family), "read:events")
    OPERATIONS[f"search-{_family}"] = Operation(partial(_search_metadata, family=_family), "read:events")
for _kind in ("sponsor", "exhibitor"):
    OPERATIONS[f"search-{_kind}s"] = Operation(partial(_search_accounts, kind=_kind), "read:contacts")
    OPERATIONS[f"get-{_kind}"] = Operation(partial(_get_account, kind=_kind), "read:contacts")
