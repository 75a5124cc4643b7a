"""Cached selections of rows, kept in order while single rows change."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar, overload

from sessionboard_async.testing._data.query import Criteria, select

CACHED_SELECTIONS = 4


class Placed(Protocol):
    """A row with a fixed rank among rows of equal sort keys."""

    @property
    def place(self) -> tuple[int, ...]:
        """The rank among rows with equal sort keys."""
        ...


Row = TypeVar("Row", bound=Placed)
T = TypeVar("T")


class Window(Sequence[T]):
    """A slice of a list without a copy."""

    __slots__ = ("_places", "_rows")

    def __init__(self, rows: Sequence[T], start: int, stop: int) -> None:
        self._rows = rows
        self._places = range(start, stop)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self._rows[place] for place in self._places[index]]
        return self._rows[self._places[index]]


class Selections(Generic[Row]):
    """The latest selections from one list of rows.

    A changed row is moved in each cached selection, so that a write is cheap however many rows there are.
    Bounds on the sort key are looked up by bisection, so that each new bound is cheap too.

    Args:
        rows: Returns all rows, in order of their place.
    """

    def __init__(self, rows: Callable[[], Iterable[Row]]) -> None:
        self._rows = rows
        self._cached: dict[Criteria, list[Row]] = {}

    def find(self, criteria: Criteria) -> Sequence[Row]:
        """Return the rows that meet the criteria, in order; valid until the next change."""
        unbounded = replace(
            criteria,
            after=tuple(bound for bound in criteria.after if bound[0] != criteria.order),
            before=tuple(bound for bound in criteria.before if bound[0] != criteria.order),
        )
        chosen = self._cached.pop(unbounded, None)
        if chosen is None:
            chosen = select(self._rows(), unbounded)
            if len(self._cached) == CACHED_SELECTIONS:
                del self._cached[next(iter(self._cached))]
        self._cached[unbounded] = chosen
        return chosen if unbounded == criteria else _within(chosen, criteria)

    def change(self, old: Row | None, new: Row | None) -> None:
        """Remove one row and add another; ``None`` stands for no row."""
        for criteria, chosen in self._cached.items():
            position = _position(criteria)
            if old is not None and select((old,), criteria):
                del chosen[bisect_left(chosen, position(old), key=position)]
            if new is not None and select((new,), criteria):
                insort_left(chosen, new, key=position)


def rank(criteria: Criteria) -> Callable[[object], float]:
    """Return a sort key for rows; rows with equal timestamps have equal ranks."""
    sign = -1 if criteria.descending else 1

    def of(row: object) -> float:
        value: float | None = getattr(row, criteria.order)
        return math.inf if value is None else sign * value

    return of


def _position(criteria: Criteria) -> Callable[[Placed], tuple[float, ...]]:
    """Return a sort key that is unique for each row."""
    rank_of = rank(criteria)
    return lambda row: (rank_of(row), *row.place)


def _within(rows: Sequence[T], criteria: Criteria) -> Window[T]:
    """Return the rows within the bounds on the sort key."""
    after = [bound for name, bound in criteria.after if name == criteria.order]
    before = [bound for name, bound in criteria.before if name == criteria.order]
    if criteria.descending:
        after, before = [-bound for bound in before], [-bound for bound in after]
    first, last = (bisect_left, bisect_right) if criteria.inclusive else (bisect_right, bisect_left)
    rank_of = rank(criteria)
    start = first(rows, max(after), key=rank_of) if after else 0
    stop = last(rows, min(before), key=rank_of) if before else bisect_left(rows, math.inf, key=rank_of)
    return Window(rows, start, stop)
