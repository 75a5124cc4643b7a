"""Answers kept for a time: bounded in age, number and bytes. No I/O and no clock."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

import msgspec

from sessionboard_async.core.options import Cache

V = TypeVar("V")


class KeptAnswer(msgspec.Struct, Generic[V], frozen=True):
    """An answer, its size in bytes, and the time until which it is used."""

    value: V
    size: int
    until: float

    def __repr__(self) -> str:
        # The answer may have personal data.
        return f"<KeptAnswer of {self.size} bytes>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("size", self.size)]


class Answers(Generic[V]):
    """The answers of a client, by the target of their requests. Times are those of any monotonic clock.

    Args:
        options: How long answers are kept, and how many.

    Attributes:
        generation: The number of drops. An answer is kept only if none happened since it was requested.
        size: The bytes of the answers that are kept, with their targets.
    """

    def __init__(self, options: Cache) -> None:
        self._options = options
        self._kept: OrderedDict[str, KeptAnswer[V]] = OrderedDict()
        self.generation: int = 0
        self.size: int = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, target: str, now: float) -> V | None:
        """Return the answer to use now; ``None`` if there is none."""
        kept = self._kept.get(target)
        if kept is None or kept.until <= now:
            return None
        self._kept.move_to_end(target)
        return kept.value

    def keep(self, target: str, value: V, size: int, *, sent: float, generation: int, now: float) -> None:
        """Keep an answer, unless it is outdated already.

        Args:
            target: The target of the request.
            value: The answer.
            size: Its size in bytes.
            sent: When the request was sent: the record may have changed since then.
            generation: The generation when it was requested.
            now: The time.
        """
        until = sent + self._options.ttl
        kept = self._kept.get(target)
        if generation != self.generation or (kept is not None and kept.until > until):
            return
        if kept is not None:
            self._remove(target)
        size += len(target)
        self._kept[target] = KeptAnswer(value, size, until)
        self.size += size
        if until <= now or size > self._options.max_bytes:
            # It must not drive out others.
            self._remove(target)
        self._shrink(now)

    def drop(self) -> None:
        """Drop every answer, and keep none that was requested before."""
        self._kept.clear()
        self.size = 0
        self.generation += 1

    def _shrink(self, now: float) -> None:
        while self._kept:
            target, oldest = next(iter(self._kept.items()))
            is_full = len(self._kept) > self._options.size or self.size > self._options.max_bytes
            if not is_full and oldest.until > now:
                return
            self._remove(target)

    def _remove(self, target: str) -> None:
        self.size -= self._kept.pop(target).size
