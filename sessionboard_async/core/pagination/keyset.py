"""Keyset pagination: pages by a timestamp, complete however the data changes meanwhile."""

from __future__ import annotations

import logging
import math
from array import array
from datetime import datetime
from operator import le
from typing import Generic, TypeGuard, TypeVar

import msgspec

from sessionboard_async.core.http.response import Response, http_date
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.core.pagination.checkpoint import StreamProgress
from sessionboard_async.core.pagination.keyset_state import (
    EmptyPageError,
    KeysetPosition,
    KeysetRequest,
    KeysetState,
    KeysetUnsupportedError,
    NewRecords,
    Observation,
)
from sessionboard_async.core.pagination.keyset_ties import IncompleteTimestampsError
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.prefetch import Prefetch
from sessionboard_async.core.pagination.query import TimeOrder
from sessionboard_async.core.pagination.record_keys import (
    MillisecondTimestamps,
    TimestampGetter,
    id_texts,
    timestamp_getter,
)
from sessionboard_async.core.timestamps import to_milliseconds
from sessionboard_async.errors import EqualTimestampsError

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sessionboard_async")


class KeysetPages(Generic[T]):
    """The pages of a query in ascending order of a timestamp.

    Args:
        reader: Decodes the pages.
        order: The timestamp.
        page_size: Records per page.
        prefetch: How many pages to fetch ahead; ``None`` for one, from the second page on.
        progress: Where to start.

    Attributes:
        as_of: The ``Date`` of the first response; ``None`` before it, or if it has none.
        first_page: The first response, if it does not hold what keyset pagination needs.
        first_page_suffices: Whether that response holds all records that are wanted.
        delivered: The number of records delivered, unreadable ones included.
        id_hashes: The hashes of their ids.
    """

    def __init__(
        self,
        reader: PageReader[T],
        order: TimeOrder,
        *,
        page_size: int,
        prefetch: int | None,
        progress: StreamProgress,
    ) -> None:
        self.as_of: datetime | None = None
        self.first_page: tuple[Page[T], Response] | None = None
        self.first_page_suffices: bool = False
        self.delivered: int = progress.delivered
        self.id_hashes: array[int] = array("q")
        self._reader = reader
        self._order = order
        self._page_size = page_size
        self._prefetch = prefetch
        self._timestamp_of: TimestampGetter = timestamp_getter(reader.record, order.attribute)
        self._state = KeysetState(
            page_size,
            position=KeysetPosition(progress.after, frozenset(progress.recent_ids)),
            before=progress.before,
            concurrent=(prefetch or 0) > 1,
        )
        self._pending: Prefetch[KeysetRequest] = Prefetch(reader.engine)
        self._pages = 0
        self._is_resumed = progress != StreamProgress()
        self._total: int | None = None
        self._first_total: int | None = None

    @property
    def progress(self) -> StreamProgress:
        """The progress after the page returned last."""
        if self._state.done:
            return StreamProgress(done=True)
        position = self._state.position
        return StreamProgress(
            after=position.after,
            before=self._state.before,
            recent_ids=tuple(position.recent_ids),
            delivered=self.delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page, without records delivered before; ``None`` at the end.

        Raises:
            KeysetUnsupportedError: If the responses do not hold what keyset pagination needs.
        """
        while not self._state.done:
            if not self._pending:
                self._send(1, left)
            planned, request, answered = await self._pending.next()
            self._fetch_ahead(left)
            await self.send_pending()
            page, response = await self._reader.read(request, self._pages + 1, answered)
            accepted = await self._accept(planned, page, response, left)
            if accepted is None:
                continue
            results = self._new_results(planned, page, *accepted)
            self._fetch_ahead(left - len(results))
            if results or page.skipped or self._pages == 1:
                return msgspec.structs.replace(page, results=results, pagination=self._pagination())
        self._report_missing()
        return None

    async def aclose(self) -> None:
        """Cancel the pending requests."""
        await self._pending.aclose()

    async def send_pending(self) -> None:
        """Let the requests that were started be sent."""
        await self._pending.send()

    def _fetch_ahead(self, left: float) -> None:
        depth = self._prefetch
        if depth is None:
            # Many callers stop on the first page; those who ask for the second will ask for more.
            depth = 1 if self._pages > 1 else 0
        self._send(depth, left)

    def _send(self, depth: int, left: float) -> None:
        while len(self._pending) < depth and self._state.pending_rows < left:
            request = self._state.plan()
            if request is None:
                break
            self._pending.start(request, self._reader.query.keyset_page(self._order, request))

    async def _accept(
        self, request: KeysetRequest, page: Page[T], response: Response, left: float
    ) -> tuple[Observation, NewRecords] | None:
        if self.as_of is None:
            self._set_end(response)
        rows = len(page.results) + page.skipped
        total = page.pagination.total_results if page.pagination is not None else None
        try:
            observed = self._observe(request, page, rows, total)
            new = self._state.accept(request, observed)
        except KeysetUnsupportedError:
            if not self._pages:
                self.first_page = page, response
                wanted = (left if rows else 0) if total is None else min(left, total)
                self.first_page_suffices = rows >= wanted
            raise
        except EmptyPageError:
            raise self._reader.error(
                f"the API reports {total} records and repeatedly returns none: try again later"
            ) from None
        except IncompleteTimestampsError as error:
            raise self._reader.error(str(error), EqualTimestampsError) from None
        if self._state.pending < len(self._pending):
            await self._pending.aclose()
        return None if new is None else (observed, new)

    def _set_end(self, response: Response) -> None:
        self.as_of = http_date(response.headers.get("Date") or "")
        if self._state.before is None and self.as_of is not None:
            # Without an end, records created meanwhile could keep the stream going forever.
            self._state.before = to_milliseconds(self.as_of) + self._order.margin

    def _observe(self, request: KeysetRequest, page: Page[T], rows: int, total: int | None) -> Observation:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != request.number and rows:
            raise self._reader.error(f"requested page {request.number}, and the response is page {current}")
        if total is None:
            raise KeysetUnsupportedError("the API reports no total")
        ids = id_texts([*map(self._reader.id_of, page.results)])
        if not all(ids):
            raise KeysetUnsupportedError("a record has no id")
        timestamps = [*map(self._timestamp_of, page.results)]
        if not _all_are_known(timestamps):
            raise KeysetUnsupportedError(f"a record has no {self._order.attribute}")
        if not all(map(le, timestamps, timestamps[1:])):
            raise KeysetUnsupportedError(f"the records are not sorted by {self._order.attribute}")
        return Observation(MillisecondTimestamps(timestamps), ids, rows, total)

    def _new_results(
        self, request: KeysetRequest, page: Page[T], observed: Observation, new: NewRecords
    ) -> tuple[T, ...]:
        self._pages += 1
        results = (*(page.results[index] for index in new.indexes), *page.results[new.rest :])
        ids = (*(observed.ids[index] for index in new.indexes), *observed.ids[new.rest :])
        if len({*ids}) < len(ids):
            by_id = dict(zip(ids, results, strict=True))
            results, ids = tuple(by_id.values()), tuple(by_id)
        # Enough to recognise the records, should page numbers be needed after all.
        self.id_hashes.extend(map(hash, ids))
        self.delivered += len(results) + page.skipped
        if not self._state.reads_equal_timestamps:
            rest = observed.total - request.rows_before - observed.rows
            self._total = self.delivered + max(0, rest)
            # Records delivered before the checkpoint may have been removed since.
            if self._pages == 1 and not self._is_resumed:
                self._first_total = self._total
        return results

    def _pagination(self) -> Pagination | None:
        """Return the position of a page in the stream; the API's own numbers restart with each response."""
        if self._total is None:
            return None
        return Pagination(
            current_page=self._pages,
            page_size=self._page_size,
            total_pages=max(self._pages, math.ceil(self._total / self._page_size)),
            total_results=self._total,
        )

    def _report_missing(self) -> None:
        if self._first_total is not None and self.delivered < self._first_total:
            logger.info(
                "%s: delivered %d of %d records; the others were removed meanwhile, or have no %s",
                self._reader.query.endpoint.operation_id,
                self.delivered,
                self._first_total,
                self._order.attribute,
            )


def _all_are_known(timestamps: list[datetime | None]) -> TypeGuard[list[datetime]]:
    return {*map(type, timestamps)} <= {datetime}
