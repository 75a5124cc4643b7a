"""The parts that keyset and numbered pagination share: decoding, seen ids, warnings, errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from sessionboard_async.core.decoding.envelopes import KeyedRecord
from sessionboard_async.core.decoding.pages import OnInvalid, PageDecoder
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import Request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress
from sessionboard_async.core.pagination.query import PagedQuery, TimeOrder
from sessionboard_async.core.pagination.record_keys import IdGetter, id_getter, no_id
from sessionboard_async.core.pagination.seen_ids import SeenIds
from sessionboard_async.errors import PaginationError

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("sessionboard_async")


class PageSource(Protocol[T]):
    """A source of the pages of a query, in order."""

    @property
    def progress(self) -> StreamProgress:
        """The progress after the page returned last."""
        ...

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page, without records delivered before; ``None`` at the end.

        Once a record counts as delivered, nothing is awaited: a cancellation must not lose it.

        Args:
            left: The most further records that are wanted.
        """
        ...

    async def send_pending(self) -> None:
        """Let the requests that were started be sent."""
        ...

    async def aclose(self) -> None:
        """Cancel the pending requests."""
        ...


class PageReader(Generic[T]):
    """Decodes the pages of one query and filters out the records delivered before.

    Args:
        engine: Sends requests.
        query: The query.
        record: The type of a record.
        order: The timestamp by which the pages are ordered; ``None`` without one.
        on_invalid: ``"raise"`` or ``"skip"``, for records that cannot be decoded.

    Attributes:
        record: The type of the records of pages: a ``KeyedRecord`` around each record of a caller's type.
    """

    def __init__(
        self,
        engine: Engine,
        query: PagedQuery,
        record: type[T],
        *,
        order: TimeOrder | None,
        on_invalid: OnInvalid,
    ) -> None:
        self.engine: Engine = engine
        self.query: PagedQuery = query
        self._is_keyed = not query.is_own_type(record)
        self.record: type[Any] = KeyedRecord if self._is_keyed else record
        self.id_of: IdGetter = id_getter(self.record) if query.has_ids else no_id
        self.seen: SeenIds = SeenIds()
        decoders = engine.decoders
        self._decoder: PageDecoder[Any] = (
            decoders.keyed_pages(query.endpoint, record, None if order is None else order.attribute)
            if self._is_keyed
            else decoders.pages(query.endpoint, record)
        )
        self._on_invalid: OnInvalid = on_invalid

    def add_seen(self, ids: Iterable[str]) -> None:
        """Mark records as delivered."""
        self.seen.filter_new(tuple(ids), lambda id_: id_)

    async def read(
        self, request: Request, number: int, answered: Response | None = None
    ) -> tuple[Page[T], Response]:
        """Request and decode a page, again while the answer is no JSON.

        Args:
            request: The request.
            number: The number of the page, for error messages.
            answered: The answer to it, if it was sent before.

        Returns:
            The page, and the answer that holds it.
        """

        def decode(response: Response) -> tuple[Page[T], Response]:
            page = self._decoder.decode(response.body, page=number, on_invalid=self._on_invalid)
            msgspec.structs.force_setattr(page, "response", self.engine.info(request, response))
            return page, response

        return await self.engine.send(request, decode, answered=answered)

    def filter_new(self, page: Page[T], number: int) -> tuple[T, ...]:
        """Return the records of a page that were not delivered before, and mark them as delivered."""
        results = self.seen.filter_new(page.results, self.id_of)
        if len(results) < len(page.results):
            logger.debug(
                "%s: page %d repeats %d records that were delivered before",
                self.query.endpoint.operation_id,
                number,
                len(page.results) - len(results),
            )
        return results

    def as_delivered(self, page: Page[T]) -> Page[T]:
        """Return a page with its records as the caller wants them."""
        if not self._is_keyed:
            return page
        keyed = cast("tuple[KeyedRecord[T], ...]", page.results)
        return msgspec.structs.replace(page, results=tuple([one.record for one in keyed]))

    def warn(self, message: str) -> None:
        """Log a warning that names the operation."""
        logger.warning("%s: %s", self.query.endpoint.operation_id, message)

    def error(self, message: str, kind: type[PaginationError] = PaginationError) -> PaginationError:
        """Return an error that names the operation."""
        return kind(message, context=self.query.endpoint.context)
