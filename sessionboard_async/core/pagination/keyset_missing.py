"""Records that reading by time does not return, searched by page numbers."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE, Page, Pagination
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
        largest_page: The most rows that the API returns on a page.
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
        largest_page: int,
        after: int | None,
        before: int | None,
    ) -> None:
        self.total: int = total
        self.delivered: int = delivered
        self.found_ids: list[str] = []
        self._reader = reader
        self._timestamp_of: TimestampGetter = timestamp_getter(reader.record, order.attribute)
        self._page_size = page_size if total <= page_size * LAST_SERVED_PAGE else LARGEST_PAGE
        self._rows_per_page = min(self._page_size, largest_page)
        self._after = after
        self._before = before
        self._changed = 0
        self._is_past_the_start = False
        self._is_first_page = True
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
            self._accept_pagination(page)
            if self._is_first_page:
                self._is_first_page = False
                if self._last_page > self._number and not self._is_reversed:
                    self._number = min(self._last_page, LAST_SERVED_PAGE)
                    continue
            found = self._search(page)
            self._advance(page, len(found))
            if found:
                return msgspec.structs.replace(page, results=found, skipped=0)
        return None

    def _accept_pagination(self, page: Page[T]) -> None:
        pagination = page.pagination or Pagination()
        if pagination.total_results is not None and 0 <= pagination.total_results <= MOST_RECORDS:
            self.total = pagination.total_results
        if pagination.current_page is not None and 1 <= pagination.current_page < self._number:
            # Some servers return the last page for every number after it.
            self._number = pagination.current_page

    def _search(self, page: Page[T]) -> tuple[T, ...]:
        found: list[T] = []
        self._is_past_the_start = False
        for record in self._reader.seen.filter_new(page.results, self._reader.id_of):
            timestamp = self._timestamp_of(record)
            milliseconds = None if timestamp is None else to_milliseconds(timestamp)
            if milliseconds is not None and self._before is not None and milliseconds > self._before:
                self._changed += 1
            elif milliseconds is not None and self._after is not None and milliseconds < self._after:
                # It may have been delivered before the checkpoint, like the earlier ones.
                self._is_past_the_start = True
            else:
                found.append(record)
        self.found_ids += filter(None, map(id_text, map(self._reader.id_of, found)))
        return tuple(found)

    def _advance(self, page: Page[T], found: int) -> None:
        self.delivered += found
        rows = len(page.results) + page.skipped
        self._requests += 1
        if not rows and self._number <= self._last_page and self._requests < _REQUESTS_OF_EMPTY_PAGE:
            return
        self._requests = 0
        if self._is_reversed:
            self._number = self._number + 1 if found else 0
        elif not rows:
            self._skip_empty_page()
        elif self._is_enough(page, found):
            self._number = 0
        else:
            self._number -= 1

    def _is_enough(self, page: Page[T], found: int) -> bool:
        if self._is_past_the_start:
            return True
        # Records that were removed meanwhile may hide that others are missing.
        return self.outstanding <= 0 and (not found or any(map(self._timestamp_of, page.results)))

    def _skip_empty_page(self) -> None:
        self._empty_pages += 1
        self._number = min(self._number - 1, self._last_page)
        if self._empty_pages >= _EMPTY_PAGES:
            # The total is wrong. At least the records that were delivered should be there.
            self._number = min(self._number, math.ceil(self.delivered / self._rows_per_page) + 1)

    @property
    def _last_page(self) -> int:
        return math.ceil(self.total / self._rows_per_page)
