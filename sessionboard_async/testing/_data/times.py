"""When the sessions of the embedded server were created, and in which order those come that tie."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import groupby
from typing import Literal, TypeVar, get_args

from sessionboard_async.testing._data.query import Criteria, PageRequest
from sessionboard_async.testing._data.seeded import SeededRandom, milliseconds
from sessionboard_async.testing._data.selections import rank

T = TypeVar("T")

TieOrders = Literal["stable", "random"]
Bounds = Literal["exclusive", "inclusive"]
Precision = Literal["milliseconds", "microseconds"]

_FIRST = milliseconds(2025, 10, 6, 8)
_SMALLEST_STEP = 0.000_001


@dataclass(frozen=True)
class Times:
    """How the sessions of the embedded server are dated, and how it treats times in searches.

    The first session is created on 2025-10-06 at 8:00 UTC; whoever wants many of them far apart has to see
    that the last one is older than the present. No session was changed since, but for those that are deleted.

    Args:
        ties: How many sessions are created at the same moment, each time.
        step: Seconds from one such moment to the next, a microsecond or more.
        tie_order: How records come that tie in what they are sorted by: ``"stable"``, the same way in every
            answer, or ``"random"``, in another order in every answer, so that page numbers lose some of them.
        bounds: Whether a time that equals a bound of a filter lies within it.
        precision: How exactly the times of sessions are kept, compared and shown; what is finer is cut off.

    Raises:
        ValueError: If a number makes no sense, or a word is none of these.
    """

    _: KW_ONLY
    ties: int = 1
    step: float = 60.0
    tie_order: TieOrders = "stable"
    bounds: Bounds = "exclusive"
    precision: Precision = "milliseconds"

    def __post_init__(self) -> None:
        if self.ties < 1:
            raise ValueError(f"ties must be 1 or more, not {self.ties}")
        if not _SMALLEST_STEP <= self.step < math.inf:
            raise ValueError(f"step must be a number of seconds, a microsecond or more, not {self.step}")
        for name, words in (("tie_order", TieOrders), ("bounds", Bounds), ("precision", Precision)):
            if getattr(self, name) not in get_args(words):
                raise ValueError(f"{name} must be one of {', '.join(get_args(words))}")

    @property
    def is_inclusive(self) -> bool:
        """Whether a time that equals a bound lies within it."""
        return self.bounds == "inclusive"

    @property
    def has_microseconds(self) -> bool:
        """Whether times have microseconds."""
        return self.precision == "microseconds"

    def created(self, index: int) -> float:
        """Return when a session was created, in milliseconds since 1970.

        Args:
            index: Its number in the order of creation, from 0.
        """
        microseconds = _FIRST * 1000 + round(index // self.ties * self.step * 1_000_000)
        return microseconds / 1000 if self.has_microseconds else microseconds // 1000


class RecordOrder:
    """Takes pages out of what was selected, with rows that tie in the order that was asked for.

    Args:
        times: How ties are ordered.
        key: What tells this order from all others.
    """

    def __init__(self, times: Times | None, *key: object) -> None:
        self.is_random = times is not None and times.tie_order == "random"
        self._draw = SeededRandom(*key, "ties")

    def page(self, page: PageRequest, rows: Sequence[T], criteria: Criteria) -> Sequence[T]:
        """Return the rows on a page.

        Args:
            page: Which page.
            rows: All rows, in the order of the criteria.
            criteria: What they were selected by.
        """
        start, stop = (page.number - 1) * page.size, min(page.number * page.size, len(rows))
        if not self.is_random or start >= stop:
            return page.of(rows)
        rank_of = rank(criteria)
        # Every row of a group of ties may come onto the page, also from far before and behind it.
        first = bisect_left(rows, rank_of(rows[start]), key=rank_of)
        last = bisect_right(rows, rank_of(rows[stop - 1]), key=rank_of)
        mixed: list[T] = []
        for _, ties in groupby(rows[first:last], rank_of):
            group = list(ties)
            self._draw.shuffle(group)
            mixed += group
        return mixed[start - first : stop - first]
