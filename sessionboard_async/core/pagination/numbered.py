"""Numbered pagination: page 1, 2, 3 and so on, each record once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.page import LAST_SERVED_PAGE, Page
from sessionboard_async.core.page_count import PageCount, Rows
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.prefetch import Prefetch, ReadAhead

T = TypeVar("T")

_LEAST_AHEAD = 2
"""Pages to fetch ahead from the second page on.

Two pending pages hide the wait behind decoding even without latency; a single one does not.
"""

_MOST_REPETITIONS = 2
"""How often a page without the records that the API reports is requested again."""

_MOST_IDLE_PAGES = 10
"""The number of consecutive pages without new records that shows that the others will have none either."""


class NumberedPages(Generic[T]):
    """The pages of a query by their numbers.

    A page without new records, where the API reports some, is requested again. If that does not help, the
    others are read first; the checkpoint holds its number.

    Args:
        reader: Decodes the pages.
        page_size: Records per page.
        read_ahead: How many pages to fetch ahead.
        first: The first page and its response, if it was already fetched.
        delivered: The number of records that were delivered before by other means.
        progress: Where to start.
    """

    def __init__(
        self,
        reader: PageReader[T],
        *,
        page_size: int,
        read_ahead: ReadAhead,
        first: tuple[Page[T], Response] | None = None,
        delivered: int = 0,
        progress: StreamProgress | None = None,
    ) -> None:
        progress = progress or StreamProgress(delivered=delivered)
        self._reader = reader
        self._page_size = page_size
        self._read_ahead = read_ahead
        self._first = first
        self._number = self._start = (progress.page or 1) - 1
        self._count = PageCount(
            page_size,
            # On the first page, others were delivered by other means, and will be again.
            delivered=len(progress.recent_ids) if progress.page == 1 else progress.delivered,
            ends_without_report=not reader.query.is_paginated,
        )
        self._recent_ids = progress.recent_ids
        # Others delivered records of any page.
        self._is_first_source = not delivered
        self._again = progress.missing_pages
        self._missing_pages: tuple[int, ...] = ()
        self._idle_pages = 0
        self._has_repetitions = False
        self._last_with_records = self._start
        self._edges: object = None
        self._body_hash: int | None = None
        self._pending: Prefetch[int] = Prefetch(reader.engine)

    @property
    def progress(self) -> StreamProgress:
        """The progress after the page returned last."""
        return StreamProgress(
            page=self._number + 1,
            page_size=self._page_size,
            recent_ids=self._recent_ids if self._number == self._start else (),
            missing_pages=(*self._missing_pages, *self._again),
            delivered=self._count.delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page, without records delivered before; ``None`` at the end."""
        if self._again:
            return await self._read_again(self._again[0])
        if self._number >= self._count.last:
            self._check_complete()
            return None
        number = self._number + 1
        if number > LAST_SERVED_PAGE:
            raise self._reader.error(
                f"there are more records than the {LAST_SERVED_PAGE} pages that the API serves: "
                "use a larger page_size, or narrow the search, for example by created_after and "
                "created_before"
            )
        if self._idle_pages == _MOST_IDLE_PAGES:
            raise self._reader.error(f"{self._count.delivered_of_total}: {self._reason()}")
        self._read_ahead.asked(least=_LEAST_AHEAD)
        page, results, response = await self._read(number, left)
        self._add(page, results, response, number, left)
        if self._count.last < math.inf:
            self._read_ahead.counted()
        if number == 1 and self._count.last < math.inf:
            self._fetch_ahead(number, left - len(results))
        return _with(page, results)

    async def send_pending(self) -> None:
        """Let the requests that were started be sent."""
        await self._pending.send()

    async def aclose(self) -> None:
        """Cancel the pending requests."""
        await self._pending.aclose()

    async def _read(self, number: int, left: float) -> tuple[Page[T], tuple[T, ...], Response]:
        """Read a page, several times if it lacks its records; nothing is awaited once it has some."""
        if self._first is not None:
            page, response = self._first
        else:
            request, answered = await self._fetch(number)
            if self._count.last < math.inf:
                self._fetch_ahead(number, left - self._page_size)
            await self.send_pending()
            page, response = await self._decode(number, request, answered)
        results = self._new_results(page, response, number)
        for _ in range(_MOST_REPETITIONS):
            if self._idle_pages or not self._lacks_records(page, results, number):
                break
            page, response = await self._decode(number, self._request(number))
            results = self._new_results(page, response, number)
        self._first = None
        return page, results, response

    async def _read_again(self, number: int) -> Page[T]:
        """Read a page that lacked its records when it was read before the checkpoint."""
        page, _ = await self._decode(number, self._request(number))
        results = self._reader.filter_new(page, number)
        self._again = self._again[1:]
        if not results and not page.skipped:
            self._missing_pages = (*self._missing_pages, number)
        self._count.add_again(page.pagination, Rows(_rows(page), len(results) + page.skipped))
        return _with(page, results)

    async def _fetch(self, number: int) -> tuple[Request, Response]:
        if self._pending:
            _, request, answered = await self._pending.next()
        else:
            request = self._request(number)
            answered = await self._reader.engine.send(request)
        self._read_ahead.answered()
        return request, answered

    def _request(self, number: int) -> Request:
        return self._reader.query.page(number, self._page_size)

    def _fetch_ahead(self, current: int, left: float) -> None:
        """Request the pages with the ``left`` further records while this one is decoded and used."""
        depth = self._read_ahead.depth
        wanted = math.ceil(left / self._page_size) if left < math.inf else math.inf
        last = min(current + depth, self._count.last, LAST_SERVED_PAGE, current + wanted)
        first = current + len(self._pending) + 1
        for number in range(first, int(last) + 1):
            self._pending.start(number, self._request(number))

    async def _decode(
        self, number: int, request: Request, answered: Response | None = None
    ) -> tuple[Page[T], Response]:
        page, response = await self._reader.read(request, number, answered)
        current = page.pagination.current_page if page.pagination is not None else None
        if current is None or current == number or not page.results:
            return page, response
        if self._count.is_past_the_end(number, page.pagination):
            # Some servers return the last page instead of an empty one.
            return msgspec.structs.replace(page, results=(), skipped=0), response
        reason = ", as if the server ignored page numbers" if current == 1 else ""
        raise self._reader.error(f"requested page {number}, and the response is page {current}{reason}")

    def _new_results(self, page: Page[T], response: Response, number: int) -> tuple[T, ...]:
        # Records without ids cannot be compared, but whole pages can.
        if page.pagination is None and hash(response.body) == self._body_hash:
            return ()
        return self._reader.filter_new(page, number)

    def _lacks_records(self, page: Page[T], results: tuple[T, ...], number: int) -> bool:
        if results or page.skipped or not self._is_first_source:
            return False
        if self._recent_ids and number == self._start + 1 and page.results:
            return False
        return self._count.expects_new_records(number, page.pagination)

    def _add(
        self, page: Page[T], results: tuple[T, ...], response: Response, number: int, left: float
    ) -> None:
        lacks_records = self._lacks_records(page, results, number)
        is_repeated = not results and not page.skipped and not self._shows_progress(page)
        self._count.add(
            number,
            page.pagination,
            Rows(_rows(page), len(results) + page.skipped),
            is_last=is_repeated,
        )
        self._number = number
        self._idle_pages = self._idle_pages + 1 if lacks_records else 0
        if lacks_records:
            self._missing_pages = (*self._missing_pages, number)
            self._has_repetitions |= bool(page.results)
        elif not is_repeated:
            self._last_with_records = number
        if is_repeated and page.results and self._count.is_guessed and self._count.last == number:
            self._warn_of_repetition(number)
        self._body_hash = hash(response.body) if page.pagination is None else None
        if number == 1:
            if not self._reader.query.is_paginated:
                # A list is requested without a size.
                self._page_size = self._count.rows_per_page
            if min(self._count.reported_last, left / self._page_size) > LAST_SERVED_PAGE:
                self._reader.warn(f"there are more pages than the {LAST_SERVED_PAGE} that the API serves")

    def _shows_progress(self, page: Page[T]) -> bool:
        """Return whether a page without new records differs from the one before, which others may explain."""
        if self._is_first_source or not page.results:
            return False
        edges, self._edges = self._edges, [*map(self._reader.id_of, (page.results[0], page.results[-1]))]
        return edges != self._edges

    def _warn_of_repetition(self, number: int) -> None:
        if self._reader.query.has_ids:
            self._reader.warn(
                f"page {number} repeats records, and the API reports no total: it is taken for the end; a "
                "server that ignores page numbers has more records"
            )
        else:
            self._reader.warn(
                f"page {number} equals page {number - 1}, and the API reports no total: it is taken for the "
                "same rows; if rows may be equal, select a column that distinguishes them"
            )

    def _check_complete(self) -> None:
        """Compare the number of delivered records with the total, at the end of a stream without a limit.

        While data changes, page numbers may miss records although every response is correct. Records that
        are counted and hidden from the token leave the last pages empty. But the responses contradict each
        other if the total stayed the same, and yet a page of records is missing before others, or repeated.
        """
        count, lacking = self._count, self._missing_pages
        if not count.missing and (count.has_total or not lacking):
            return
        is_lost = lacking and (
            lacking[0] < self._last_with_records or self._has_repetitions or not count.delivered
        )
        if is_lost and count.is_stable and count.lacks_a_page:
            raise self._reader.error(f"{count.delivered_of_total}: {self._reason()}")
        if count.is_stable and not count.fits:
            raise self._reader.error(
                f"{count.delivered_of_total}: the reported total does not fit on {count.reported_last} pages"
            )
        self._reader.warn(
            f"{count.delivered_of_total}: the data changed meanwhile, or the token may not see all of it"
        )

    def _reason(self) -> str:
        pages = _ranges(self._missing_pages)
        if self._has_repetitions and self._missing_pages == tuple(range(2, self._number + 1)):
            return f"{pages} repeat page 1, as if the server ignored page numbers"
        return f"{pages} held no new records; try again"


def _rows(page: Page[T]) -> int:
    return len(page.results) + page.skipped


def _with(page: Page[T], results: tuple[T, ...]) -> Page[T]:
    return page if len(results) == len(page.results) else msgspec.structs.replace(page, results=results)


def _ranges(numbers: Sequence[int]) -> str:
    """Name pages, such as ``pages 2 to 4``."""
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"page {first}"
    if last - first + 1 == len(numbers):
        return f"pages {first} to {last}"
    return f"pages {', '.join(map(str, numbers))}"
