"""The state of one category's budget, for a caller to look at."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

CONCURRENCY: Final = "concurrency"
"""The name under which calls without a limit are listed that wait for each other."""


class Budget(msgspec.Struct, frozen=True):
    """The state of one category's budget.

    Attributes:
        category: A rate-limit category of the API; the ``operationId`` of an operation that the server limits
            without a documented category; ``daily-quota``; or, while calls without a limit such as searches
            wait for each other, ``concurrency``.
        limit: Requests per window: as the server announced, else as documented. For ``concurrency``, the most
            requests at a time.
        remaining: Requests left in this window, of the documented limit if the server announces none;
            ``None`` if no window is open.
        resets_at: When this window has ended with certainty; ``None`` if that is not known, or if requests
            are counted only.
        in_flight: Requests under way.
        waiting: Calls that wait for the rate limit: until ``resets_at`` if ``remaining`` is 0, else for the
            answers to earlier requests, since the first ones of a window are sent one, two, four and so on at
            a time. Streams and bulk calls also wait while no more than ``RateLimits.reserve`` is left.
    """

    category: str
    limit: int
    remaining: int | None
    resets_at: datetime | None
    in_flight: int = 0
    waiting: int = 0
