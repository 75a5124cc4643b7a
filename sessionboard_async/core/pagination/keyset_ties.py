"""Reading records of one moment, of which there are more than a page holds. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE

_REACH = LARGEST_PAGE * LAST_SERVED_PAGE
_PASSES = 60
_SURE_PASSES = 2
_IDLE_PASSES = 3
_LAST_PASSES = 12
"""Of one more pass in another order, a record is missing with a chance of less than 2 in 5."""


class UnsettledError(Exception):
    """The records of a tie cannot all be read.

    Attributes:
        too_large: Whether the API does not serve so many; otherwise they never came all.
    """

    def __init__(self, message: str, *, too_large: bool) -> None:
        super().__init__(message)
        self.too_large = too_large


class Tie:
    """Reads the same few milliseconds page by page, again and again, until every record of them came.

    The API has no second order for records of one time, and may order them anew for every answer. So they are
    read until as many different ids came as it reports, or, where records go meanwhile, until many passes
    brought none that is new; and since a cache may keep an answer, each pass asks for pages of another size.

    Attributes:
        page: The page to ask for next.
        size: How many records it shall hold at most.
        settled: Whether every record came.
    """

    def __init__(self) -> None:
        self.page = 1
        self.size = LARGEST_PAGE
        self.settled = False
        self._passes = 0
        self._total: int | None = None
        self._ids: set[object] = set()
        self._idle = 0
        self._gone = 0
        self._all: set[object] = set()
        self._quiet = 0
        self._any_gone = False
        self._came = 0
        self._unreadable = 0

    def accept(self, ids: Sequence[object], came: int, total: int) -> None:
        """Take note of the page that was asked for.

        Args:
            ids: The ids on it.
            came: How many rows it has, unreadable ones included.
            total: How many records the tie has, as reported with it.

        Raises:
            UnsettledError: If it has more than the API serves, or too many passes did not bring them all.
        """
        if total > _REACH:
            raise UnsettledError(
                f"{total} records have the same time, and the API serves {_REACH} at most: "
                "narrow the search by another filter",
                too_large=True,
            )
        if self._total is not None and total < self._total:
            # Any of the ids that came may be what is gone.
            self._gone += self._total - total
            self._any_gone = True
        self._total = total
        self._idle = _rows_without_news(self._ids, ids, self._idle + came)
        self._quiet = _rows_without_news(self._all, ids, self._quiet + came)
        if len(self._ids) > total + self._gone or self._idle > _IDLE_PASSES * total:
            # More is gone than was seen to go, or what is gone had never come: only a new count can tell.
            self._ids, self._gone, self._idle = set(ids), 0, 0
        self._came += came
        self._unreadable += came - len(ids)
        self.settled = self._is_complete(total)
        # Some servers send smaller pages than asked for.
        if came and self._came < total:
            self.page += 1
        elif not self.settled:
            self._start_pass(total)

    def _is_complete(self, total: int) -> bool:
        if self._any_gone and self._quiet >= _LAST_PASSES * total:
            # While records go, no count may ever agree.
            return True
        # In another order each time, one that cannot be read may have come twice.
        return len(self._ids) + self._unreadable >= total + self._gone and (
            not self._unreadable or self._idle >= _SURE_PASSES * total
        )

    def _start_pass(self, total: int) -> None:
        self._passes += 1
        if self._passes == _PASSES:
            raise UnsettledError(
                f"{len(self._ids)} of {total} records that have the same time came in {_PASSES} passes: "
                "they come in another order each time, or change all the time; try again",
                too_large=False,
            )
        self.page, self._came, self._unreadable = 1, 0, 0
        self.size = max(LARGEST_PAGE - self._passes, -(-total // LAST_SERVED_PAGE))


def _rows_without_news(known: set[object], ids: Sequence[object], rows: int) -> int:
    """Add ids to those that are known, and return after how many rows none of them is new."""
    before = len(known)
    known.update(ids)
    return rows if len(known) == before else 0
