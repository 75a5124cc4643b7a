"""A compact set of the ids that a stream has delivered."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class SeenIds:
    """A set of ids that stores one 64-bit hash for each, in a fraction of the memory of a ``set``.

    An open-addressing hash table with linear probing, at most half full. The hashes are those of Python's
    keyed string hash, whose key is drawn anew for each process: among the 99,900 records that a search can
    reach, the chance that any two ids collide is 1 in 3,700,000,000.
    """

    def __init__(self) -> None:
        # 0 marks a free slot, so the hash 0 is stored as 1.
        self._slots = array("q", bytes(8))
        self._used = 0

    def __len__(self) -> int:
        return self._used

    def filter_new(self, records: tuple[T, ...], id_of: Callable[[T], object]) -> tuple[T, ...]:
        """Return the records whose ids are new, and add these ids; a record without an id is always new."""
        self._make_room(len(records))
        slots = self._slots
        mask = len(slots) - 1
        new: list[T] = []
        for record in records:
            id_ = id_of(record)
            if type(id_) is not str:
                # The hash of an integer is the integer itself, and neither random nor evenly spread.
                id_ = str(id_) if type(id_) is int else None
            if id_:
                key = hash(id_) or 1
                slot = key & mask
                while (found := slots[slot]) and found != key:
                    slot = (slot + 1) & mask
                if found:
                    continue
                slots[slot] = key
                self._used += 1
            new.append(record)
        return records if len(new) == len(records) else tuple(new)

    def add_hashes(self, hashes: Sequence[int]) -> None:
        """Add ids by their hashes."""
        self._make_room(len(hashes))
        slots = self._slots
        mask = len(slots) - 1
        for key in hashes:
            key = key or 1
            slot = key & mask
            while (found := slots[slot]) and found != key:
                slot = (slot + 1) & mask
            self._used += not found
            slots[slot] = key

    def _make_room(self, more: int) -> None:
        size = len(self._slots)
        if size >= 2 * (self._used + more):
            return
        while size < 2 * (self._used + more):
            size *= 4
        slots = array("q", bytes(8 * size))
        mask = size - 1
        for key in filter(None, self._slots):
            slot = key & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = key
        self._slots = slots
