"""One iteration over the pages of a query, from the first page or from a checkpoint."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.decoding.pages import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress
from sessionboard_async.core.pagination.checkpoints.tracker import CheckpointTracker
from sessionboard_async.core.pagination.keyset import KeysetPages
from sessionboard_async.core.pagination.keyset_state import KeysetUnsupportedError
from sessionboard_async.core.pagination.numbered import NumberedPages
from sessionboard_async.core.pagination.page_reader import PageReader, PageSource
from sessionboard_async.core.pagination.prefetch import PrefetchDepth, ReadAhead
from sessionboard_async.core.pagination.query import PagedQuery, TimeOrder

T = TypeVar("T")


class Iteration(Generic[T]):
    """One iteration over the pages of a query.

    Attributes:
        tracker: The progress of this iteration.
        turn: Held while a page is read, so that several tasks may share the stream.
    """

    def __init__(
        self,
        engine: Engine,
        query: PagedQuery,
        record: type[T],
        *,
        order: TimeOrder | None,
        page_size: int,
        limit: int | None,
        prefetch: PrefetchDepth | None,
        on_invalid: OnInvalid,
        progress: StreamProgress,
        tracker: CheckpointTracker,
    ) -> None:
        self.tracker: CheckpointTracker = tracker
        self.turn: asyncio.Lock = asyncio.Lock()
        self._left = math.inf if limit is None else limit
        self._page_size = page_size if limit is None else max(1, min(page_size, limit))
        if progress.page_size is not None:
            self._page_size = progress.page_size
        self._read_ahead = ReadAhead(prefetch, most=engine.most_concurrent, is_saturated=engine.is_saturated)
        self._is_resumed = progress != StreamProgress()
        self._reader = PageReader(
            engine,
            query if order is None else query.sorted_by(order),
            record,
            order=order,
            on_invalid=on_invalid,
        )
        self._reader.add_seen(progress.recent_ids)
        self._order = order
        self._progress = progress
        self._ready: Page[T] | None = None
        self._was_interrupted = False
        self._keyset: KeysetPages[T] | None = None
        self._source: PageSource[T]
        if order is None or progress.page is not None:
            self._source = NumberedPages(
                self._reader, page_size=self._page_size, read_ahead=self._read_ahead, progress=progress
            )
        else:
            self._source = self._keyset = self._keyset_from(order, progress)

    @property
    def as_of(self) -> datetime | None:
        """The ``Date`` of the first response; ``None`` before it and for numbered pagination."""
        return None if self._keyset is None else self._keyset.as_of

    async def next_page(self) -> Page[T]:
        """Return the next page, for the task whose ``turn`` it is.

        After an error or a cancellation, the next call continues after the page returned last.

        Raises:
            StopAsyncIteration: At the end.
        """
        try:
            # A page that was read when the call was cancelled is kept for the next call.
            page = self._ready = self._ready or await self._read()
            await self._source.send_pending()
        except BaseException:
            if self._left > 0:
                await self._interrupt()
            raise
        self._ready = None
        if self._left <= 0:  # The stream was closed meanwhile, and pages may have been requested since.
            await self._source.aclose()
            raise StopAsyncIteration
        next_progress: StreamProgress | None = self._source.progress
        if len(page.results) > self._left:
            page = msgspec.structs.replace(page, results=page.results[: int(self._left)])
            next_progress = None
        self._left -= len(page.results)
        self.tracker.deliver(page.results, self._reader.id_of, next_progress)
        return self._reader.as_delivered(page)

    async def _read(self) -> Page[T]:
        if self._left > 0:
            self._progress = self._source.progress
            self.tracker.advance(self._progress)
            page = await self._next_page()
            if page is not None:
                return page
            self.tracker.advance(StreamProgress(done=True))
        else:
            self.tracker.finish()
        await self.aclose()
        raise StopAsyncIteration

    async def _interrupt(self) -> None:
        """Cancel the pending requests, and prepare to continue after the page that was read last."""
        source, keyset = self._source, self._keyset
        if self._order is not None and keyset is not None and keyset is source:
            # Part of what failed may count as read in its state.
            progress = self._progress if self._ready is None else source.progress
            self._was_interrupted = True
            self._reader.seen.add_hashes(keyset.id_hashes)
            self._source = self._keyset = self._keyset_from(self._order, progress)
            self._keyset.as_of = keyset.as_of
            # Meanwhile, a record may have got another timestamp.
            self._keyset.check_ids()
        await source.aclose()

    def _keyset_from(self, order: TimeOrder, progress: StreamProgress) -> KeysetPages[T]:
        return KeysetPages(
            self._reader, order, page_size=self._page_size, read_ahead=self._read_ahead, progress=progress
        )

    async def aclose(self) -> None:
        """End the iteration now and cancel its pending requests."""
        self._left, self._ready = 0, None
        await self._source.aclose()

    async def _next_page(self) -> Page[T] | None:
        if self._keyset is None or self._keyset is not self._source:
            return await self._source.next(self._left)
        try:
            return await self._keyset.next(self._left)
        except KeysetUnsupportedError as reason:
            await self._keyset.aclose()
            if self._is_resumed:
                raise self._reader.error(
                    f"cannot resume from the checkpoint, since {reason}: start without it"
                ) from None
            self._use_page_numbers(self._keyset, str(reason))
        return await self._source.next(self._left)

    def _use_page_numbers(self, keyset: KeysetPages[T], reason: str) -> None:
        # After an interruption, its first page is not the first of the stream.
        first = None if self._was_interrupted else keyset.first_page
        if first is None or not keyset.first_page_suffices:
            self._reader.warn(
                f"{reason}; reading by page numbers instead, which may miss records while the data changes "
                '(consistency="pages" selects that without this warning)'
            )
        self._reader.seen.add_hashes(keyset.id_hashes)
        self._source = NumberedPages(
            self._reader,
            page_size=self._page_size,
            read_ahead=self._read_ahead,
            first=first,
            delivered=keyset.delivered,
        )
        self.tracker.advance(self._source.progress)
