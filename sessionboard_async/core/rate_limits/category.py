"""The parts that keep one category's budget: its state, its admission, and its wait queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sessionboard_async.core.rate_limits.admission import Admission
from sessionboard_async.core.rate_limits.bucket import Bucket
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders
from sessionboard_async.core.rate_limits.wait_queue import WaitQueue


class BudgetAdmission(Admission, Protocol):
    """An admission that learns from the end of each request."""

    def answered(
        self,
        now: float,
        sent: float,
        *,
        refused: bool = False,
        headers: RateLimitHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """End a request with its response."""
        ...


class Category:
    """The budget of one category.

    Args:
        name: Its name.
        bucket: The state of its budget, as far as is known here.
        admission: Admits its requests; the bucket itself if the budget is not shared.
        wait_queue: The calls that wait for admission.
        on_news: Called when other processes with the same budget need to know of a change at once.
    """

    __slots__ = ("admission", "bucket", "name", "on_news", "wait_queue")

    def __init__(
        self,
        name: str,
        bucket: Bucket,
        admission: BudgetAdmission,
        wait_queue: WaitQueue,
        on_news: Callable[[], None] = lambda: None,
    ) -> None:
        self.name: str = name
        self.bucket: Bucket = bucket
        self.admission: BudgetAdmission = admission
        self.wait_queue: WaitQueue = wait_queue
        self.on_news: Callable[[], None] = on_news


OpenCategory = Callable[[str, bool, Callable[[float], None]], Category]
"""Makes a category from its name, whether its limit is documented, and a listener for waits in seconds."""
