"""Checkpoints: the progress of an iteration as plain data, to resume from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from operator import length_hint
from typing import Annotated, Any, cast

import msgspec

from sessionboard_async.core.page import LARGEST_PAGE, LAST_SERVED_PAGE
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.record_keys import id_text

Checkpoint = dict[str, Any]
"""Plain data that JSON can hold. Store it anywhere, and pass it to ``resume`` unchanged."""

_VERSION = 1

# Checked when a checkpoint is read: it comes from outside, and may be damaged.
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, which dates can hold, in milliseconds since 1970."""
_After = Annotated[int, msgspec.Meta(ge=_EARLIEST - 10_000, le=_LATEST)]
_Before = Annotated[int, msgspec.Meta(ge=_EARLIEST, le=_LATEST + 600_000)]
_PageNumber = Annotated[int, msgspec.Meta(ge=1, le=LAST_SERVED_PAGE + 1)]
_PageSize = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class StreamProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of an iteration.

    Attributes:
        done: Whether the iteration has ended.
        after: Everything older than this timestamp was delivered, in milliseconds since 1970.
        before: The timestamp at which reading ends.
        page: The next page, for numbered pagination.
        page_size: Records per page, for numbered pagination.
        recent_ids: The ids of records that were delivered and may be returned again.
        missing_pages: Earlier pages to request again, since they held no records, for numbered pagination.
        delivered: The number of records delivered.
    """

    done: bool = False
    after: _After | None = None
    before: _Before | None = None
    page: _PageNumber | None = None
    page_size: _PageSize | None = None
    # The name that stored checkpoints have for it.
    recent_ids: tuple[str, ...] = msgspec.field(default=(), name="near")
    missing_pages: tuple[_PageNumber, ...] = ()
    delivered: _Count = 0


class CheckpointData(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a checkpoint."""

    version: int
    query: dict[str, Any]
    progress: StreamProgress


class CheckpointTracker:
    """Tracks the progress of one iteration.

    Args:
        query: The query.
        consistency: ``"exact"`` or ``"pages"``.
        progress: Where the iteration starts.
    """

    def __init__(self, query: PagedQuery, consistency: str, progress: StreamProgress) -> None:
        self._query = query
        self._consistency = consistency
        self._progress = progress
        self._delivered: Sequence[object] = ()
        self._next_progress: StreamProgress | None = None
        self._rest: Iterator[object] | None = None
        self._id_of: Callable[[object], object] = lambda _: None

    def advance(self, progress: StreamProgress) -> None:
        """Record that everything delivered so far is processed."""
        self._progress, self._next_progress, self._delivered, self._rest = progress, None, (), None

    def deliver(
        self,
        records: Sequence[object],
        id_of: Callable[[object], object],
        next_progress: StreamProgress | None,
    ) -> None:
        """Record that a page is delivered.

        Args:
            records: Its records.
            id_of: Returns the id of a record.
            next_progress: The progress once all of them are processed; ``None`` if it is not known.
        """
        self._delivered, self._id_of, self._next_progress = records, id_of, next_progress

    def deliver_one_by_one(self, rest: Iterator[object]) -> None:
        """Record that the delivered page is consumed through an iterator."""
        self._rest = rest

    def finish(self) -> None:
        """Record that the delivered records are processed, although their page may hold more."""
        self.advance(self._progress_after(self._processed(include_current=True)))

    def checkpoint(self, *, include_current: bool) -> Checkpoint:
        """Return the progress as a checkpoint.

        Args:
            include_current: Whether the record or page returned last counts as processed; otherwise it is
                delivered again.
        """
        data = CheckpointData(
            version=_VERSION,
            query=_describe(self._query, self._consistency),
            progress=self._progress_after(self._processed(include_current=include_current)),
        )
        return cast("Checkpoint", msgspec.to_builtins(data))

    def _processed(self, *, include_current: bool) -> int:
        delivered = len(self._delivered)
        if self._rest is None:
            return delivered if include_current else 0
        return max(0, delivered - length_hint(self._rest) - (not include_current))

    def _progress_after(self, processed: int) -> StreamProgress:
        if self._next_progress is not None and processed == len(self._delivered):
            return self._next_progress
        new = filter(None, (id_text(self._id_of(record)) for record in self._delivered[:processed]))
        start = self._progress
        return msgspec.structs.replace(
            start, recent_ids=(*start.recent_ids, *new), delivered=start.delivered + processed
        )


def read_checkpoint(checkpoint: object, query: PagedQuery, consistency: str) -> StreamProgress:
    """Return the progress that a checkpoint holds.

    Raises:
        ValueError: If the value is no checkpoint, or belongs to another query; the message names the
            differences.
    """
    try:
        data = msgspec.convert(checkpoint, CheckpointData)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(f"{_NO_CHECKPOINT}: {error}") from None
    if data.version != _VERSION:
        raise ValueError(f"the checkpoint has version {data.version}; this package reads version {_VERSION}")
    expected = _describe(query, consistency)
    differences = [
        f"its {name} {'is' if isinstance(value, str | int) else 'are'} {value!r:.100}, "
        f"not {expected.get(name)!r:.100}"
        if name not in _HASHED
        else f"its {name} differ"
        for name, value in data.query.items()
        if value != expected.get(name)
    ]
    differences += [f"it has no {name}" for name in expected.keys() - data.query.keys()]
    if differences:
        raise ValueError(f"the checkpoint belongs to another query: {', '.join(differences)}")
    progress = data.progress
    if progress.done:
        return StreamProgress(done=True)
    if progress.after is not None and progress.before is not None and progress.after > progress.before:
        raise ValueError(f"{_NO_CHECKPOINT}: it ends before it begins")
    if (progress.page is None) != (progress.page_size is None):
        raise ValueError(f"{_NO_CHECKPOINT}: it has a page or a page size without the other")
    if progress.page is None and consistency == "pages" and progress != StreamProgress():
        raise ValueError(f"{_NO_CHECKPOINT}: it has no page")
    return progress


_NO_CHECKPOINT = "resume takes what checkpoint() returned, unchanged"
_HASHED = ("filters", "arguments")


def _describe(query: PagedQuery, consistency: str) -> dict[str, Any]:
    search = query.search
    rest = {name: part for name, part in search.items() if name not in {"filters", "sort", "expand"}}
    return {
        "operation": query.endpoint.operation_id,
        **{name: str(value) for name, value in query.path.items()},
        "filters": digest(search.get("filters") or {}),
        "arguments": digest({**rest, **query.query}),
        "sort": "{order} {sort}".format_map(search["sort"]) if "sort" in search else "none",
        "expand": sorted(search.get("expand") or ()),
        "consistency": consistency,
    }


def digest(value: object) -> str:
    """Return a short hash that is the same for equal values, whatever the order of their keys."""
    return blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=8).hexdigest()
