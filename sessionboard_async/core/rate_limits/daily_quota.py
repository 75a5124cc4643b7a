"""The daily quota of writes: recognized in headers, remembered, and never waited for."""

from __future__ import annotations

import math

import msgspec

from sessionboard_async.core.rate_limits.bucket_state import Count, Some
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

DAILY = "daily-quota"
"""The name of the daily quota of writes, in a snapshot and in a store."""

DOCUMENTED = 10_000
"""The documented number of writes per token and day."""

_SHORTEST_DAILY_WINDOW = 6 * 3600.0
_ASK_AGAIN_AFTER = 60.0
_LONGEST_RESET = 86_400.0 + 1.0
"""A day, and a second for the rounding of the server."""


class DailyQuotaState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about the daily quota of one token, as plain data.

    Attributes:
        limit: Writes per day.
        remaining: Writes left; ``None`` if that is not known.
        ends_at: When the day ends; infinite if that is not known.
        refused_until: Until when writes are not sent, since the quota is used up.
        as_of: When the response arrived that this is known from.
    """

    limit: Some = DOCUMENTED
    remaining: Count | None = None
    ends_at: float = math.inf
    refused_until: float = -math.inf
    as_of: float = -math.inf

    @property
    def is_known(self) -> bool:
        """Whether a response was learned from."""
        return self.as_of > -math.inf

    def shifted(self, seconds: float) -> DailyQuotaState:
        """Return a copy with every time moved by some seconds, to convert between clocks."""
        return msgspec.structs.replace(
            self,
            ends_at=self.ends_at + seconds,
            refused_until=self.refused_until + seconds,
            as_of=self.as_of + seconds,
        )

    def bounded(self) -> DailyQuotaState:
        """Return a copy in which, at time 0, the response lies in the past, and the refusal ends in time."""
        # The first argument wins over a time that is not a number.
        ends_at = math.inf if self.ends_at == math.inf else min(_LONGEST_RESET, self.ends_at)
        return msgspec.structs.replace(
            self,
            ends_at=ends_at,
            refused_until=min(ends_at, _ASK_AGAIN_AFTER, self.refused_until),
            as_of=min(0.0, self.as_of),
        )


class DailyQuota:
    """The daily quota of one token, as far as is known.

    Attributes:
        state: Everything known; replaced by whatever is learned.
        in_store: The state that a store of shared limits has, as far as is known.
    """

    def __init__(self) -> None:
        self.state: DailyQuotaState = DailyQuotaState()
        self.in_store: DailyQuotaState = self.state

    @property
    def limit(self) -> int:
        """Writes per day."""
        return self.state.limit

    @property
    def remaining(self) -> int | None:
        """Writes left; ``None`` if that is not known."""
        return self.state.remaining

    def split(
        self, items: tuple[RateLimitHeaders, ...], *, applies: bool, window: float
    ) -> tuple[RateLimitHeaders | None, RateLimitHeaders | None]:
        """Separate the headers of a category's window from those of the daily quota.

        Args:
            items: The limits that a response reports.
            applies: Whether the operation counts against the daily quota.
            window: Length of the category's window in seconds.

        Returns:
            The headers of the window and those of the day; of several windows, the one with the least left.
        """
        if len(items) == 1:
            (item,) = items
            return (None, item) if self._is_daily(item, applies=applies, window=window) else (item, None)
        daily = windowed = None
        for item in items:
            if self._is_daily(item, applies=applies, window=window):
                daily = item
            elif windowed is None or _left(item) < _left(windowed):
                windowed = item
        return windowed, daily

    def learn(self, now: float, daily: RateLimitHeaders) -> None:
        """Remember the headers of the daily quota."""
        state = self.state
        limit = state.limit if daily.limit is None else max(1, daily.limit)
        ends_at = math.inf if daily.reset is None else now + min(daily.reset, _LONGEST_RESET)
        refused_until = state.refused_until
        if daily.remaining == 0:
            refused_until = _ask_again_at(now, ends_at)
        elif daily.remaining is not None:
            refused_until = -math.inf
        self.state = DailyQuotaState(
            limit=limit, remaining=daily.remaining, ends_at=ends_at, refused_until=refused_until, as_of=now
        )

    def refuse(self, now: float, seconds: float | None) -> None:
        """Remember that the server refused a write for its quota.

        Args:
            now: The time.
            seconds: How long the server asks to wait.
        """
        ends_at = self.state.ends_at if seconds is None else now + min(seconds, _LONGEST_RESET)
        self.state = msgspec.structs.replace(
            self.state, remaining=0, ends_at=ends_at, refused_until=_ask_again_at(now, ends_at), as_of=now
        )

    def succeed(self, now: float, sent: float) -> None:
        """Remember that the server accepted a write. Its headers, if there are any, are learned from next.

        Args:
            now: The time.
            sent: When the write was admitted. One from before a refusal does not lift it.
        """
        if self.state.refused_until > -math.inf and sent > self.state.as_of:
            self.state = msgspec.structs.replace(
                self.state, remaining=None, refused_until=-math.inf, as_of=now
            )

    def exhausted(self, now: float) -> bool:
        """Report whether the quota is used up. Once a minute, a write may ask the server again."""
        return now < self.state.refused_until

    def ask_again(self, now: float) -> bool:
        """Have others wait another minute where a write is about to ask; report whether it is."""
        state = self.state
        if not -math.inf < state.refused_until <= now < state.ends_at:
            return False
        self.state = msgspec.structs.replace(state, refused_until=_ask_again_at(now, state.ends_at))
        return True

    def accept(self, sent: DailyQuotaState, stored: DailyQuotaState | None) -> None:
        """Take over the state in a store of shared limits, unless more has been learned meanwhile.

        Args:
            sent: The state that was sent to the store.
            stored: The store's state; ``None`` if it has none.
        """
        if self.state is sent:
            self.state = self.in_store = sent if stored is None else stored

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the day ends; ``None`` if that is not known."""
        ends_at = self.state.ends_at
        return ends_at - now if now < ends_at < math.inf else None

    def is_refusal(self, seconds: float | None, daily: RateLimitHeaders | None, window: float) -> bool:
        """Report whether a write was refused for its quota; the API's message is the same for both limits.

        Args:
            seconds: How long the server asks to wait.
            daily: The headers of the daily quota.
            window: Length of the category's window in seconds.
        """
        if seconds is not None and seconds > 2 * window:
            return True
        return daily is not None and daily.remaining == 0

    def _is_daily(self, item: RateLimitHeaders, *, applies: bool, window: float) -> bool:
        limit, _, reset, length = item
        if length is not None:
            return length >= max(_SHORTEST_DAILY_WINDOW, 2 * window)
        if reset is not None and reset > 2 * window:
            return True
        return applies and limit in (DOCUMENTED, self.state.limit)


def _left(item: RateLimitHeaders) -> float:
    return math.inf if item.remaining is None else item.remaining


def _ask_again_at(now: float, ends_at: float) -> float:
    # The quota may have been raised meanwhile.
    return min(ends_at, now + _ASK_AGAIN_AFTER)
