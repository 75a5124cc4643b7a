"""Changes that happen on the embedded server without a request: their rates, order and visibility."""

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
"""The resources that can change."""


@dataclass(frozen=True)
class Changes:
    """Random changes to the first event of an embedded server while a client reads it.

    Changes follow the server's time and are the same for the same seed. Before a request is answered, all
    changes that are due are applied. Each rate applies to every resource separately.

    Args:
        inserts: Records created per second.
        updates: Records changed per second.
        deletes: Records deleted per second.
        restores: Records restored per second, out of those that these changes deleted.
        flips: Sessions per second that go from accepted to declined or back; other resources ignore it.
        seed: Seed of the order and the times of the changes.
        resources: The resources that change: ``sessions``, ``contacts``, ``sponsors``, ``exhibitors``,
            ``rooms``, ``tracks``, ``tags``, ``formats``, ``levels``, ``languages`` or ``statuses``. Only
            custom statuses change, and neither composition sources nor subsessions do.
        late: The longest delay in seconds between the timestamp of a write and the time from which it is
            visible, as with a long transaction; each write draws its own delay.

    Raises:
        ValueError: If a number is negative or not finite, or a resource is unknown or given twice.
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
                raise ValueError(f"resources must be among {', '.join(RESOURCES)}, not {resource!r}")
        if len(set(self.resources)) < len(self.resources):
            raise ValueError("resources must not contain duplicates")

    def rate(self, kind: ChangeKind) -> float:
        """Return the rate of one kind of change, per resource and second.

        Args:
            kind: The kind of change, such as ``"insert"``.
        """
        rate: float = getattr(self, f"{kind}s")
        return rate


class ScheduledChange(NamedTuple):
    """One change, ordered by the time from which it is visible.

    Attributes:
        visible_at: The time from which it is visible, in seconds since 1970.
        dated_at: The timestamp that the record gets, in seconds since 1970.
        resource: The resource that changes.
        kind: The kind of change.
    """

    visible_at: float
    dated_at: float
    resource: str
    kind: ChangeKind


class Schedule:
    """The times of all changes, determined by the rates, the seed and the start.

    Args:
        changes: The rates.
        start: The start, in seconds since 1970.
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
        """Yield the changes visible at ``present`` that were not yielded before, in order.

        Args:
            present: Seconds since 1970.
        """
        for stream in self._streams:
            for change in stream.up_to(present):
                heappush(self._pending, change)
        while self._pending and self._pending[0].visible_at <= present:
            yield heappop(self._pending)


class _Stream:
    """The changes of one kind to one resource, at random times with the given rate."""

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
