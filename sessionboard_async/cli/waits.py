"""Waits for rate limits, reported while they last."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sessionboard_async.core.rate_limits.limiter import Budget, Limits

_SHORTEST = timedelta(seconds=1)
"""Waits up to this long are not reported."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Calls wait for the next window of a category.

    Attributes:
        category: The category, whose budget is used up.
        until: The end of its window.
    """

    category: str
    until: datetime

    def time_left(self, now: datetime) -> str:
        """Return the time until the end, as ``12:41`` or ``1:02:41``."""
        seconds = math.ceil((self.until - now).total_seconds())
        return str(timedelta(seconds=max(0, seconds))).removeprefix("0:")


def waits_of(budgets: Mapping[str, Budget], now: datetime) -> list[Wait]:
    """Return the waits in a snapshot of the limits that last longer than a second."""
    return [
        Wait(budget.category, budget.resets_at)
        for budget in budgets.values()
        if budget.waiting
        and not budget.remaining
        and budget.resets_at is not None
        and budget.resets_at - now > _SHORTEST
    ]


@asynccontextmanager
async def report_waits(
    limits: Limits, show: Callable[[Sequence[Wait]], object], *, every: float = 0.5
) -> AsyncGenerator[None, None]:
    """Report waits at intervals while the body runs.

    Args:
        limits: The limits of a client.
        show: Called with all current waits; with none once they are over.
        every: The interval in seconds.
    """

    async def report() -> None:
        while True:
            await asyncio.sleep(every)
            show(waits_of(await limits.snapshot(), datetime.now(UTC)))

    reporting = asyncio.create_task(report())
    try:
        yield
    finally:
        reporting.cancel()
        await asyncio.wait({reporting})
    if not reporting.cancelled():
        reporting.result()


class WaitNotices:
    """Selects the waits to print where nothing is drawn: each once when it begins, and when it grows."""

    def __init__(self) -> None:
        self._printed: dict[str, datetime] = {}

    def new(self, waits: Sequence[Wait]) -> list[Wait]:
        """Return the waits that were not returned before."""
        new = [wait for wait in waits if self._is_new(wait)]
        self._printed.update((wait.category, wait.until) for wait in new)
        return new

    def _is_new(self, wait: Wait) -> bool:
        printed = self._printed.get(wait.category)
        return printed is None or wait.until - printed > _SHORTEST
