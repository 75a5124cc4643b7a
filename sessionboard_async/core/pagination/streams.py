"""Streams: one iteration over the pages or records of a query."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.decoding.decoder import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoint import Checkpoint, CheckpointTracker, StreamProgress
from sessionboard_async.core.pagination.keyset import KeysetPages
from sessionboard_async.core.pagination.keyset_state import KeysetUnsupportedError
from sessionboard_async.core.pagination.numbered import NumberedPages
from sessionboard_async.core.pagination.page_reader import PageReader, PageSource
from sessionboard_async.core.pagination.query import PagedQuery, TimeOrder

T = TypeVar("T")


class RecordStream(Generic[T]):
    """One iteration over the records of a ``Pager``."""

    def __init__(self, pages: PageStream[T]) -> None:
        self._pages = pages
        self._records: Iterator[T] = iter(())

    def __aiter__(self) -> RecordStream[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            # An exhausted iterator releases its page, which makes decoding the next one cheaper.
            for record in self._records:
                return record
            self._records = iter((await self._pages.__anext__()).results)
            self._pages.tracker.deliver_one_by_one(self._records)

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return the progress of this iteration; see ``Pager.checkpoint``."""
        return self._pages.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the iteration now and cancel its pending requests."""
        self._records = iter(())
        await self._pages.aclose()


class PageStream(Generic[T]):
    """One iteration over the pages of a ``Pager``.

    A class and not an async generator: leaving a generator that waits inside a task group or timeout cancels
    the caller (PEP 789).

    Attributes:
        tracker: The progress of this iteration.
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
        prefetch: int | None,
        on_invalid: OnInvalid,
        progress: StreamProgress,
        tracker: CheckpointTracker,
    ) -> None:
        self.tracker: CheckpointTracker = tracker
        self._left = 0 if progress.done else math.inf if limit is None else limit
        self._page_size = page_size if limit is None else max(1, min(page_size, limit))
        if progress.page_size is not None:
            self._page_size = progress.page_size
        self._prefetch = prefetch
        self._is_resumed = progress != StreamProgress()
        self._reader = PageReader(
            engine, query if order is None else query.sorted_by(order), record, on_invalid
        )
        self._reader.add_seen(progress.recent_ids)
        self._keyset: KeysetPages[T] | None = None
        self._source: PageSource[T]
        if order is None or progress.page is not None:
            self._source = NumberedPages(
                self._reader, page_size=self._page_size, prefetch=prefetch, progress=progress
            )
        else:
            self._source = self._keyset = KeysetPages(
                self._reader, order, page_size=self._page_size, prefetch=prefetch, progress=progress
            )

    @property
    def as_of(self) -> datetime | None:
        """The ``Date`` of the first response; ``None`` before it and for numbered pagination."""
        return None if self._keyset is None else self._keyset.as_of

    def __aiter__(self) -> PageStream[T]:
        return self

    async def __anext__(self) -> Page[T]:
        if self._left > 0:
            self.tracker.advance(self._source.progress)
        else:
            self.tracker.finish()
        try:
            page = await self._next_page() if self._left > 0 else None
        except BaseException:
            await self.aclose()
            raise
        if page is None:
            if self._left > 0:
                self.tracker.advance(StreamProgress(done=True))
            await self.aclose()
            raise StopAsyncIteration
        next_progress: StreamProgress | None = self._source.progress
        if len(page.results) > self._left:
            page = msgspec.structs.replace(page, results=page.results[: int(self._left)])
            next_progress = None
        self._left -= len(page.results)
        self.tracker.deliver(page.results, self._reader.id_of, next_progress)
        return page

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return the progress of this iteration; see ``Pager.checkpoint``."""
        return self.tracker.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the iteration now and cancel its pending requests."""
        self._left = 0
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
        if not keyset.first_page_suffices:
            self._reader.warn(
                f"{reason}; reading by page numbers instead, which may miss records while the data changes "
                '(consistency="pages" selects that without this warning)'
            )
        self._reader.seen.add_hashes(keyset.id_hashes)
        self._source = NumberedPages(
            self._reader,
            page_size=self._page_size,
            prefetch=self._prefetch,
            first=keyset.first_page,
            delivered=keyset.delivered,
        )
        self.tracker.advance(self._source.progress)
