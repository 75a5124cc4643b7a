"""Reading more records with equal timestamps than one page holds. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE

_MOST_RECORDS = LARGEST_PAGE * LAST_SERVED_PAGE
_MOST_PASSES = 60
_IDLE_PASSES = 3
_IDLE_PASSES_WITH_UNREADABLE = 2
_IDLE_PASSES_AFTER_REMOVALS = 12
"""A pass in another order misses a record with a chance of less than 2 in 5."""


class IncompleteTimestampsError(Exception):
    """The records with equal timestamps cannot all be read."""


class EqualTimestamps:
    """Reads the same few milliseconds page by page, repeatedly, until every record in them was returned.

    The API has no second sort key for records with equal timestamps, and may order them anew for every
    response. So the pages are read until there are as many different ids as the API reports, or, while
    records are being removed, until many passes return no new id. Since a cache may return an earlier
    response, each pass requests pages of another size.

    Attributes:
        page: The page to request next.
        size: The page size to request next.
        complete: Whether every record was returned.
    """

    def __init__(self) -> None:
        self.page: int = 1
        self.size: int = LARGEST_PAGE
        self.complete: bool = False
        self._passes = 0
        self._total: int | None = None
        self._ids: set[object] = set()
        self._idle_rows = 0
        self._removed = 0
        self._all_ids: set[object] = set()
        self._all_idle_rows = 0
        self._has_removals = False
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
        if self._total is not None and total < self._total:
            # Any of the ids may belong to the removed records.
            self._removed += self._total - total
            self._has_removals = True
        self._total = total
        self._idle_rows = _rows_without_new_ids(self._ids, ids, self._idle_rows + rows)
        self._all_idle_rows = _rows_without_new_ids(self._all_ids, ids, self._all_idle_rows + rows)
        if len(self._ids) > total + self._removed or self._idle_rows > _IDLE_PASSES * total:
            # More records were removed than the totals show, or removed ones were never returned: count anew.
            self._ids, self._removed, self._idle_rows = set(ids), 0, 0
        self._rows += rows
        self._unreadable += rows - len(ids)
        self.complete = self._is_complete(total)
        # Some servers return smaller pages than requested.
        if rows and self._rows < total:
            self.page += 1
        elif not self.complete:
            self._start_pass(total)

    def _is_complete(self, total: int) -> bool:
        if self._has_removals and self._all_idle_rows >= _IDLE_PASSES_AFTER_REMOVALS * total:
            # While records are being removed, the counts may never agree.
            return True
        # As the order changes, an unreadable record may have been returned twice.
        return len(self._ids) + self._unreadable >= total + self._removed and (
            not self._unreadable or self._idle_rows >= _IDLE_PASSES_WITH_UNREADABLE * total
        )

    def _start_pass(self, total: int) -> None:
        self._passes += 1
        if self._passes == _MOST_PASSES:
            raise IncompleteTimestampsError(
                f"only {len(self._ids)} of {total} records with the same timestamp were returned in "
                f"{_MOST_PASSES} passes: the API reorders them or they keep changing; try again"
            )
        self.page, self._rows, self._unreadable = 1, 0, 0
        self.size = max(LARGEST_PAGE - self._passes, -(-total // LAST_SERVED_PAGE))


def _rows_without_new_ids(known: set[object], ids: Sequence[object], rows: int) -> int:
    """Add ids to the known ones, and return the number of rows since the last new id."""
    before = len(known)
    known.update(ids)
    return rows if len(known) == before else 0
