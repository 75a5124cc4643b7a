"""Tracks which of the delivered records are processed, as the checkpoint of one iteration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import length_hint

import msgspec

from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
from sessionboard_async.core.pagination.checkpoints.progress import StreamProgress, checkpoint_query
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.core.pagination.record_keys import id_text


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
        progress = self._progress_after(self._processed(include_current=include_current))
        return Checkpoint.of(checkpoint_query(self._query, self._consistency), progress)

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
