"""Report the changes of an event's data since the last run.

::

    feed = changes(sb, 4630, resume=checkpoint)
    async for change in feed:
        ...
    checkpoint = feed.checkpoint()
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast

import msgspec

from sessionboard_async.change_feed.change import Change, ChangeKind, FeedStep
from sessionboard_async.change_feed.reader import ChangeReader
from sessionboard_async.change_feed.source import FeedSource
from sessionboard_async.change_feed.state import FeedState, KnownIds
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.core.pagination.prefetch import EAGER, PrefetchDepth
from sessionboard_async.errors import APIError
from sessionboard_async.export.resources import RESOURCES, event_search, validate_resources
from sessionboard_async.models.base import EventId, Record
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.services._common.ids.events import EventLike, event_id_of

__all__ = ["RESOURCES", "Batch", "BatchStream", "Change", "ChangeFeed", "ChangeKind", "changes"]

R = TypeVar("R")

_NO_FILTERS = frozenset({"consistency", "expand", "limit", "prefetch", "resume", "sort"})
"""Keywords of a search that decide what the feed decides, or that it takes itself."""


class Batch(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Changes that were read together, and the checkpoint after them.

    Attributes:
        resource: The resource of all the changes.
        changes: The changes; may be empty.
        checkpoint: The checkpoint to store once the changes are processed, best in the same transaction.
    """

    resource: str
    changes: tuple[Change[R], ...]
    checkpoint: Checkpoint


def changes(
    sb: AsyncSession,
    event_id: EventLike,
    *,
    resources: Iterable[str] = RESOURCES,
    resume: Checkpoint | None = None,
    expand: Sequence[Expansion] = (),
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    sweep_every: timedelta = timedelta(days=1),
    known: KnownIds | None = None,
    allow_refused: bool = False,
    prefetch: PrefetchDepth | None = EAGER,
) -> ChangeFeed[Record]:
    """Follow the changes of an event: all records in the first run, then what changed since the last run.

    Each change is reported at least once: write records by id.

    Changed records are read by their ``updated_at``, from five minutes before the newest one that was
    delivered, whatever the clocks say. The API reports deletions of sessions only. To find other removed
    records, sessions that went into a composition, and changes with an older time or none, the feed compares
    all records from time to time, and in every run where the API refuses to report changes or deletions. It
    does not find a change that leaves a valid ``updated_at`` as it was. A missing id is looked up, and
    reported once the API says that it is gone, or once it is missing in a second comparison more than three
    minutes later; it is then ``"left_scope"`` unless a complete search does not find it either.

    Scopes are those of the searches: ``read:sessions``, ``read:contacts`` and ``read:events``. Searches are
    not rate limited by the API's document; looking up missing ids counts in ``entity-reads``, with at most
    10 requests per resource, as does the list of statuses.

    Args:
        sb: The client to read with.
        event_id: The event, or its id.
        resources: The resources to follow, of ``RESOURCES``.
        resume: The checkpoint of the last run, from ``ChangeFeed.checkpoint()`` or ``Batch.checkpoint``;
            ``None`` in the first run. It is never ``done``, because the event may change again. Its run may
            have followed other resources: one that it did not follow is read from the start.
        expand: Expansions to include in the records; the same in every run.
        filters: By resource, keyword arguments of its ``search``, such as
            ``{"sessions": {"status": "accepted"}}``; the same in every run.
        sweep_every: The time from one comparison of all records to the next; 0 compares in every run. A
            comparison reads all records again. A run that starts up to a tenth of the time early compares
            too.
        known: A function, or an async function, that returns the ids of a resource that you have from this
            feed, so that the checkpoint does not hold them: without it, a checkpoint grows with every id.
            Pass it in every run from then on. An id that a comparison does not find counts as missing. As a
            mapping, the ids come with the ``updated_at`` of each, as an aware datetime or the string that the
            API sent; a record with ``None`` comes again in every comparison. With ids alone, a comparison
            finds only new and removed ones, and the checkpoint holds the ids of the last minutes. Called in
            the event loop, once for each resource, when it is read: it must return all that was stored up to
            the checkpoint.
        allow_refused: Whether it is expected that the API refuses some of the resources. Otherwise a warning
            is logged that names them. In both cases they are in ``ChangeFeed.refused``.
        prefetch: How many pages to fetch ahead, as for every search; ``"eager"`` by default.

    Returns:
        The feed; nothing is sent before the first change is requested.

    Raises:
        ValueError: If a resource, expansion, filter or time is invalid, or the checkpoint is damaged or
            belongs to another event, to other filters or expansions, or to another call, such as a search, or
            it was made with ``known``, and this call has none.
        TypeError: If ``search`` does not accept a filter, the event's id is ``None``, ``resume`` is no
            checkpoint, ``known`` is no function, or an argument has another type, such as a single string for
            ``resources``, or a number for ``sweep_every``.
    """
    event_id = event_id_of(event_id)
    wanted = validate_arguments(
        sb,
        event_id,
        resources=resources,
        expand=expand,
        filters=filters,
        sweep_every=sweep_every,
        prefetch=prefetch,
    )
    state = FeedState(event_id, wanted, expand=expand, filters=filters or {}, resume=resume, known=known)
    source = FeedSource(sb, event_id, expand=expand, filters=filters or {}, prefetch=prefetch)
    reader = ChangeReader(source, wanted, state, sweep_every=sweep_every, allow_refused=allow_refused)
    return ChangeFeed(reader, raw=False)


def validate_arguments(
    sb: AsyncSession,
    event_id: EventId,
    *,
    resources: Iterable[str],
    expand: Sequence[Expansion],
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    sweep_every: timedelta,
    prefetch: PrefetchDepth | None = EAGER,
) -> tuple[str, ...]:
    """Check the arguments of ``changes``, and return each resource once.

    Raises:
        ValueError: As ``changes`` does.
        TypeError: As ``changes`` does.
    """
    wanted, filters = validate_resources(resources), filters or {}
    for resource in validate_resources(filters):
        if others := sorted(_NO_FILTERS & filters[resource].keys()):
            raise ValueError(f"filters of {resource}: {', '.join(others)} cannot be used in a change feed")
    if not isinstance(cast("object", sweep_every), timedelta):
        raise TypeError(f"sweep_every must be a timedelta, not {type(sweep_every).__name__}")
    if sweep_every < timedelta():
        raise ValueError(f"sweep_every must not be negative, and is {sweep_every}")
    for resource in wanted:
        # Making a pager validates the arguments of its search, and sends nothing.
        search = event_search(sb, resource)
        search(event_id, expand=expand, prefetch=prefetch, **filters.get(resource, {}))
    return wanted


class ChangeFeed(Generic[R]):
    """The changes of one run, as an async iterator.

    After an error or a cancellation the next change may be requested again. Several tasks may share the feed:
    each change goes to one of them. A checkpoint then counts a change as processed once any of them requests
    the next.

    Attributes:
        refused: The resources that the API refused, each with its error. Sponsors, exhibitors and others are
            features that an event may not have.
    """

    def __init__(self, reader: ChangeReader, *, raw: bool) -> None:
        self.refused: dict[str, APIError] = reader.refused
        self._reader = reader
        self._is_raw = raw
        self._steps = reader.steps(raw=raw)
        self._step = FeedStep("")
        self._changes: list[Change[R]] = []
        self._turn = asyncio.Lock()
        self._is_closed = False

    def checkpoint(self) -> Checkpoint:
        """Return how far the feed came, to resume from in the next run.

        Changes that were read together count as processed once the change after them is requested, or the
        feed has ended; until then, all of them are reported again. A batch counts as processed once it is
        returned: in a loop over batches, store ``Batch.checkpoint`` instead.
        """
        return self._reader.state.checkpoint()

    def raw(self) -> ChangeFeed[dict[str, Any]]:
        """Return the same feed with records as plain dicts, exactly as the API sent them."""
        return ChangeFeed(self._reader, raw=True)

    def __aiter__(self) -> ChangeFeed[R]:
        return self

    async def __anext__(self) -> Change[R]:
        while not self._changes:
            async with self._turn:
                if not self._changes:
                    await self._advance()
        return self._changes.pop()

    def batches(self) -> BatchStream[R]:
        """Iterate over the changes in batches, each with the checkpoint to store together with its changes.

        Every batch holds a complete checkpoint: pass ``known`` for events with many records.
        """
        return BatchStream(self)

    async def next_batch(self) -> Batch[R]:
        """Return the next batch; changes that were not delivered one by one come first.

        Raises:
            StopAsyncIteration: If there are no more.
            SessionboardError: If the data cannot be read, or the API refuses every resource.
            ValueError: If ``known`` returns an empty id, or a datetime without an offset.
            TypeError: If ``known`` returns something else than ids and times.
        """
        async with self._turn:
            if not self._changes:
                await self._advance()
            step, found = self._step, tuple(reversed(self._changes))
            self._changes, self._step = [], FeedStep("")
            step.acknowledge()
            return Batch(resource=step.resource, changes=found, checkpoint=self.checkpoint())

    async def aclose(self) -> None:
        """End the run, and everything it has under way. A page that a task waits for still arrives."""
        async with self._turn:
            self._changes, self._step, self._is_closed = [], FeedStep(""), True
            await self._steps.aclose()

    async def _advance(self) -> None:
        if self._is_closed:
            raise StopAsyncIteration
        self._step.acknowledge()
        self._step = FeedStep("")
        try:
            self._step = await anext(self._steps)
        except StopAsyncIteration:
            raise
        except BaseException:
            # A generator that raised has ended, and would end the feed as if all had been read.
            self._steps = self._reader.steps(raw=self._is_raw)
            raise
        self._changes = cast("list[Change[R]]", [*reversed(self._step.changes)])


class BatchStream(Generic[R]):
    """The changes of a feed in batches.

    A class and not an async generator: leaving a loop early leaves nothing open that the feed does not close.
    """

    def __init__(self, feed: ChangeFeed[R]) -> None:
        self._feed = feed

    def __aiter__(self) -> BatchStream[R]:
        return self

    async def __anext__(self) -> Batch[R]:
        return await self._feed.next_batch()

    async def aclose(self) -> None:
        """End the run, as ``ChangeFeed.aclose`` does."""
        await self._feed.aclose()
