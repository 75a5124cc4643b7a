"""Reads what changed in an event, resource by resource."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import msgspec

from sessionboard_async.change_feed.cursor import FeedState, ResourceCursor, digest
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.page import Page
from sessionboard_async.core.pagination.pager import Pager
from sessionboard_async.core.pagination.record_keys import id_getter, id_text
from sessionboard_async.core.pagination.streams import PageStream
from sessionboard_async.core.timestamps import format_milliseconds, to_milliseconds
from sessionboard_async.errors import NotFoundError, PermissionDeniedError, RateLimitWaitExceeded
from sessionboard_async.models.base import EventId
from sessionboard_async.services._common.filters import Expansion

R = TypeVar("R")

logger = logging.getLogger("sessionboard_async")

ChangeKind = Literal["upsert", "deleted", "left_scope"]
"""What happened to a record: it is new or was changed, it was deleted, or it is there and no longer found."""

UNDATED = ("fields", "statuses")
"""The resources whose records do not all carry times: they are read whole, and compared."""

_OVERLAP = 300_000
"""Milliseconds. The API may give an answer again for 180 s; the rest is for writes that are seen late."""
_SURE_AFTER = 180_000
_MOST_QUESTIONS = 50
_MOST_PASSES = 5


class Change(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """One change.

    Attributes:
        kind: ``"upsert"``: it is there, in this form; ``"deleted"``: it is gone; ``"left_scope"``: it exists,
            and the search does not find it any more, because it left the filter or went into a composition.
        resource: The resource: ``"sessions"``.
        id: The record's id.
        record: The record of an upsert.
    """

    kind: ChangeKind
    resource: str
    id: str
    record: R | None = None

    def __repr__(self) -> str:
        # A record may be a plain dict, which would show all that it holds.
        return f"{type(self).__name__}({self.kind} of {self.resource}, id={self.id!r})"


class FeedStep:
    """Changes that were read together, and what is known once they are worked off.

    Args:
        resource: The resource.
        changes: The changes.
        acknowledge: Notes that they are worked off.
    """

    def __init__(
        self,
        resource: str,
        changes: Iterable[Change[Any]] = (),
        acknowledge: Callable[[], object] = lambda: None,
    ) -> None:
        self.resource = resource
        self.changes = tuple(changes)
        self.acknowledge = acknowledge


class ChangeReader:
    """Reads the changes of a run, resource by resource.

    Each is first read by the time of the last change, then asked for deletions, and last compared as a whole
    where it is time for that. This order matters: an old answer from a cache may show what was deleted, and
    the deletion, told again, must come after it.
    """

    def __init__(
        self,
        sb: AsyncSession,
        event_id: EventId,
        resources: Sequence[str],
        progress: FeedState,
        *,
        expand: Sequence[Expansion],
        filters: Mapping[str, Mapping[str, Any]],
        sweep_every: timedelta,
        prefetch: int | None,
    ) -> None:
        self.progress = progress
        self.refused: dict[str, NotFoundError | PermissionDeniedError] = {}
        self._sb = sb
        self._event_id = event_id
        self._resources = resources
        self._expand = expand
        self._filters = filters
        self._sweep_every = sweep_every // timedelta(milliseconds=1)
        self._prefetch = prefetch
        self._without_id: set[str] = set()
        for resource in resources:
            self._search(resource, raw=False)  # A wrong argument shall be found before any request.

    async def steps(self, *, raw: bool) -> AsyncGenerator[FeedStep, None]:
        """Go through the run."""
        for resource in self._resources:
            try:
                async with aclosing(self._steps_of(resource, raw=raw)) as steps:
                    async for step in steps:
                        yield step
            except (NotFoundError, PermissionDeniedError) as error:
                self.refused[resource] = error
        if self.refused and len(self.refused) == len(self._resources):
            raise next(iter(self.refused.values()))

    async def _steps_of(self, resource: str, *, raw: bool) -> AsyncGenerator[FeedStep, None]:
        track = self.progress.track(resource)
        if resource in UNDATED:
            parts = [self._compared(resource, track, raw=raw)]
        else:
            parts = [self._changed(resource, track, raw=raw)]
            if resource == "sessions":
                parts.append(self._deleted(resource, track))
            parts.append(self._swept(resource, track, raw=raw))
        for part in parts:
            async with aclosing(part) as steps:
                async for step in steps:
                    yield step

    async def _changed(
        self, resource: str, track: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Read what is new or was changed; in the first run everything, by the time of its creation."""
        search: dict[str, Any] = {}
        if track.watermark is not None:
            since = format_milliseconds(track.watermark - _OVERLAP)
            search = {"updated_after": since, "sort": "updated_at", "consistency": "exact"}
        pager = self._search(resource, raw=raw, resume=track.reading, **search)
        as_of = track.as_of
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                as_of = _since_1970(stream) if as_of is None else as_of
                found = self._by_id(resource, pager, page)
                yield FeedStep(
                    resource,
                    _upserts(resource, found),
                    partial(self._note_page, track, found, as_of, stream.checkpoint(include_current=True)),
                )
        yield FeedStep(resource, acknowledge=partial(self._note_pass, track, as_of))

    def _note_page(
        self, track: ResourceCursor, found: Iterable[str], as_of: int, reading: dict[str, Any]
    ) -> None:
        track.ids.update(found)
        track.as_of, track.reading = as_of, reading

    def _note_pass(self, track: ResourceCursor, as_of: int | None) -> None:
        if track.watermark is None:
            track.swept = as_of
        track.watermark = as_of if as_of is not None else track.watermark
        track.as_of = track.reading = None

    async def _deleted(self, resource: str, track: ResourceCursor) -> AsyncGenerator[FeedStep, None]:
        """Read which sessions were deleted."""
        if track.watermark is None:
            return
        since = track.watermark if track.deletions is None else track.deletions
        pager = self._sb.sessions.search_statuses(
            self._event_id,
            deleted_after=format_milliseconds(since - _OVERLAP),
            sort="deleted_at",
            consistency="exact",
        )
        as_of: int | None = None
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                as_of = _since_1970(stream) if as_of is None else as_of
                gone = {row.id for row in page.results if row.id and row.deleted_at is not None}
                gone &= track.ids
                yield FeedStep(resource, _removals(resource, gone, "deleted"), partial(_forget, track, gone))
        if as_of is not None:
            yield FeedStep(resource, acknowledge=partial(setattr, track, "deletions", as_of))

    async def _swept(
        self, resource: str, track: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Compare all ids, where it is time for that, and tell what was missed and what is missing."""
        due = self._sweep_every
        if track.missing:
            due = min(due, _SURE_AFTER)
        if track.watermark is None or track.swept is None or track.watermark - track.swept < due:
            return
        before, found, as_of = frozenset(track.ids), set[str](), track.watermark
        pager = self._search(resource, raw=raw)
        async with aclosing(pager.pages()) as stream:
            async for page in stream:
                records = self._by_id(resource, pager, page)
                found.update(records)
                new = {id_: record for id_, record in records.items() if id_ not in track.ids}
                if new:
                    yield FeedStep(resource, _upserts(resource, new), partial(track.ids.update, new))
        async for step in self._removed(resource, track, before - found, as_of):
            yield step
        yield FeedStep(resource, acknowledge=partial(setattr, track, "swept", as_of))

    async def _compared(
        self, resource: str, track: ResourceCursor, *, raw: bool
    ) -> AsyncGenerator[FeedStep, None]:
        """Read everything, and compare it with what it was."""
        pager = self._search(resource, raw=raw)
        records: dict[str, Any] = {}
        as_of = to_milliseconds(datetime.now(UTC))
        for _ in range(_MOST_PASSES):
            before, records, pages = records.keys(), {}, 0
            async with aclosing(pager.pages()) as stream:
                async for page in stream:
                    records |= self._by_id(resource, pager, page)
                    pages += 1
            # Page numbers miss what moves: two passes that agree have missed nothing.
            if pages < 2 or before == records.keys():
                break
        digests = {id_: digest(record) for id_, record in records.items()}
        new = {id_: record for id_, record in records.items() if track.digests.get(id_) != digests[id_]}

        def note() -> None:
            track.digests |= digests
            track.ids.update(records)

        yield FeedStep(resource, _upserts(resource, new), note)
        async for step in self._removed(resource, track, track.ids - records.keys(), as_of):
            yield step

    async def _removed(
        self, resource: str, track: ResourceCursor, missing: Iterable[str], as_of: int
    ) -> AsyncGenerator[FeedStep, None]:
        """Tell which of the missing ids are gone, once that is sure."""
        there = await self._those_that_exist(resource, missing)
        candidates: dict[str, int] = {}
        gone: dict[ChangeKind, set[str]] = {"deleted": set(), "left_scope": set()}
        for id_ in missing:
            first = track.missing.get(id_, as_of)
            if there.get(id_) is False:
                gone["deleted"].add(id_)
            elif as_of - first > _SURE_AFTER:
                gone["left_scope"].add(id_)
            else:
                candidates[id_] = first
        for kind, ids in gone.items():
            if ids:
                yield FeedStep(resource, _removals(resource, ids, kind), partial(_forget, track, ids))
        if candidates != track.missing:
            yield FeedStep(resource, acknowledge=partial(setattr, track, "missing", candidates))

    async def _those_that_exist(self, resource: str, ids: Iterable[str]) -> dict[str, bool]:
        """Ask for records one by one, or for the list of them all; what was not asked for is left out."""
        service = getattr(self._sb, resource)
        asked = sorted(ids)
        there: dict[str, bool] = {}
        if not asked:
            return there
        try:
            if not hasattr(service, "get"):
                listed = {str(record.id) async for record in service.list(self._event_id)}
                return {id_: id_ in listed for id_ in asked}
            for id_ in asked[:_MOST_QUESTIONS]:
                try:
                    await service.get(self._event_id, id_)
                    there[id_] = True
                except NotFoundError:
                    there[id_] = False
        except RateLimitWaitExceeded:
            # Another comparison will tell.
            return there
        return there

    def _by_id(self, resource: str, pager: Pager[Any], page: Page[Any]) -> dict[str, Any]:
        records = {
            id_text(id_): record
            for id_, record in zip(map(id_getter(pager.record), page.results), page.results, strict=True)
        }
        if records.pop("", None) is not None and resource not in self._without_id:
            self._without_id.add(resource)
            logger.warning("%s: there are records without an id, which cannot be followed", resource)
        return records

    def _search(self, resource: str, *, raw: bool, **search: Any) -> Pager[Any]:
        service = getattr(self._sb, resource)
        pager: Pager[Any] = service.search(
            self._event_id,
            expand=self._expand,
            prefetch=self._prefetch,
            **{**self._filters.get(resource, {}), **search},
        )
        return pager.raw() if raw else pager


def _since_1970(stream: PageStream[Any]) -> int:
    """Return when the API began to answer, by its own clock where it tells."""
    return to_milliseconds(stream.as_of or datetime.now(UTC))


def _upserts(resource: str, records: Mapping[str, R]) -> Iterator[Change[R]]:
    for id_, record in records.items():
        yield Change(kind="upsert", resource=resource, id=id_, record=record)


def _removals(resource: str, ids: Iterable[str], kind: ChangeKind) -> Iterator[Change[Any]]:
    for id_ in sorted(ids):
        yield Change(kind=kind, resource=resource, id=id_)


def _forget(track: ResourceCursor, ids: Iterable[str]) -> None:
    for id_ in ids:
        track.ids.discard(id_)
        track.digests.pop(id_, None)
        track.missing.pop(id_, None)
