"""One iteration over a query: every record once, in order, with bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.decode import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.numbered import NumberedPages
from sessionboard_async.core.page import Page
from sessionboard_async.core.page_reader import PageReader, PageSource
from sessionboard_async.core.query import Query

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
        reader = PageReader(engine, query, record, on_invalid)
        page_size = page_size if limit is None else max(1, min(page_size, limit))
        self._left = math.inf if limit is None else limit
        self._source: PageSource[T] = NumberedPages(reader, page_size=page_size, prefetch=prefetch)

    def __aiter__(self) -> PageStream[T]:
        return self

    async def __anext__(self) -> Page[T]:
        try:
            page = await self._source.next(self._left) if self._left > 0 else None
        except BaseException:
            await self.aclose()
            raise
        if page is None:
            await self.aclose()
            raise StopAsyncIteration
        if len(page.results) > self._left:
            page = msgspec.structs.replace(page, results=page.results[: int(self._left)])
        self._left -= len(page.results)
        return page

    async def aclose(self) -> None:
        """End the iteration now, with all that it has under way."""
        self._left = 0
        await self._source.aclose()
