"""One iteration over numbered pages: every record once, in order, with bounded memory."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from sessionboard_async.core.decode import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.lifetime import end_tasks
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.core.query import Query
from sessionboard_async.core.response import Response
from sessionboard_async.core.seen import SeenIds
from sessionboard_async.errors import PaginationError

T = TypeVar("T")

logger = logging.getLogger("sessionboard_async")

LAST_SERVED_PAGE = 999
"""The highest page number that the API accepts."""

_AHEAD_BY_DEFAULT = 2
"""How many pages are read ahead from the second page on, unless the caller says otherwise.

Measured: while one page is decoded, two more on their way hide the waiting even on loopback, and give 1.1
times the records per second; a single one gives nothing there.
"""


class RecordStream(Generic[T]):
    """One iteration over the records of a ``Pager``."""

    def __init__(self, pages: PageStream[T]) -> None:
        self._pages = pages
        self._records: Iterator[T] = iter(())

    def __aiter__(self) -> RecordStream[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            # An exhausted iterator lets its page go, and with it a third of the cost of decoding the next.
            for record in self._records:
                return record
            self._records = iter((await self._pages.__anext__()).results)

    async def aclose(self) -> None:
        """End the iteration now, with all that it has under way."""
        self._records = iter(())
        await self._pages.aclose()


class PageStream(Generic[T]):
    """One iteration over the pages of a ``Pager``.

    A class and not an async generator: leaving a generator that waits inside a task group or timeout cancels
    the caller (PEP 789).
    """

    def __init__(
        self,
        engine: Engine,
        query: Query,
        record: type[T],
        *,
        page_size: int,
        limit: int | None,
        prefetch: int | None,
        on_invalid: OnInvalid,
    ) -> None:
        self._engine = engine
        self._query = query
        self._decoder = engine.decoders.pages(query.endpoint, record)
        self._id_of = _id_reader(record) if query.identified else _no_id
        self._page_size = page_size if limit is None else max(1, min(page_size, limit))
        self._left = math.inf if limit is None else limit
        self._prefetch = prefetch
        self._on_invalid: OnInvalid = on_invalid
        self._seen = SeenIds()
        self._number = 0
        self._last: float = math.inf
        self._last_is_reported = False
        self._first_total: int | None = None
        self._total: int | None = None
        self._rows_a_page = self._page_size
        self._delivered = 0
        self._barren = 0
        self._body: int | None = None
        self._ahead: deque[asyncio.Task[Response]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __aiter__(self) -> PageStream[T]:
        return self

    async def __anext__(self) -> Page[T]:
        try:
            if self._left > 0 and self._number < self._last:
                return await self._next_page()
            if self._left > 0:
                self._look_for_what_is_missing()
        except BaseException:
            await self.aclose()
            raise
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End the iteration now, with all that it has under way."""
        self._left = 0
        tasks, self._ahead = set(self._ahead), deque()
        if tasks:
            await end_tasks(tasks)

    def __del__(self) -> None:
        # Left by `break`: nobody will wait for these pages. The garbage collector may run in any thread.
        if self._ahead and self._loop is not None and not self._loop.is_closed():
            for task in self._ahead:
                self._loop.call_soon_threadsafe(task.cancel)

    async def _next_page(self) -> Page[T]:
        number = self._number + 1
        if number > LAST_SERVED_PAGE:
            raise self._contradiction(
                f"there are more records than the {LAST_SERVED_PAGE} pages that the API serves: "
                "use a larger page_size, or narrow the search, say by created_after and created_before"
            )
        if self._ahead:
            response = await self._read_before()
        else:
            response = await self._engine.call(self._query.page(number, self._page_size))
        self._number = number
        if self._last_is_reported:
            await self._read_ahead(self._left - self._page_size)
        page = self._decoder.decode(response.body, page=number, on_invalid=self._on_invalid)
        self._check(page)
        # Records without ids cannot be told apart, but whole pages can.
        results = () if self._repeats_the_last(page, response.body) else self._unseen(page)
        self._look_for_the_end(page, len(results))
        if len(results) > self._left:
            results = results[: int(self._left)]
        self._left -= len(results)
        if number == 1 and self._last_is_reported:
            await self._read_ahead(self._left)
        if len(results) == len(page.results):
            return page
        return msgspec.structs.replace(page, results=results)

    async def _read_before(self) -> Response:
        """Wait for the page that was asked for first; until it is here, ending the stream ends it too."""
        task = self._ahead[0]
        await asyncio.wait({task})
        if task.cancelled() or not self._ahead:
            # Not the caller was cancelled: the session was closed, or somebody closed this stream.
            self._engine.check()
            raise StopAsyncIteration
        self._ahead.popleft()
        return task.result()

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
            request = self._query.page(number, self._page_size)
            self._loop = asyncio.get_running_loop()
            self._ahead.append(self._engine.start(self._engine.call(request)))
        if last >= first:
            # One turn of the loop puts the requests on the wire before decoding holds it up.
            await asyncio.sleep(0)

    def _check(self, page: Page[T]) -> None:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != self._number and page.results:
            raise self._contradiction(
                f"page {self._number} was asked for, and the answer says that it is page {current}"
            )

    def _unseen(self, page: Page[T]) -> tuple[T, ...]:
        results = self._seen.unseen(page.results, self._id_of)
        if len(results) < len(page.results):
            logger.debug(
                "%s: page %d repeats %d records, which were delivered before",
                self._query.endpoint.operation_id,
                self._number,
                len(page.results) - len(results),
            )
        return results

    def _look_for_the_end(self, page: Page[T], new: int) -> None:
        pagination = page.pagination or Pagination()
        came = len(page.results) + page.skipped
        if self._number == 1:
            self._first_total = pagination.total_results
            # Some servers send smaller pages than asked for, and a list is asked for without a size.
            self._rows_a_page = pagination.page_size or came or self._page_size
            if not self._query.paged:
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
            (new or page.skipped) and (self._query.paged or page.pagination)
        ):
            # Nothing was ever reported: a page that brings nothing new is the last.
            self._last = self._number
        if self._number < self._last and not new and not page.skipped:
            self._barren = self._number
        known = self._last if self._last_is_reported else 0
        if self._number == 1 and min(known, self._left / self._page_size) > LAST_SERVED_PAGE:
            self._warn(f"there are more pages than the {LAST_SERVED_PAGE} that the API serves")

    def _repeats_the_last(self, page: Page[T], body: bytes) -> bool:
        """Tell whether a server that reports nothing sent the same page once more, whatever was asked for."""
        if page.pagination is not None:
            return False
        before, self._body = self._body, hash(body)
        if before != self._body:
            return False
        if not self._query.identified and len(page.results) >= self._page_size:
            self._warn(
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
        if total is None or self._delivered >= total:
            return
        missing = f"{self._delivered} of {total} records came"
        if total == self._first_total and self._barren:
            raise self._contradiction(f"{missing}: page {self._barren} brought nothing new; try again")
        if total == self._first_total and self._last * self._rows_a_page < total:
            raise self._contradiction(f"{missing}: more were reported than have room on {self._last} pages")
        self._warn(f"{missing}: the data changed meanwhile, or the token may not see all")

    def _warn(self, message: str) -> None:
        logger.warning("%s: %s", self._query.endpoint.operation_id, message)

    def _contradiction(self, message: str) -> PaginationError:
        endpoint = self._query.endpoint
        return PaginationError(
            message, method=endpoint.method, route=endpoint.path, operation=endpoint.operation_id
        )


class _Identified(msgspec.Struct, gc=False):
    id: str | int | None = None


_identified = msgspec.json.Decoder(_Identified)


def _id_reader(record: type[Any]) -> Callable[[Any], object]:
    """Return how to read the id of a record in each of the three forms that a stream delivers."""
    if record is msgspec.Raw:
        return _id_of_json
    if issubclass(getattr(record, "__origin__", record), dict):
        return _id_of_dict
    return attrgetter("id")


def _no_id(record: object) -> None:
    return None


def _id_of_json(record: msgspec.Raw) -> str | int | None:
    try:
        return _identified.decode(record).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _id_of_dict(record: dict[str, Any]) -> object:
    return record.get("id")
