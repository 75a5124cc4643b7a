"""The changes of an event's data since the last time: what to write, and what to remove.

::

    feed = changes(sb, 4630, cursor=kept)
    async for change in feed:
        ...
    kept = feed.cursor
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast

import msgspec

from sessionboard_async.change_feed.cursor import Cursor, FeedState, unique
from sessionboard_async.change_feed.reader import Change, ChangeKind, ChangeReader, FeedStep
from sessionboard_async.client import AsyncSession
from sessionboard_async.export.exporter import RESOURCES
from sessionboard_async.models.base import EventId, Record
from sessionboard_async.services._common.filters import Expansion

__all__ = ["RESOURCES", "Batch", "Change", "ChangeFeed", "ChangeKind", "Cursor", "changes"]

R = TypeVar("R")


class Batch(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Changes that were read together, and where to go on after them.

    Attributes:
        resource: The resource; a batch is of one alone.
        changes: The changes, perhaps none.
        cursor: What to keep once they are worked off: best in one transaction with what was made of them.
    """

    resource: str
    changes: tuple[Change[R], ...]
    cursor: Cursor


def changes(
    sb: AsyncSession,
    event_id: EventId,
    *,
    resources: Iterable[str] = RESOURCES,
    cursor: Mapping[str, Any] | None = None,
    expand: Sequence[Expansion] = (),
    filters: Mapping[str, Mapping[str, Any]] | None = None,
    sweep_every: timedelta = timedelta(days=1),
    known: Callable[[str], Iterable[str]] | None = None,
    prefetch: int | None = None,
) -> ChangeFeed[Record]:
    """Follow the changes of an event: everything at first, and then what changed since.

    A change comes at least once: what changed within the last five minutes before a run may come again in
    the next. So write by id, and leave out a record whose ``updated_at`` is older than what you have.

    What was changed is read by the time of its last change. Deleted sessions are told by the API. Other
    records vanish without a word, and sessions that went into a composition do too: from time to time all
    ids are compared, and what is missing is asked for one by one, or is missing in a second comparison more
    than three minutes later.

    Args:
        sb: The session to read with.
        event_id: The event.
        resources: What to follow, of ``RESOURCES``.
        cursor: What ``ChangeFeed.cursor`` was after the last run; ``None`` for the first.
        expand: What the records shall hold in addition; the same in every run.
        filters: Arguments of ``search`` by resource, such as ``{"sessions": {"status": "accepted"}}``; the
            same in every run.
        sweep_every: After which time all ids are compared; this reads everything once more. 0 for each run.
        known: Tells the ids of a resource that you have, so that the cursor need not hold them.
        prefetch: How many pages to fetch ahead.

    Returns:
        The feed; nothing is read before the first change is asked for.

    Raises:
        ValueError: If a resource is unknown, or an expansion, filter or time is none, or the cursor is of
            another event, or made with other filters or expansions.
        TypeError: If a filter is none that ``search`` takes.
    """
    wanted = unique(resources, RESOURCES)
    if filters is not None:
        unique(filters, RESOURCES)
    if sweep_every < timedelta():
        raise ValueError(f"sweep_every is a time from one comparison to the next, and not {sweep_every}")
    progress = FeedState(event_id, [sorted(expand), filters or {}], cursor, known)
    reader = ChangeReader(
        sb,
        event_id,
        wanted,
        progress,
        expand=expand,
        filters=filters or {},
        sweep_every=sweep_every,
        prefetch=prefetch,
    )
    return ChangeFeed(reader, raw=False)


class ChangeFeed(Generic[R]):
    """The changes of one run, as an async iterator.

    Attributes:
        refused: The resources that the API does not give, each with its error: sponsors, exhibitors and more
            are features that an event may not have.
    """

    def __init__(self, reader: ChangeReader, *, raw: bool) -> None:
        self.refused = reader.refused
        self._reader = reader
        self._steps = reader.steps(raw=raw)
        self._step = FeedStep("")
        self._changes: list[Change[R]] = []

    @property
    def cursor(self) -> Cursor:
        """Where to go on: what was handed out last counts as not worked off until more is asked for."""
        return self._reader.progress.cursor()

    def raw(self) -> ChangeFeed[dict[str, Any]]:
        """Return the same feed with records as plain dicts, exactly as they were sent."""
        return ChangeFeed(self._reader, raw=True)

    def __aiter__(self) -> ChangeFeed[R]:
        return self

    async def __anext__(self) -> Change[R]:
        while not self._changes:
            self._step.acknowledge()
            self._step = FeedStep("")
            self._step = await anext(self._steps)
            self._changes = cast("list[Change[R]]", [*reversed(self._step.changes)])
        return self._changes.pop()

    async def batches(self) -> AsyncGenerator[Batch[R], None]:
        """Go through the changes in batches, each with the cursor to keep together with it.

        Every batch holds a cursor of its own, so give ``known`` where there are many records.
        """
        async with aclosing(self._steps) as steps:
            async for step in steps:
                step.acknowledge()
                found = cast("tuple[Change[R], ...]", step.changes)
                yield Batch(resource=step.resource, changes=found, cursor=self.cursor)

    async def aclose(self) -> None:
        """End the run now, with all that it has under way."""
        self._changes, self._step = [], FeedStep("")
        await self._steps.aclose()
