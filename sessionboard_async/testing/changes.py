"""What changes by itself on the embedded server, how often, and when each change is seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from heapq import heappop, heappush
from typing import Literal, NamedTuple, get_args

from sessionboard_async.testing._data.seeded import SeededRandom

ChangeKind = Literal["insert", "update", "delete", "restore", "flip"]

RESOURCES = (
    "sessions",
    "contacts",
    "sponsors",
    "exhibitors",
    "rooms",
    "tracks",
    "tags",
    "formats",
    "levels",
    "languages",
    "statuses",
)
"""What can change by itself."""


@dataclass(frozen=True)
class Changes:
    """How the first event of an embedded server changes while it is read.

    Changes happen at random moments of the server's time, the same for the same seed: before a request is
    answered, everything happens that is due. Each rate is that of every resource by itself.

    Args:
        inserts: Records that are created, per second.
        updates: Records that are changed, per second.
        deletes: Records that are deleted, per second.
        restores: Records that come back of those that were deleted by these changes, per second.
        flips: Sessions that go from accepted to declined or back, per second; nothing for other resources.
        seed: Decides what happens when.
        resources: What changes: ``sessions``, ``contacts``, ``sponsors``, ``exhibitors``, ``rooms``,
            ``tracks``, ``tags``, ``formats``, ``levels``, ``languages`` or ``statuses``. Of the statuses only
            custom ones do, and of the sessions neither composition sources nor subsessions.
        late: The longest time, in seconds, that passes between the moment by which a write is dated and the
            moment from which it is seen, as with a transaction that takes long; each write draws its own.

    Raises:
        ValueError: If a number is negative or not finite, or a resource is none of these or there twice.
    """

    _: KW_ONLY
    inserts: float = 0.0
    updates: float = 0.0
    deletes: float = 0.0
    restores: float = 0.0
    flips: float = 0.0
    seed: int = 1
    resources: tuple[str, ...] = ("sessions",)
    late: float = 0.0

    def __post_init__(self) -> None:
        for name in ("inserts", "updates", "deletes", "restores", "flips", "late"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number, 0 or more, not {getattr(self, name)}")
        for resource in self.resources:
            if resource not in RESOURCES:
                raise ValueError(f"resources must be of {', '.join(RESOURCES)}, not {resource!r}")
        if len(set(self.resources)) < len(self.resources):
            raise ValueError("resources must not name one twice")

    def rate(self, kind: ChangeKind) -> float:
        """Return how many changes of one kind happen to each resource per second."""
        rate: float = getattr(self, f"{kind}s")
        return rate


class ScheduledChange(NamedTuple):
    """One change that happens. Changes are ordered by the moment from which they are seen.

    Attributes:
        seen: When it is first seen, in seconds since 1970.
        dated: The moment that it bears, in seconds since 1970.
        resource: What changes.
        kind: What happens to it.
    """

    visible_at: float
    dated_at: float
    resource: str
    kind: ChangeKind


class Schedule:
    """When which change happens; it follows from the changes and the start alone.

    Args:
        changes: What happens, and how often.
        start: When it begins, in seconds since 1970.
    """

    def __init__(self, changes: Changes, start: float) -> None:
        self._late = changes.late
        self._streams = [
            _Stream(changes, resource, kind, start)
            for resource in changes.resources
            for kind in get_args(ChangeKind)
            if changes.rate(kind)
        ]
        self._pending: list[ScheduledChange] = []

    def due(self, present: float) -> Iterator[ScheduledChange]:
        """Yield what is seen up to a moment and was not yielded before, in order.

        Args:
            present: The moment, in seconds since 1970.
        """
        for stream in self._streams:
            for change in stream.up_to(present):
                heappush(self._pending, change)
        while self._pending and self._pending[0].visible_at <= present:
            yield heappop(self._pending)


class _Stream:
    """The changes of one kind to one resource: as many per second on average, at moments that are random."""

    def __init__(self, changes: Changes, resource: str, kind: ChangeKind, start: float) -> None:
        self._rate = changes.rate(kind)
        self._late = changes.late
        self._resource = resource
        self._kind: ChangeKind = kind
        self._draw = SeededRandom(changes.seed, resource, kind, "moments")
        self._next = start + self._gap()

    def up_to(self, present: float) -> Iterator[ScheduledChange]:
        while self._next <= present:
            visible_at = self._next + self._late * self._draw.share()
            yield ScheduledChange(visible_at, self._next, self._resource, self._kind)
            self._next += self._gap()

    def _gap(self) -> float:
        return -math.log(1.0 - self._draw.share()) / self._rate
