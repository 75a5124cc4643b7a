"""An event's data as files: one JSON Lines file per resource, every record exactly as the API sent it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import msgspec

from sessionboard_async.client import AsyncSession
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoint import Checkpoint
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.threads import run_in_thread
from sessionboard_async.errors import NotFoundError, PermissionDeniedError
from sessionboard_async.export.manifest import Manifest, ResourceSummary, publish
from sessionboard_async.export.staging import STAGING_FOLDER, FileState, Staging, StagingState
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.datetimes import Timestamp, iso_timestamp
from sessionboard_async.services._common.filters import Expansion

__all__ = ["RESOURCES", "ExportProgress", "Manifest", "ResourceSummary", "export_event"]

RESOURCES = (
    "sessions",
    "speakers",
    "contacts",
    "sponsors",
    "exhibitors",
    "fields",
    "rooms",
    "tracks",
    "tags",
    "formats",
    "levels",
    "languages",
    "statuses",
)
"""What can be exported; each is a service of ``AsyncSession`` with a ``search``."""

_PAGES_AHEAD = 2


class ExportProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one resource has come.

    Attributes:
        resource: The resource.
        records: How many records were written.
        total: How many there are, as far as the API said.
        done: Whether all were written.
    """

    resource: str
    records: int
    total: int | None
    done: bool


async def export_event(
    sb: AsyncSession,
    event_id: EventId,
    directory: str | os.PathLike[str],
    *,
    only: Iterable[str] = RESOURCES,
    expand: Sequence[Expansion] = (),
    updated_after: Timestamp | None = None,
    concurrency: int = 8,
    resume: bool = False,
    on_progress: Callable[[ExportProgress], object] = lambda _: None,
) -> Manifest:
    """Write an event's data to a directory, one ``<resource>.jsonl`` each, and ``manifest.json`` last.

    All files are written beside their places and moved there at the end, one right after the other, the
    manifest last: whatever happens before leaves the directory as it was. Older files of the resources that
    the API refuses now are removed; those of resources not asked for stay. At most a few pages of each
    resource are in memory.

    Args:
        sb: The session to read with; its ``pool_size`` bounds the requests in flight.
        event_id: The event.
        directory: Where the files go; it is made where it does not exist.
        only: The resources to export, of ``RESOURCES``.
        expand: What the records shall hold in addition.
        updated_after: Only records changed after this moment: an aware datetime, or an ISO 8601 string with
            its offset.
        concurrency: How many resources are read at a time.
        resume: Whether an export into this directory that was interrupted goes on where it was, which may be
            at any moment. What is read is then kept in ``.export-unfinished`` until all is complete; let only
            one export go on there at a time. Without this, a complete export removes what was kept there.
        on_progress: Told of each page.

    Returns:
        What was written.

    Raises:
        ValueError: If a resource is unknown, or another argument cannot be used; or if the unfinished export
            that is to go on is another one, or damaged.
        SessionboardError: If the data cannot be read, or the API refuses every resource.
        OSError: If a file cannot be written.
    """
    wanted = tuple(dict.fromkeys(only))
    if unknown := [resource for resource in wanted if resource not in RESOURCES]:
        raise ValueError(f"there is no {', '.join(unknown)} to export; there are {', '.join(RESOURCES)}")
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, not {concurrency}")
    since = None if updated_after is None else iso_timestamp("updated_after", updated_after)
    pager = partial(_pager, sb, event_id, expand, since)
    for resource in wanted:
        pager(resource, None)  # A wrong argument shall be found before anything is written.
    started_at, began = datetime.now(UTC), time.monotonic()
    place = Path(directory)
    is_new = not await anyio.Path(place).exists()
    await run_in_thread(partial(place.mkdir, parents=True, exist_ok=True))
    unfinished: Staging | None = None
    if resume:
        kept = StagingState(
            event_id=event_id, base_url=sb.base_url, expand=tuple(expand), updated_after=since
        )
        unfinished = await run_in_thread(partial(Staging, place, kept))
        beside = unfinished.place
        if unfinished.complete is not None:
            await run_in_thread(partial(publish, beside, place, unfinished.complete))
            if unfinished.complete.asked_for == {*wanted}:
                return unfinished.complete
            unfinished = await run_in_thread(partial(Staging, place, kept))
        for resource in wanted:
            try:
                pager(resource, unfinished.file_state(resource).checkpoint)
            except ValueError as error:
                raise ValueError(
                    f"{beside} holds {resource} that cannot go on ({error}): remove it to begin anew"
                ) from None
    else:
        # In the same file system as the places of the files, and for this export alone.
        beside = Path(tempfile.mkdtemp(prefix=".export-", dir=place))
    resources: dict[str, ResourceSummary] = {}
    refused: dict[str, NotFoundError | PermissionDeniedError] = {}
    turns = anyio.CapacityLimiter(concurrency)

    async def export(resource: str) -> None:
        async with turns:
            try:
                if unfinished is None:
                    file = _File(resource, (beside / f"{resource}.jsonl").open("wb"), FileState())
                else:
                    file = _File(
                        resource, unfinished.open(resource), unfinished.file_state(resource), unfinished
                    )
                resources[resource] = await _write(pager, file, on_progress)
            except (NotFoundError, PermissionDeniedError) as error:
                refused[resource] = error

    try:
        await _side_by_side(export, wanted)
        if refused and not resources:
            raise next(iter(refused.values())).with_traceback(None)
        manifest = Manifest(
            event_id=event_id,
            base_url=sb.base_url,
            started_at=started_at,
            finished_at=datetime.now(UTC),
            seconds=round(time.monotonic() - began, 3),
            expand=tuple(expand),
            updated_after=since,
            resources={resource: resources[resource] for resource in wanted if resource in resources},
            refused={resource: str(error) for resource, error in refused.items()},
        )
        if unfinished is None:
            # Going on with older records would put them in the place of these.
            shutil.rmtree(place / STAGING_FOLDER, ignore_errors=True)
        await run_in_thread(partial(publish, beside, place, manifest))
    finally:
        if unfinished is None or unfinished.is_empty:
            shutil.rmtree(beside, ignore_errors=True)
            if is_new:
                _remove_if_empty(place)
    return manifest


async def _side_by_side(export: Callable[[str], Coroutine[Any, Any, None]], wanted: Iterable[str]) -> None:
    """Run an export of each resource; the first error ends the others and is raised as it is."""
    first: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            for resource in wanted:
                group.start_soon(export, resource)
    except* Exception as errors:  # noqa: BLE001  # one of them is raised again below
        first = next(_leaves(errors))
    if first is not None:
        raise first


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _pager(
    sb: AsyncSession,
    event_id: EventId,
    expand: Sequence[Expansion],
    since: str | None,
    resource: str,
    checkpoint: Checkpoint | None,
) -> Pager[msgspec.Raw]:
    service = getattr(sb, resource)
    found: Pager[object] = service.search(
        event_id, expand=expand, updated_after=since, prefetch=_PAGES_AHEAD, resume=checkpoint
    )
    return found.raw_json()


@dataclass
class _File:
    """A file that is being written."""

    resource: str
    file: BinaryIO
    part: FileState
    unfinished: Staging | None = None

    def write(self, page: Page[msgspec.Raw], checkpoint: Checkpoint, seconds: float) -> None:
        """Write a page; where the export may go on after an interruption, surely."""
        lines = b"".join(_line(record) for record in page.results)
        self.file.write(lines)
        part, pagination = self.part, page.pagination
        self.part = FileState(
            checkpoint=checkpoint,
            records=part.records + len(page.results),
            pages=part.pages + 1,
            bytes=part.bytes + len(lines),
            reported=part.reported if pagination is None else pagination.total_results,
            seconds=seconds,
        )
        if self.unfinished is not None:
            self.keep()

    def finish(self) -> None:
        """Note that all is written."""
        self.part.done = True
        self.keep()

    def keep(self) -> None:
        """Have everything on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if self.unfinished is not None:
            self.unfinished.save(self.resource, self.part)


async def _write(
    pager: Callable[[str, Checkpoint | None], Pager[msgspec.Raw]],
    file: _File,
    on_progress: Callable[[ExportProgress], object],
) -> ResourceSummary:
    resource, before = file.resource, file.part.seconds
    began = time.monotonic()

    def tell(*, done: bool = False) -> None:
        part = file.part
        on_progress(ExportProgress(resource=resource, records=part.records, total=part.reported, done=done))

    with file.file:
        tell()
        if not file.part.done:
            async with aclosing(pager(resource, file.part.checkpoint).pages()) as pages:
                async for page in pages:
                    checkpoint = pages.checkpoint(include_current=True)
                    seconds = round(before + time.monotonic() - began, 3)
                    await run_in_thread(partial(file.write, page, checkpoint, seconds))
                    tell()
            await run_in_thread(file.finish)
    tell(done=True)
    part = file.part
    return ResourceSummary(
        file=f"{resource}.jsonl",
        records=part.records,
        reported=part.reported,
        pages=part.pages,
        bytes=part.bytes,
        seconds=round(before + time.monotonic() - began, 3),
    )


def _line(record: msgspec.Raw) -> bytes:
    content = bytes(record)
    if b"\n" in content or b"\r" in content:
        # Printed over several lines; a line break inside a text is always written as an escape.
        content = msgspec.json.format(content, indent=-1)
    return content + b"\n"


def _remove_if_empty(place: Path) -> None:
    if not any(place.iterdir()):
        place.rmdir()
