"""What becomes of many writes that are sent together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from msgspec.structs import force_setattr

from sessionboard_async.models.base import Record


class BulkItemError(Record, frozen=True, kw_only=True):
    """Why one operation was refused."""

    _shown: ClassVar[tuple[str, ...]] = ("code",)

    code: str | None = None
    message: str | None = None


class BulkOutcome(Record, frozen=True, kw_only=True):
    """What became of one operation.

    Attributes:
        index: Its place among the operations, from 0.
        action: ``create``, ``update`` or ``delete``.
        status: ``success`` or ``error``, as the API says. Three come from this library, where a batch failed:
            ``refused`` for what surely was not carried out, ``unknown`` for what may have been, ``not_sent``
            for what came after. ``unknown`` also stands for what the API left out of its answer.
        id: The record; ``None`` where none was created.
        error: Why it was refused.
    """

    _shown: ClassVar[tuple[str, ...]] = ("index", "action", "status", "id")

    index: int | None = None
    action: str | None = None
    status: str | None = None
    id: str | None = None
    error: BulkItemError | None = None

    def __post_init__(self) -> None:
        if self.error == BulkItemError():
            force_setattr(self, "error", None)


class BulkStats(Record, frozen=True, kw_only=True):
    """The API's own count of one batch."""

    _shown: ClassVar[tuple[str, ...]] = ("total", "succeeded", "failed")

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None


class BulkAnswer(Record, frozen=True, kw_only=True):
    """What the API answers to one batch."""

    _shown: ClassVar[tuple[str, ...]] = ("batch_id",)
    # Lists of this API come bare and under `data` too.
    _array: ClassVar[str] = "results"

    batch_id: str | None = None
    results: tuple[BulkOutcome, ...] | None = None
    stats: BulkStats | None = None

    def __post_init__(self) -> None:
        if self.stats == BulkStats():
            force_setattr(self, "stats", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult:
    """What became of all operations, however many batches they took.

    Attributes:
        outcomes: One for each operation, in the order in which they were given.
        batch_ids: The ids of the batches that the API answered, in order.
    """

    outcomes: tuple[BulkOutcome, ...] = field(default=(), repr=False)
    batch_ids: tuple[str | None, ...] = ()

    @property
    def total(self) -> int:
        """How many operations there were."""
        return len(self.outcomes)

    @property
    def succeeded(self) -> int:
        """How many of them were carried out."""
        return sum(outcome.status == "success" for outcome in self.outcomes)

    @property
    def failed(self) -> int:
        """How many of them were not, or perhaps not."""
        return self.total - self.succeeded

    @property
    def failures(self) -> tuple[BulkOutcome, ...]:
        """What was not carried out, or perhaps not."""
        return tuple(outcome for outcome in self.outcomes if outcome.status != "success")
