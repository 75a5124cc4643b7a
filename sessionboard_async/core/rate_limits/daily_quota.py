"""The daily quota of writes: recognized in headers, remembered, and never waited for."""

from __future__ import annotations

import math

from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

DOCUMENTED = 10_000
"""The documented number of writes per token and day."""

_SHORTEST_DAILY_WINDOW = 6 * 3600.0
_ASK_AGAIN_AFTER = 60.0
_LONGEST_RESET = 86_400.0 + 1.0
"""A day, and a second for the rounding of the server."""


class DailyQuota:
    """The daily quota of one token, as far as is known.

    Attributes:
        limit: Writes per day.
        remaining: Writes left; ``None`` if that is not known.
    """

    def __init__(self) -> None:
        self.limit: int = DOCUMENTED
        self.remaining: int | None = None
        self._limits = {DOCUMENTED}
        self._ends_at = math.inf
        self._refused_until = -math.inf

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
        if daily.limit is not None:
            self.limit = daily.limit
            self._limits.add(daily.limit)
        self.remaining = daily.remaining
        self._ends_at = math.inf if daily.reset is None else now + min(daily.reset, _LONGEST_RESET)
        if daily.remaining == 0:
            self._refuse(now)
        elif daily.remaining is not None:
            self._refused_until = -math.inf

    def refuse(self, now: float, seconds: float | None) -> None:
        """Remember that the server refused a write for its quota.

        Args:
            now: The time.
            seconds: How long the server asks to wait.
        """
        self.remaining = 0
        if seconds is not None:
            self._ends_at = now + min(seconds, _LONGEST_RESET)
        self._refuse(now)

    def exhausted(self, now: float) -> bool:
        """Report whether the quota is used up. Once a minute, a write may ask the server again."""
        return now < self._refused_until

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the day ends; ``None`` if that is not known."""
        return self._ends_at - now if now < self._ends_at < math.inf else None

    def _refuse(self, now: float) -> None:
        # The quota may have been raised meanwhile.
        self._refused_until = min(self._ends_at, now + _ASK_AGAIN_AFTER)

    def _is_daily(self, item: RateLimitHeaders, *, applies: bool, window: float) -> bool:
        limit, _, reset, length = item
        if length is not None:
            return length >= max(_SHORTEST_DAILY_WINDOW, 2 * window)
        if reset is not None and reset > 2 * window:
            return True
        return applies and limit in self._limits


def _left(item: RateLimitHeaders) -> float:
    return math.inf if item.remaining is None else item.remaining
