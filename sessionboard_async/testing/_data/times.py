"""Creation times of sessions on the embedded server, and the order of records with equal timestamps."""

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

TieOrder = Literal["stable", "random"]
"""The order of records with equal times: always the same, or another one in each answer."""

TimeBounds = Literal["exclusive", "inclusive"]
"""Whether a filter by time includes records of exactly that time."""

TimePrecision = Literal["milliseconds", "microseconds"]
"""The precision of the times of records."""

_FIRST = milliseconds(2025, 10, 6, 8)
_SMALLEST_STEP = 0.000_001


@dataclass(frozen=True)
class Times:
    """Creation times of the sessions of the embedded server, and the treatment of times in searches.

    The first session is created on 2025-10-06 at 8:00 UTC; the last one must be older than the server's time.
    Only deleted sessions have changed since their creation.

    Args:
        ties: Number of sessions created at each timestamp.
        step: Seconds between these timestamps, at least a microsecond.
        tie_order: Order of records with equal timestamps: ``"stable"`` for the same order in every answer, or
            ``"random"`` for another order in every answer, so that page numbers miss some of them.
        bounds: Whether a time equal to a bound of a filter matches.
        precision: Precision in which times of sessions are stored, compared and returned; finer digits are
            cut off.

    Raises:
        ValueError: If a number is out of range, or a word is unknown.
    """

    _: KW_ONLY
    ties: int = 1
    step: float = 60.0
    tie_order: TieOrder = "stable"
    bounds: TimeBounds = "exclusive"
    precision: TimePrecision = "milliseconds"

    def __post_init__(self) -> None:
        if self.ties < 1:
            raise ValueError(f"ties must be 1 or more, not {self.ties}")
        if not _SMALLEST_STEP <= self.step < math.inf:
            raise ValueError(f"step must be a number of seconds, a microsecond or more, not {self.step}")
        for name, words in (("tie_order", TieOrder), ("bounds", TimeBounds), ("precision", TimePrecision)):
            if getattr(self, name) not in get_args(words):
                raise ValueError(f"{name} must be one of {', '.join(get_args(words))}")

    @property
    def is_inclusive(self) -> bool:
        """Whether a time equal to a bound matches."""
        return self.bounds == "inclusive"

    @property
    def has_microseconds(self) -> bool:
        """Whether times have microseconds."""
        return self.precision == "microseconds"

    def created(self, index: int) -> float:
        """Return when a session was created, in milliseconds since 1970.

        Args:
            index: The index in order of creation, from 0.
        """
        microseconds = _FIRST * 1000 + round(index // self.ties * self.step * 1_000_000)
        return microseconds / 1000 if self.has_microseconds else microseconds // 1000


class RecordOrder:
    """Selects pages, with records of equal timestamps in the configured order.

    Args:
        times: The configured order; ``None`` for a stable one.
        key: Seed of the random order.
    """

    def __init__(self, times: Times | None, *key: object) -> None:
        self.is_random = times is not None and times.tie_order == "random"
        self._draw = SeededRandom(*key, "ties")

    def page(self, page: PageRequest, rows: Sequence[T], criteria: Criteria) -> Sequence[T]:
        """Return the rows on a page.

        Args:
            page: The page.
            rows: All rows, in the order of the criteria.
            criteria: The criteria that selected them.
        """
        start, stop = (page.number - 1) * page.size, min(page.number * page.size, len(rows))
        if not self.is_random or start >= stop:
            return page.of(rows)
        rank_of = rank(criteria)
        # Any row of a group with equal timestamps may land on the page, even one from far before or after it.
        first = bisect_left(rows, rank_of(rows[start]), key=rank_of)
        last = bisect_right(rows, rank_of(rows[stop - 1]), key=rank_of)
        mixed: list[T] = []
        for _, ties in groupby(rows[first:last], rank_of):
            group = list(ties)
            self._draw.shuffle(group)
            mixed += group
        return mixed[start - first : stop - first]
