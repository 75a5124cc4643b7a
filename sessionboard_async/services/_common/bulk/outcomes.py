"""The outcomes of a bulk write while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sessionboard_async.models.bulk import BulkOutcome, BulkResult


class BulkOutcomes:
    """The outcomes of one bulk write, as far as they are known at any time.

    A bulk write fills it as its batches are answered, so that a job that is cancelled or times out still has
    its outcomes. When the call has ended, however it ended, every operation that was taken has its outcome.
    """

    def __init__(self) -> None:
        self._outcomes: list[BulkOutcome] = []
        self._batch_ids: list[str | None] = []
        self._unmatched: list[BulkOutcome] = []
        self._is_taken = False

    def __repr__(self) -> str:
        return f"<BulkOutcomes: {len(self)} operations>"

    def __len__(self) -> int:
        return len(self._outcomes)

    def __iter__(self) -> Iterator[BulkOutcome]:
        return iter(self.result.outcomes)

    def begin(self) -> None:
        """Take these outcomes for one call, as the bulk write does.

        Raises:
            ValueError: If another call took them.
        """
        if self._is_taken:
            raise ValueError("these outcomes are those of another call: pass a new BulkOutcomes()")
        self._is_taken = True

    def add(self, outcomes: Iterable[BulkOutcome]) -> None:
        """Add the outcomes of the next operations, as the bulk write does.

        Args:
            outcomes: The outcomes, in the order of the operations.
        """
        self._outcomes += outcomes

    def add_batch(self, batch_id: str | None, unmatched: Iterable[BulkOutcome]) -> None:
        """Add a batch that was answered, as the bulk write does.

        Args:
            batch_id: Its id, if the API sent one.
            unmatched: The outcomes that belong to no operation of it for certain.
        """
        self._batch_ids.append(batch_id)
        self._unmatched += unmatched

    @property
    def result(self) -> BulkResult:
        """The outcomes so far."""
        return BulkResult(
            outcomes=tuple(self._outcomes),
            batch_ids=tuple(self._batch_ids),
            unmatched=tuple(self._unmatched),
        )
