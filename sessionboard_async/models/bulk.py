"""Outcomes of bulk writes."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from msgspec.structs import force_setattr

from sessionboard_async.models.base import Record


class BulkItemError(Record, frozen=True, kw_only=True):
    """The reason why an operation was refused."""

    _shown: ClassVar[tuple[str, ...]] = ("code",)
    _short_form: ClassVar[str | None] = "message"

    code: str | None = None
    message: str | None = None


class BulkOutcome(Record, frozen=True, kw_only=True):
    """The outcome of one operation.

    Attributes:
        index: The position among the operations, from 0.
        action: ``create``, ``update`` or ``delete``.
        status: ``success`` or ``error``, from the API. If a batch failed, the client adds ``refused`` for
            operations that were not carried out, ``unknown`` for those that may have been, and ``not_sent``
            for those after them. ``unknown`` also marks operations whose outcome the API's answer does not
            hold for certain.
        id: The record; ``None`` if none was created.
        error: The reason for a refusal.
    """

    _shown: ClassVar[tuple[str, ...]] = ("index", "action", "status", "id", "error")
    # Without an index, an outcome belongs to the operation in the same place.
    _keeps_places: ClassVar[bool] = True

    index: int | None = None
    action: str | None = None
    status: str | None = None
    id: str | None = None
    error: BulkItemError | None = None

    def __post_init__(self) -> None:
        if self.error == BulkItemError():
            force_setattr(self, "error", None)


class BulkStats(Record, frozen=True, kw_only=True):
    """The API's count of one batch."""

    _shown: ClassVar[tuple[str, ...]] = ("total", "succeeded", "failed")

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None


class BulkAnswer(Record, frozen=True, kw_only=True):
    """The API's answer to one batch."""

    _shown: ClassVar[tuple[str, ...]] = ("batch_id",)
    # The API sends lists bare and under `data` too.
    _array: ClassVar[str] = "results"

    batch_id: str | None = None
    results: tuple[BulkOutcome, ...] | None = None
    stats: BulkStats | None = None

    def __post_init__(self) -> None:
        if self.stats == BulkStats():
            force_setattr(self, "stats", None)


class BulkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of all operations of a bulk write.

    Attributes:
        outcomes: One outcome for each operation, in the order given.
        batch_ids: The ids of the batches that the API answered, in order.
        unmatched: Outcomes in the API's answers that belong to no operation for certain, as they came. Their
            operations are ``unknown``.
    """

    outcomes: tuple[BulkOutcome, ...] = ()
    batch_ids: tuple[str | None, ...] = ()
    unmatched: tuple[BulkOutcome, ...] = ()

    def __repr__(self) -> str:
        return f"BulkResult({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # Without the outcomes, whose errors may quote personal data.
        return [
            ("total", self.total),
            ("succeeded", self.succeeded),
            ("failed", self.failed),
            ("batch_ids", self.batch_ids),
        ]

    @property
    def total(self) -> int:
        """The number of operations."""
        return len(self.outcomes)

    @property
    def succeeded(self) -> int:
        """The number of operations that were carried out."""
        return sum(outcome.status == "success" for outcome in self.outcomes)

    @property
    def failed(self) -> int:
        """The number of operations that were not, or may not have been, carried out."""
        return self.total - self.succeeded

    @property
    def failures(self) -> tuple[BulkOutcome, ...]:
        """The outcomes of operations that were not, or may not have been, carried out."""
        return tuple(outcome for outcome in self.outcomes if outcome.status != "success")
