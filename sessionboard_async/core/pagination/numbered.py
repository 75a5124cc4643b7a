"""Reading by page numbers: page 1, 2, 3 and so on, each record once."""

from __future__ import annotations

import asyncio
import math
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.http.response import Response
from sessionboard_async.core.page import LAST_SERVED_PAGE, Page, Pagination
from sessionboard_async.core.pagination.checkpoint import Progress
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.prefetch import ReadAhead

T = TypeVar("T")

_AHEAD_BY_DEFAULT = 2
"""How many pages are read ahead from the second page on, unless the caller says otherwise.

Measured: while one page is decoded, two more on their way hide the waiting even on loopback, and give 1.1
times the records per second; a single one gives nothing there.
"""


class NumberedPages(Generic[T]):
    """The pages of a query by their numbers.

    Args:
        reader: Decodes them.
        page_size: Records per page.
        prefetch: How many pages to fetch ahead; ``None`` for two from the second page on.
        first: The first page, where it was read already.
        delivered: How many records were delivered before, of whichever page.
        progress: Where to go on.
    """

    def __init__(
        self,
        reader: PageReader[T],
        *,
        page_size: int,
        prefetch: int | None,
        first: tuple[Page[T], Response] | None = None,
        delivered: int = 0,
        progress: Progress | None = None,
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
        self._rows_a_page = page_size
        self._delivered = delivered + (progress.delivered if progress is not None else 0)
        self._near = progress.near if progress is not None else ()
        self._begins_anew = not delivered
        self._barren = 0
        self._body: int | None = None
        self._ahead: ReadAhead[int] = ReadAhead(reader.engine)

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        return Progress(
            page=self._number + 1,
            page_size=self._page_size,
            near=self._near if self._number == self._skipped_pages else (),
            delivered=self._delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page with what was not delivered before; ``None`` at the end."""
        if self._number >= self._last:
            self._look_for_what_is_missing()
            return None
        number = self._number + 1
        if number > LAST_SERVED_PAGE:
            raise self._reader.contradiction(
                f"there are more records than the {LAST_SERVED_PAGE} pages that the API serves: "
                "use a larger page_size, or narrow the search, say by created_after and created_before"
            )
        if self._first is not None:
            (page, response), self._first = self._first, None
            self._number = number
        else:
            response = await self._fetch(number)
            self._number = number
            if self._last_is_reported:
                await self._read_ahead(left - self._page_size)
            page = self._reader.decode(response, number)
        results = self._take_in(page, response, left)
        if number == 1 and self._last_is_reported:
            await self._read_ahead(left - len(results))
        return page if len(results) == len(page.results) else msgspec.structs.replace(page, results=results)

    async def aclose(self) -> None:
        """Give up all that is under way."""
        await self._ahead.aclose()

    async def _fetch(self, number: int) -> Response:
        if self._ahead:
            _, response = await self._ahead.next()
            return response
        return await self._reader.engine.call(self._reader.query.page(number, self._page_size))

    def _take_in(self, page: Page[T], response: Response, left: float) -> tuple[T, ...]:
        self._check(page)
        # Records without ids cannot be told apart, but whole pages can.
        results = (
            () if self._repeats_the_last(page, response.body) else self._reader.unseen(page, self._number)
        )
        self._look_for_the_end(page, len(results), left)
        return results

    async def _read_ahead(self, left: float) -> None:
        """Have the pages with the ``left`` further records fetched while this one is decoded and used."""
        depth = self._prefetch
        if depth is None:
            # Many leave a stream on its first page; who asks for the second will ask for more.
            depth = _AHEAD_BY_DEFAULT if self._number > 1 else 0
        wanted = math.ceil(left / self._page_size) if left < math.inf else math.inf
        last = min(self._number + depth, self._last, LAST_SERVED_PAGE, self._number + wanted)
        first = self._number + len(self._ahead) + 1
        for number in range(first, int(last) + 1):
            self._ahead.start(number, self._reader.query.page(number, self._page_size))
        if last >= first:
            # One turn of the loop puts the requests on the wire before decoding holds it up.
            await asyncio.sleep(0)

    def _check(self, page: Page[T]) -> None:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != self._number and page.results:
            raise self._reader.contradiction(
                f"page {self._number} was asked for, and the answer says that it is page {current}"
            )

    def _look_for_the_end(self, page: Page[T], new: int, left: float) -> None:
        pagination = page.pagination or Pagination()
        came = len(page.results) + page.skipped
        if self._number == 1:
            self._first_total = pagination.total_results
            # Some servers send smaller pages than asked for, and a list is asked for without a size.
            self._rows_a_page = pagination.page_size or came or self._page_size
            if not self._reader.query.paged:
                self._page_size = self._rows_a_page
        if pagination.total_results is not None:
            self._total = pagination.total_results
        self._delivered += new + page.skipped
        # Servers that count from 0 pages, though there are records, have told nothing.
        last = pagination.total_pages if pagination.total_pages or not came else None
        if last is None and pagination.total_results is not None:
            last = math.ceil(pagination.total_results / self._rows_a_page)
        if last is not None:
            self._last, self._last_is_reported = last, True
        elif not self._last_is_reported and not (
            (new or page.skipped) and (self._reader.query.paged or page.pagination)
        ):
            # Nothing was ever reported: a page that brings nothing new is the last.
            self._last = self._number
        if self._begins_anew and self._number < self._last and not new and not page.skipped:
            self._barren = self._number
        known = self._last if self._last_is_reported else 0
        if self._number == 1 and min(known, left / self._page_size) > LAST_SERVED_PAGE:
            self._reader.warn(f"there are more pages than the {LAST_SERVED_PAGE} that the API serves")

    def _repeats_the_last(self, page: Page[T], body: bytes) -> bool:
        """Tell whether a server that reports nothing sent the same page once more, whatever was asked for."""
        if page.pagination is not None:
            return False
        before, self._body = self._body, hash(body)
        if before != self._body:
            return False
        if not self._reader.query.identified and len(page.results) >= self._page_size:
            self._reader.warn(
                f"page {self._number} is equal to the one before, and no total is reported: it is taken for "
                "the same rows once more; if rows may be equal, select something that tells them apart"
            )
        return True

    def _look_for_what_is_missing(self) -> None:
        """Compare what came with what was reported, at the end of a stream that was not cut by a limit.

        While data changes, page numbers may miss some records, and there is nothing wrong with the answers.
        They contradict themselves where the total stayed the same, and yet a page in the middle brought
        nothing new or the pages had no room for the total.
        """
        total = self._total
        if total is None or self._delivered >= total or self._skipped_pages:
            return
        missing = f"{self._delivered} of {total} records came"
        if total == self._first_total and self._barren:
            raise self._reader.contradiction(f"{missing}: page {self._barren} brought nothing new; try again")
        if total == self._first_total and self._last * self._rows_a_page < total:
            raise self._reader.contradiction(
                f"{missing}: more were reported than have room on {self._last} pages"
            )
        self._reader.warn(f"{missing}: the data changed meanwhile, or the token may not see all")
