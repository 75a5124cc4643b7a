"""Rate limits of the embedded server: their configuration, their headers and their decisions."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.testing.request_counters import FixedWindow, RequestCounter, SharedCounter, Verdict

HeaderStyle = Literal["draft-6", "draft-7", "draft-8", "x", "epoch", "none"]
"""The rate-limit headers of a server: one of three IETF drafts, ``X-RateLimit-*`` in seconds from now (``x``)
or since 1970 (``epoch``), or none."""

DAY = 86_400.0
"""The window of a daily quota, in seconds."""

_TOO_MANY = "too many requests"
_QUOTA_EXCEEDED = "Rate limit or daily quota exceeded"


def headers_of(
    verdict: Verdict, style: HeaderStyle, *, since_1970: float, name: str = "window"
) -> dict[str, str]:
    """Return the rate-limit headers of an answer.

    Args:
        verdict: The result of counting the request.
        style: The header style.
        since_1970: The time of the answer in seconds since 1970, for the style ``epoch``.
        name: The name of the limit in ``draft-8``.

    Returns:
        The headers, with ``Retry-After`` if the request is refused; empty for the style ``none``.
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
        reset_time = math.ceil(since_1970 + verdict.resets_in) if style == "epoch" else reset
        headers = {
            f"{prefix}-Limit": f"{limit}",
            f"{prefix}-Remaining": f"{remaining}",
            f"{prefix}-Reset": f"{reset_time}",
        }
    if not verdict.allowed:
        headers["Retry-After"] = f"{verdict.retry_after}"
    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Rate limits of the embedded server.

    Attributes:
        requests: Requests per window, for each token and category.
        window: The window's length in seconds. It opens at the first request and also counts refused
            requests.
        headers: The style of the rate-limit headers: ``draft-6`` with ``RateLimit-Limit``,
            ``RateLimit-Remaining`` and ``RateLimit-Reset`` in seconds from now; ``draft-7`` with one
            ``RateLimit: limit=, remaining=, reset=`` and ``RateLimit-Policy``; ``draft-8`` with ``RateLimit:
            "window";r=;t=`` and ``RateLimit-Policy: "window";q=;w=``; ``x`` with ``X-RateLimit-*`` in seconds
            from now; ``epoch`` with ``X-RateLimit-*`` in seconds since 1970; ``none`` without headers, not
            even ``Retry-After``.
        daily_quota: Requests per token in the 24 hours from its first request, for operations that count
            against the daily quota; ``None`` for no quota. It is a second limiter behind the window and does
            not count requests that the window refuses. Its headers replace those of the window, as with
            stacked limiters in a web framework; in ``draft-8`` both are listed, this one as ``"daily"``.
        processes: Server processes that answer in turn, each with its own counters, so that the remaining
            count jumps.
        stranger: The share of each window that another client with the same token uses, evenly; 0 or more and
            less than 1.
        searches: Limit the operations without a category too, each one separately.

    Raises:
        ValueError: If a number is out of range, or the style is unknown.
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
    """The decision of the limits about one request.

    Attributes:
        headers: The rate-limit headers of the answer.
        refusal: The message of the refusal; ``None`` if the request is answered.
    """

    headers: dict[str, str] = field(default_factory=dict[str, str])
    refusal: str | None = None


class Counters:
    """The counters of a server: one per process, token and category.

    Args:
        limits: The limits.
        clock: Monotonic clock, in seconds, for the windows.
        wall_clock: Seconds since 1970, for headers that hold an absolute time.

    Attributes:
        refusals: Number of refused requests.
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
        self.refusals: int = 0

    def count(self, endpoint: Endpoint[object], token: str) -> LimitDecision:
        """Count a request and return whether it is answered."""
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


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
