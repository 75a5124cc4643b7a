"""The end of numbered pages, from what they report and what they hold. No I/O."""

from __future__ import annotations

import math
from typing import NamedTuple

from sessionboard_async.core.page import Pagination

_NO_PAGINATION = Pagination()


class Rows(NamedTuple):
    """The rows of a page.

    Attributes:
        all: How many there are, unreadable ones included.
        new: How many of them count as delivered by this page.
    """

    all: int
    new: int


class PageCount:
    """How many pages there are, as far as those that were read show it.

    The number of pages and the total are evidence as long as the pages do not disprove them. The higher of
    the two counts, since a server that returns smaller pages than requested may not consider that in the
    number of pages. Without evidence, a page without new records is the last.

    Args:
        page_size: The number of rows requested per page.
        delivered: The number of records delivered before.
        ends_without_report: Whether a page that reports nothing is known to be the only one.

    Attributes:
        last: The number of the last page; infinite as long as it is not known.
        is_reported: Whether any page reported how many pages or records there are.
        is_guessed: Whether the last page is not known from a report.
        delivered: The number of records delivered, unreadable ones included.
    """

    def __init__(self, page_size: int, *, delivered: int, ends_without_report: bool) -> None:
        self.last: float = math.inf
        self.is_reported: bool = False
        self.is_guessed: bool = True
        self.delivered: int = delivered
        self._page_size = page_size
        self._ends_without_report = ends_without_report
        self._pages: int | None = None
        self._total: int | None = None
        self._first_total: int | None = None
        self._most: int = 0
        self._most_rows = 0
        self._reported_size: int | None = None

    @property
    def rows_per_page(self) -> int:
        """The number of rows on a full page."""
        return self._reported_size or self._most_rows or self._page_size

    @property
    def reported_last(self) -> int:
        """The number of the last page as reported; 0 without a report."""
        if not self.is_reported:
            return 0
        return self._pages or math.ceil((self._total or 0) / self.rows_per_page)

    @property
    def has_total(self) -> bool:
        """Whether any page reported how many records there are."""
        return self._total is not None

    @property
    def missing(self) -> int:
        """How many of the reported records were not delivered."""
        return max(0, self._most - self.delivered)

    @property
    def lacks_a_page(self) -> bool:
        """Whether as many records are missing as a page holds, as far as their number is known."""
        return self._total is None or self.missing >= self.rows_per_page

    @property
    def is_stable(self) -> bool:
        """Whether every page reported the same total."""
        return self._total is None or self._total == self._first_total == self._most

    @property
    def fits(self) -> bool:
        """Whether the reported total fits on the reported pages, as far as their size is known."""
        return self.reported_last * self.rows_per_page >= self._most or (
            self._reported_size is None and not self.lacks_a_page
        )

    @property
    def delivered_of_total(self) -> str:
        """The number of delivered records and what was reported, in words."""
        if not self.has_total:
            return f"{self.delivered} records on {self._pages} pages were returned"
        return f"{self.delivered} of {self._most} records were returned"

    def is_past_the_end(self, number: int, pagination: Pagination | None) -> bool:
        """Return whether a page lies behind the last one that is reported."""
        pages = None if pagination is None else pagination.total_pages
        pages = self._pages if pages is None else pages
        return pages is not None and number > pages

    def expects_new_records(self, number: int, pagination: Pagination | None) -> bool:
        """Return whether a page must hold new records, if what it and earlier pages report is true."""
        reported = pagination or _NO_PAGINATION
        total = max(self._most, reported.total_results or 0)
        if (total and self.delivered >= total) or self.is_past_the_end(number, pagination):
            return False
        if self.is_reported:
            return number <= self.last < math.inf
        # An empty result may be reported as one page.
        return (number - 1) * self._page_size < total or number < (reported.total_pages or 0)

    def add(self, number: int, pagination: Pagination | None, rows: Rows, *, is_last: bool) -> None:
        """Count a page, and find out which one is the last.

        Args:
            number: Its number.
            pagination: Its report.
            rows: Its rows.
            is_last: Whether it is taken for the last page if nothing else is known.
        """
        reported = pagination or _NO_PAGINATION
        self.add_again(pagination, rows)
        self._most_rows = max(self._most_rows, rows.all)
        if reported.page_size is not None:
            self._reported_size = reported.page_size
        if reported.total_pages is not None:
            self._pages = reported.total_pages
        self.is_reported = self._pages is not None or self._total is not None
        # There are more records than reported, unless some were removed.
        is_disproved = self._total is not None and self.delivered > self._total
        self.is_guessed = is_disproved or not self.is_reported
        if self.is_guessed:
            ends = is_last or (not is_disproved and self._ends_without_report and pagination is None)
            self.last = number if ends else math.inf
        elif is_last and number >= (self._pages or math.inf):
            self.last = number
        else:
            rows_per_page = self._most_rows or self._page_size
            self.last = max(self._pages or 0, math.ceil((self._total or 0) / rows_per_page))

    def add_again(self, pagination: Pagination | None, rows: Rows) -> None:
        """Count a page that was read out of order, once more."""
        self.delivered += rows.new
        total = None if pagination is None else pagination.total_results
        if total is not None:
            self._total = total
            self._most = max(self._most, total)
            if self._first_total is None:
                self._first_total = total
