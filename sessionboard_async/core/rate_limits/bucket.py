"""The budget of one category, without I/O: a token bucket that refills all at once when its window ends.

The API most likely counts in fixed windows that open with the first request. A bucket that refilled evenly
would let nearly twice the limit into one window. The window's end and the requests left in it are learned
from every response.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.rate_limits.bucket_state import (
    LONGEST_UNSTATED_WAIT,
    MOST_DOUBLINGS,
    ROUNDED_UP,
    BucketState,
)
from sessionboard_async.core.rate_limits.headers import RateLimitHeaders

GUARD = 1.0
"""Seconds added to the reported end of a window."""

_ROUNDING = 2.0
"""Seconds by which a reported end may be late: whole seconds rounded up, and a second for the clocks."""

_MAX_PROBES = 8
_PROBES_DOUBLE_AFTER = 5.0
_MAX_SHARERS = 16
_CONTENDED_WINDOWS = 2

_NOTHING_STATED = RateLimitHeaders(None, None, None, None)


def names_no_wait(headers: RateLimitHeaders | None, retry_after: float | None) -> bool:
    """Report whether a refusal names neither a wait of more than no time nor the end of the window."""
    if headers is None or headers.reset is None:
        return not retry_after
    # If requests are left in the window, it is not what refuses, and its end is not what to wait for.
    return retry_after == 0.0 and bool(headers.remaining)


class Bucket:
    """Decides whether a request of one category may be sent now, or when it may.

    Every request admitted by ``begin`` ends in exactly one of ``cancel``, ``unanswered`` and ``answered``.

    Args:
        requests: Documented number of requests per window.
        window: Documented length of the window in seconds.
        share: Part of the budget to use, up to 1; the rest is left to others.
        reserve: Requests of a whole window kept for interactive calls; fewer as the window passes.
        documented: Whether a limit is documented. If not, nothing is counted until the server reports one.
        is_assumed: Whether the documented limit holds although the server has not announced any. Otherwise
            requests are counted, and none is held back, until the server announces a limit or refuses one.
        jitter: Draws a wait up to a bound, for a refusal that names none.

    Attributes:
        state: Everything known; may be replaced by a newer state.
        documented: Whether a limit is documented.
    """

    __slots__ = ("_is_assumed", "_jitter", "_reserve", "_share", "documented", "state")

    def __init__(
        self,
        requests: int,
        window: float,
        *,
        share: float = 1.0,
        reserve: int = 0,
        documented: bool = True,
        is_assumed: bool = False,
        jitter: Callable[[float], float] = lambda bound: random.uniform(0.0, bound),  # noqa: S311
    ) -> None:
        self.state: BucketState = BucketState(limit=requests, window=window)
        self.documented: bool = documented
        self._is_assumed = is_assumed
        self._share = share
        self._reserve = reserve
        self._jitter = jitter

    @property
    def remaining(self) -> int | None:
        """Requests that may still be sent in this window; ``None`` where that is not known."""
        return None if self.state.remaining is None else max(0, self._left(self.state.remaining))

    @property
    def ends_at(self) -> float | None:
        """When the window has ended with certainty; ``None`` where that is not known."""
        return None if self.state.remaining is None else self.state.latest_end + GUARD

    @property
    def is_counted_only(self) -> bool:
        """Whether requests are counted only, since the server has announced no limit and refused none."""
        return self.state.without_headers and not self.state.is_enforced and not self._is_assumed

    def wait(self, now: float, priority: Priority) -> float:
        """Return how long a request must wait.

        Returns:
            0.0 if it may begin; else the seconds after which to ask again at the latest, infinite if only the
            end of another request can help.
        """
        state = self.state
        if now >= state.latest_end + GUARD:
            self.roll(now)
        if now < state.held_until:
            return state.held_until - now
        if state.remaining is None:
            return self._wait_for_probe(now) if self.documented else 0.0
        left = self._left(state.remaining)
        if state.without_headers and self.is_counted_only:
            # If the server keeps the documented limit in silence, few requests find that out.
            if left <= 0 and state.in_flight >= _MAX_PROBES:
                return math.inf
        else:
            # Without headers, it is not known whether the server's next window has begun already.
            between_windows = state.without_headers and now >= state.earliest_end
            if left <= 0 or between_windows:
                return state.latest_end + GUARD - now
            if priority is Priority.BULK and self._reserve:
                seconds_each = state.window / self._reserve
                freed_at = state.latest_end - (left - 1) * seconds_each
                if now < freed_at:
                    return freed_at - now
        if state.in_flight >= state.max_in_flight:
            return math.inf
        if state.contended_windows and state.in_flight >= max(
            1.0, (state.remaining - state.unanswered) / (2 * state.sharers)
        ):
            return math.inf
        return 0.0

    def expected_wait(self, now: float, ahead: int) -> float:
        """Estimate the seconds that a request must wait behind others.

        Args:
            now: The time.
            ahead: Number of requests that go first.
        """
        self.roll(now)
        state, budget = self.state, self._budget()
        held = max(0.0, state.held_until - now)
        if self.is_counted_only:
            return held
        length = (state.seen_length or state.window) + GUARD
        if state.remaining is None:
            if not self.documented or not (state.is_enforced or self._is_assumed):
                # No limit was announced so far: the first response shows whether there is one.
                return held
            left, until_next = budget - state.in_flight, length
        else:
            left, until_next = max(0, self._left(state.remaining)), state.latest_end + GUARD - now
        if ahead < left:
            return held
        return until_next + (ahead - left) // budget * length

    def begin(self, now: float) -> None:
        """Admit a request."""
        state = self.state
        if state.remaining is None and not state.in_flight:
            state.unknown_since = now
        state.in_flight += 1

    def cancel(self) -> None:
        """End a request that did not reach the server."""
        self.state.in_flight -= 1

    def unanswered(self, now: float, sent: float) -> None:
        """End a request with an unknown outcome: taken as counted until a later response says otherwise."""
        state = self.state
        state.in_flight -= 1
        self.roll(now)
        if sent >= state.rolled_at:
            state.unanswered += 1
            state.unanswered_at = now
            state.used += 1

    def answered(
        self,
        now: float,
        sent: float,
        *,
        refused: bool = False,
        headers: RateLimitHeaders | None = None,
        retry_after: float | None = None,
    ) -> None:
        """End a request with its response, and learn from it.

        Args:
            now: When the response arrived.
            sent: When the request was admitted.
            refused: Whether the server refused it for its rate limit.
            headers: The server's report about the window.
            retry_after: Seconds that the server asks to wait.
        """
        state = self.state
        state.in_flight -= 1
        if now >= state.latest_end + GUARD:
            self.roll(now)
        stated = _NOTHING_STATED if headers is None else headers
        limit, remaining, reset, window = stated
        if limit is not None:
            state.limit = limit
        if window is not None:
            state.window = state.seen_length = window
            if state.remaining is not None:
                state.latest_end = min(state.latest_end, now + window + ROUNDED_UP)
                state.earliest_end = min(state.earliest_end, state.latest_end)
        if retry_after is not None:
            reset = retry_after
        if reset is not None and reset > state.window + ROUNDED_UP:
            # A window lasts no longer than its length.
            reset = state.window + ROUNDED_UP
        if refused or headers is not None:
            state.is_enforced = True
        if refused and names_no_wait(headers, retry_after):
            self._hold_back(now, sent)
            return
        state.unstated_refusals = 0
        if remaining is None and reset is None:
            self._count(now, sent)
            return
        self._learn(now, sent, refused, remaining, reset)

    def roll(self, now: float) -> None:
        """Forget the window once it has ended with certainty."""
        state = self.state
        if now < state.latest_end + GUARD:
            return
        state.previous_end = state.latest_end
        state.rolled_at = state.unknown_since = now
        state.remaining = None
        state.earliest_end = state.latest_end = math.inf
        state.unanswered = state.used = 0
        state.max_in_flight = 1
        state.first_used_by_others = None
        state.contended_windows = max(0, state.contended_windows - 1)
        state.without_headers = False

    def _budget(self) -> int:
        return max(1, math.floor(self.state.limit * self._share))

    def _left(self, remaining: int) -> int:
        state = self.state
        budget = state.limit if self._share == 1.0 else self._budget()
        by_server, by_share = remaining - state.unanswered, budget - state.used
        return (by_server if by_server < by_share else by_share) - state.in_flight

    def _wait_for_probe(self, now: float) -> float:
        # One request finds out. If its response is slow, others do not wait for it.
        in_flight = self.state.in_flight
        if in_flight >= _MAX_PROBES:
            return math.inf
        seconds = _PROBES_DOUBLE_AFTER * math.log2(in_flight + 1) if in_flight else 0.0
        return max(0.0, self.state.unknown_since + seconds - now)

    def _hold_back(self, now: float, sent: float) -> None:
        """React to a refusal without a wait, or with one of no time: the request may be repeated soon."""
        state = self.state
        state.used += 1
        if state.without_headers and state.remaining is not None and self._left(state.remaining) <= 0:
            # The documented limit is what refuses: its window goes on.
            return
        if sent < state.refused_at:
            # It was under way when others were refused, and says nothing about the time since.
            return
        refusals, state.refused_at = state.unstated_refusals, now
        state.unstated_refusals = min(refusals + 1, MOST_DOUBLINGS)
        if refusals:
            # A single refusal is no reason to stop others. One after the other is.
            longest = min(LONGEST_UNSTATED_WAIT, state.window + ROUNDED_UP)
            state.held_until = now + self._jitter(min(longest, 2.0 ** (refusals - 1)))

    def _count(self, now: float, sent: float) -> None:
        """Keep the documented window by counting."""
        state = self.state
        if state.remaining is not None:
            state.remaining = max(0, state.remaining - 1)
        elif self.documented and sent >= state.rolled_at:
            self._adopt(now, state.limit - 1, sent + state.window, now + state.window)
            state.without_headers = True
        state.used += 1
        state.max_in_flight += 1

    def _learn(self, now: float, sent: float, refused: bool, stated: int | None, reset: float | None) -> None:
        """Combine a response's report about a window with what is known."""
        state = self.state
        remaining = stated
        if remaining is None:
            remaining = max(0, (state.limit if state.remaining is None else state.remaining) - 1)
        low, high = sent, now + state.window
        if reset is not None:
            low, high = sent + reset - _ROUNDING, now + reset
        if refused:
            remaining, high = 0, max(high, now + 1.0)
        if state.remaining is None:
            # A response that was under way when the window ended may still describe it.
            if sent < state.rolled_at and low <= state.previous_end and not refused:
                return
            self._adopt(now, remaining, low, high)
            if not refused and (stated == state.limit - 1 or state.rolled_at > -math.inf):
                self._see_length(reset)
        elif low > state.latest_end:
            self._adopt(now, remaining, low, high)
            if not refused:
                self._see_length(reset)
        elif high < state.earliest_end:
            if sent <= state.as_of:
                return
            self._adopt(now, remaining, low, high)
        else:
            # The way of most responses: comparisons take a third of the time of `min` and `max`.
            if remaining < state.remaining:
                state.remaining = remaining
            if low > state.earliest_end:
                state.earliest_end = low
            if high < state.latest_end:
                state.latest_end = high
        state.without_headers = False
        if sent > state.unanswered_at:
            state.unanswered = 0
        if sent > state.as_of:
            state.as_of = now
        state.used += 1
        state.max_in_flight += 1
        self._look_for_others(refused, remaining)

    def _adopt(self, now: float, remaining: int, low: float, high: float) -> None:
        state = self.state
        state.remaining = remaining
        state.earliest_end, state.latest_end = low, high
        state.used = state.unanswered
        state.first_used_by_others = None
        state.as_of = now

    def _see_length(self, reset: float | None) -> None:
        """Learn from the first response of a window how long windows last."""
        state = self.state
        if reset is not None:
            state.seen_length = max(state.seen_length, min(reset, state.window))

    def _look_for_others(self, refused: bool, remaining: int) -> None:
        """Estimate from the server's count how many clients use the same budget."""
        state = self.state
        by_others = state.limit - remaining - state.used - state.in_flight
        if state.first_used_by_others is None:
            state.first_used_by_others = by_others
        if refused or by_others > state.first_used_by_others:
            state.contended_windows = _CONTENDED_WINDOWS
            more = by_others - state.first_used_by_others
            state.sharers = min(float(_MAX_SHARERS), 1.0 + max(0, more) / max(1, state.used))
