"""What is lost of data that changes while it is read: by page numbers, and by time, against a real server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sessionboard_async import AsyncSession, SessionStatusName
from sessionboard_async.testing import Changes, EmbeddedServer, SimulatedTime, Times
from sessionboard_async.testing._data.times import Bounds, Precision, TieOrders

_SECONDS_A_REQUEST = 0.2


@dataclass(frozen=True)
class Storm:
    """Data that changes.

    Attributes:
        changes: How it changes per second; a request takes 0.2 of them.
        times: When the sessions were created.
        sessions: How many there are.
        status: The status that is searched for.
    """

    changes: Mapping[str, Any]
    times: Times = Times(step=1.0)  # noqa: RUF009  # it never changes
    sessions: int = 12_000
    status: SessionStatusName | None = None


STORMS = {
    "inserts, updates, deletes": Storm({"inserts": 1.0, "updates": 2.0, "deletes": 0.5}),
    "the same, tied by 300 in random order": Storm(
        {"inserts": 1.0, "updates": 2.0, "deletes": 0.5},
        Times(ties=300, step=60.0, tie_order="random"),
    ),
    "20 deletes a second": Storm({"deletes": 20.0}),
    "2 a second leave the filter": Storm({"flips": 4.0}, sessions=24_000, status="accepted"),
}

MANY = Storm({}, Times(step=0.5), sessions=150_000)
"""More than page numbers reach."""

COMBINATIONS = {
    f"{bounds}, {precision}, {tie_order}, {density}": Times(
        bounds=bounds, precision=precision, tie_order=tie_order, ties=ties, step=step
    )
    for bounds in get_args(Bounds)
    for precision in get_args(Precision)
    for tie_order in get_args(TieOrders)
    for density, ties, step in (
        ("one a second", 1, 1.0),
        ("tied by 300", 300, 60.0),
        ("crowded: one every 7 microseconds", 1, 0.000_007),
    )
}
"""Every kind of server that there may be."""

CHANGES = {"inserts": 3.0, "updates": 3.0, "deletes": 3.0, "restores": 1.0, "flips": 1.0}
"""Everything that may happen at once."""

EXACT = ("exact", "exact, prefetch=8")
"""The ways that shall lose nothing."""

WAYS: dict[str, dict[str, Any]] = {
    "page 1, 2, 3, newest first": {"sort": "-created_at", "consistency": "pages"},
    "page 1, 2, 3, oldest first": {"sort": "created_at", "consistency": "pages"},
    "exact": {},
    "exact, prefetch=8": {"prefetch": 8},
}


@dataclass(frozen=True)
class Outcome:
    """What became of one reading.

    Attributes:
        lost: How many records did not come that matched from the beginning to the end.
        twice: How many came more than once.
        requests: How many requests it took.
        records: How many records came.
    """

    lost: int
    twice: int
    requests: int
    records: int


async def weather(storm: Storm, way: str, seed: int) -> Outcome:
    """Read once through a storm.

    Raises:
        SessionboardError: If the reading fails.
    """
    calm = not storm.changes
    async with (
        EmbeddedServer(
            events=1,
            sessions=storm.sessions,
            contacts=4,
            speakers=4,
            light=True,
            seed=seed,
            time=SimulatedTime(per_request=_SECONDS_A_REQUEST),
            times=storm.times,
            changes=None if calm else Changes(seed=seed, **storm.changes),
        ) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        before = server.ids("sessions", status=storm.status)
        versions = server.record_versions("sessions")
        pager = sb.sessions.search(server.event_id, status=storm.status, **WAYS[way])
        got = [talk.id async for talk in pager]
        throughout = before & server.ids("sessions", status=storm.status)
        if {"flips", "restores"} & storm.changes.keys():
            # What went may have come back: only what nobody touched was surely there all the time.
            now = server.record_versions("sessions")
            throughout = frozenset(id_ for id_ in throughout if versions[id_] == now[id_])
        requests = len(server.requests)
    return Outcome(len(throughout - set(got)), len(got) - len(set(got)), requests, len(got))
