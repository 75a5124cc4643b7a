"""One request on its way through its attempts."""

from __future__ import annotations

import itertools

from sessionboard_async.core.http.request import Request

_arrivals = itertools.count()


class Call:
    """One request on its way through its attempts.

    Attributes:
        request: What is sent.
        order: Its place among all calls. A call that is tried again comes before those that began later.
        attempts: How many attempts were begun; one that ended before its turn came is none.
        deadline: When the whole call must have ended, on the monotonic clock; ``None`` for never.
        gated: Whether the limiter knows when it may be tried again, so that nobody else needs to wait for it.
    """

    __slots__ = ("attempts", "deadline", "gated", "order", "request")

    def __init__(self, request: Request, deadline: float | None) -> None:
        self.request = request
        self.order = next(_arrivals)
        self.attempts = 0
        self.deadline = deadline
        self.gated = False
