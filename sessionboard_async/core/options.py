"""What a caller may set, as values that can be shared and compared."""

from __future__ import annotations

from dataclasses import dataclass, fields


def _check_seconds(owner: object) -> None:
    for option in fields(owner):  # type: ignore[arg-type]  # only dataclasses of this module come here
        value = getattr(owner, option.name)
        if value is not None and not value > 0:
            raise ValueError(f"{type(owner).__name__}.{option.name} must be more than 0, not {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """How long things may take, in seconds. ``None`` sets no bound.

    Attributes:
        connect: Making one connection.
        attempt: One attempt, from the first byte sent to the last byte read. Waiting for a free connection or
            for the rate limit does not count.
        total: The whole call: all attempts and all waits between and before them.
    """

    connect: float | None = 10.0
    attempt: float | None = 60.0
    total: float | None = 300.0

    def __post_init__(self) -> None:
        _check_seconds(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is tried, and how long the waits between are.

    Waits double from ``base`` up to ``longest`` and are drawn at random from zero to that bound (full
    jitter). Where the server names a time with ``Retry-After``, the wait is that time plus the jitter.

    Attributes:
        attempts: The most attempts, the first included; 1 never tries again.
        base: The bound of the first wait, in seconds.
        longest: The bound that waits grow to, in seconds. A longer ``Retry-After`` is still honoured.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"Retry.attempts must be at least 1, not {self.attempts!r}")
        if self.base < 0 or self.longest < 0:
            raise ValueError("Retry.base and Retry.longest must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The budget of requests that the API documents per token and category.

    What the server says in its ``RateLimit-*`` headers replaces these numbers.

    Attributes:
        requests: How many requests a window holds, in each category.
        window: The window's length in seconds.
    """

    requests: int = 100
    window: float = 900.0

    def __post_init__(self) -> None:
        _check_seconds(self)
