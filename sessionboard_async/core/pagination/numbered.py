"""Numbered pagination: page 1, 2, 3 and so on, each record once."""

from __future__ import annotations

import math
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.http.response import Response
from sessionboard_async.core.page import LAST_SERVED_PAGE, Page, Pagination
from sessionboard_async.core.pagination.checkpoint import StreamProgress
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.prefetch import Prefetch

T = TypeVar("T")

_DEFAULT_PREFETCH = 2
"""How many pages are fetched ahead from the second page on, unless the caller chooses.

Two pending pages hide the wait behind decoding even without latency; a single one does not.
"""


class NumberedPages(Generic[T]):
    """The pages of a query by their numbers.

    Args:
        reader: Decodes the pages.
        page_size: Records per page.
        prefetch: How many pages to fetch ahead; ``None`` for two, from the second page on.
        first: The first page and its response, if it was already fetched.
        delivered: The number of records delivered before.
        progress: Where to start.
    """

    def __init__(
        self,
        reader: PageReader[T],
        *,
        page_size: int,
        prefetch: int | None,
        first: tuple[Page[T], Response] | None = None,
        delivered: int = 0,
        progress: StreamProgress | None = None,
    ) -> None:
        self._reader = reader
        self._page_size = page_size
        self._prefetch = prefetch
        self._first = first
        self._number = self._skipped_pages = ((progress and progress.page) or 1) - 1
        self._last: float = math.inf
        self._last_is_reported = False
        self._first_total: int | None = None
        self._total: int | None = None
        self._rows_per_page = page_size
        self._delivered = delivered + (progress.delivered if progress is not None else 0)
        self._recent_ids = progress.recent_ids if progress is not None else ()
        self._is_first_source = not delivered
        self._page_without_new_records = 0
        self._body_hash: int | None = None
        self._pending: Prefetch[int] = Prefetch(reader.engine)

    @property
    def progress(self) -> StreamProgress:
        """The progress after the page returned last."""
        return StreamProgress(
            page=self._number + 1,
            page_size=self._page_size,
            recent_ids=self._recent_ids if self._number == self._skipped_pages else (),
            delivered=self._delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page, without records delivered before; ``None`` at the end."""
        if self._number >= self._last:
            self._report_missing()
            return None
        number = self._number + 1
        if number > LAST_SERVED_PAGE:
            raise self._reader.error(
                f"there are more records than the {LAST_SERVED_PAGE} pages that the API serves: "
                "use a larger page_size, or narrow the search, for example by created_after and "
                "created_before"
            )
        if self._first is not None:
            (page, response), self._first = self._first, None
            self._number = number
        else:
            response = await self._fetch(number)
            if self._last_is_reported:
                self._fetch_ahead(number, left - self._page_size)
            await self.send_pending()
            page = self._reader.decode(response, number)
            self._check_number(page, number)
            self._number = number
        results = self._new_results(page, response, left)
        if number == 1 and self._last_is_reported:
            self._fetch_ahead(number, left - len(results))
        return page if len(results) == len(page.results) else msgspec.structs.replace(page, results=results)

    async def aclose(self) -> None:
        """Cancel the pending requests."""
        await self._pending.aclose()

    async def _fetch(self, number: int) -> Response:
        if self._pending:
            _, response = await self._pending.next()
            return response
        return await self._reader.engine.send(self._reader.query.page(number, self._page_size))

    def _new_results(self, page: Page[T], response: Response, left: float) -> tuple[T, ...]:
        # Records without ids cannot be compared, but whole pages can.
        if self._repeats_previous_page(page, response.body):
            results: tuple[T, ...] = ()
        else:
            results = self._reader.filter_new(page, self._number)
        self._find_last_page(page, len(results), left)
        return results

    async def send_pending(self) -> None:
        """Let the requests that were started be sent."""
        await self._pending.send()

    def _fetch_ahead(self, current: int, left: float) -> None:
        """Request the pages with the ``left`` further records while this one is decoded and used."""
        depth = self._prefetch
        if depth is None:
            # Many callers stop on the first page; those who ask for the second will ask for more.
            depth = _DEFAULT_PREFETCH if current > 1 else 0
        wanted = math.ceil(left / self._page_size) if left < math.inf else math.inf
        last = min(current + depth, self._last, LAST_SERVED_PAGE, current + wanted)
        first = current + len(self._pending) + 1
        for number in range(first, int(last) + 1):
            self._pending.start(number, self._reader.query.page(number, self._page_size))

    def _check_number(self, page: Page[T], number: int) -> None:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != number and page.results:
            raise self._reader.error(f"requested page {number}, and the response is page {current}")

    def _find_last_page(self, page: Page[T], new: int, left: float) -> None:
        pagination = page.pagination or Pagination()
        rows = len(page.results) + page.skipped
        if self._number == 1:
            self._first_total = pagination.total_results
            # Some servers return smaller pages than requested, and a list is requested without a size.
            self._rows_per_page = pagination.page_size or rows or self._page_size
            if not self._reader.query.is_paginated:
                self._page_size = self._rows_per_page
        if pagination.total_results is not None:
            self._total = pagination.total_results
        self._delivered += new + page.skipped
        # A server that reports 0 pages and returns records has not reported a last page.
        last = pagination.total_pages if pagination.total_pages or not rows else None
        if last is None and pagination.total_results is not None:
            last = math.ceil(pagination.total_results / self._rows_per_page)
        if last is not None:
            self._last, self._last_is_reported = last, True
        elif not self._last_is_reported and not (
            (new or page.skipped) and (self._reader.query.is_paginated or page.pagination)
        ):
            # Without any report, a page without new records is the last.
            self._last = self._number
        if self._is_first_source and self._number < self._last and not new and not page.skipped:
            self._page_without_new_records = self._number
        reported = self._last if self._last_is_reported else 0
        if self._number == 1 and min(reported, left / self._page_size) > LAST_SERVED_PAGE:
            self._reader.warn(f"there are more pages than the {LAST_SERVED_PAGE} that the API serves")

    def _repeats_previous_page(self, page: Page[T], body: bytes) -> bool:
        """Return whether a server that reports nothing returned the same page again."""
        if page.pagination is not None:
            return False
        previous, self._body_hash = self._body_hash, hash(body)
        if previous != self._body_hash:
            return False
        if not self._reader.query.has_ids and len(page.results) >= self._page_size:
            self._reader.warn(
                f"page {self._number} equals page {self._number - 1}, and the API reports no total: it is "
                "taken for the same rows; if rows may be equal, select a column that distinguishes them"
            )
        return True

    def _report_missing(self) -> None:
        """Compare the number of delivered records with the total, at the end of a stream without a limit.

        While data changes, page numbers may miss records although every response is correct. The responses
        contradict each other if the total stayed the same, and yet a page before the last had no new records
        or the pages are too few for the total.
        """
        total = self._total
        if total is None or self._delivered >= total or self._skipped_pages:
            return
        missing = f"{self._delivered} of {total} records were returned"
        if total == self._first_total and self._page_without_new_records:
            raise self._reader.error(
                f"{missing}: page {self._page_without_new_records} held no new records; try again"
            )
        if total == self._first_total and self._last * self._rows_per_page < total:
            raise self._reader.error(f"{missing}: the reported total does not fit on {self._last} pages")
        self._reader.warn(f"{missing}: the data changed meanwhile, or the token may not see all of it")
