"""A copy of an event in a SQLite file, brought up to date run by run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, aclosing
from datetime import timedelta
from functools import partial

import msgspec

from sessionboard_async.change_feed.feed import changes
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.threads import run_in_thread
from sessionboard_async.export.exporter import RESOURCES, ExportProgress
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.sqlite.database import Database


class SyncSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        upserted: How many records were written, new or changed.
        removed: How many records were removed.
        counts: How many records there are now, by resource.
        refused: The resources that the API did not give, each with its reason.
    """

    upserted: int
    removed: int
    counts: dict[str, int]
    refused: dict[str, str]


async def sync_event(
    sb: AsyncSession,
    event_id: EventId,
    path: str | os.PathLike[str],
    *,
    only: Iterable[str] = RESOURCES,
    expand: Sequence[Expansion] = (),
    sweep_every: timedelta = timedelta(days=1),
    on_progress: Callable[[ExportProgress], object] = lambda _: None,
) -> SyncSummary:
    """Keep a copy of an event in a SQLite file: all of it in the first run, and then what changed.

    Every page is written in one transaction with the place to go on from, so that a run may be interrupted
    at any moment, and the next goes on.

    Args:
        sb: The session to read with.
        event_id: The event.
        path: The file; it is made where it does not exist.
        only: The resources to follow, of ``RESOURCES``.
        expand: What the records hold in addition; the same in every run.
        sweep_every: After which time all ids are compared, to find what vanished without a word.
        on_progress: Told of each page.

    Returns:
        What was done.

    Raises:
        ConfigurationError: If the file is no database, or a copy of something else. It is a ``ValueError``.
        ValueError: If a resource is unknown.
        SessionboardError: If the data cannot be read, or the API refuses every resource.
        OSError: If the file cannot be written.
    """
    wanted = tuple(only)
    follow = partial(changes, sb, event_id, resources=wanted, expand=expand, sweep_every=sweep_every)
    follow()  # A wrong argument shall be found before a file is made.
    with ExitStack() as opened:
        database = await run_in_thread(
            lambda: opened.enter_context(
                Database(path, event_id=event_id, base_url=sb.base_url, expand=expand)
            )
        )
        feed = follow(cursor=database.cursor, known=database.ids).raw()
        done: Counter[str] = Counter()
        written: Counter[str] = Counter()
        resource = ""
        async with aclosing(feed.batches()) as batches:
            async for batch in batches:
                if batch.resource != resource:
                    _tell_done(on_progress, resource, written)
                    resource = batch.resource
                applied = await run_in_thread(partial(database.apply, batch.changes, batch.cursor))
                done.update(upserted=applied.upserted, removed=applied.removed)
                written[resource] += applied.upserted + applied.removed
                on_progress(
                    ExportProgress(resource=resource, records=written[resource], total=None, done=False)
                )
        _tell_done(on_progress, resource, written)
        counts = await run_in_thread(database.counts)
    return SyncSummary(
        upserted=done["upserted"],
        removed=done["removed"],
        counts=counts,
        refused={name: str(error) for name, error in feed.refused.items()},
    )


def _tell_done(on_progress: Callable[[ExportProgress], object], resource: str, written: Counter[str]) -> None:
    if resource:
        on_progress(ExportProgress(resource=resource, records=written[resource], total=None, done=True))
