"""Reading more records with equal timestamps than one page holds. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import inf, log, log1p
from operator import le

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE

_MOST_RECORDS = LARGEST_PAGE * LAST_SERVED_PAGE
_MOST_PASSES = 60
_IDLE_PASSES_WITH_UNREADABLE = 3
_IDLE_PASSES_WITH_CHANGES = 12
"""A pass in another order misses a record with a chance of less than 2 in 5."""
_MOST_SHIFTED = 5
"""How many records on a page an earlier page of the pass may hold, because records were added."""
_LOG_OF_RARE = log(1e-6)
_MOST_REPEATED_PAGES = 10
"""How many consecutive pages of a pass may hold nothing that it has not returned before."""


class IncompleteTimestampsError(Exception):
    """The records with equal timestamps cannot all be read."""


class EqualTimestamps:
    """Reads the same few milliseconds page by page, repeatedly, until every record in them was returned.

    The API has no second sort key for records with equal timestamps, and may order them anew for every
    response. So the pages are read until there are as many different ids as the API reports. Since a cache
    may return an earlier response, each pass requests pages of another size.

    Once records are seen to be added or removed, that number is no evidence: an added record may stand for a
    missing one. Then every record must have been returned both before and after one and the same response;
    as many as that response counts are all there were. Or many passes must return no new id. In a random
    order, a record may be missed again and again, while another is counted that was away for a moment: so
    the pages must also be too many for that.

    An addition and a removal between the same two responses, and no other change, are not seen.

    Args:
        has_additions: Whether records with older timestamps are known to be added while they are read.

    Attributes:
        page: The page to request next.
        size: The page size to request next.
        complete: Whether every record was returned.
        has_additions: As above.
    """

    def __init__(self, *, has_additions: bool = False) -> None:
        self.page: int = 1
        self.size: int = LARGEST_PAGE
        self.complete: bool = False
        self.has_additions: bool = has_additions
        self._is_changing = has_additions
        self._passes = 0
        self._totals: list[int] = []
        # By id, the number of the response that returned it last.
        self._last: dict[object, int] = {}
        # The differences between responses in the number of ids returned both before and after them.
        self._around = [0]
        self._first_of_pass = 0
        self._repeated_pages = 0
        self._is_random = False
        # The logarithm of the chance that a random order hides a record on every page.
        self._log_chance = 0.0
        self._idle_rows = 0
        self._rows = 0
        self._unreadable = 0

    def accept(self, ids: Sequence[object], rows: int, total: int) -> None:
        """Process the page that was requested.

        Args:
            ids: The ids on it.
            rows: The number of its rows, unreadable ones included.
            total: The number of records in the range, as reported with the page.

        Raises:
            IncompleteTimestampsError: If there are more records than the API serves, or too many passes did
                not return them all.
        """
        if total > _MOST_RECORDS:
            raise IncompleteTimestampsError(
                f"{total} records have the same timestamp, and the API serves at most {_MOST_RECORDS}: "
                "narrow the search by another filter"
            )
        before = len(self._last)
        self._add(ids, total)
        self._rows += rows
        self._unreadable += rows - len(ids)
        # Some servers return smaller pages than requested.
        is_last = not rows or self._rows >= total
        if is_last:
            # Records that are counted and not returned, such as those the token may not see.
            absent = max(0, total - self._rows)
            rows += absent
            self._unreadable += absent
        self._idle_rows = 0 if len(self._last) > before else self._idle_rows + rows
        self.complete = self._is_complete(total)
        if self.complete:
            return
        # The pages may have no end, for example on a server that ignores page numbers.
        if is_last or self._repeated_pages == _MOST_REPEATED_PAGES:
            self._start_pass(total)
        elif self.page < LAST_SERVED_PAGE:
            self.page += 1
        else:
            raise IncompleteTimestampsError(
                f"{LAST_SERVED_PAGE} pages, the most that the API serves, hold {self._rows} of {total} "
                "records with the same timestamp: narrow the search by another filter"
            )

    def _add(self, ids: Sequence[object], total: int) -> None:
        response = len(self._totals)
        last, around = self._last, self._around
        around.append(0)
        repeated = 0
        for id_ in ids:
            before = last.get(id_, response - 1)
            repeated += id_ in last and before >= self._first_of_pass
            around[before + 1] += 1
            around[-1] -= 1
            last[id_] = response
        self._is_random |= repeated > _MOST_SHIFTED
        self._repeated_pages = self._repeated_pages + 1 if repeated == len(ids) > 0 else 0
        self._log_chance += log1p(-len(ids) / total) if len(ids) < total else -inf
        if self._totals and total != self._totals[-1]:
            self._is_changing = True
            self.has_additions |= total > self._totals[-1]
        if len(last) > total and not self._is_changing:
            self._is_changing = self.has_additions = True
        self._totals.append(total)

    def _is_complete(self, total: int) -> bool:
        if self._is_changing:
            if self._idle_rows >= _IDLE_PASSES_WITH_CHANGES * total:
                return True
            if self._is_random and self.has_additions and self._log_chance + log(total) > _LOG_OF_RARE:
                return False
            return any(map(le, self._totals, accumulate(self._around)))
        # As the order changes, an unreadable record may have been returned twice.
        return len(self._last) + self._unreadable >= total and (
            not self._unreadable or self._idle_rows >= _IDLE_PASSES_WITH_UNREADABLE * total
        )

    def _start_pass(self, total: int) -> None:
        self._passes += 1
        if self._passes == _MOST_PASSES:
            raise IncompleteTimestampsError(
                f"only {len(self._last)} of {total} records with the same timestamp were returned in "
                f"{_MOST_PASSES} passes: the API reorders them or they keep changing; try again"
            )
        self.page, self._rows, self._unreadable = 1, 0, 0
        self._first_of_pass = len(self._totals)
        self._repeated_pages = 0
        self.size = max(LARGEST_PAGE - self._passes, -(-total // LAST_SERVED_PAGE))
