"""One iteration over a query: every record once, in order, with bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.decoding.decoder import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoint import Bookmark, Checkpoint, Progress
from sessionboard_async.core.pagination.keyset import TimedPages
from sessionboard_async.core.pagination.keyset_state import NotByTimeError
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
            # An exhausted iterator lets its page go, and with it a third of the cost of decoding the next.
            for record in self._records:
                return record
            self._records = iter((await self._pages.__anext__()).results)
            self._pages.bookmark.hand_one_by_one(self._records)

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return where it stands, to go on from; see ``Pager.checkpoint``."""
        return self._pages.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the iteration now, with all that it has under way."""
        self._records = iter(())
        await self._pages.aclose()


class PageStream(Generic[T]):
    """One iteration over the pages of a ``Pager``.

    A class and not an async generator: leaving a generator that waits inside a task group or timeout cancels
    the caller (PEP 789).

    Attributes:
        bookmark: Where it stands.
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
        progress: Progress,
        bookmark: Bookmark,
    ) -> None:
        self.bookmark = bookmark
        self._left = 0 if progress.done else math.inf if limit is None else limit
        self._page_size = page_size if limit is None else max(1, min(page_size, limit))
        if progress.page_size is not None:
            self._page_size = progress.page_size
        self._prefetch = prefetch
        self._is_resumed = progress != Progress()
        self._reader = PageReader(
            engine, query if order is None else query.in_order(order), record, on_invalid
        )
        self._reader.remember(progress.near)
        self._timed: TimedPages[T] | None = None
        self._source: PageSource[T]
        if order is None or progress.page is not None:
            self._source = NumberedPages(
                self._reader, page_size=self._page_size, prefetch=prefetch, progress=progress
            )
        else:
            self._source = self._timed = TimedPages(
                self._reader, order, page_size=self._page_size, prefetch=prefetch, progress=progress
            )

    @property
    def as_of(self) -> datetime | None:
        """When the API gave the first answer, by its own clock; known only where it is read by time."""
        return None if self._timed is None else self._timed.as_of

    def __aiter__(self) -> PageStream[T]:
        return self

    async def __anext__(self) -> Page[T]:
        if self._left > 0:
            self.bookmark.move(self._source.progress)
        else:
            self.bookmark.finish()
        try:
            page = await self._next_page() if self._left > 0 else None
        except BaseException:
            await self.aclose()
            raise
        if page is None:
            if self._left > 0:
                self.bookmark.move(Progress(done=True))
            await self.aclose()
            raise StopAsyncIteration
        then: Progress | None = self._source.progress
        if len(page.results) > self._left:
            page, then = msgspec.structs.replace(page, results=page.results[: int(self._left)]), None
        self._left -= len(page.results)
        self.bookmark.hand(page.results, self._reader.id_of, then)
        return page

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return where it stands, to go on from; see ``Pager.checkpoint``."""
        return self.bookmark.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the iteration now, with all that it has under way."""
        self._left = 0
        await self._source.aclose()

    async def _next_page(self) -> Page[T] | None:
        if self._timed is None or self._timed is not self._source:
            return await self._source.next(self._left)
        try:
            return await self._timed.next(self._left)
        except NotByTimeError as reason:
            await self._timed.aclose()
            if self._is_resumed:
                raise self._reader.contradiction(
                    f"the checkpoint cannot be gone on from, since {reason}: begin anew"
                ) from None
            if not self._timed.suffices:
                self._reader.warn(
                    f"{reason}, so that it is read by page numbers, which may miss some while the data "
                    'changes; consistency="pages" asks for that'
                )
            self._reader.seen.remember(self._timed.keys)
            self._source = NumberedPages(
                self._reader,
                page_size=self._page_size,
                prefetch=self._prefetch,
                first=self._timed.unused,
                delivered=self._timed.delivered,
            )
            self.bookmark.move(self._source.progress)
        return await self._source.next(self._left)
