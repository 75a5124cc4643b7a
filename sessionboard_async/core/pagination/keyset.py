"""Reading by time: nothing is missed, whatever comes and goes meanwhile."""

from __future__ import annotations

import asyncio
import logging
import math
from array import array
from datetime import datetime
from operator import le
from typing import Generic, TypeGuard, TypeVar

import msgspec

from sessionboard_async.core.http.response import Response, http_date
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.core.pagination.checkpoint import Progress
from sessionboard_async.core.pagination.keyset_state import (
    EmptyPageError,
    New,
    NotByTimeError,
    Position,
    Sight,
    Span,
    Timeline,
)
from sessionboard_async.core.pagination.keyset_ties import UnsettledError
from sessionboard_async.core.pagination.page_reader import PageReader
from sessionboard_async.core.pagination.prefetch import ReadAhead
from sessionboard_async.core.pagination.query import TimeOrder
from sessionboard_async.core.pagination.record_keys import Milliseconds, id_texts, moment_reader
from sessionboard_async.core.timestamps import to_milliseconds
from sessionboard_async.errors import EqualTimestampsError

T = TypeVar("T")

logger = logging.getLogger("sessionboard_async")


class TimedPages(Generic[T]):
    """The records of a query by their times.

    Args:
        reader: Decodes them.
        order: Which of their times.
        page_size: Records per page.
        prefetch: How many pages to fetch ahead; ``None`` for one from the second page on.
        progress: Where to go on.

    Attributes:
        as_of: When the API gave the first answer, by its own clock; ``None`` where it did not say.
        unused: The first answer, where it does not hold what this way needs.
        suffices: Whether it holds all that is wanted, so that it does not matter what it lacks.
        delivered: How many records were delivered, unreadable ones included.
        keys: The hashes of their ids.
    """

    def __init__(
        self,
        reader: PageReader[T],
        order: TimeOrder,
        *,
        page_size: int,
        prefetch: int | None,
        progress: Progress,
    ) -> None:
        self.as_of: datetime | None = None
        self._reader = reader
        self._order = order
        self._page_size = page_size
        self._prefetch = prefetch
        self._moment_of = moment_reader(reader.record, order.attribute)
        self._timeline = Timeline(
            page_size,
            position=Position(progress.after, frozenset(progress.near)),
            before=progress.before,
            side_by_side=(prefetch or 0) > 1,
        )
        self._ahead: ReadAhead[Span] = ReadAhead(reader.engine)
        self._pages = 0
        self.delivered = progress.delivered
        self._is_resumed = progress != Progress()
        self._total: int | None = None
        self._first_total: int | None = None
        self.keys = array("q")
        self.unused: tuple[Page[T], Response] | None = None
        self.suffices = False

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        if self._timeline.done:
            return Progress(done=True)
        position = self._timeline.position
        return Progress(
            after=position.after,
            before=self._timeline.before,
            near=tuple(position.near),
            delivered=self.delivered,
        )

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page with what was not delivered before; ``None`` at the end.

        Raises:
            NotByTimeError: If the answers do not hold what this way needs.
        """
        while not self._timeline.done:
            if not self._ahead:
                self._send(1, left)
            span, response = await self._ahead.next()
            await self._read_ahead(left)
            page = self._reader.decode(response, self._pages + 1)
            accepted = await self._accept(span, page, response, left)
            if accepted is None:
                continue
            results = self._take_in(span, page, *accepted)
            await self._read_ahead(left - len(results))
            if results or page.skipped or self._pages == 1:
                return msgspec.structs.replace(page, results=results, pagination=self._pagination())
        self._look_for_what_is_missing()
        return None

    async def aclose(self) -> None:
        """Give up all that is under way."""
        await self._ahead.aclose()

    async def _read_ahead(self, left: float) -> None:
        depth = self._prefetch
        if depth is None:
            # Many leave a stream on its first page; who asks for the second will ask for more.
            depth = 1 if self._pages > 1 else 0
        if self._send(depth, left):
            # One turn of the loop puts the requests on the wire before decoding holds it up.
            await asyncio.sleep(0)

    def _send(self, depth: int, left: float) -> bool:
        before = len(self._ahead)
        while len(self._ahead) < depth and self._timeline.rows_under_way < left:
            span = self._timeline.plan()
            if span is None:
                break
            self._ahead.start(span, self._reader.query.within(self._order, span))
        return len(self._ahead) > before

    async def _accept(
        self, span: Span, page: Page[T], response: Response, left: float
    ) -> tuple[Sight, New] | None:
        if self.as_of is None:
            self._note_time(response)
        came = len(page.results) + page.skipped
        total = page.pagination.total_results if page.pagination is not None else None
        try:
            sight = self._seen(span, page, came, total)
            new = self._timeline.accept(span, sight)
        except NotByTimeError:
            if not self._pages:
                self.unused = page, response
                wanted = (left if came else 0) if total is None else min(left, total)
                self.suffices = came >= wanted
            raise
        except EmptyPageError:
            raise self._reader.contradiction(
                f"{total} records are reported, and again and again none comes: try again later"
            ) from None
        except UnsettledError as error:
            raise self._reader.contradiction(str(error), EqualTimestampsError) from None
        if self._timeline.under_way < len(self._ahead):
            await self._ahead.aclose()
        return None if new is None else (sight, new)

    def _note_time(self, response: Response) -> None:
        self.as_of = http_date(response.headers.get("Date") or "")
        if self._timeline.before is None and self.as_of is not None:
            # What is created from now on need not be read, so that the stream comes to an end.
            self._timeline.before = to_milliseconds(self.as_of) + self._order.slack

    def _seen(self, span: Span, page: Page[T], came: int, total: int | None) -> Sight:
        current = page.pagination.current_page if page.pagination is not None else None
        if current is not None and current != span.page and came:
            raise self._reader.contradiction(
                f"page {span.page} was asked for, and the answer says that it is page {current}"
            )
        if total is None:
            raise NotByTimeError("no total is reported")
        ids = id_texts([*map(self._reader.id_of, page.results)])
        if not all(ids):
            raise NotByTimeError("a record has no id")
        moments = [*map(self._moment_of, page.results)]
        if not _are_all_known(moments):
            raise NotByTimeError(f"a record has no {self._order.attribute}")
        if not all(map(le, moments, moments[1:])):
            raise NotByTimeError("the records are not in the order of their times")
        return Sight(Milliseconds(moments), ids, came, total)

    def _take_in(self, span: Span, page: Page[T], sight: Sight, new: New) -> tuple[T, ...]:
        self._pages += 1
        results = (*(page.results[index] for index in new.some), *page.results[new.rest :])
        ids = (*(sight.ids[index] for index in new.some), *sight.ids[new.rest :])
        if len({*ids}) < len(ids):
            by_id = dict(zip(ids, results, strict=True))
            results, ids = tuple(by_id.values()), tuple(by_id)
        # Enough to know them again, should page numbers be needed after all.
        self.keys.extend(map(hash, ids))
        self.delivered += len(results) + page.skipped
        if not self._timeline.is_tied:
            rest = sight.total - span.rows_before - sight.came
            self._total = self.delivered + max(0, rest)
            # What came before a checkpoint may be gone by now.
            if self._pages == 1 and not self._is_resumed:
                self._first_total = self._total
        return results

    def _pagination(self) -> Pagination | None:
        """Return where a page stands in the stream: the API's own numbers begin anew with each answer."""
        if self._total is None:
            return None
        return Pagination(
            current_page=self._pages,
            page_size=self._page_size,
            total_pages=max(self._pages, math.ceil(self._total / self._page_size)),
            total_results=self._total,
        )

    def _look_for_what_is_missing(self) -> None:
        if self._first_total is not None and self.delivered < self._first_total:
            logger.info(
                "%s: %d of %d records came: others were removed meanwhile, or have no %s",
                self._reader.query.endpoint.operation_id,
                self.delivered,
                self._first_total,
                self._order.attribute,
            )


def _are_all_known(moments: list[datetime | None]) -> TypeGuard[list[datetime]]:
    return {*map(type, moments)} <= {datetime}
