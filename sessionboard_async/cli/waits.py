"""The waits of a command, reported while they last: for rate limits, retries, answers and files."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sessionboard_async.core.rate_limits.budget import Budget
from sessionboard_async.core.rate_limits.limiter import Limits
from sessionboard_async.core.waits import CallWait

_SHORTEST = timedelta(seconds=1)
"""Waits up to this long are not reported."""
_SHORTEST_OPEN = timedelta(seconds=2)
"""Waits without a known end that last up to this long are not reported."""
_AGAIN = timedelta(minutes=1)
"""The time between two notices about waits of the same kind without a known end."""

Reason = Literal["rate limit", "retry", "answer", "files"]

_HEADINGS: dict[Reason, str] = {
    "rate limit": "Waiting for the rate limit: ",
    "retry": "Waiting to retry: ",
    "answer": "Waiting for an answer: ",
    "files": "Waiting for files, on a slow disk or for another process: ",
}
_OPEN: frozenset[Reason] = frozenset({"answer", "files"})
"""The reasons of waits without a known end."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Calls wait.

    Attributes:
        name: The category, whose budget is used up; or the operation; or empty.
        end: The end of the wait; for answers and files, which have none, when the wait began.
        reason: The reason of the wait.
        cause: The failure before a retry.
    """

    name: str
    end: datetime
    reason: Reason = "rate limit"
    cause: str = ""

    def countdown(self, now: datetime) -> str:
        """Return the wait with the time left, or the time passed if it has no known end."""
        seconds = math.ceil((self.end - now).total_seconds())
        if self.reason in _OPEN:
            return f"{self.name} for {duration(-seconds)}".lstrip()
        return f"{self.name} {duration(seconds)} left{self._after()}"

    def notice(self, now: datetime) -> str:
        """Return the wait with the time of its end, or of its beginning if it has no known end.

        The date is added if it is not that of ``now``, in the local time zone.
        """
        end, today = self.end.astimezone(), now.astimezone().date()
        time = f"{end:%H:%M:%S}" if end.date() == today else f"{end:%Y-%m-%d %H:%M:%S}"
        if self.reason in _OPEN:
            return f"{self.name} since {time}".lstrip()
        return f"{self.name} until {time}{self._after()}"

    def _after(self) -> str:
        return f" ({self.cause})" if self.cause else ""


def duration(seconds: int) -> str:
    """Return a time as minutes and seconds, with hours and days where there are any."""
    return str(timedelta(seconds=max(0, seconds))).removeprefix("0:")


def lines(waits: Sequence[Wait], describe: Callable[[Wait], str]) -> list[str]:
    """Return one line for each reason of waits.

    Args:
        waits: The waits.
        describe: Returns the text of a wait.
    """
    found = [
        (heading, [describe(wait) for wait in waits if wait.reason == reason])
        for reason, heading in _HEADINGS.items()
    ]
    return [heading + ", ".join(texts) for heading, texts in found if texts]


def rate_limit_waits(budgets: Mapping[str, Budget], now: datetime) -> list[Wait]:
    """Return the waits in a snapshot of the limits that last longer than a second."""
    return [
        Wait(budget.category, budget.resets_at)
        for budget in budgets.values()
        if budget.waiting
        and not budget.remaining
        and budget.resets_at is not None
        and budget.resets_at - now > _SHORTEST
    ]


def call_waits(calls: Iterable[CallWait], now: datetime) -> list[Wait]:
    """Return the waits before retries that last longer than a second, and for answers than two.

    Several calls of an operation that wait for the same are one: the last retry, the oldest request.
    """
    waits: dict[tuple[str, Reason], Wait] = {}
    for call in calls:
        if call.until is None and now - call.since > _SHORTEST_OPEN:
            wait = Wait(call.operation, call.since, "answer")
        elif call.until is not None and call.until - now > _SHORTEST:
            wait = Wait(call.operation, call.until, "retry", " ".join(call.cause.split()))
        else:
            continue
        known = waits.get((wait.name, wait.reason), wait)
        longer = min if wait.reason == "answer" else max
        waits[wait.name, wait.reason] = longer(known, wait, key=lambda wait: wait.end)
    return [*waits.values()]


@asynccontextmanager
async def report_waits(
    limits: Limits,
    calls: Callable[[], Sequence[CallWait]],
    show: Callable[[Sequence[Wait]], object],
    *,
    every: float = 0.5,
) -> AsyncGenerator[None, None]:
    """Report waits at intervals while the body runs.

    A body without calls under way works on files, or waits for them.

    Args:
        limits: The limits of a client.
        calls: Returns the waits of its calls.
        show: Called with all current waits; with none once they are over.
        every: The interval in seconds.
    """

    async def report() -> None:
        # Counted in intervals: while the event loop is blocked, nothing is known of the calls.
        without_calls = timedelta()
        while True:
            await asyncio.sleep(every)
            budgets, waiting, now = await limits.snapshot(), calls(), datetime.now(UTC)
            waits = [*rate_limit_waits(budgets, now), *call_waits(waiting, now)]
            is_busy = waiting or any(budget.waiting for budget in budgets.values())
            without_calls = timedelta() if is_busy else without_calls + timedelta(seconds=every)
            if without_calls > _SHORTEST_OPEN:
                waits.append(Wait("", now - without_calls, "files"))
            show(waits)

    reporting = asyncio.create_task(report())
    try:
        yield
    finally:
        reporting.cancel()
        await asyncio.wait({reporting})
    if not reporting.cancelled():
        reporting.result()


class WaitNotices:
    """Selects the waits to print where nothing is drawn: each once when it begins, and when it grows.

    Those without a known end are printed at most once a minute for each operation.
    """

    def __init__(self) -> None:
        self._printed: dict[tuple[str, Reason], datetime] = {}

    def new(self, waits: Sequence[Wait], now: datetime) -> list[Wait]:
        """Return the waits that were not returned before."""
        new = [wait for wait in waits if self._is_new(wait, now)]
        self._printed.update(
            ((wait.name, wait.reason), now if wait.reason in _OPEN else wait.end) for wait in new
        )
        return new

    def _is_new(self, wait: Wait, now: datetime) -> bool:
        printed = self._printed.get((wait.name, wait.reason))
        if printed is None:
            return True
        return now - printed >= _AGAIN if wait.reason in _OPEN else wait.end - printed > _SHORTEST
