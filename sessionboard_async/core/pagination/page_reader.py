"""What all ways to read the pages of a query have in common."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from sessionboard_async.core.decoding.decoder import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoint import Progress
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.record_keys import id_getter, no_id
from sessionboard_async.core.pagination.seen_ids import SeenIds
from sessionboard_async.errors import PaginationError

T = TypeVar("T")

logger = logging.getLogger("sessionboard_async")


class PageSource(Protocol[T]):
    """A way to read the pages of a query, one after the other."""

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        ...

    async def next(self, left: float) -> Page[T] | None:
        """Return the next page with what was not delivered before; ``None`` at the end.

        Args:
            left: How many further records are wanted at most.
        """
        ...

    async def aclose(self) -> None:
        """Give up all that is under way."""
        ...


class PageReader(Generic[T]):
    """Decodes the pages of one query, and remembers which records came.

    Args:
        engine: Carries requests out.
        query: What is searched for.
        record: The form in which records are delivered.
        on_invalid: What to do about a record that cannot be read.
    """

    def __init__(self, engine: Engine, query: PagedQuery, record: type[T], on_invalid: OnInvalid) -> None:
        self.engine = engine
        self.query = query
        self.record: type[Any] = record
        self.id_of = id_getter(record) if query.identified else no_id
        self.seen = SeenIds()
        self._decoder = engine.decoders.pages(query.endpoint, record)
        self._on_invalid: OnInvalid = on_invalid

    def remember(self, ids: Iterable[str]) -> None:
        """Take records for delivered."""
        self.seen.unseen(tuple(ids), lambda id_: id_)

    def decode(self, response: Response, number: int) -> Page[T]:
        """Decode a page; its number is for errors."""
        return self._decoder.decode(response.body, page=number, on_invalid=self._on_invalid)

    def unseen(self, page: Page[T], number: int) -> tuple[T, ...]:
        """Return the records of a page that did not come before, and remember them."""
        results = self.seen.unseen(page.results, self.id_of)
        if len(results) < len(page.results):
            logger.debug(
                "%s: page %d repeats %d records, which were delivered before",
                self.query.endpoint.operation_id,
                number,
                len(page.results) - len(results),
            )
        return results

    def warn(self, message: str) -> None:
        """Log what a caller should know."""
        logger.warning("%s: %s", self.query.endpoint.operation_id, message)

    def contradiction(self, message: str, kind: type[PaginationError] = PaginationError) -> PaginationError:
        """Return an error that names the operation."""
        endpoint = self.query.endpoint
        return kind(message, method=endpoint.method, route=endpoint.path, operation=endpoint.operation_id)
