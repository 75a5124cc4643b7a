"""The jobs, and the checks that they are done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from benchmarks.recording import PATHS
from sessionboard_async.models import (
    Contact,
    Exhibitor,
    Field,
    Format,
    Language,
    Level,
    Room,
    Session,
    Sponsor,
    Status,
    Tag,
    Track,
)

EVENT = 30
"""An event of 3,000 sessions."""

SMALL_EVENTS = tuple(1000 * number + 3 for number in range(1, 21))
"""Events of 300 sessions each."""

IDS = tuple(f"{number:036x}" for number in range(200))
"""Ids of sessions."""

AT_A_TIME = 8
"""Requests in flight of programs written by hand, as many as of one stream of this package."""

RECORDS: dict[str, type[Any]] = {
    "sessions": Session,
    "speakers": Contact,
    "contacts": Contact,
    "sponsors": Sponsor,
    "exhibitors": Exhibitor,
    "fields": Field,
    "rooms": Room,
    "tracks": Track,
    "tags": Tag,
    "formats": Format,
    "levels": Level,
    "languages": Language,
    "statuses": Status,
}
"""The resources of an event, and their records."""

SEARCHES: dict[str, tuple[str, type[Any]]] = {
    resource: (PATHS[resource], record) for resource, record in RECORDS.items()
}
"""The name in paths and the type of records, by resource."""


class Contender(Protocol):
    """A client, used as its users use it."""

    async def stream(self, event: int) -> list[str | None]:
        """Read the sessions of an event, and return their ids."""
        ...

    async def export(self, event: int, folder: Path) -> None:
        """Write each resource of an event to a file of JSON lines."""
        ...

    async def events(self, events: Sequence[int]) -> list[list[str | None]]:
        """Read the sessions of several events, and return their ids."""
        ...

    async def gets(self, event: int, ids: Collection[str]) -> list[str | None]:
        """Read single sessions, and return their titles."""
        ...


class Job(NamedTuple):
    """A job.

    Attributes:
        title: Its title in reports.
        do: Does it, with a contender and an empty folder.
        is_done: Checks the result, and what is in the folder.
        times: How many of these a whole job is.
    """

    title: str
    do: Callable[[Contender, Path], Awaitable[Any]]
    is_done: Callable[[Any, Path], bool]
    times: int = 1


def _is_exported(_: None, folder: Path) -> bool:
    lines = {file.stem: file.read_bytes().count(b"\n") for file in folder.glob("*.jsonl")}
    return lines["sessions"] == 3_000 and lines.get("contacts", 2_000) == 2_000


JOBS = {
    "stream": Job(
        "3,000 sessions",
        lambda contender, _: contender.stream(EVENT),
        lambda ids, _: len(set(ids)) == 3_000,
    ),
    "export": Job(
        "an event to files", lambda contender, folder: contender.export(EVENT, folder), _is_exported
    ),
    "events": Job(
        "20 events of 300",
        lambda contender, _: contender.events(SMALL_EVENTS),
        lambda found, _: [len(set(ids)) for ids in found] == [300] * len(SMALL_EVENTS),
    ),
    "gets": Job(
        "200 gets",
        lambda contender, _: contender.gets(EVENT, IDS),
        lambda titles, _: len(titles) == len(IDS),
    ),
    "some events": Job(
        "5 events of 300",
        lambda contender, _: contender.events(SMALL_EVENTS[::4]),
        lambda found, _: [len(set(ids)) for ids in found] == [300] * len(SMALL_EVENTS[::4]),
        times=4,
    ),
    "some gets": Job(
        "25 gets",
        lambda contender, _: contender.gets(EVENT, IDS[::8]),
        lambda titles, _: len(titles) == len(IDS[::8]),
        times=8,
    ),
}
"""The jobs by name."""
