"""What was searched for last, kept in order while single rows change."""

from __future__ import annotations

from bisect import bisect_left, insort_left
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from sessionboard_async.testing.query import Criteria, select

KEPT = 4


class Placed(Protocol):
    """A row that has a place among the others, which never changes."""

    @property
    def place(self) -> tuple[int, ...]:
        """Where it stands among rows that have the same value in what they are sorted by."""
        ...


Row = TypeVar("Row", bound=Placed)


class Selections(Generic[Row]):
    """The last selections from one list of rows.

    A change of one row moves that row in each of them, so that writing costs little however many there are.

    Args:
        rows: Gives all rows, sorted by their place.
    """

    def __init__(self, rows: Callable[[], Iterable[Row]]) -> None:
        self._rows = rows
        self._kept: dict[Criteria, list[Row]] = {}

    def find(self, criteria: Criteria) -> list[Row]:
        """Return the rows that meet the criteria, in their order; the list changes with the rows."""
        chosen = self._kept.pop(criteria, None)
        if chosen is None:
            chosen = select(self._rows(), criteria)
            if len(self._kept) == KEPT:
                del self._kept[next(iter(self._kept))]
        self._kept[criteria] = chosen
        return chosen

    def change(self, old: Row | None, new: Row | None) -> None:
        """Take one row out, and put one in; ``None`` stands for no row."""
        for criteria, chosen in self._kept.items():
            position = _position(criteria)
            if old is not None and select((old,), criteria):
                del chosen[bisect_left(chosen, position(old), key=position)]
            if new is not None and select((new,), criteria):
                insort_left(chosen, new, key=position)


def _position(criteria: Criteria) -> Callable[[Placed], tuple[int, ...]]:
    """Return what tells the position of a row in the order of the criteria: all values are numbers."""
    sign = -1 if criteria.descending else 1

    def position(row: Placed) -> tuple[int, ...]:
        value: int | None = getattr(row, criteria.order)
        return (1, *row.place) if value is None else (0, sign * value, *row.place)

    return position
