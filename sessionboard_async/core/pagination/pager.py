"""Paginated answers, as what users hold in their hands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack, get_args

import msgspec

from sessionboard_async.core.decoding.decoder import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.page import LARGEST_PAGE, Page
from sessionboard_async.core.pagination.checkpoint import Bookmark, Checkpoint, Progress, resumed
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.streams import PageStream, RecordStream

T = TypeVar("T")
Kind = TypeVar("Kind")

Consistency = Literal["exact", "pages"]
"""How a search is read: by time, so that nothing is missed, or by page numbers."""


class PagerOptions(TypedDict, total=False):
    """What every call that returns a ``Pager`` takes by keyword.

    Attributes:
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; 0 fetches one at a time. ``None`` fetches ahead
            from the second page on: one page where it is read by time, and two by page numbers, which was
            measured to pay even without latency. Nothing is fetched ahead where the API reports neither
            pages nor a total.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be read; ``"skip"`` leaves it out,
            logs it and counts it in ``Page.skipped``.
        consistency: ``"exact"`` reads by the time of creation, oldest first: whatever matches from beginning
            to end is delivered, however the data changes meanwhile, and however many there are. With an
            ascending ``sort`` it reads by that time, up to when the reading began: a record that is changed
            while it is read may be left to the next reading. ``"pages"`` reads page 1, 2, 3 and so on, which
            misses a record for every one that is removed before it, and ends at page 999. By default,
            searches without a ``sort`` are exact where their records have a time of creation; all else is
            pages.
        resume: Where to go on: what ``Pager.checkpoint`` returned for the same search.
    """

    page_size: int
    limit: int | None
    prefetch: int | None
    on_invalid: OnInvalid
    consistency: Consistency | None
    resume: Mapping[str, Any] | None


class Pager(Generic[T]):
    """A search or list that was asked for and not yet sent: iterate over it, once or often.

    ``async for record in pager`` streams the records and holds one page at a time (and those that
    ``prefetch`` reads ahead). Every record is delivered once: one that a change of the data moved to a later
    page is left out there. Each iteration starts afresh, or where ``resume`` says.

    An iteration may be left at any time. What it has under way then ends on its own, and at the latest when
    the session is closed.

    Attributes:
        record: The type of the records.
    """

    def __init__(
        self,
        engine: Engine,
        query: PagedQuery,
        record: type[T],
        *,
        page_size: int = LARGEST_PAGE,
        limit: int | None = None,
        prefetch: int | None = None,
        on_invalid: OnInvalid = "raise",
        consistency: Consistency | None = None,
        resume: Mapping[str, Any] | None = None,
    ) -> None:
        _check_count("page_size", page_size, 1, LARGEST_PAGE)
        if limit is not None:
            _check_count("limit", limit, 0)
        if prefetch is not None:
            _check_count("prefetch", prefetch, 0)
        if on_invalid not in ("raise", "skip"):
            raise ValueError(f"on_invalid must be 'raise' or 'skip', not {on_invalid!r}")
        if consistency is not None and consistency not in get_args(Consistency):
            raise ValueError(f"consistency must be 'exact' or 'pages', not {consistency!r}")
        self._order = None
        if consistency == "exact" or (consistency is None and not query.is_sorted):
            self._order = query.time_order
        if consistency == "exact" and self._order is None:
            raise ValueError(
                "consistency='exact' reads by a time, oldest first: it is for searches whose records have a "
                "time of creation, without a sort or with an ascending one"
            )
        query.page(1, page_size)  # A wrong argument shall be found here, and not in the first iteration.
        self._engine = engine
        self._query = query
        self.record = record
        self._options: PagerOptions = {
            "page_size": page_size,
            "limit": limit,
            "prefetch": prefetch,
            "on_invalid": on_invalid,
            "consistency": consistency,
            "resume": resume,
        }
        self._consistency = "pages" if self._order is None else "exact"
        self._start = Progress() if resume is None else resumed(resume, query, self._consistency)
        self._bookmark = Bookmark(query, self._consistency, self._start)

    def __repr__(self) -> str:
        return f"<Pager of {self._query.endpoint.operation_id}>"

    def __aiter__(self) -> RecordStream[T]:
        return RecordStream(self.pages())

    def pages(self) -> PageStream[T]:
        """Stream whole pages, with what the API reported about each; by time, counted from the beginning."""
        self._bookmark = Bookmark(self._query, self._consistency, self._start)
        return self._stream(self.record, bookmark=self._bookmark)

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return where the iteration stands that was begun last: a small value that JSON can hold.

        It may be taken at any moment, also after an error or a ``break``, and be given to ``resume`` of the
        same search, in this process or another. By time it holds the ids of what came within the last
        millisecond; by page numbers the number of the page.

        Args:
            include_current: Whether the record or page returned last counts as done. By default it is
                delivered again, so that each comes at least once. Saved in one transaction with the
                processed data, ``include_current=True`` gives each exactly once.
        """
        return self._bookmark.checkpoint(include_current=include_current)

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
        return [record async for record in Pager(self._engine, self._query, self.record, **options)]

    async def count(self) -> int:
        """Return how many records the API reports, by asking for a page of one.

        Where it reports nothing, the records are counted one by one. A ``limit`` does not matter here.
        """
        smallest = self._stream(msgspec.Raw, page_size=1, limit=1, by_time=False)
        page = await anext(smallest, Page[msgspec.Raw]())
        await smallest.aclose()
        if page.pagination is not None and page.pagination.total_results is not None:
            return page.pagination.total_results
        everything = self._stream(msgspec.Raw, limit=None, by_time=False)
        return sum([len(page.results) async for page in everything])

    def _stream(
        self,
        record: type[Kind],
        *,
        bookmark: Bookmark | None = None,
        by_time: bool = True,
        **changed: Unpack[PagerOptions],
    ) -> PageStream[Kind]:
        options: PagerOptions = {**self._options, **changed}
        return PageStream(
            self._engine,
            self._query,
            record,
            order=self._order if by_time else None,
            page_size=options.get("page_size", LARGEST_PAGE),
            limit=options.get("limit"),
            prefetch=options.get("prefetch"),
            on_invalid=options.get("on_invalid", "raise"),
            progress=self._start if bookmark is not None else Progress(),
            bookmark=Bookmark(self._query, self._consistency, Progress()) if bookmark is None else bookmark,
        )


def _check_count(name: str, value: object, least: int, most: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {bounds}, not {value}")
