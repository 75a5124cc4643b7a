"""Keyset pagination: pages by a timestamp, complete however the data changes meanwhile.

No clock decides that reading ends. It ends where the API reports no further records; for records that move to
the end when they change, and where records are added as fast as they are read, at the newest timestamp that
the API returned. Then the records that the API counted at first must have been delivered, or the others are
searched by page numbers.
"""

from __future__ import annotations

import logging
import math
from array import array
from datetime import datetime
from operator import le
from typing import Generic, TypeGuard, TypeVar

import msgspec

from sessionboard_async.core.http.response import Response, http_date
from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE, Page, Pagination
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress
from sessionboard_async.core.pagination.keyset_missing import MOST_RECORDS, MissingRecords
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
from sessionboard_async.core.pagination.prefetch import Prefetch, ReadAhead
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

_PAGES_OF_ADDITIONS = 16
"""How many pages beyond the records that there were at first are read without an end."""
_END_ATTEMPTS = 3
_LEAST_AHEAD = 1
"""Pages to fetch ahead from the second page on: that one is requested while the last one is used."""
_MOST_IDLE_PAGES = 100
"""The number of consecutive pages without new records that shows that timestamps keep changing."""

logger: logging.Logger = logging.getLogger("sessionboard_async")


class KeysetPages(Generic[T]):
    """The pages of a query in ascending order of a timestamp.

    Args:
        reader: Decodes the pages.
        order: The timestamp.
        page_size: Records per page.
        read_ahead: How many pages to fetch ahead.
        progress: Where to start.

    Attributes:
        as_of: The ``Date`` of the first response; ``None`` before it, or if it has none.
        first_page: The first response, if it does not hold what keyset pagination needs.
        first_page_suffices: Whether that response holds all records that are wanted.
        delivered: The number of records delivered, unreadable ones included.
        id_hashes: The hashes of their ids, unless the reader knows these.
    """

    def __init__(
        self,
        reader: PageReader[T],
        order: TimeOrder,
        *,
        page_size: int,
        read_ahead: ReadAhead,
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
        self._read_ahead = read_ahead
        self._timestamp_of: TimestampGetter = timestamp_getter(reader.record, order.attribute)
        self._state = KeysetState(
            page_size,
            position=KeysetPosition(progress.after, frozenset(progress.recent_ids)),
            before=progress.before,
        )
        self._pending: Prefetch[KeysetRequest] = Prefetch(reader.engine)
        self._pages = 0
        self._start = progress
        self._is_resumed = progress != StreamProgress()
        self._idle_pages = 0
        self._largest_page = 0
        self._has_short_pages = False
        self._total_is_unknown = False
        self._total: int | None = None
        self._first_total = 0
        self._checks_ids = False
        self._wants_end = False
        self._end_attempts = 0
        # What is expected of a resumed iteration is not known.
        self._may_miss_records = self._is_resumed
        self._missing: MissingRecords[T] | None = None
        self._is_complete = False

    @property
    def progress(self) -> StreamProgress:
        """The progress after the page returned last."""
        if self._is_complete or (self._state.done and not self._may_miss_records):
            return StreamProgress(done=True)
        position = self._state.position
        found = () if self._missing is None else self._missing.found_ids
        return StreamProgress(
            after=position.after,
            before=self._state.before,
            recent_ids=(*position.recent_ids, *found),
            delivered=self.delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page, without records delivered before; ``None`` at the end.

        Raises:
            KeysetUnsupportedError: If the responses do not hold what keyset pagination needs.
        """
        self._read_ahead.asked(least=_LEAST_AHEAD)
        while not self._state.done:
            # Requests that are under way would make the end move on.
            if self._wants_end and not self._pending:
                await self._find_end()
            if not self._pending:
                self._send(1, left)
            planned, request, answered = await self._pending.next()
            self._read_ahead.answered()
            self._fetch_ahead(left)
            await self.send_pending()
            page, response = await self._reader.read(request, self._pages + 1, answered)
            in_range = self._state.reads_equal_timestamps
            accepted = await self._accept(planned, page, response, left)
            if accepted is None:
                continue
            observed, new = accepted
            rest = None if in_range else observed.total - planned.rows_before - observed.rows
            self._largest_page = max(self._largest_page, observed.rows)
            self._has_short_pages |= observed.rows < planned.size and rest is not None and rest > 0
            results = self._new_results(page, observed, new, rest)
            self._read_ahead.counted()
            self._fetch_ahead(left - len(results))
            # Records with equal timestamps are read again and again, and that ends on its own.
            self._idle_pages = 0 if results else self._idle_pages + (not in_range)
            if self._idle_pages == _MOST_IDLE_PAGES:
                raise KeysetUnsupportedError(f"{self._order.attribute} of the records keeps changing")
            if results or page.skipped or self._pages == 1:
                return msgspec.structs.replace(page, results=results, pagination=self._pagination())
        return await self._next_missing() if self._may_miss_records else None

    async def aclose(self) -> None:
        """Cancel the pending requests."""
        await self._pending.aclose()

    async def send_pending(self) -> None:
        """Let the requests that were started be sent."""
        await self._pending.send()

    def _fetch_ahead(self, left: float) -> None:
        self._send(self._read_ahead.depth, left)

    def _send(self, depth: int, left: float) -> None:
        self._state.is_concurrent = depth > 1
        while not self._wants_end and len(self._pending) < depth and self._state.pending_rows < left:
            request = self._state.plan()
            if request is None:
                break
            self._pending.start(request, self._reader.query.keyset_page(self._order, request))

    async def _accept(
        self, request: KeysetRequest, page: Page[T], response: Response, left: float
    ) -> tuple[Observation, NewRecords] | None:
        if self.as_of is None:
            self.as_of = http_date(response.headers.get("Date") or "")
        rows = len(page.results) + page.skipped
        total = page.pagination.total_results if page.pagination is not None else None
        try:
            observed = self._observe(request, page, rows, total)
            new = self._state.accept(request, observed)
        except KeysetUnsupportedError:
            if not self._pages:
                self.first_page = page, response
                wanted = (left if rows else 0) if total is None or total < rows else min(left, total)
                self.first_page_suffices = rows >= wanted
            raise
        except EmptyPageError:
            if not self.delivered:
                raise self._reader.error(
                    f"the API reports {total} records and repeatedly returns none: try again later"
                ) from None
            # The total may count records that the token may not see.
            self._state.stop()
            self._may_miss_records = True
            await self._pending.aclose()
            return None
        except IncompleteTimestampsError as error:
            raise self._reader.error(str(error), EqualTimestampsError) from None
        if self._state.pending < len(self._pending):
            await self._pending.aclose()
        return None if new is None else (observed, new)

    def _observe(self, request: KeysetRequest, page: Page[T], rows: int, total: int | None) -> Observation:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != request.number and rows:
            raise self._reader.error(f"requested page {request.number}, and the response is page {current}")
        total = self._plausible_total(total, request.rows_before + rows if rows else 0)
        ids = id_texts([*map(self._reader.id_of, page.results)])
        if not all(ids):
            raise KeysetUnsupportedError("a record has no id")
        timestamps = [*map(self._timestamp_of, page.results)]
        if not _all_are_known(timestamps):
            raise KeysetUnsupportedError(f"a record has no {self._order.attribute}")
        if not all(map(le, timestamps, timestamps[1:])):
            raise KeysetUnsupportedError(f"the records are not sorted by {self._order.attribute}")
        return Observation(MillisecondTimestamps(timestamps), ids, rows, total)

    def _plausible_total(self, total: int | None, shown: int) -> int:
        """Return the reported total, or one more than the rows up to here if it cannot be right."""
        if total is not None and shown <= total <= MOST_RECORDS:
            self._total_is_unknown = False
            return total
        if self._total_is_unknown or not self._pages:
            reason = "no total" if total is None else f"a total that contradicts its {shown} records"
            raise KeysetUnsupportedError(f"the API reports {reason}")
        # Records may have been added after they were counted. Reading on shows whether there are more.
        self._total_is_unknown = True
        return shown + 1

    def _new_results(
        self, page: Page[T], observed: Observation, new: NewRecords, rest: int | None
    ) -> tuple[T, ...]:
        """Return the new records; ``rest`` is the number of rows after this page, if it is known."""
        self._pages += 1
        results = (*(page.results[index] for index in new.indexes), *page.results[new.rest :])
        ids = (*(observed.ids[index] for index in new.indexes), *observed.ids[new.rest :])
        total = None if rest is None else self.delivered + len(results) + page.skipped + rest
        if total != self._total and self._pages > 1:
            # Something was added or removed, or a record has another timestamp than before.
            self.check_ids()
        if self._checks_ids:
            results = self._reader.seen.filter_new(results, self._reader.id_of)
        else:
            if len({*ids}) < len(ids):
                by_id = dict(zip(ids, results, strict=True))
                results, ids = tuple(by_id.values()), tuple(by_id)
            # Enough to recognise the records, should they be read again.
            self.id_hashes.extend(map(hash, ids))
        self.delivered += len(results) + page.skipped
        if rest is not None:
            self._compare_totals(max(0, rest), page)
        return results

    def _compare_totals(self, rest: int, page: Page[T]) -> None:
        self._total = self.delivered + rest
        if self._pages == 1:
            self._first_total = self._total
        elif self._total < self._first_total:
            self._may_miss_records = True
        # An unreadable record may have been counted twice.
        self._may_miss_records |= page.skipped > 0
        is_growing = self.delivered >= self._first_total + _PAGES_OF_ADDITIONS * self._page_size
        self._wants_end = (
            self._state.before is None
            and self._end_attempts < _END_ATTEMPTS
            and (self._order.moves or is_growing)
            and rest > 0
            and self._end_page(rest) <= LAST_SERVED_PAGE
        )

    def _end_page(self, rest: int) -> int:
        """Return the number of the last page from here on, with ``rest`` rows that were not read."""
        return math.ceil((rest + len(self._state.position.recent_ids)) / self._rows_per_page)

    def check_ids(self) -> None:
        """From now on, compare the id of each record with those delivered before."""
        if not self._checks_ids:
            self._checks_ids = True
            self._reader.seen.add_hashes(self.id_hashes)
            self.id_hashes = array("q")

    async def _find_end(self) -> None:
        """End the reading at the newest record there is now, so that changes cannot keep it going forever."""
        self._wants_end = False
        self._end_attempts += 1
        position, size = self._state.position, self._rows_per_page
        number = self._end_page((self._total or 0) - self.delivered)
        last = KeysetRequest(position.after, None, number, LARGEST_PAGE, 0)
        reader = self._reader
        decoder = reader.engine.decoders.pages(reader.query.endpoint, msgspec.Raw)

        def decode(response: Response) -> Page[msgspec.Raw]:
            return decoder.decode(response.body, page=self._pages + 1, on_invalid="skip")

        page = await reader.engine.send(reader.query.keyset_page(self._order, last), decode)
        total = page.pagination.total_results if page.pagination is not None else None
        times = [*filter(None, map(timestamp_getter(msgspec.Raw, self._order.attribute), page.results))]
        if not times or total is None or (last.number - 1) * size + len(page.results) < total:
            return
        # Some servers return the first page, whatever its number.
        if last.number == 1 or to_milliseconds(min(times)) > (position.after or 0) + 1:
            self._state.before = to_milliseconds(max(times)) + 2

    async def _next_missing(self) -> Page[T] | None:
        """Return the next page of records that have no timestamp or moved; ``None`` at the end."""
        if self._is_complete:
            return None
        if self._missing is None:
            self.check_ids()
            self._missing = MissingRecords(
                self._reader,
                self._order,
                total=max(self._first_total, self.delivered),
                delivered=self.delivered,
                page_size=self._page_size,
                largest_page=self._rows_per_page,
                after=self._start.after,
                before=self._state.before,
            )
        page = await self._missing.next()
        if page is None:
            self._is_complete = True
            self._report_missing(self._missing)
            return None
        self._pages += 1
        self.delivered, self._total = self._missing.delivered, max(self._missing.total, self.delivered)
        return msgspec.structs.replace(page, pagination=self._pagination())

    @property
    def _rows_per_page(self) -> int:
        """The most rows that the API returns on a page, as far as known."""
        return self._largest_page if self._has_short_pages else LARGEST_PAGE

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

    def _report_missing(self, missing: MissingRecords[T]) -> None:
        if missing.outstanding > 0:
            self._reader.warn(
                f"{missing.delivered} of {missing.total} records were returned: the data changed meanwhile, "
                "or the token may not see all of it"
            )
        elif self.delivered < self._first_total:
            logger.info(
                "%s: delivered %d of %d records; the others were removed meanwhile",
                self._reader.query.endpoint.operation_id,
                self.delivered,
                self._first_total,
            )


def _all_are_known(timestamps: list[datetime | None]) -> TypeGuard[list[datetime]]:
    return {*map(type, timestamps)} <= {datetime}
