"""Everything known about the budget of one category, as plain data."""

from __future__ import annotations

import math
from typing import Annotated, Final

import msgspec

ROUNDED_UP: Final = 1.0
"""Seconds by which a stated time may be late, since servers round up to whole ones."""

LONGEST_UNSTATED_WAIT: Final = 60.0
"""The longest wait after refusals that name none, in seconds."""

MOST_DOUBLINGS: Final = 10
"""How often that wait doubles."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Some = Annotated[int, msgspec.Meta(ge=1)]


class BucketState(msgspec.Struct, kw_only=True):
    """Everything known about the budget of one category, as plain data.

    Attributes:
        limit: Requests per window.
        window: Length of the window in seconds, as documented or stated by a policy.
        seen_length: The longest time that a window was seen to last from its beginning; 0 if none was.
        in_flight: Requests that began and have not ended.
        remaining: Requests that the server has left; ``None`` where no window is known to be open.
        earliest_end: Earliest time at which the window ends.
        latest_end: Latest time at which the window ends.
        previous_end: Latest time at which the window before ended.
        rolled_at: When that window was forgotten.
        unknown_since: When the first request of an unknown window began.
        as_of: When the response arrived that the counts are based on.
        unanswered: Requests in this window whose outcome is unknown.
        unanswered_at: When the last of them ended.
        used: Requests that this client has made in this window.
        max_in_flight: Requests that may be in flight at once.
        first_used_by_others: Requests of others in this window when it was first seen.
        contended_windows: For how many more windows others are assumed to use the same budget.
        sharers: Estimated number of clients that share the budget.
        unstated_refusals: Refusals in a row that named no wait.
        refused_at: When the last of them arrived.
        held_until: Until when requests are held back because of them.
        without_headers: Whether the window is known from counting alone.
        is_enforced: Whether the server has announced a limit or refused a request.
    """

    limit: Some
    window: Annotated[float, msgspec.Meta(gt=0)]
    seen_length: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    in_flight: Count = 0
    remaining: Count | None = None
    earliest_end: float = math.inf
    latest_end: float = math.inf
    previous_end: float = -math.inf
    rolled_at: float = -math.inf
    unknown_since: float = -math.inf
    as_of: float = -math.inf
    unanswered: Count = 0
    unanswered_at: float = -math.inf
    used: Count = 0
    max_in_flight: Some = 1
    first_used_by_others: int | None = None
    contended_windows: Count = 0
    sharers: Annotated[float, msgspec.Meta(ge=1)] = 1.0
    unstated_refusals: Annotated[int, msgspec.Meta(ge=0, le=MOST_DOUBLINGS)] = 0
    refused_at: float = -math.inf
    held_until: float = -math.inf
    without_headers: bool = False
    is_enforced: bool = False

    def shifted(self, seconds: float) -> BucketState:
        """Return a copy with every time moved by some seconds, to convert between clocks."""
        return msgspec.structs.replace(
            self,
            earliest_end=self.earliest_end + seconds,
            latest_end=self.latest_end + seconds,
            previous_end=self.previous_end + seconds,
            rolled_at=self.rolled_at + seconds,
            unknown_since=self.unknown_since + seconds,
            as_of=self.as_of + seconds,
            unanswered_at=self.unanswered_at + seconds,
            refused_at=self.refused_at + seconds,
            held_until=self.held_until + seconds,
        )

    def bounded(self) -> BucketState:
        """Return a copy in which, at time 0, what happened lies in the past, and the window ends in time."""
        # The first argument wins over a time that is not a number.
        latest_end = math.inf if self.remaining is None else min(self.window + ROUNDED_UP, self.latest_end)
        return msgspec.structs.replace(
            self,
            seen_length=min(self.window, self.seen_length),
            earliest_end=min(latest_end, self.earliest_end),
            latest_end=latest_end,
            previous_end=min(0.0, self.previous_end),
            rolled_at=min(0.0, self.rolled_at),
            unknown_since=min(0.0, self.unknown_since),
            as_of=min(0.0, self.as_of),
            unanswered_at=min(0.0, self.unanswered_at),
            refused_at=min(0.0, self.refused_at),
            held_until=min(LONGEST_UNSTATED_WAIT, self.held_until),
        )
