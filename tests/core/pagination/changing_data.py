"""Searches on an embedded server whose data changes at every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sessionboard_async import AsyncSession, SessionStatusName
from sessionboard_async.testing import Changes, EmbeddedServer, SimulatedTime, Times
from sessionboard_async.testing._data.times import TieOrder, TimeBounds, TimePrecision

SECONDS_PER_REQUEST = 0.2


@dataclass(frozen=True)
class ChangingData:
    """The sessions of a server, and how they change.

    Attributes:
        changes: The changes per simulated second, by kind.
        times: The distribution of creation times.
        sessions: The number of sessions.
        status: The status to search for.
    """

    changes: Mapping[str, Any]
    times: Times = Times(step=1.0)  # noqa: RUF009  # immutable
    sessions: int = 12_000
    status: SessionStatusName | None = None


SCENARIOS = {
    "inserts, updates, deletes": ChangingData({"inserts": 1.0, "updates": 2.0, "deletes": 0.5}),
    "300 equal times in random order": ChangingData(
        {"inserts": 1.0, "updates": 2.0, "deletes": 0.5},
        Times(ties=300, step=60.0, tie_order="random"),
    ),
    "20 deletes a second": ChangingData({"deletes": 20.0}),
    "2 a second leave the filter": ChangingData({"flips": 4.0}, sessions=24_000, status="accepted"),
}

SERVERS = {
    f"{bounds}, {precision}, {tie_order}, {density}": Times(
        bounds=bounds, precision=precision, tie_order=tie_order, ties=ties, step=step
    )
    for bounds in get_args(TimeBounds)
    for precision in get_args(TimePrecision)
    for tie_order in get_args(TieOrder)
    for density, ties, step in (
        ("one a second", 1, 1.0),
        ("300 equal times", 300, 60.0),
        ("one every 7 microseconds", 1, 0.000_007),
    )
}
"""Every kind of server, by its bounds, precision, order of equal times, and density."""

ALL_CHANGES = {"inserts": 3.0, "updates": 3.0, "deletes": 3.0, "restores": 1.0, "flips": 1.0}


@dataclass(frozen=True)
class Outcome:
    """The result of one search.

    Attributes:
        lost: How many records were not returned although they matched from the first request to the last.
        repeated: How many were returned more than once.
        requests: The number of requests.
        records: The number of records returned.
    """

    lost: int
    repeated: int
    requests: int
    records: int


async def search(data: ChangingData, seed: int, **options: Any) -> Outcome:
    """Search once while the data changes.

    Args:
        data: The data and its changes.
        seed: The seed of the data and the changes.
        options: The options of the search, such as ``consistency`` and ``prefetch``.
    """
    async with (
        EmbeddedServer(
            events=1,
            sessions=data.sessions,
            contacts=4,
            speakers=4,
            light=True,
            seed=seed,
            time=SimulatedTime(per_request=SECONDS_PER_REQUEST),
            times=data.times,
            changes=Changes(seed=seed, **data.changes) if data.changes else None,
        ) as server,
        AsyncSession(server.token, base_url=server.base_url) as sb,
    ):
        before = server.ids("sessions", status=data.status)
        versions = server.record_versions("sessions")
        pager = sb.sessions.search(server.event_id, status=data.status, **options)
        got = [talk.id async for talk in pager]
        throughout = before & server.ids("sessions", status=data.status)
        if {"flips", "restores"} & data.changes.keys():
            # A record may have been away meanwhile: only unchanged ones matched throughout for certain.
            now = server.record_versions("sessions")
            throughout = frozenset(id_ for id_ in throughout if versions[id_] == now[id_])
        return Outcome(len(throughout - set(got)), len(got) - len(set(got)), len(server.requests), len(got))
