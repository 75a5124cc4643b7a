"""Export an event: one JSON Lines file per resource, every record exactly as the API sent it."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec

from sessionboard_async.client import AsyncSession
from sessionboard_async.core.options import validate_count
from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.pagination.prefetch import EAGER
from sessionboard_async.core.threads import run_in_thread
from sessionboard_async.errors import APIError
from sessionboard_async.export.checkpoints import read_run
from sessionboard_async.export.event import read_event, warn_of_missing_event
from sessionboard_async.export.manifest import Manifest, ResourceSummary, new_run_id
from sessionboard_async.export.refusals import is_refusal, warn_of_refusals
from sessionboard_async.export.resources import RESOURCES, event_search, validate_resources
from sessionboard_async.export.staged_file import StagedFile
from sessionboard_async.export.staging import Staging
from sessionboard_async.export.staging_state import StagingState
from sessionboard_async.models.events import Event
from sessionboard_async.services._common.datetimes import Timestamp, iso_timestamp
from sessionboard_async.services._common.filters import Expansion
from sessionboard_async.services._common.ids.events import EventLike, event_id_of

__all__ = ["RESOURCES", "ExportProgress", "Manifest", "ResourceSummary", "export_event"]


class ExportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """The progress of one resource.

    Attributes:
        resource: The resource.
        records: The number of records written so far.
        total: The number of records that the API reported; ``None`` if it is not known.
        done: Whether all records are written.
    """

    resource: str
    records: int
    total: int | None
    done: bool


async def export_event(
    sb: AsyncSession,
    event_id: EventLike,
    directory: str | os.PathLike[str],
    *,
    only: Iterable[str] = RESOURCES,
    expand: Sequence[Expansion] = (),
    updated_after: Timestamp | None = None,
    concurrency: int = 8,
    resume: bool | Checkpoint = False,
    allow_refused: bool = False,
    source: str | None = None,
    on_progress: Callable[[ExportProgress], object] = lambda _: None,
) -> Manifest:
    """Write an event's data to a folder: one ``<resource>.jsonl`` each, and ``manifest.json``.

    Files appear only when every resource was read or refused by the API itself. No existing file is removed:
    the manifest lists those of an earlier export, of resources that are refused now or not in ``only``. A few
    pages of each resource are in memory at a time. New files are readable only by their owner, because they
    hold personal data; replaced files keep their permissions. One export at a time may write to a folder
    (extra ``export``).

    The manifest holds the event with its name, time zone and features, found in the list of events. If the
    token does not see it there, the export succeeds without it: ``Manifest.event_missing`` has the reason.

    Scopes are those of the searches: ``read:sessions``, ``read:contacts`` and ``read:events``. Neither
    searches nor the list of events are rate limited by the API's document.

    Args:
        sb: The client to read with; its ``limits`` bound the requests in flight.
        event_id: The event, or its id.
        directory: The target folder; it is created if it does not exist.
        only: The resources to export, of ``RESOURCES``.
        expand: Expansions to include in the records.
        updated_after: Only records changed after this time: an aware datetime, or an ISO 8601 string with
            its offset.
        concurrency: The number of resources read at a time.
        resume: ``True`` continues the interrupted export in this folder, or starts one. Unfinished files are
            then kept in ``.export-unfinished``, after an interruption at any moment. An export without
            ``resume`` removes them when it succeeds. A checkpoint, from ``export_checkpoint``, continues the
            export that it belongs to and never starts one.
        allow_refused: Whether it is expected that the API refuses some of the resources. Otherwise a warning
            is logged that names them, and one if the event itself was not read. In both cases the manifest
            has the reasons.
        source: A name for the origin of the data, as ``Manifest.base_url`` has it and ``resume`` compares it;
            by default the address of the API. Pass one if the address changes, as that of an embedded server
            does.
        on_progress: Called in the event loop with the progress of a resource, after each page.

    Returns:
        The manifest.

    Raises:
        ValueError: If a resource is unknown or another argument is invalid; if the unfinished files belong to
            another export, or are damaged; or if the checkpoint is ``done``, damaged or of another export, or
            its export is complete or its files are gone. Nothing was sent then.
        TypeError: If the event's id is ``None``, or an argument has another type, such as a single string
            for ``only`` or ``expand``, or ``None`` for ``resume``.
        SessionboardError: If the data cannot be read, or the API refuses every resource.
        BlockingIOError: If another export writes to the folder. Nothing is changed.
        ConfigurationError: If the extra ``export`` is not installed.
        OSError: If a file cannot be written.
    """
    event_id = event_id_of(event_id)
    validate_count("concurrency", concurrency)
    since = None if updated_after is None else iso_timestamp("updated_after", updated_after)

    def pager(resource: str, checkpoint: Checkpoint | None = None) -> Pager[msgspec.Raw]:
        search = event_search(sb, resource)
        found = search(event_id, expand=expand, updated_after=since, prefetch=EAGER, resume=checkpoint)
        return found.raw_json()

    # Making a pager validates the arguments of its search, before anything is written.
    pagers = {resource: pager(resource) for resource in validate_resources(only)}
    state = StagingState(
        event_id=event_id,
        base_url=source or sb.base_url,
        expand=tuple(sorted(set(expand))),
        updated_after=since,
        run=new_run_id(),
    )
    run = read_run(resume, state)
    staging = Staging(Path(directory), state, resume=resume is not False, run=run)
    find_event = partial(read_event, sb, event_id)
    manifest = await _Export(staging, find_event, pagers, pager, concurrency, on_progress).run()
    if not allow_refused:
        warn_of_refusals(manifest.refused)
        if manifest.event_missing is not None:
            warn_of_missing_event(event_id, manifest.event_missing)
    return manifest


class _Step(Enum):
    """The steps of an export. Resuming starts at PREPARE, which continues with READ or PUBLISH."""

    PREPARE = auto()
    READ = auto()
    PUBLISH = auto()
    MOVE = auto()
    DONE = auto()


class _Export:
    """An export as a state machine: each step does one thing and returns the next step."""

    def __init__(
        self,
        staging: Staging,
        find_event: Callable[[], Awaitable[tuple[dict[str, Any] | None, str | None]]],
        pagers: dict[str, Pager[msgspec.Raw]],
        resume_pager: Callable[[str, Checkpoint | None], Pager[msgspec.Raw]],
        concurrency: int,
        on_progress: Callable[[ExportProgress], object],
    ) -> None:
        self._staging = staging
        self._find_event = find_event
        self._pagers = pagers
        self._resume_pager = resume_pager
        self._concurrency = concurrency
        self._on_progress = on_progress
        self._started_at = datetime.now(UTC)
        self._start = time.monotonic()
        self._resources: dict[str, ResourceSummary] = {}
        self._refused: dict[str, APIError] = {}
        self._event: Event | None = None
        self._event_missing: str | None = None
        self._manifest: Manifest | None = None

    async def run(self) -> Manifest:
        steps: dict[_Step, Callable[[], Awaitable[_Step]]] = {
            _Step.PREPARE: self._prepare,
            _Step.READ: self._read,
            _Step.PUBLISH: self._publish,
            _Step.MOVE: self._move,
        }
        step = _Step.PREPARE
        try:
            while step is not _Step.DONE:
                step = await steps[step]()
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_thread(self._staging.discard)
        return self._complete_manifest()

    async def _prepare(self) -> _Step:
        await run_in_thread(self._staging.prepare)
        self._manifest = self._staging.complete
        if self._manifest is not None:
            return _Step.PUBLISH
        await run_in_thread(partial(self._staging.validate_files, self._pagers))
        for resource in self._pagers:
            checkpoint = self._staging.file_state(resource).checkpoint
            if checkpoint is None or checkpoint.done:
                continue
            try:
                self._pagers[resource] = self._resume_pager(resource, checkpoint)
            except ValueError as error:
                raise ValueError(
                    f"{self._staging.folder} holds {resource} that cannot be resumed ({error}): remove it to "
                    "start again"
                ) from None
        return _Step.READ

    async def _read(self) -> _Step:
        limiter = anyio.CapacityLimiter(self._concurrency)

        async def read(resource: str) -> None:
            async with limiter:
                try:
                    self._resources[resource] = await self._read_resource(resource)
                except APIError as error:
                    if not is_refusal(error):
                        raise
                    self._refused[resource] = error

        await _run_concurrently([self._read_event, *(partial(read, resource) for resource in self._pagers)])
        if self._refused and not self._resources:
            raise next(iter(self._refused.values())).with_traceback(None)
        earlier = await run_in_thread(partial(self._staging.earlier_files, written=self._resources))
        state = self._staging.state
        self._manifest = Manifest(
            event_id=state.event_id,
            run=state.run,
            base_url=state.base_url,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            seconds=round(time.monotonic() - self._start, 3),
            expand=state.expand,
            updated_after=state.updated_after,
            resources={name: self._resources[name] for name in self._pagers if name in self._resources},
            refused={name: str(self._refused[name]) for name in self._pagers if name in self._refused},
            event=self._event,
            event_missing=self._event_missing,
            earlier=earlier,
        )
        return _Step.PUBLISH

    async def _publish(self) -> _Step:
        manifest = self._complete_manifest()
        await run_in_thread(partial(self._staging.publish, manifest))
        return _Step.MOVE

    async def _move(self) -> _Step:
        manifest = self._complete_manifest()
        await run_in_thread(partial(self._staging.move, manifest))
        # An earlier attempt may have been asked for other resources.
        return _Step.DONE if manifest.requested == self._pagers.keys() else _Step.PREPARE

    def _complete_manifest(self) -> Manifest:
        assert self._manifest is not None  # noqa: S101  # made in an earlier step
        return self._manifest

    async def _read_event(self) -> None:
        event, self._event_missing = await self._find_event()
        self._event = None if event is None else Event.from_dict(event)

    async def _read_resource(self, resource: str) -> ResourceSummary:
        file = StagedFile(self._staging, resource)
        start = time.monotonic() - file.state.seconds
        try:
            await run_in_thread(file.open)
            self._report(file)
            if not file.state.has_all_pages:
                await self._copy_pages(self._pagers[resource], file, start)
            if not file.state.done:
                await run_in_thread(file.finish)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_thread(file.close)
        self._report(file, done=True)
        state = file.state
        return ResourceSummary(
            file=file.name,
            records=state.records,
            reported=state.reported,
            pages=state.pages,
            bytes=state.bytes,
            seconds=round(time.monotonic() - start, 3),
        )

    async def _copy_pages(self, pager: Pager[msgspec.Raw], file: StagedFile, start: float) -> None:
        async with aclosing(pager.pages()) as pages:
            async for page in pages:
                checkpoint = pages.checkpoint(include_current=True)
                seconds = round(time.monotonic() - start, 3)
                await run_in_thread(partial(file.write, page, checkpoint, seconds))
                self._report(file)

    def _report(self, file: StagedFile, *, done: bool = False) -> None:
        state = file.state
        self._on_progress(
            ExportProgress(resource=file.resource, records=state.records, total=state.reported, done=done)
        )


async def _run_concurrently(reads: Iterable[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    """Read in a task group; the first error cancels the others and is raised by itself."""
    first: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            for read in reads:
                group.start_soon(read)
    except* Exception as errors:  # noqa: BLE001  # one of them is raised below
        first = next(_leaves(errors))
    if first is not None:
        raise first


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
