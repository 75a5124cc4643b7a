"""The budget of one category in one process: leases granted by the store, and a copy of its state."""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Iterable

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket import Bucket, names_no_wait
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders
from sessionboard_async.core.rate_limits.shared.store import RequestOutcome, StoreReply

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


class SharedBucket:
    """Admits requests that hold a lease of the store; decides from its copy while the store is unavailable.

    Args:
        copy: The bucket that holds this process's copy of the state.
        clock: A monotonic clock in seconds.
        request_exchange: Called when there is something to report to the store or to ask of it.

    Attributes:
        outcomes: Ended requests that the store has not been sent yet, oldest first.
        all_ended: Set while no request is in flight.
        closing: Whether no more leases are to be asked for.
    """

    def __init__(
        self, copy: Bucket, *, clock: Callable[[], float], request_exchange: Callable[[], None]
    ) -> None:
        self.outcomes: list[RequestOutcome] = []
        self.all_ended: asyncio.Event = asyncio.Event()
        self.all_ended.set()
        self.closing: bool = False
        self._copy = copy
        self._clock = clock
        self._request_exchange = request_exchange
        self._store_available = True
        self._granted: deque[str] = deque()
        self._in_use: deque[str | None] = deque()
        self._ask_again = dict.fromkeys(Priority, -math.inf)
        self._pause = _SHORTEST_PAUSE

    def wait(self, now: float, priority: Priority) -> float:
        """Return how long a request must wait as far as is known here; ask the store if it may be less."""
        if not self._store_available:
            return self._copy.wait(now, priority)
        if self._granted:
            return 0.0
        if now < self._ask_again[priority]:
            return self._ask_again[priority] - now
        if not self.closing:
            self._request_exchange()
        return math.inf

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate the seconds that a request must wait behind others."""
        return self._copy.expected_wait(now, ahead)

    def begin(self, now: float) -> None:
        """Admit a request."""
        self.all_ended.clear()
        if self._granted:
            self._in_use.append(self._granted.popleft())
            return
        self._in_use.append(None)
        self._copy.begin(now)

    def cancel(self) -> None:
        """End a request that did not reach the server."""
        self._copy.cancel()
        now = self._clock()
        self._end(RequestOutcome(kind="cancelled", at=now, sent=now))

    def unanswered(self, now: float, sent: float) -> None:
        """End a request with an unknown outcome."""
        self._copy.unanswered(now, sent)
        self._end(RequestOutcome(kind="unanswered", at=now, sent=sent))

    def answered(
        self,
        now: float,
        sent: float,
        *,
        refused: bool = False,
        headers: RateLimitHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """End a request with its response, learn from it, and report it to the store."""
        self._copy.answered(now, sent, refused=refused, headers=headers, retry_after=retry_after)
        outcome = RequestOutcome(
            kind="answered",
            at=now,
            sent=sent,
            refused=refused,
            names_no_wait=names_no_wait(headers, retry_after),
            has_headers=headers is not None,
            draw=random.random(),  # noqa: S311  # it spreads waits
            reset=retry_after,
        )
        if headers is not None:
            outcome.limit, outcome.window = headers.limit, headers.window
            outcome.remaining = headers.remaining
            outcome.reset = headers.reset if retry_after is None else retry_after
        self._end(outcome)

    def accept(self, reply: StoreReply, priorities: list[Priority], leases: list[str]) -> None:
        """Take over the store's state and the leases that it granted.

        Args:
            reply: The store's reply.
            priorities: The priorities that leases were asked for.
            leases: The leases that were asked for, as many.

        Raises:
            ValueError: If the store refuses a lease although its state has room for one.
        """
        now = self._clock()
        self._copy.state = reply.state.shifted(now)
        wait = math.inf
        if reply.granted < len(priorities):
            # The wait of the state, which is bounded.
            wait = self._copy.wait(now, priorities[reply.granted])
            if not wait and reply.wait > _SHORTEST_PAUSE:
                raise ValueError("the store refuses a lease although its state has room for one")
        self._store_available = True
        self._granted.extend(leases[: reply.granted])
        if reply.granted:
            self._pause = _SHORTEST_PAUSE
        if reply.granted < len(priorities):
            self._ask_again[priorities[reply.granted]] = now + self._pause_before_asking(wait)

    def decide_locally(self) -> None:
        """Go on without the store, from the copy of its state."""
        if self._store_available:
            self._store_available = False
            self.return_unused_leases()
            self._copy.state.in_flight = len(self._in_use)

    def return_unused_leases(self) -> bool:
        """Return the granted leases that no request has taken; report whether there were any."""
        unused = bool(self._granted)
        self.return_leases(self._granted)
        self._granted.clear()
        return unused

    def return_leases(self, leases: Iterable[str]) -> None:
        """Have the store take leases back that no request has taken."""
        now = self._clock()
        self.outcomes += [RequestOutcome(kind="cancelled", at=now, sent=now, lease=lease) for lease in leases]

    def _end(self, outcome: RequestOutcome) -> None:
        # The store only counts leases: it does not matter which one ends, and the oldest would expire first.
        outcome.lease = self._in_use.popleft()
        if not self._in_use:
            self.all_ended.set()
        self.outcomes.append(outcome)
        self._ask_again = dict.fromkeys(Priority, -math.inf)
        self._pause = _SHORTEST_PAUSE
        self._request_exchange()

    def _pause_before_asking(self, wait: float) -> float:
        if wait < math.inf and self._copy.state.remaining is not None:
            return max(wait, _SHORTEST_PAUSE)
        # The end of another process's request would help, but is not reported: ask again from time to time.
        pause, self._pause = self._pause, min(_LONGEST_PAUSE, 2 * self._pause)
        return max(min(pause, wait), _SHORTEST_PAUSE)
