"""The waits of the calls under way: for an answer, and before the next attempt."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from sessionboard_async.errors import RequestContext


class CallWait(msgspec.Struct, frozen=True, kw_only=True):
    """A call that waits, for an answer or to be tried again.

    Attributes:
        operation: The ``operationId``, or method and route where there is none.
        attempts: How many attempts were begun.
        since: When the wait began.
        until: When the next attempt begins; ``None`` while an answer is awaited.
        cause: The failure after which the call is tried again; empty while an answer is awaited.
    """

    operation: str
    attempts: int
    since: datetime
    until: datetime | None = None
    cause: str = ""


class WaitingCall(Protocol):
    """The part of a call that a snapshot of its wait holds."""

    @property
    def context(self) -> RequestContext:
        """The request as errors name it."""
        ...


class Waits:
    """What each call under way waits for. All methods are for the event loop of the client."""

    def __init__(self) -> None:
        self._waits: dict[WaitingCall, tuple[float, float | None, str]] = {}

    def begin(self, call: WaitingCall, delay: float | None = None, cause: str = "") -> None:
        """Note that a call begins to wait, and no longer waits for what it did before.

        Args:
            call: The call.
            delay: The seconds until its next attempt; ``None`` if it waits for an answer.
            cause: The failure before that attempt.
        """
        self._waits[call] = asyncio.get_running_loop().time(), delay, cause

    def end(self, call: WaitingCall) -> None:
        """Forget a call that has ended."""
        self._waits.pop(call, None)

    def snapshot(self) -> list[CallWait]:
        """Return the waits that last. Waits for the rate limit are not among them."""
        if not self._waits:
            return []
        now, wall = asyncio.get_running_loop().time(), datetime.now(UTC)
        return [
            CallWait(
                operation=call.context.operation or f"{call.context.method} {call.context.route}",
                attempts=call.context.attempts,
                since=wall - timedelta(seconds=now - since),
                until=None if delay is None else wall + timedelta(seconds=since + delay - now),
                cause=cause,
            )
            for call, (since, delay, cause) in self._waits.items()
            # After the delay, a call may wait for the rate limit.
            if delay is None or since + delay > now
        ]
