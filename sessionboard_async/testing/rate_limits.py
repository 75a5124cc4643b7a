"""How the embedded server limits requests: kinds of counters as pure arithmetic, and the headers they send.

The counters serve on their own too, as models of servers on a clock that no second passes on: whoever calls
``hit`` passes the time in, and it must never run backwards.
"""

from __future__ import annotations

import itertools
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from sessionboard_async.core.endpoint import Endpoint

HeaderStyle = Literal["draft-6", "draft-7", "draft-8", "x", "epoch", "none"]
"""How a server announces its limits: as three drafts of the IETF have it, with ``X-RateLimit-*`` in seconds
from now or since 1970, or not at all."""

DAY = 86_400.0
"""The window of a daily quota, in seconds."""

# Seconds that sums of floats may be off by: whoever waits as long as it was told is answered.
_ROUNDING = 1e-6

_TOO_MANY = "too many requests"
_QUOTA_EXCEEDED = "Rate limit or daily quota exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a counter says about one request.

    Attributes:
        allowed: Whether it is answered; otherwise it is refused.
        limit: How many requests the window holds.
        window: The window's length in seconds.
        remaining: How many more would be answered at this moment.
        resets_in: Seconds until ``remaining`` grows again, as the kind of counter announces it.
        retry_in: Seconds until a request would be answered; 0 where this one is.
    """

    allowed: bool
    limit: int
    window: float
    remaining: int
    resets_in: float
    retry_in: float

    @property
    def reset(self) -> int:
        """``resets_in`` in whole seconds, rounded up."""
        return _whole(self.resets_in)

    @property
    def retry_after(self) -> int:
        """``retry_in`` in whole seconds, rounded up."""
        return _whole(self.retry_in)


class RequestCounter(Protocol):
    """Counts the requests of one key: one token in one category."""

    @property
    def limit(self) -> int:
        """How many requests a window holds."""
        ...

    @property
    def window(self) -> float:
        """The window's length in seconds."""
        ...

    def hit(self, now: float) -> Verdict:
        """Count one request.

        Args:
            now: The seconds of a monotonic clock.
        """
        ...


class FixedWindow:
    """A window that opens at the first request, and ends for all of its requests at once.

    Args:
        limit: How many requests a window holds.
        window: Its length in seconds.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._opened = -math.inf
        self._hits = 0

    def hit(self, now: float) -> Verdict:
        """Count one request, refused ones included."""
        if now - self._opened >= self.window - _ROUNDING:
            self._opened = now
            self._hits = 0
        self._hits += 1
        left = self.window - (now - self._opened)
        allowed = self._hits <= self.limit
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=max(0, self.limit - self._hits),
            resets_in=left,
            retry_in=0.0 if allowed else left,
        )


class SlidingLog:
    """A log of the requests answered, which never holds more than the limit in any window.

    Its reset is the moment in which the oldest request leaves the log.

    Args:
        limit: How many requests any window may hold.
        window: Its length in seconds.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._answered: deque[float] = deque()

    def hit(self, now: float) -> Verdict:
        """Count one request where it is answered."""
        while self._answered and now - self._answered[0] >= self.window - _ROUNDING:
            self._answered.popleft()
        allowed = len(self._answered) < self.limit
        if allowed:
            self._answered.append(now)
        left = self.window - (now - self._answered[0])
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=self.limit - len(self._answered),
            resets_in=left,
            retry_in=0.0 if allowed else left,
        )


class TokenBucket:
    """A bucket of tokens that refills evenly, the whole of it within one window.

    Its reset is the moment in which it is full again.

    Args:
        limit: How many tokens it holds.
        window: The seconds in which an empty one fills.
    """

    def __init__(self, limit: int, window: float) -> None:
        self.limit = limit
        self.window = window
        self._spent = 0.0
        self._as_of = -math.inf

    def hit(self, now: float) -> Verdict:
        """Count one request where it is answered."""
        self._spent = max(0.0, self._spent - (now - self._as_of) * self.limit / self.window)
        self._as_of = now
        seconds_per_token = self.window / self.limit
        wait = (self._spent + 1.0 - self.limit) * seconds_per_token
        allowed = wait <= _ROUNDING
        if allowed:
            self._spent += 1.0
        left = self.limit - self._spent + _ROUNDING / seconds_per_token
        return Verdict(
            allowed=allowed,
            limit=self.limit,
            window=self.window,
            remaining=max(0, math.floor(left)),
            resets_in=self._spent * seconds_per_token,
            retry_in=0.0 if allowed else wait,
        )


class SharedCounter:
    """A counter that somebody else with the same token uses as well, evenly, from the first request on.

    Args:
        counter: What is shared.
        share: The part of its budget that the other one uses up, more than 0 and less than 1.
    """

    def __init__(self, counter: RequestCounter, share: float) -> None:
        self._counter = counter
        self._interval = counter.window / (counter.limit * share)
        self._next: float | None = None

    @property
    def limit(self) -> int:
        """How many requests a window holds, the other one's included."""
        return self._counter.limit

    @property
    def window(self) -> float:
        """The window's length in seconds."""
        return self._counter.window

    def hit(self, now: float) -> Verdict:
        """Count the requests that the other one sent meanwhile, and then one more."""
        if self._next is None:
            self._next = now + self._interval / 2
        # What came more than two windows ago has no effect any longer.
        forgotten = math.floor((now - 2 * self.window - self._next) / self._interval)
        self._next += max(0, forgotten) * self._interval
        while self._next <= now:
            self._counter.hit(self._next)
            self._next += self._interval
        return self._counter.hit(now)


def headers_of(
    verdict: Verdict, style: HeaderStyle, *, since_1970: float, name: str = "window"
) -> dict[str, str]:
    """Return the headers by which a server announces its limit.

    Args:
        verdict: What is announced.
        style: How.
        since_1970: The time of the answer in seconds since 1970, which ``epoch`` counts from.
        name: What ``draft-8`` calls the limit.

    Returns:
        The headers; with ``Retry-After`` where the request is refused, and none at all in the style ``none``.
    """
    if style == "none":
        return {}
    limit, remaining, reset = verdict.limit, verdict.remaining, verdict.reset
    length = math.ceil(verdict.window)
    headers: dict[str, str]
    if style == "draft-7":
        headers = {
            "RateLimit": f"limit={limit}, remaining={remaining}, reset={reset}",
            "RateLimit-Policy": f"{limit};w={length}",
        }
    elif style == "draft-8":
        headers = {
            "RateLimit": f'"{name}";r={remaining};t={reset}',
            "RateLimit-Policy": f'"{name}";q={limit};w={length}',
        }
    else:
        prefix = "RateLimit" if style == "draft-6" else "X-RateLimit"
        moment = math.ceil(since_1970 + verdict.resets_in) if style == "epoch" else reset
        headers = {
            f"{prefix}-Limit": f"{limit}",
            f"{prefix}-Remaining": f"{remaining}",
            f"{prefix}-Reset": f"{moment}",
        }
    if not verdict.allowed:
        headers["Retry-After"] = f"{verdict.retry_after}"
    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """How the embedded server limits requests.

    Attributes:
        requests: How many requests a window holds, for each token and category.
        window: The window's length in seconds. It opens at the first request, and counts refused ones too.
        headers: How the limits are announced: ``draft-6`` with ``RateLimit-Limit``, ``RateLimit-Remaining``
            and ``RateLimit-Reset`` in seconds from now; ``draft-7`` with one ``RateLimit: limit=, remaining=,
            reset=`` and ``RateLimit-Policy``; ``draft-8`` with ``RateLimit: "window";r=;t=`` and
            ``RateLimit-Policy: "window";q=;w=``; ``x`` with ``X-RateLimit-*`` in seconds from now; ``epoch``
            with ``X-RateLimit-*`` in seconds since 1970; ``none`` with nothing, not even ``Retry-After``.
        daily_quota: How many requests a token has in the 24 hours from its first, for the operations that
            count against the daily quota; ``None`` for any number. It is a second limiter behind the window,
            which does not count what the window refuses. Its headers take the place of the window's, as they
            do where such limiters are stacked in a web framework; with ``draft-8`` both stand side by side,
            this one as ``"daily"``.
        processes: How many processes the server has, with counters of their own and requests in turn, so that
            what remains jumps.
        stranger: The share of each window that somebody else with the same token uses, evenly; 0 or more and
            less than 1.
        searches: Whether the operations without a category are limited as well, each on its own.

    Raises:
        ValueError: If a number makes no sense, or there is no such style.
    """

    requests: int = 100
    window: float = 900.0
    headers: HeaderStyle = "draft-6"
    daily_quota: int | None = None
    processes: int = 1
    stranger: float = 0.0
    searches: bool = False

    def __post_init__(self) -> None:
        for name in ("requests", "processes", "daily_quota"):
            number: object = getattr(self, name)
            if number is None and name == "daily_quota":
                continue
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(f"ServerLimits.{name} must be an integer of at least 1, not {number!r}")
        if not _is_number(self.window) or not 0 < self.window < math.inf:
            raise ValueError(f"ServerLimits.window must be more than 0 and finite, not {self.window!r}")
        if not _is_number(self.stranger) or not 0 <= self.stranger < 1:
            raise ValueError(f"ServerLimits.stranger must be from 0 to below 1, not {self.stranger!r}")
        if self.headers not in get_args(HeaderStyle):
            styles = ", ".join(get_args(HeaderStyle))
            raise ValueError(f"ServerLimits.headers must be one of {styles}, not {self.headers!r}")


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """What the limits of a server say about one request.

    Attributes:
        headers: What the answer announces.
        refusal: The message of the refusal; ``None`` where the request is answered.
    """

    headers: dict[str, str] = field(default_factory=dict[str, str])
    refusal: str | None = None


class Counters:
    """The counters of a server: one for each process, token and category.

    Args:
        limits: The limits.
        clock: Tells the seconds by which windows pass; it never runs backwards.
        wall_clock: Tells the seconds since 1970, for headers that name a moment.

    Attributes:
        refusals: How many requests were refused.
    """

    def __init__(
        self,
        limits: ServerLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._wall_clock = wall_clock
        self._turns = itertools.count()
        self._windows: dict[tuple[int, str, str], RequestCounter] = {}
        self._days: dict[tuple[int, str], RequestCounter] = {}
        self.refusals = 0

    def count(self, endpoint: Endpoint[object], token: str) -> LimitDecision:
        """Count a request, and tell whether it is answered."""
        limits = self._limits
        category = endpoint.limit or (endpoint.operation_id if limits.searches else None)
        quota = limits.daily_quota if endpoint.daily_quota else None
        decision = LimitDecision()
        if category is None and quota is None:
            return decision
        process = next(self._turns) % limits.processes
        if category is not None:
            window = self._windows.setdefault((process, token, category), _window_of(limits))
            decision = self._decide(window, "window", _TOO_MANY, decision)
        if quota is not None and decision.refusal is None:
            day = self._days.setdefault((process, token), FixedWindow(quota, DAY))
            decision = self._decide(day, "daily", _QUOTA_EXCEEDED, decision)
        self.refusals += decision.refusal is not None
        return decision

    def _decide(
        self, counter: RequestCounter, name: str, refusal: str, before: LimitDecision
    ) -> LimitDecision:
        verdict = counter.hit(self._clock())
        style = self._limits.headers
        headers = headers_of(verdict, style, since_1970=self._wall_clock(), name=name)
        if style == "draft-8":
            headers = {
                header: f"{before.headers[header]}, {value}" if header in before.headers else value
                for header, value in headers.items()
            }
        return LimitDecision(headers, None if verdict.allowed else refusal)


def _window_of(limits: ServerLimits) -> RequestCounter:
    window = FixedWindow(limits.requests, limits.window)
    return SharedCounter(window, limits.stranger) if limits.stranger else window


def _whole(seconds: float) -> int:
    return max(0, math.ceil(seconds - _ROUNDING))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
