"""Waits for the rate limits, told while they last: nobody shall take them for a hang."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sessionboard_async.core.rate_limits.limiter import Budget, Limits

_MOMENT = timedelta(seconds=1)
"""A wait that is no longer needs no words."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Calls wait for a category's next window.

    Attributes:
        category: Whose budget is used up.
        until: When this window has surely ended.
    """

    category: str
    until: datetime

    def time_left(self, now: datetime) -> str:
        """Return how long it still takes, as ``12:41`` or ``1:02:41``."""
        seconds = math.ceil((self.until - now).total_seconds())
        return str(timedelta(seconds=max(0, seconds))).removeprefix("0:")


def waits_of(budgets: Mapping[str, Budget], now: datetime) -> list[Wait]:
    """Return the waits that a snapshot of the limits tells of, but for those that end in a moment."""
    return [
        Wait(budget.category, budget.resets_at)
        for budget in budgets.values()
        if budget.waiting
        and not budget.remaining
        and budget.resets_at is not None
        and budget.resets_at - now > _MOMENT
    ]


@asynccontextmanager
async def report_waits(
    limits: Limits, show: Callable[[Sequence[Wait]], object], *, every: float = 0.5
) -> AsyncGenerator[None, None]:
    """Tell again and again, while the body runs, what is waited for.

    Args:
        limits: The limits of a session.
        show: Told of all waits that there are, and of none when they are over.
        every: The seconds from one time to the next.
    """

    async def watch() -> None:
        while True:
            await asyncio.sleep(every)
            show(waits_of(await limits.snapshot(), datetime.now(UTC)))

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    if not watching.cancelled():
        watching.result()


class WaitNotices:
    """Chooses what to say of waits where each is told once: when it begins, and when it becomes longer."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}

    def new(self, waits: Sequence[Wait]) -> list[Wait]:
        """Return the waits that nobody was told of."""
        new = [wait for wait in waits if self._is_new(wait)]
        self._told.update((wait.category, wait.until) for wait in new)
        return new

    def _is_new(self, wait: Wait) -> bool:
        told = self._told.get(wait.category)
        return told is None or wait.until - told > _MOMENT
