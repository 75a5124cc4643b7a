"""The pager: a paginated query that is sent when it is iterated over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn, TypedDict, TypeVar, Unpack, get_args

import msgspec

from sessionboard_async.core.decoding.pages import OnInvalid
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.options import validate_count
from sessionboard_async.core.page import LARGEST_PAGE, Page
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress, read_checkpoint
from sessionboard_async.core.pagination.checkpoints.tracker import CheckpointTracker
from sessionboard_async.core.pagination.iteration import Iteration
from sessionboard_async.core.pagination.prefetch import EAGER, PrefetchDepth
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.streams import PageStream, RecordStream

T = TypeVar("T")
Kind = TypeVar("Kind")

Consistency = Literal["exact", "pages"]
"""How a search is read: by time of creation or another time, or by page numbers; see ``PagerOptions``."""


class PagerOptions(TypedDict, total=False):
    """The keyword arguments of every call that returns a ``Pager``.

    Attributes:
        page_size: Records per page, 1 to 100.
        limit: The most records to deliver; ``None`` for all.
        prefetch: How many pages to fetch ahead, concurrently; 0 fetches one page at a time. ``None`` fetches
            nothing ahead of the second page, and then as many pages as hide the latency: up to 8 while a page
            takes longer to come than to be decoded and used, and never more than ``RateLimits.concurrency``.
            ``"eager"`` begins with 4 once the first page has reported how many there are, for streams that
            are read to the end, as by ``collect``. Nothing is fetched ahead while the API reports neither the
            number of pages nor a total.
        on_invalid: ``"raise"`` ends the stream at a record that cannot be decoded: one that is no object, is
            not UTF-8, or has fields that cannot be read and no id; ``"skip"`` leaves it out, logs it and
            counts it in ``Page.skipped``. Other fields that cannot be read are ``None``, and named in
            ``Page.unreadable``.
        consistency: ``"exact"`` reads by the time of creation, oldest first: every record that matches from
            the first request to the last is delivered, however the data changes meanwhile, and however many
            there are. Records without a time come last. A record that the API counts and does not return is
            a warning. Among more records of one millisecond than a page holds, one may be missed if of the
            others one is removed and one restored between the same two responses, and no more is changed.
            With an ascending ``sort`` by a time it reads by that time, up to the newest record at the start
            of the reading: a record that changes meanwhile may be missing. ``"pages"`` reads page 1, 2, 3 and
            so on, which misses a record for each one removed before it, and ends at page 999. The default is
            ``"exact"`` for searches without a ``sort`` whose records have a time of creation, and ``"pages"``
            otherwise.
        resume: Where to resume: a checkpoint of the same search. One of the end, whose ``done`` is true, is a
            ``ValueError``: there is nothing left to read.
    """

    page_size: int
    limit: int | None
    prefetch: PrefetchDepth | None
    on_invalid: OnInvalid
    consistency: Consistency | None
    resume: Checkpoint | None


class Pager(Generic[T]):
    """A search or list that is sent when it is iterated over, once or several times.

    ``async for record in pager`` streams the records. It holds one page at a time, and those that
    ``prefetch`` fetches ahead. Every record is delivered once: if a change of the data moves a record to a
    later page, it is left out there. Each iteration starts anew, or where ``resume`` says.

    An iteration may be abandoned at any time. Its pending requests end on their own, at the latest when the
    client is closed.

    Several tasks may share one iteration, ``stream = aiter(pager)``: each record goes to one of them, and it
    ends for all of them after the last record. After an error or a cancelled call, the next call continues
    with the page that was not returned.

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
        prefetch: PrefetchDepth | None = None,
        on_invalid: OnInvalid = "raise",
        consistency: Consistency | None = None,
        resume: Checkpoint | None = None,
    ) -> None:
        validate_count("page_size", page_size, 1, LARGEST_PAGE)
        if limit is not None:
            validate_count("limit", limit, 0)
        if isinstance(prefetch, str) and prefetch != EAGER:
            raise ValueError(f"prefetch must be an integer, 'eager' or None, not {prefetch!r}")
        if prefetch is not None and prefetch != EAGER:
            validate_count("prefetch", prefetch, 0)
        if on_invalid not in ("raise", "skip"):
            raise ValueError(f"on_invalid must be 'raise' or 'skip', not {on_invalid!r}")
        if consistency is not None and consistency not in get_args(Consistency):
            raise ValueError(f"consistency must be 'exact' or 'pages', not {consistency!r}")
        self._order = None
        if consistency == "exact" or (consistency is None and not query.is_sorted):
            self._order = query.time_order
        if consistency == "exact" and self._order is None:
            raise ValueError(
                "consistency='exact' reads by a time, oldest first: use it for searches whose records have a "
                "time of creation, without a sort or with an ascending one"
            )
        query.page(1, page_size)  # Raises for a wrong argument now, and not in the first iteration.
        self._engine = engine
        self._query = query
        self.record: type[T] = record
        self._options: PagerOptions = {
            "page_size": page_size,
            "limit": limit,
            "prefetch": prefetch,
            "on_invalid": on_invalid,
            "consistency": consistency,
            "resume": resume,
        }
        self._consistency: Consistency = "pages" if self._order is None else "exact"
        self._start = (
            StreamProgress() if resume is None else read_checkpoint(resume, query, self._consistency)
        )
        self._tracker = self._new_tracker(self._start)

    def __repr__(self) -> str:
        return f"<Pager of {self._query.endpoint.operation_id}>"

    if not TYPE_CHECKING:
        # Hidden from type checkers, for which a class with this method is iterable.
        def __iter__(self) -> NoReturn:
            raise TypeError("a Pager needs `async for record in pager`, or `await pager.collect()`")

    def __aiter__(self) -> RecordStream[T]:
        return RecordStream(self._iterate())

    def pages(self) -> PageStream[T]:
        """Stream whole pages, each with its ``pagination``; for exact reading, numbered from the start.

        Returns:
            A stream to iterate over once, ``async for page in pager.pages()``. Nothing is sent before that.
        """
        return PageStream(self._iterate())

    async def stream(self) -> RecordStream[T]:
        """Start an iteration, and return it once its first page has arrived.

        For those who must know early whether it works: a web app can still answer with an error status before
        it has sent the first byte. The result is iterated over once, ``async for record in stream``.

        Raises:
            SessionboardError: As for the first record.
        """
        stream = aiter(self)
        await stream.start()
        return stream

    def checkpoint(self, *, include_current: bool = False) -> Checkpoint:
        """Return how far the loop came that was started last; each stream has its own ``checkpoint``.

        May be called at any time, also after an error or a ``break``. Pass the result to ``resume`` of the
        same search, in this process or, by ``to_json``, another. For exact reading it holds the ids of the
        records delivered within the last millisecond; for page numbers it holds the number of the page. If
        several tasks share the loop, take it when none of them is still processing a record.

        Args:
            include_current: Whether the record or page returned last counts as processed. By default it is
                delivered again, so that each record is delivered at least once. Saved in one transaction with
                the processed data, ``include_current=True`` delivers each record exactly once.
        """
        return self._tracker.checkpoint(include_current=include_current)

    def raw(self) -> Pager[dict[str, Any]]:
        """Return the same stream as plain dicts, with everything the API sent, unchanged."""
        return Pager(self._engine, self._query, dict[str, Any], **self._options)

    def raw_json(self) -> Pager[msgspec.Raw]:
        """Return the same stream as undecoded JSON: ``bytes(record)`` holds the bytes of the response.

        They are UTF-8; a record that is not cannot be decoded.
        """
        return Pager(self._engine, self._query, msgspec.Raw, **self._options)

    def into(self, record: type[Kind]) -> Pager[Kind]:
        """Return the same stream as records of a type of your own. Only its fields are decoded.

        The type is a msgspec struct, a dataclass or a ``TypedDict``, for example one with ``id: str``,
        ``title: str`` and ``room: Room | None``. Everything else that the API sends is skipped, which makes
        reading faster. The type needs no id and no time: those that the stream needs are read beside it.

        A field is read by its name in the full records, and otherwise by the name that the API sends: of a
        ``Field``, ``created_at`` and ``createdAt`` are the same. A struct's own ``rename=`` and
        ``field(name=)`` are names that the API sends.

        Values are decoded strictly. If one is missing, null or of another type, and the type does not allow
        that, the record cannot be decoded: a ``DecodeError`` with its place, or left out with
        ``on_invalid="skip"``.

        Args:
            record: The type. The type of the full records is decoded as without ``into``.

        Raises:
            TypeError: If it is another kind of type, or has a field that JSON cannot be decoded into.
        """
        # Imported here, since most programs read the records of the package.
        from sessionboard_async.core.decoding.caller_types import validate_record_type

        validate_record_type(record)
        return Pager(self._engine, self._query, record, **self._options)

    async def first(self) -> T | None:
        """Return the first record, or ``None`` if there is none.

        Raises:
            SessionboardError: If a request fails or a record cannot be decoded.
        """
        found = await self.collect(limit=1)
        return found[0] if found else None

    async def collect(self, limit: int | None = None) -> list[T]:
        """Return the records as a list; reads ahead as with ``prefetch="eager"``, unless the call set it.

        Args:
            limit: The most records to return, 0 or more; ``None`` for all.

        Raises:
            SessionboardError: If a request fails or a record cannot be decoded.
            ValueError: If the limit is negative.
            TypeError: If the limit is no integer.
        """
        limits = [given for given in (limit, self._options.get("limit")) if given is not None]
        prefetch = EAGER if self._options.get("prefetch") is None else self._options.get("prefetch")
        options: PagerOptions = {
            **self._options,
            "limit": min(limits, default=None),
            "prefetch": prefetch,
        }
        return [record async for record in Pager(self._engine, self._query, self.record, **options)]

    async def count(self) -> int:
        """Return the number of records that the API reports, by requesting a page of one record.

        If the API reports none, the records are counted one by one. Neither ``limit`` nor ``resume`` affects
        the result.

        Raises:
            SessionboardError: If a request fails.
        """
        smallest = PageStream(self._iteration(msgspec.Raw, page_size=1, limit=1, keyset=False))
        page = await anext(smallest, Page[msgspec.Raw]())
        await smallest.aclose()
        if page.pagination is not None and page.pagination.total_results is not None:
            return page.pagination.total_results
        everything = PageStream(self._iteration(msgspec.Raw, limit=None, keyset=False))
        return sum([len(page.results) async for page in everything])

    def _new_tracker(self, progress: StreamProgress) -> CheckpointTracker:
        return CheckpointTracker(self._query, self._consistency, progress)

    def _iterate(self) -> Iteration[T]:
        self._tracker = self._new_tracker(self._start)
        return self._iteration(self.record, tracker=self._tracker)

    def _iteration(
        self,
        record: type[Kind],
        *,
        tracker: CheckpointTracker | None = None,
        keyset: bool = True,
        **changed: Unpack[PagerOptions],
    ) -> Iteration[Kind]:
        options: PagerOptions = {**self._options, **changed}
        return Iteration(
            self._engine,
            self._query,
            record,
            order=self._order if keyset else None,
            page_size=options.get("page_size", LARGEST_PAGE),
            limit=options.get("limit"),
            prefetch=options.get("prefetch"),
            on_invalid=options.get("on_invalid", "raise"),
            progress=StreamProgress() if tracker is None else self._start,
            tracker=self._new_tracker(StreamProgress()) if tracker is None else tracker,
        )
