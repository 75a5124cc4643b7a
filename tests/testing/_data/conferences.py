"""The data of small invented conferences, and a digest that compares them between processes."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import msgspec

from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.query import EXPANSIONS, Criteria

EVERYTHING = frozenset(EXPANSIONS)


def organization(seed: int = 1, **numbers: int) -> Organization:
    given_numbers: dict[str, Any] = {
        "speakers": None,
        "contacts": None,
        "sponsors": None,
        "exhibitors": None,
        "events": 1,
        "sessions": 120,
    }
    return Organization(seed, Size.of(**(given_numbers | numbers)))


def first_event(seed: int = 1, **numbers: int) -> EventData:
    return next(iter(organization(seed, **numbers).events.values()))


def sessions(event: EventData, expand: frozenset[str] = EVERYTHING) -> list[dict[str, Any]]:
    rows = event.sessions(Criteria(), linked_sources=True)
    return [dict(event.program.session(row, unassigned={}, expand=expand)) for row in rows]


@cache
def digest(seed: int) -> str:
    event = first_event(seed, sessions=60)
    everything = [
        sessions(event),
        [event.program.status(row) for row in event.statuses(Criteria(), linked_sources=True)],
        [event.people.contact(index, translated=True) for index in event.contact_indexes],
        [event.sponsors.account(row.ordinal, translated=True) for row in event.sponsors.rows],
        [event.metadata.all(family) for family in ("rooms", "tracks", "tags", "statuses")],
        [event.fields.record(row) for row in event.fields.rows],
        event.record(),
    ]
    return hashlib.sha256(msgspec.json.encode(everything)).hexdigest()
