"""The streams that a pager returns: loops over its records or pages, each with a position of its own.

Classes and not async generators: leaving a generator that waits inside a task group or timeout cancels the
caller (PEP 789).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from operator import length_hint
from typing import Generic, TypeVar

from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.core.pagination.iteration import Iteration

T = TypeVar("T")


class RecordStream(Generic[T]):
    """One loop over the records of a ``Pager``: ``stream = aiter(pager)``.

    Several tasks may share it: each record goes to one of them.
    """

    def __init__(self, iteration: Iteration[T]) -> None:
        self._iteration = iteration
        self._records: Iterator[T] = iter(())

    def __aiter__(self) -> RecordStream[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            # An exhausted iterator releases its page, which makes decoding the next one cheaper.
            for record in self._records:
                return record
            await self._read()

    async def start(self) -> None:
        """Read the first page with records, unless it was read, so that an error of it is raised now."""
        with suppress(StopAsyncIteration):  # Raised again when the records are asked for.
            while not length_hint(self._records):
                await self._read()

    async def _read(self) -> None:
        async with self._iteration.turn:
            # Another task may have read a page meanwhile.
            if not length_hint(self._records):
                self._records = iter((await self._iteration.next_page()).results)
                self._iteration.tracker.deliver_one_by_one(self._records)

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return how far this loop came, to resume from: after the records that were processed.

        Args:
            include_current: Whether the record returned last counts as processed. By default it does not, and
                is delivered again.
        """
        return self._iteration.tracker.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the loop now and cancel its pending requests."""
        self._records = iter(())
        await self._iteration.aclose()


class PageStream(Generic[T]):
    """One loop over the pages of a ``Pager``: ``stream = pager.pages()``.

    Several tasks may share it: each page goes to one of them.
    """

    def __init__(self, iteration: Iteration[T]) -> None:
        self._iteration = iteration

    @property
    def as_of(self) -> datetime | None:
        """The ``Date`` of the first response; ``None`` before it, if it has none, and for page numbers."""
        return self._iteration.as_of

    def __aiter__(self) -> PageStream[T]:
        return self

    async def __anext__(self) -> Page[T]:
        async with self._iteration.turn:
            return await self._iteration.next_page()

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return how far this loop came, to resume from: after the pages that were processed.

        Args:
            include_current: Whether the page returned last counts as processed. By default it does not, and
                is delivered again.
        """
        return self._iteration.tracker.checkpoint(include_current=include_current)

    async def aclose(self) -> None:
        """End the loop now and cancel its pending requests."""
        await self._iteration.aclose()
