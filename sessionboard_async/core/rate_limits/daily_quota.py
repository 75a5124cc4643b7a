"""The daily quota of writes: told apart from the windows, remembered, and never waited for."""

from __future__ import annotations

import math

from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

DOCUMENTED = 10_000
"""The writes that a token has a day."""

_LONG = 6 * 3600.0
_ASKS_AGAIN = 60.0


class DailyQuota:
    """What is known about the daily quota of one token.

    Attributes:
        limit: How many writes a day has.
        remaining: How many are left, where that is known.
    """

    def __init__(self) -> None:
        self.limit = DOCUMENTED
        self.remaining: int | None = None
        self._limits = {DOCUMENTED}
        self._ends = -math.inf
        self._refused_until = -math.inf

    def split(
        self, items: tuple[RateLimitHeaders, ...], *, applies: bool, window: float
    ) -> tuple[RateLimitHeaders | None, RateLimitHeaders | None]:
        """Tell the announcement of a window from that of the daily quota.

        Args:
            items: What an answer announces.
            applies: Whether the operation counts against the daily quota.
            window: The seconds that a window of the category has.

        Returns:
            What is said about the window, and about the day. Of several windows it is the one with the least
            left.
        """
        daily = windowed = None
        for item in items:
            if self._is_daily(item, applies=applies, window=window):
                daily = item
            elif windowed is None or _left(item) < _left(windowed):
                windowed = item
        return windowed, daily

    def learn(self, now: float, daily: RateLimitHeaders) -> None:
        """Remember what was announced."""
        if daily.limit is not None:
            self.limit = daily.limit
            self._limits.add(daily.limit)
        self.remaining = daily.remaining
        self._ends = math.inf if daily.reset is None else now + daily.reset
        if daily.remaining == 0:
            self._refuse(now)
        elif daily.remaining is not None:
            self._refused_until = -math.inf

    def refuse(self, now: float, seconds: float | None) -> None:
        """Remember that the server refused a write for its quota.

        Args:
            now: When.
            seconds: How long it asks to wait.
        """
        self.remaining = 0
        if seconds is not None:
            self._ends = now + seconds
        self._refuse(now)

    def exhausted(self, now: float) -> bool:
        """Tell whether it is used up, so that asking is in vain. Once a minute the server is asked again."""
        return now < self._refused_until

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the day ends, where that is known."""
        return self._ends - now if now < self._ends < math.inf else None

    def _refuse(self, now: float) -> None:
        # Somebody may have raised the quota meanwhile.
        self._refused_until = min(self._ends, now + _ASKS_AGAIN)

    def _is_daily(self, item: RateLimitHeaders, *, applies: bool, window: float) -> bool:
        if item.window is not None:
            return item.window >= max(_LONG, 2 * window)
        if item.reset is not None and item.reset > 2 * window:
            return True
        return applies and item.limit in self._limits


def _left(item: RateLimitHeaders) -> float:
    return math.inf if item.remaining is None else item.remaining
