"""Records that reading by time does not return, searched by page numbers."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.page import LAST_SERVED_PAGE, Page
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.query import TimeOrder
from sessionboard_async.core.pagination.record_keys import TimestampGetter, id_text, timestamp_getter
from sessionboard_async.core.timestamps import to_milliseconds

T = TypeVar("T")

MOST_RECORDS = 10**12
"""A larger total is no number of records."""

_EMPTY_PAGES = 3
_REQUESTS_OF_EMPTY_PAGE = 3


class MissingRecords(Generic[T]):
    """Searches the pages of a query for records that were not delivered.

    Records without a timestamp are in no range of timestamps. Most servers sort them last, so the pages are
    read from the last to the first; records that are removed meanwhile only move others to pages that are
    still to be read. Past the last page that the API serves, the order is reversed.

    Args:
        reader: Decodes the pages, and knows which records were delivered.
        order: The timestamp by which they were read.
        total: The number of all records, as far as known.
        delivered: How many of them were delivered.
        page_size: Records per page.
        rows_per_page: The most rows that the API returns on a page.
        after: Records from this timestamp on are searched, in milliseconds since 1970; older ones were
            delivered before this iteration. ``None`` for all.
        before: Records beyond this timestamp changed during the reading, and are not searched.

    Attributes:
        total: As above, from the latest response.
        delivered: As above, with the records found.
        found_ids: The ids of the records found.
    """

    def __init__(
        self,
        reader: PageReader[T],
        order: TimeOrder,
        *,
        total: int,
        delivered: int,
        page_size: int,
        rows_per_page: int,
        after: int | None,
        before: int | None,
    ) -> None:
        self.total: int = total
        self.delivered: int = delivered
        self.found_ids: list[str] = []
        self._reader = reader
        self._timestamp_of: TimestampGetter = timestamp_getter(reader.record, order.attribute)
        self._page_size = page_size
        self._rows_per_page = min(page_size, rows_per_page)
        self._after = after
        self._before = before
        self._changed = 0
        self._requests = 0
        self._empty_pages = 0
        self._query = reader.query
        self._number = self._last_page
        self._is_reversed = self._number > LAST_SERVED_PAGE
        if self._is_reversed:
            self._query, self._number = reader.query.sorted_by(order, "desc"), 1

    @property
    def outstanding(self) -> int:
        """The number of records that the API counts and that were not returned."""
        return self.total - self.delivered - self._changed

    async def next(self) -> Page[T] | None:
        """Return the next page that holds missing records, without the others; ``None`` at the end."""
        while 1 <= self._number <= LAST_SERVED_PAGE:
            request = self._query.page(self._number, self._page_size)
            page, _ = await self._reader.read(request, self._number)
            current = page.pagination.current_page if page.pagination is not None else None
            if current is not None and 1 <= current < self._number:
                # Some servers return the last page for every number after it.
                self._number = current
            found = self._search(page)
            self._advance(page, len(found))
            if found:
                return msgspec.structs.replace(page, results=found, skipped=0)
        return None

    def _search(self, page: Page[T]) -> tuple[T, ...]:
        found: list[T] = []
        for record in self._reader.seen.filter_new(page.results, self._reader.id_of):
            timestamp = self._timestamp_of(record)
            milliseconds = None if timestamp is None else to_milliseconds(timestamp)
            if milliseconds is not None and self._before is not None and milliseconds > self._before:
                self._changed += 1
            elif milliseconds is None or self._after is None or milliseconds >= self._after:
                found.append(record)
        self.found_ids += filter(None, map(id_text, map(self._reader.id_of, found)))
        return tuple(found)

    def _advance(self, page: Page[T], found: int) -> None:
        self.delivered += found
        total = page.pagination.total_results if page.pagination is not None else None
        if total is not None and 0 <= total <= MOST_RECORDS:
            self.total = total
        has_rows = bool(page.results or page.skipped)
        # Older records cannot be told from those delivered before the checkpoint.
        is_enough = self.outstanding <= 0 or self._after is not None or self._is_reversed
        self._requests += 1
        if not has_rows and self._number <= self._last_page and self._requests < _REQUESTS_OF_EMPTY_PAGE:
            return
        self._requests = 0
        if has_rows and not found and is_enough:
            self._number = 0
        elif self._is_reversed:
            self._number += 1
        elif has_rows:
            self._number -= 1
        else:
            self._skip_empty_page()

    def _skip_empty_page(self) -> None:
        self._empty_pages += 1
        self._number = min(self._number - 1, self._last_page)
        if self._empty_pages >= _EMPTY_PAGES:
            # The total is wrong. At least the records that were delivered should be there.
            self._number = min(self._number, math.ceil(self.delivered / self._rows_per_page) + 1)

    @property
    def _last_page(self) -> int:
        return math.ceil(self.total / self._rows_per_page)
