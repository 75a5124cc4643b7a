"""What a bucket knows, as plain data: with this it goes to another process and back."""

from __future__ import annotations

import math

import msgspec


class BucketState(msgspec.Struct, kw_only=True):
    """What is known about one category. Times are seconds from the moment at which this was told.

    Attributes:
        limit: How many requests a window holds.
        window: The window's length in seconds.
        in_flight: How many requests were let in and have not ended.
        remaining: What the server has left, as far as is known; ``None`` where no window is open.
        earliest_end: When the window ends at the earliest.
        latest_end: When it ends at the latest.
        previous_end: When the one before ended at the latest.
        rolled: When that one was forgotten.
        unknown_since: Since when nothing is known and somebody asks.
        as_of: When the answer came on which this is built.
        lost: How many requests in this window nobody knows about.
        lost_at: When the last of them was given up.
        spent: How many requests of ours this window has had.
        ramp: How many may be in flight.
        first_foreign: How many of others the window had when it was first seen.
        contended: For how many windows others are taken to be there.
        sharers: How many share the budget, estimated.
        blind: How often in a row the server refused without saying for how long.
        counted_here: Whether this is known from our own count alone.
    """

    limit: int
    window: float
    in_flight: int = 0
    remaining: int | None = None
    earliest_end: float = math.inf
    latest_end: float = math.inf
    previous_end: float = -math.inf
    rolled: float = -math.inf
    unknown_since: float = -math.inf
    as_of: float = -math.inf
    lost: int = 0
    lost_at: float = -math.inf
    spent: int = 0
    ramp: int = 1
    first_foreign: int | None = None
    contended: int = 0
    sharers: float = 1.0
    blind: int = 0
    counted_here: bool = False

    def later(self, seconds: float) -> BucketState:
        """Return the same with its times so many seconds later: from a clock's reading, or to it."""
        times = {name: getattr(self, name) + seconds for name in _TIMES}
        return msgspec.structs.replace(self, **times)


_TIMES = ("earliest_end", "latest_end", "previous_end", "rolled", "unknown_since", "as_of", "lost_at")
