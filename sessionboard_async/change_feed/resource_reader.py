"""Reads the changes of one resource of an event."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from sessionboard_async.change_feed.change import ChangeKind, FeedStep, removals, upserts
from sessionboard_async.change_feed.clocks import CONFIRMED_AFTER, EARLIEST, OVERLAP, RunClocks, newest
from sessionboard_async.change_feed.missing import look_up
from sessionboard_async.change_feed.progress import ResourceProgress
from sessionboard_async.change_feed.source import FeedSource
from sessionboard_async.change_feed.versions import Version, microseconds, version_getter
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.timestamps import format_milliseconds
from sessionboard_async.errors import APIError, PaginationError, RateLimitWaitExceeded
from sessionboard_async.export.refusals import is_refusal

_UNDATED = ("fields", "statuses")
"""The resources whose records do not all have times: all records are read and compared."""

_MAX_PASSES = 5

Steps = AsyncGenerator[FeedStep, None]


class ResourceReader:
    """Reads the changes of one resource.

    It reads changed records first, then deletions, and compares all records last, if that is due or the API
    cannot report the changes. The order matters: a cached answer may show a deleted record, and the deletion,
    reported again, must follow it.

    Args:
        source: The searches of the event.
        resource: The resource.
        progress: Its progress.
        raw: Whether to read records as plain dicts.
        sweep_every: Milliseconds from one comparison of all records to the next.
        knows_times: Whether the versions of the known records are known.
    """

    def __init__(
        self,
        source: FeedSource,
        resource: str,
        progress: ResourceProgress,
        *,
        raw: bool,
        sweep_every: int,
        knows_times: bool,
    ) -> None:
        self._source = source
        self._resource = resource
        self._progress = progress
        self._raw = raw
        # A daily job starts a little earlier on some days.
        self._sweep_every = sweep_every * 9 // 10
        self._knows_times = knows_times
        self._clocks = RunClocks.at(None)
        self._is_dated = resource not in _UNDATED
        self._deleted_since = progress.watermark if progress.deletions is None else progress.deletions
        # The first pass finds everything, if it is not interrupted.
        self._is_first = not progress.ids and progress.swept is None and progress.reading is None
        self._compares = False
        self._by_page_numbers = False

    async def steps(self) -> Steps:
        """Iterate over the steps."""
        parts: list[Callable[[], Steps]] = [self._compare_undated]
        if self._is_dated:
            parts = [self._read_changed, self._compare_all]
            if self._resource == "sessions":
                parts.insert(1, self._read_deleted)
        for part in parts:
            async with aclosing(part()) as steps:
                async for step in steps:
                    yield step

    async def _read_changed(self) -> Steps:
        """Read new and changed records; in the first run all records, by their creation."""
        is_resumed = self._progress.reading is not None
        try:
            async with aclosing(self._read_pass()) as steps:
                async for step in steps:
                    is_resumed = False
                    yield step
        except PaginationError as error:
            if not is_resumed:
                raise
            self._warn(f"the pass of an earlier run cannot be continued, and begins again ({error.message})")
            self._progress.restart_pass()
            async with aclosing(self._read_pass()) as steps:
                async for step in steps:
                    yield step
        except APIError as error:
            if not _is_refused_filter(error):
                raise
            self._progress.restart_pass()
            self._compares, self._is_first = True, False
            self._by_page_numbers = self._progress.watermark is None
            self._warn(f"the API refuses to search by time ({error.status}): all records are compared")

    async def _read_pass(self) -> Steps:
        progress = self._progress
        pager = pass_pager(self._source, self._resource, progress, raw=self._raw)
        as_of = progress.as_of
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                if stream.as_of is not None and self._clocks.server is None:
                    self._clocks = RunClocks.at(stream.as_of)
                as_of = as_of or self._clocks.bounds(progress.watermark)
                changed, versions = self._changed(
                    pager.record, self._source.by_id(self._resource, pager, page)
                )
                yield FeedStep(
                    self._resource,
                    upserts(self._resource, changed),
                    partial(progress.add_page, versions, as_of, stream.checkpoint(include_current=True)),
                )
        as_of = as_of or self._clocks.bounds(progress.watermark)
        if progress.watermark is not None and progress.watermark > self._clocks.latest + OVERLAP:
            # Changes may lie before it.
            self._compares = True
        yield FeedStep(self._resource, acknowledge=partial(progress.finish_pass, as_of, self._clocks))

    async def _read_deleted(self) -> Steps:
        """Read the deletions of sessions."""
        progress, since = self._progress, self._deleted_since
        if not progress.ids:
            return
        if since is None or since > self._clocks.latest + OVERLAP:
            # In the first run; or the time was saved while both clocks were wrong.
            since = EARLIEST if progress.watermark is None else progress.watermark
        limit, _ = self._clocks.bounds(since)
        pager = self._source.statuses(
            deleted_after=format_milliseconds(max(EARLIEST, since - OVERLAP)),
            sort="deleted_at",
            consistency="exact",
        )
        last = since
        try:
            async with aclosing(pager.pages()) as stream:
                async for page in stream:
                    times = {row.id: microseconds(row.deleted_at) for row in page.results if row.id}
                    last = max(last, newest((time for time in times.values() if time), limit) or last)
                    deleted = {id_ for id_, time in times.items() if time is not None} & progress.ids.keys()
                    yield FeedStep(
                        self._resource,
                        removals(self._resource, deleted, "deleted"),
                        partial(progress.remove, deleted),
                    )
        except APIError as error:
            if not (is_refusal(error) or _is_refused_filter(error)):
                raise
            self._warn(
                f"the API refuses to report deletions ({error.status}): all ids are compared to find them"
            )
            self._compares = True
        else:
            yield FeedStep(self._resource, acknowledge=partial(progress.finish_deletions, last))

    async def _compare_all(self) -> Steps:
        """Compare all records, if that is due: report those that were missed, and ids that are missing."""
        progress = self._progress
        period = min(self._sweep_every, CONFIRMED_AFTER) if progress.missing else self._sweep_every
        is_due = self._clocks.is_due(period, progress.swept, progress.swept_locally)
        if self._is_first or not (self._compares or is_due):
            return
        before, found = frozenset(progress.ids), set[str]()
        how = {"consistency": "pages"} if self._by_page_numbers else {}
        pager = self._source.search(self._resource, raw=self._raw, **how)
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                records = self._source.by_id(self._resource, pager, page)
                found.update(records)
                changed, versions = self._changed(pager.record, records, unknown=self._knows_times)
                if changed:
                    yield FeedStep(
                        self._resource,
                        upserts(self._resource, changed),
                        partial(progress.add_versions, versions),
                    )
        async with aclosing(self._report_missing(before - found)) as steps:
            async for step in steps:
                yield step
        yield FeedStep(self._resource, acknowledge=partial(progress.finish_sweep, self._clocks))

    async def _compare_undated(self) -> Steps:
        """Read all records, and compare them with their digests."""
        records, is_complete = await self._read_undated()
        changed, versions = self._changed(dict, records)
        yield FeedStep(
            self._resource,
            upserts(self._resource, changed),
            partial(self._progress.add_versions, versions),
        )
        if is_complete:
            async with aclosing(self._report_missing(self._progress.ids.keys() - records.keys())) as steps:
                async for step in steps:
                    yield step

    async def _read_undated(self) -> tuple[dict[str, Any], bool]:
        """Return all records by id, and whether no part of them was refused."""
        pagers = [self._source.search(self._resource, raw=self._raw)]
        if self._resource == "statuses" and not self._source.filters("statuses"):
            # The search may leave out the statuses that every event has; the list has them.
            pagers.insert(0, self._source.list("statuses", raw=self._raw))
        records: dict[str, Any] = {}
        failed: list[APIError | RateLimitWaitExceeded] = []
        for pager in pagers:
            try:
                records |= await self._read_repeatedly(pager)
            except (APIError, RateLimitWaitExceeded) as error:
                if isinstance(error, APIError) and not is_refusal(error):
                    raise
                failed.append(error)
        if len(failed) == len(pagers):
            raise failed[-1]
        if failed:
            self._warn(f"a part of them was not read, so that removals are not reported: {failed[0]}")
        return records, not failed

    async def _read_repeatedly(self, pager: Pager[Any]) -> dict[str, Any]:
        records: dict[str, Any] = {}
        for _ in range(_MAX_PASSES):
            before, records, pages = records.keys(), {}, 0
            async with aclosing(pager.pages()) as stream:
                async for page in stream:
                    records |= self._source.by_id(self._resource, pager, page)
                    pages += 1
            # Page numbers miss records that move meanwhile; two passes with the same ids have missed none.
            if pages < 2 or before == records.keys():
                break
        return records

    async def _report_missing(self, missing: Collection[str]) -> Steps:
        """Report missing ids whose records are gone, or that were missing long enough."""
        progress, now = self._progress, self._clocks.now
        findings = await look_up(self._source, self._resource, missing)
        candidates: dict[str, int] = {}
        gone: dict[ChangeKind, set[str]] = {"deleted": set(), "left_scope": set()}
        for id_ in missing:
            finding = findings.get(id_)
            # A clock may have been set back.
            first = min(now, progress.missing.get(id_, now))
            if finding == "deleted":
                gone["deleted"].add(id_)
            elif now - first > CONFIRMED_AFTER:
                gone["deleted" if finding == "not_found" else "left_scope"].add(id_)
            else:
                candidates[id_] = first
        for kind, ids in gone.items():
            if ids:
                yield FeedStep(
                    self._resource, removals(self._resource, ids, kind), partial(progress.remove, ids)
                )
        if candidates != progress.missing:
            yield FeedStep(self._resource, acknowledge=partial(progress.set_missing, candidates))

    def _changed(
        self, record: type[Any], records: Mapping[str, Any], *, unknown: bool = True
    ) -> tuple[dict[str, Any], dict[str, Version]]:
        """Return the records that differ from those reported before, and their versions."""
        latest = self._clocks.plausible(self._progress.watermark) if self._is_dated else None
        version = version_getter(record, latest)
        versions = {id_: version(record) for id_, record in records.items()}
        changed = {
            id_: record
            for id_, record in records.items()
            if self._progress.is_change(id_, versions[id_], unknown=unknown, clocks=self._clocks)
        }
        return changed, {id_: versions[id_] for id_ in changed}

    def _warn(self, message: str) -> None:
        self._source.warn(self._resource, message)


def pass_pager(source: FeedSource, resource: str, progress: ResourceProgress, *, raw: bool) -> Pager[Any]:
    """Search new and changed records, from where an interrupted pass ended.

    Raises:
        ValueError: If the checkpoint of that pass is invalid.
    """
    search: dict[str, Any] = {}
    if progress.watermark is not None:
        since = max(EARLIEST, progress.watermark - OVERLAP)
        asked = microseconds(source.filters(resource).get("updated_after"))
        if asked is None or asked < since * 1000:
            search["updated_after"] = format_milliseconds(since)
        search |= {"sort": "updated_at", "consistency": "exact"}
    if progress.reading is None or not progress.reading.done:
        return source.search(resource, raw=raw, resume=progress.reading, **search)
    # Interrupted after its last page: nothing is left to read.
    pager = source.search(resource, raw=raw, limit=0, **search)
    if progress.reading.query != pager.checkpoint().query:
        raise ValueError("its pass is of another search")
    return pager


def _is_refused_filter(error: APIError) -> bool:
    return error.from_api and error.status in {400, 422}
