"""Copy an event into a SQLite database, and update the copy run by run."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, aclosing
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import msgspec

from sessionboard_async.change_feed.feed import changes, validate_arguments
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.threads import run_in_thread
from sessionboard_async.errors import ConfigurationError
from sessionboard_async.export.event import read_event
from sessionboard_async.export.exporter import ExportProgress
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.export.target_lock import TargetLock, lock_of_file
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.services._common.ids.events import EventLike, event_id_of
from sessionboard_async.sqlite.database import Database
from sessionboard_async.sqlite.event import time_zone
from sessionboard_async.sqlite.views import view_languages

logger: logging.Logger = logging.getLogger("sessionboard_async")


class SyncSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a run.

    Attributes:
        upserted: The number of records written, new or changed.
        removed: The number of records removed.
        counts: The number of records in the copy now, by resource.
        refused: The resources that the API refused, each with the reason. Their records stay as they were.
    """

    upserted: int
    removed: int
    counts: dict[str, int]
    refused: dict[str, str]


async def sync_event(
    sb: AsyncSession,
    event_id: EventLike,
    path: str | os.PathLike[str],
    *,
    only: Iterable[str] = RESOURCES,
    expand: Sequence[Expansion] = (),
    languages: Iterable[str] = (),
    sweep_every: timedelta = timedelta(days=1),
    allow_refused: bool = False,
    source: str | None = None,
    on_progress: Callable[[ExportProgress], object] = lambda _: None,
) -> SyncSummary:
    """Copy an event into a SQLite database: all records in the first run, then what changed.

    One run at a time may write to a file.

    There is no ``resume`` to pass: the checkpoint lies in the file. Every page is written in one transaction
    with the checkpoint after it, so a run may be interrupted at any moment, and the next run continues.

    Records of a resource that the API refuses stay as they are. The event itself, with its time zone, is read
    from the list of events; if it is not there, a warning is logged, and sessions have no local times.

    Scopes are those of the searches: ``read:sessions``, ``read:contacts`` and ``read:events``. Looking up
    missing records counts in the rate-limit category ``entity-reads``, with at most 10 requests per resource,
    as does the list of statuses.

    Args:
        sb: The client to read with.
        event_id: The event, or its id.
        path: The database file; it is created if it does not exist.
        only: The resources to copy, of ``RESOURCES``.
        expand: Expansions to include in the records; the same in every run.
        languages: Languages to add a view of the sessions for, such as ``["fr"]`` for ``talks_fr``; then
            ``expand`` must include ``translated_fields``.
        sweep_every: The time from one comparison of all records to the next. It finds records whose removal
            or change the API does not report.
        allow_refused: Whether it is expected that the API refuses some of the resources. Otherwise a warning
            is logged that names them. In both cases they are in ``SyncSummary.refused``.
        source: A name for the origin of the data, compared in every run with that of the copy; by default the
            address of the API. Pass one if the address changes, as that of an embedded server does.
        on_progress: Called in the event loop with the progress of a resource, after each page.

    Returns:
        The result of this run.

    Raises:
        ConfigurationError: If the file is no database, or a copy of something else, or its checkpoint is
            damaged. It is a ``ValueError``.
        ValueError: If a resource or another argument is invalid.
        TypeError: If the event's id is ``None``, or an argument has another type, such as a single string
            for ``only`` or a number for ``sweep_every``.
        SessionboardError: If the data cannot be read, or the API refuses every resource.
        BlockingIOError: If another run writes to the file. Nothing is changed.
        OSError: If the file cannot be written.
    """
    event_id = event_id_of(event_id)
    wanted = validate_arguments(sb, event_id, resources=only, expand=expand, sweep_every=sweep_every)
    tags = view_languages(languages, expand)
    written: Counter[str] = Counter()

    def report(resource: str, *, done: bool) -> None:
        if resource:
            records = written[resource]
            on_progress(ExportProgress(resource=resource, records=records, total=None, done=done))

    opened = ExitStack()

    def open_copy() -> tuple[Database, dict[str, dict[str, str | None]]]:
        busy = "another sync writes to this database: wait for it, or choose another file"
        lock = TargetLock(lock_of_file(Path(path)), Path(path), busy)
        lock.acquire()
        opened.callback(lock.release)
        database = Database(
            path, event_id=event_id, base_url=source or sb.base_url, expand=expand, languages=tags
        )
        opened.enter_context(database)
        return database, {resource: database.update_times(resource) for resource in wanted}

    try:
        database, known = await run_in_thread(open_copy)
        checkpoint = database.checkpoint
        try:
            feed = changes(
                sb,
                event_id,
                resources=wanted,
                resume=checkpoint,
                expand=expand,
                sweep_every=sweep_every,
                known=known.__getitem__,
                allow_refused=allow_refused,
            ).raw()
        except ValueError as error:
            # The other arguments were checked before.
            raise ConfigurationError(
                f"{os.fspath(path)}: its checkpoint cannot be used ({error}): choose another file"
            ) from None
        found, _ = await read_event(sb, event_id)
        if found is not None:
            await run_in_thread(partial(database.save_event, found))
        total: Counter[str] = Counter()
        resource = ""
        async with aclosing(feed.batches()) as batches:
            async for batch in batches:
                if batch.resource != resource:
                    report(resource, done=True)
                    resource = batch.resource
                apply = partial(database.apply, batch.changes, batch.checkpoint, keep_newer=False)
                applied = await run_in_thread(apply)
                total.update(upserted=applied.upserted, removed=applied.removed)
                written[resource] += applied.upserted + applied.removed
                report(resource, done=False)
        report(resource, done=True)
        counts, event = await run_in_thread(lambda: (database.counts(), database.event))
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_thread(opened.close)
    zone = None if event is None else event.get("timezone")
    if counts["sessions"] and time_zone(zone) is None:
        logger.warning(
            "event %s: the time zone %.100r is not known, so that sessions have no local times",
            event_id,
            zone,
        )
    return SyncSummary(
        upserted=total["upserted"],
        removed=total["removed"],
        counts=counts,
        refused={name: str(error) for name, error in feed.refused.items()},
    )
