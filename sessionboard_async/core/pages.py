"""Paginated answers, as what users hold in their hands."""

from __future__ import annotations

from typing import Any, Generic, TypedDict, TypeVar

import msgspec

from sessionboard_async.core.decode import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.page import Page
from sessionboard_async.core.query import Query
from sessionboard_async.core.streams import PageStream, RecordStream

T = TypeVar("T")

LARGEST_PAGE = 100
"""The most records that the API puts on one page."""


class PagerOptions(TypedDict, total=False):
    """What every call that returns a ``Pager`` takes by keyword.

    Attributes:
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; 0 fetches one at a time. ``None`` fetches two
            ahead from the second page on, which was measured to pay even without latency. Nothing is
            fetched ahead where the API reports neither pages nor a total.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be read; ``"skip"`` leaves it out,
            logs it and counts it in ``Page.skipped``.
    """

    page_size: int
    limit: int | None
    prefetch: int | None
    on_invalid: OnInvalid


class Pager(Generic[T]):
    """A search or list that was asked for and not yet sent: iterate over it, once or often.

    ``async for record in pager`` streams the records and holds one page at a time (and those that
    ``prefetch`` reads ahead). Every record is delivered once: one that a change of the data moved to a later
    page is left out there. Each iteration starts afresh with page 1.

    An iteration may be left at any time. What it has under way then ends on its own, and at the latest when
    the session is closed.
    """

    def __init__(
        self,
        engine: Engine,
        query: Query,
        record: type[T],
        *,
        page_size: int = LARGEST_PAGE,
        limit: int | None = None,
        prefetch: int | None = None,
        on_invalid: OnInvalid = "raise",
    ) -> None:
        _check_count("page_size", page_size, 1, LARGEST_PAGE)
        if limit is not None:
            _check_count("limit", limit, 0)
        if prefetch is not None:
            _check_count("prefetch", prefetch, 0)
        if on_invalid not in ("raise", "skip"):
            raise ValueError(f"on_invalid must be 'raise' or 'skip', not {on_invalid!r}")
        query.page(1, page_size)  # A wrong argument shall be found here, and not in the first iteration.
        self._engine = engine
        self._query = query
        self._record = record
        self._options: PagerOptions = {
            "page_size": page_size,
            "limit": limit,
            "prefetch": prefetch,
            "on_invalid": on_invalid,
        }

    def __repr__(self) -> str:
        return f"<Pager of {self._query.endpoint.operation_id}>"

    def __aiter__(self) -> RecordStream[T]:
        return RecordStream(self.pages())

    def pages(self) -> PageStream[T]:
        """Stream whole pages, with what the API reported about each."""
        return PageStream(self._engine, self._query, self._record, **self._options)

    def raw(self) -> Pager[dict[str, Any]]:
        """Return the same stream as plain dicts, with everything the API sent and nothing mended."""
        return Pager(self._engine, self._query, dict[str, Any], **self._options)

    def raw_json(self) -> Pager[msgspec.Raw]:
        """Return the same stream as undecoded JSON: ``bytes(record)`` is each record exactly as it came."""
        return Pager(self._engine, self._query, msgspec.Raw, **self._options)

    async def first(self) -> T | None:
        """Return the first record, or ``None`` where there is none."""
        found = await self.collect(limit=1)
        return found[0] if found else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return the records as a list.

        Args:
            limit: The most records to return; ``None`` for all.
        """
        limits = [given for given in (limit, self._options.get("limit")) if given is not None]
        options: PagerOptions = {**self._options, "limit": min(limits, default=None)}
        return [record async for record in Pager(self._engine, self._query, self._record, **options)]

    async def count(self) -> int:
        """Return how many records the API reports, by asking for a page of one.

        Where it reports nothing, the records are counted one by one. A ``limit`` does not matter here.
        """
        options: PagerOptions = {**self._options, "page_size": 1, "limit": 1}
        smallest = PageStream(self._engine, self._query, msgspec.Raw, **options)
        page = await anext(smallest, Page[msgspec.Raw]())
        await smallest.aclose()
        if page.pagination is not None and page.pagination.total_results is not None:
            return page.pagination.total_results
        options = {**self._options, "limit": None}
        everything = PageStream(self._engine, self._query, msgspec.Raw, **options)
        return sum([len(page.results) async for page in everything])


def _check_count(name: str, value: object, least: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {bounds}, not {value}")
