"""The budget of one category as pure arithmetic: a token bucket that refills by interval.

The API most likely counts in fixed windows that open with the first request. A bucket that refilled evenly
would let nearly twice the limit into one of them, so this one refills all at once, when the window surely has
ended. When that is, and how much is left until then, is learned from every answer.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import msgspec

from sessionboard_async.core.bucket_state import BucketState
from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

GUARD = 1.0
"""Seconds by which a window is taken to last longer than announced."""

_ROUNDING = 2.0
"""Seconds by which an announced end may be late: whole seconds rounded up, and a second for the clocks."""

_PROBES = 8
_PROBE_DOUBLES = 5.0
_MOST_SHARERS = 16
_CONTENDED_WINDOWS = 2
_LONGEST_BLIND_WAIT = 60.0


class Bucket:
    """How many requests of a category may be sent now, and when more may.

    Every request that ``begin`` lets in ends in exactly one of ``cancel``, ``unanswered`` and ``answered``.

    Args:
        requests: How many requests a window is documented to hold.
        window: The window's documented length in seconds.
        share: The part of the budget to use, up to 1; the rest is left to others.
        reserve: How many requests of a whole window are kept for single calls; in proportion later in it.
        documented: Whether a limit is documented at all. Without one, nothing is counted until the server
            announces something.
        jitter: Draws a time up to a bound, where a refusal names none.

    Attributes:
        limit: How many requests a window holds, as far as is known.
        window: The window's length in seconds, as far as is known.
        documented: Whether a limit is documented at all.
        in_flight: How many were let in and have not ended.
        counted_here: Whether what is left is known from our own count alone.
    """

    __slots__ = (
        "_as_of",
        "_blind",
        "_contended",
        "_earliest_end",
        "_first_foreign",
        "_jitter",
        "_latest_end",
        "_lost",
        "_lost_at",
        "_previous_end",
        "_ramp",
        "_remaining",
        "_reserve",
        "_rolled",
        "_share",
        "_sharers",
        "_spent",
        "_unknown_since",
        "counted_here",
        "documented",
        "in_flight",
        "limit",
        "window",
    )

    def __init__(
        self,
        requests: int,
        window: float,
        *,
        share: float = 1.0,
        reserve: int = 0,
        documented: bool = True,
        jitter: Callable[[float], float] = lambda bound: random.uniform(0.0, bound),  # noqa: S311
    ) -> None:
        self.limit = requests
        self.in_flight = 0
        self.counted_here = False
        self.window = window
        self._share = share
        self._reserve = reserve
        self.documented = documented
        self._jitter = jitter
        self._remaining: int | None = None
        self._earliest_end = self._latest_end = math.inf
        self._previous_end = -math.inf
        self._rolled = -math.inf
        self._unknown_since = -math.inf
        self._as_of = -math.inf
        self._lost = 0
        self._lost_at = -math.inf
        self._spent = 0
        self._ramp = 1
        self._first_foreign: int | None = None
        self._contended = 0
        self._sharers = 1.0
        self._blind = 0

    @property
    def remaining(self) -> int | None:
        """How many more requests the window takes; ``None`` where that is not known."""
        return None if self._remaining is None else max(0, self._left(self._remaining))

    @property
    def ends(self) -> float | None:
        """When the window has surely ended; ``None`` where that is not known."""
        return None if self._remaining is None else self._latest_end + GUARD

    def wait(self, now: float, priority: Priority) -> float:
        """Tell how long a request must wait.

        Returns:
            0.0 where it may begin; else the seconds until it is worth asking again, at the latest. Infinite
            where only the end of another request can help.
        """
        self.roll(now)
        if self._remaining is None:
            return self._wait_for_a_probe(now) if self.documented else 0.0
        left = self._left(self._remaining)
        # Nobody tells whether the server's next window has begun, and would have one more.
        between = self.counted_here and now >= self._earliest_end
        if left <= 0 or between:
            return self._latest_end + GUARD - now
        if priority is Priority.BULK and self._reserve:
            seconds_each = self.window / self._reserve
            freed = self._latest_end - (left - 1) * seconds_each
            if now < freed:
                return freed - now
        if self.in_flight >= self._ramp:
            return math.inf
        if self._contended and self.in_flight >= max(
            1.0, (self._remaining - self._lost) / (2 * self._sharers)
        ):
            return math.inf
        return 0.0

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate how long a request must wait that has others before it.

        Args:
            now: The time.
            ahead: How many wait before it.
        """
        self.roll(now)
        budget = self._budget()
        if self._remaining is None:
            if not self.documented:
                return 0.0
            left, ends = budget - self.in_flight, self.window + GUARD
        else:
            left, ends = max(0, self._left(self._remaining)), self._latest_end + GUARD - now
        if ahead < left:
            return 0.0
        return ends + (ahead - left) // budget * (self.window + GUARD)

    def begin(self, now: float) -> None:
        """Let a request in."""
        if self._remaining is None and not self.in_flight:
            self._unknown_since = now
        self.in_flight += 1

    def cancel(self) -> None:
        """End a request that surely did not reach the server."""
        self.in_flight -= 1

    def unanswered(self, now: float, sent: float) -> None:
        """End a request without an answer: taken as counted, until a later answer tells."""
        self.in_flight -= 1
        self.roll(now)
        if sent >= self._rolled:
            self._lost += 1
            self._lost_at = now
            self._spent += 1

    def answered(
        self,
        now: float,
        sent: float,
        *,
        refused: bool = False,
        headers: RateLimitHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """End a request with its answer, and learn from it.

        Args:
            now: When the answer came.
            sent: When the request was let in.
            refused: Whether the server refused it for its rate limit.
            headers: What the server says about the window.
            retry_after: The seconds that it asks to wait.
        """
        self.in_flight -= 1
        self.roll(now)
        if headers is not None and headers.limit is not None:
            self.limit = headers.limit
        if headers is not None and headers.window is not None:
            self.window = headers.window
        reset = retry_after if retry_after is not None else headers.reset if headers else None
        remaining = headers.remaining if headers else None
        if refused and reset is None:
            self._refused_blindly(now)
            return
        self._blind = 0
        if remaining is None and reset is None:
            self._count(now, sent)
            return
        self._learn(now, sent, refused, remaining, reset)

    def roll(self, now: float) -> None:
        """Forget the window once it surely has ended."""
        if now < self._latest_end + GUARD:
            return
        self._previous_end = self._latest_end
        self._rolled = self._unknown_since = now
        self._remaining = None
        self._earliest_end = self._latest_end = math.inf
        self._lost = self._spent = 0
        self._ramp = 1
        self._first_foreign = None
        self._contended = max(0, self._contended - 1)
        self.counted_here = False

    def state(self, now: float) -> BucketState:
        """Return what is known, to be restored elsewhere."""
        return BucketState(**{name: getattr(self, slot) for name, slot in _SLOTS.items()}).later(-now)

    def restore(self, state: BucketState, now: float) -> None:
        """Take what is known elsewhere for what is known here."""
        for name, value in msgspec.structs.asdict(state.later(now)).items():
            setattr(self, _SLOTS[name], value)

    def _budget(self) -> int:
        return max(1, math.floor(self.limit * self._share))

    def _left(self, remaining: int) -> int:
        return min(remaining - self._lost, self._budget() - self._spent) - self.in_flight

    def _wait_for_a_probe(self, now: float) -> float:
        # One request finds out. Where its answer is slow, others need not wait for it.
        if self.in_flight >= _PROBES:
            return math.inf
        seconds = _PROBE_DOUBLES * math.log2(self.in_flight + 1) if self.in_flight else 0.0
        return max(0.0, self._unknown_since + seconds - now)

    def _refused_blindly(self, now: float) -> None:
        wait = self._jitter(min(_LONGEST_BLIND_WAIT, 2.0**self._blind))
        self._blind = min(self._blind + 1, 10)
        self._remaining = 0
        self._earliest_end = self._latest_end = now + wait
        self._as_of = now

    def _count(self, now: float, sent: float) -> None:
        """Keep the documented window by our own count."""
        if self._remaining is not None:
            self._remaining = max(0, self._remaining - 1)
        elif self.documented and sent >= self._rolled:
            self._adopt(now, self.limit - 1, sent + self.window, now + self.window)
            self.counted_here = True
        self._spent += 1
        self._ramp += 1

    def _learn(self, now: float, sent: float, refused: bool, stated: int | None, reset: float | None) -> None:
        remaining = stated
        if remaining is None:
            remaining = max(0, (self.limit if self._remaining is None else self._remaining) - 1)
        low, high = sent, now + self.window
        if reset is not None:
            low, high = sent + reset - _ROUNDING, now + reset
        if refused:
            remaining, high = 0, max(high, now + max(1.0, reset or 0.0))
        if self._remaining is None:
            # An answer that was under way when the window ended may still tell about it.
            if sent < self._rolled and low <= self._previous_end and not refused:
                return
            self._adopt(now, remaining, low, high)
        elif low > self._latest_end:
            self._adopt(now, remaining, low, high)
        elif high < self._earliest_end:
            if sent <= self._as_of:
                return
            self._adopt(now, remaining, low, high)
        else:
            self._remaining = min(self._remaining, remaining)
            self._earliest_end = max(self._earliest_end, low)
            self._latest_end = min(self._latest_end, high)
        self.counted_here = False
        if sent > self._lost_at:
            self._lost = 0
        if sent > self._as_of:
            self._as_of = now
        self._spent += 1
        self._ramp += 1
        self._look_for_others(refused, remaining)

    def _adopt(self, now: float, remaining: int, low: float, high: float) -> None:
        self._remaining = remaining
        self._earliest_end, self._latest_end = low, high
        self._spent = self._lost
        self._first_foreign = None
        self._as_of = now

    def _look_for_others(self, refused: bool, remaining: int) -> None:
        foreign = self.limit - remaining - self._spent - self.in_flight
        if self._first_foreign is None:
            self._first_foreign = foreign
        if refused or foreign > self._first_foreign:
            self._contended = _CONTENDED_WINDOWS
            more = foreign - self._first_foreign
            self._sharers = min(float(_MOST_SHARERS), 1.0 + max(0, more) / max(1, self._spent))


_SLOTS = {name: name if name in Bucket.__slots__ else f"_{name}" for name in BucketState.__struct_fields__}
