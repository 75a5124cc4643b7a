"""Reads the changes of an event, resource by resource."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import msgspec

from sessionboard_async.change_feed.cursor import FeedState, ResourceCursor
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.checkpoint import digest
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.pagination.record_keys import id_getter, id_text
from sessionboard_async.core.pagination.streams import PageStream
from sessionboard_async.core.timestamps import format_milliseconds, to_milliseconds
from sessionboard_async.errors import NotFoundError, PermissionDeniedError, RateLimitWaitExceeded
from sessionboard_async.export.resources import event_search, event_service
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.crud import RetrieveService
from sessionboard_async.services._common.filters import Expansion

R = TypeVar("R")

_logger = logging.getLogger("sessionboard_async")

ChangeKind = Literal["upsert", "deleted", "left_scope"]
"""A record is new or changed; it is deleted; or it exists, and the search no longer finds it."""

UNDATED = ("fields", "statuses")
"""The resources whose records do not all have times: all records are read and compared."""

_OVERLAP = 300_000
"""Milliseconds. The API may serve cached answers for 180 s; the rest is for writes that appear late."""
_CONFIRMED_AFTER = 180_000
"""Milliseconds after which an id that is missing again is reported: no cached answer is as old."""
_MAX_LOOKUPS = 50
_MAX_PASSES = 5


class Change(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One change.

    Attributes:
        kind: ``"upsert"``: the record is new or changed; ``"deleted"``: it is deleted; ``"left_scope"``: it
            exists, but the search no longer finds it, because it no longer matches the filters or went into
            a composition.
        resource: The resource, such as ``"sessions"``.
        id: The id of the record.
        record: The record of an upsert; otherwise ``None``.
    """

    kind: ChangeKind
    resource: str
    id: str
    record: R | None = None

    def __repr__(self) -> str:
        # A record may be a plain dict, whose repr shows personal data.
        return f"{type(self).__name__}({self.kind} of {self.resource}, id={self.id!r})"


class FeedStep:
    """Changes that were read together.

    Args:
        resource: The resource.
        changes: The changes.
        acknowledge: Updates the cursor; called once the changes are processed.
    """

    def __init__(
        self,
        resource: str,
        changes: Iterable[Change[Any]] = (),
        acknowledge: Callable[[], object] = lambda: None,
    ) -> None:
        self.resource = resource
        self.changes: tuple[Change[Any], ...] = tuple(changes)
        self.acknowledge = acknowledge


class ChangeReader:
    """Reads the changes of a run, resource by resource.

    For each resource it reads changed records first, then deletions, and compares all ids last, if that is
    due. The order matters: a cached answer may show a deleted record, and the deletion, reported again, must
    follow it.
    """

    def __init__(
        self,
        sb: AsyncSession,
        event_id: EventId,
        resources: Sequence[str],
        state: FeedState,
        *,
        expand: Sequence[Expansion],
        filters: Mapping[str, Mapping[str, Any]],
        sweep_every: timedelta,
        prefetch: int | None,
    ) -> None:
        self.state = state
        self.refused: dict[str, NotFoundError | PermissionDeniedError] = {}
        self._sb = sb
        self._event_id = event_id
        self._resources = resources
        self._expand = expand
        self._filters = filters
        self._sweep_every = sweep_every // timedelta(milliseconds=1)
        self._prefetch = prefetch
        self._warned: set[str] = set()

    async def steps(self, *, raw: bool) -> AsyncGenerator[FeedStep, None]:
        """Iterate over the steps of the run."""
        for resource in self._resources:
            try:
                async with aclosing(self._resource_steps(resource, raw=raw)) as steps:
                    async for step in steps:
                        yield step
            except (NotFoundError, PermissionDeniedError) as error:
                self.refused[resource] = error
        if self.refused and len(self.refused) == len(self._resources):
            raise next(iter(self.refused.values()))

    async def _resource_steps(self, resource: str, *, raw: bool) -> AsyncGenerator[FeedStep, None]:
        cursor = self.state.resource(resource)
        if resource in UNDATED:
            parts = [self._compare_records(resource, cursor, raw=raw)]
        else:
            parts = [self._read_changed(resource, cursor, raw=raw)]
            if resource == "sessions":
                parts.append(self._read_deleted(resource, cursor))
            parts.append(self._compare_ids(resource, cursor, raw=raw))
        for part in parts:
            async with aclosing(part) as steps:
                async for step in steps:
                    yield step

    async def _read_changed(
        self, resource: str, cursor: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Read new and changed records; in the first run all records, by their creation."""
        search: dict[str, Any] = {}
        if cursor.watermark is not None:
            since = format_milliseconds(cursor.watermark - _OVERLAP)
            search = {"updated_after": since, "sort": "updated_at", "consistency": "exact"}
        pager = self._search(resource, raw=raw, resume=cursor.reading, **search)
        as_of = cursor.as_of
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                as_of = _start_of(stream) if as_of is None else as_of
                found = self._by_id(resource, pager, page)
                yield FeedStep(
                    resource,
                    _upserts(resource, found),
                    partial(cursor.add_page, found, as_of, stream.checkpoint(include_current=True)),
                )
        yield FeedStep(resource, acknowledge=partial(cursor.finish_pass, as_of))

    async def _read_deleted(self, resource: str, cursor: ResourceCursor) -> AsyncGenerator[FeedStep, None]:
        """Read the deletions of sessions."""
        if cursor.watermark is None:
            return
        since = cursor.watermark if cursor.deletions is None else cursor.deletions
        pager = self._sb.sessions.search_statuses(
            self._event_id,
            deleted_after=format_milliseconds(since - _OVERLAP),
            sort="deleted_at",
            consistency="exact",
        )
        as_of: int | None = None
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                as_of = _start_of(stream) if as_of is None else as_of
                deleted = {row.id for row in page.results if row.id and row.deleted_at is not None}
                deleted &= cursor.ids
                yield FeedStep(
                    resource, _removals(resource, deleted, "deleted"), partial(cursor.remove, deleted)
                )
        if as_of is not None:
            yield FeedStep(resource, acknowledge=partial(cursor.finish_deletions, as_of))

    async def _compare_ids(
        self, resource: str, cursor: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Compare all ids, if that is due, and report records that were missed and ids that are missing."""
        due = self._sweep_every
        if cursor.missing:
            due = min(due, _CONFIRMED_AFTER)
        if cursor.watermark is None or cursor.swept is None or cursor.watermark - cursor.swept < due:
            return
        before, found, as_of = frozenset(cursor.ids), set[str](), cursor.watermark
        pager = self._search(resource, raw=raw)
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                records = self._by_id(resource, pager, page)
                found.update(records)
                new = {id_: record for id_, record in records.items() if id_ not in cursor.ids}
                if new:
                    yield FeedStep(resource, _upserts(resource, new), partial(cursor.ids.update, new))
        async for step in self._report_missing(resource, cursor, before - found, as_of):
            yield step
        yield FeedStep(resource, acknowledge=partial(cursor.finish_sweep, as_of))

    async def _compare_records(
        self, resource: str, cursor: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Read all records, and compare them with their digests."""
        pager = self._search(resource, raw=raw)
        records: dict[str, Any] = {}
        as_of = to_milliseconds(datetime.now(UTC))
        for _ in range(_MAX_PASSES):
            before, records, pages = records.keys(), {}, 0
            async with aclosing(pager.pages()) as stream:
                async for page in stream:
                    records |= self._by_id(resource, pager, page)
                    pages += 1
            # Page numbers miss records that move meanwhile; two passes with the same ids have missed none.
            if pages < 2 or before == records.keys():
                break
        digests = {id_: digest(record) for id_, record in records.items()}
        new = {id_: record for id_, record in records.items() if cursor.digests.get(id_) != digests[id_]}
        yield FeedStep(resource, _upserts(resource, new), partial(cursor.add_digests, digests))
        async for step in self._report_missing(resource, cursor, cursor.ids - records.keys(), as_of):
            yield step

    async def _report_missing(
        self, resource: str, cursor: ResourceCursor, missing: Iterable[str], as_of: int
    ) -> AsyncGenerator[FeedStep, None]:
        """Report missing ids whose records are gone, or that were missing long enough."""
        exists = await self._look_up(resource, missing)
        candidates: dict[str, int] = {}
        gone: dict[ChangeKind, set[str]] = {"deleted": set(), "left_scope": set()}
        for id_ in missing:
            first = cursor.missing.get(id_, as_of)
            if exists.get(id_) is False:
                gone["deleted"].add(id_)
            elif as_of - first > _CONFIRMED_AFTER:
                gone["left_scope"].add(id_)
            else:
                candidates[id_] = first
        for kind, ids in gone.items():
            if ids:
                yield FeedStep(resource, _removals(resource, ids, kind), partial(cursor.remove, ids))
        if candidates != cursor.missing:
            yield FeedStep(resource, acknowledge=partial(cursor.set_missing, candidates))

    async def _look_up(self, resource: str, ids: Iterable[str]) -> dict[str, bool]:
        """Return which records exist; ids that could not be looked up in this run are left out."""
        service = event_service(self._sb, resource)
        wanted = sorted(ids)
        exists: dict[str, bool] = {}
        if not wanted:
            return exists
        try:
            if not isinstance(service, RetrieveService):
                listed = {str(record.id) async for record in service.list(self._event_id)}
                return {id_: id_ in listed for id_ in wanted}
            for id_ in wanted[:_MAX_LOOKUPS]:
                try:
                    await service.get(self._event_id, id_)
                    exists[id_] = True
                except NotFoundError:
                    exists[id_] = False
        except RateLimitWaitExceeded:
            # The next comparison looks up the rest.
            return exists
        return exists

    def _by_id(self, resource: str, pager: Pager[Any], page: Page[Any]) -> dict[str, Any]:
        records = {
            id_text(id_): record
            for id_, record in zip(map(id_getter(pager.record), page.results), page.results, strict=True)
        }
        if records.pop("", None) is not None and resource not in self._warned:
            self._warned.add(resource)
            _logger.warning("%s: records without an id cannot be followed", resource)
        return records

    def _search(self, resource: str, *, raw: bool, **arguments: Any) -> Pager[Any]:
        pager = event_search(self._sb, resource)(
            self._event_id,
            expand=self._expand,
            prefetch=self._prefetch,
            **{**self._filters.get(resource, {}), **arguments},
        )
        return pager.raw() if raw else pager


def _start_of(stream: PageStream[Any]) -> int:
    """Return when the API began to answer: by its own clock, if it sends the time."""
    return to_milliseconds(stream.as_of or datetime.now(UTC))


def _upserts(resource: str, records: Mapping[str, R]) -> Iterator[Change[R]]:
    for id_, record in records.items():
        yield Change(kind="upsert", resource=resource, id=id_, record=record)


def _removals(resource: str, ids: Iterable[str], kind: ChangeKind) -> Iterator[Change[Any]]:
    for id_ in sorted(ids):
        yield Change(kind=kind, resource=resource, id=id_)
