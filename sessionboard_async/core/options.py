"""What a caller may set, as values that can be shared and compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeVar, get_args

T = TypeVar("T")

OnStoreError = Literal["local", "raise"]
"""What to do while the store of shared limits does not answer."""

_STORES = ("redis://", "rediss://", "unix://")


def validate_option(name: str, value: object, kind: type[T]) -> T:
    """Return an option if it is of the right kind.

    Raises:
        TypeError: If it is not: many would pass a plain number.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}(...), not {type(value).__name__}")
    return value


def _check_seconds(owner: object, name: str, *, least: float = math.ulp(0.0)) -> None:
    seconds: object = getattr(owner, name)
    if not isinstance(seconds, (int, float)) or not least <= seconds < math.inf:
        bound = "more than 0" if least else "0 or more"
        raise ValueError(f"{type(owner).__name__}.{name} must be {bound} and finite, not {seconds!r}")


def _check_count(owner: object, name: str, *, least: int = 1) -> None:
    count: object = getattr(owner, name)
    if isinstance(count, bool) or not isinstance(count, int) or count < least:
        raise ValueError(
            f"{type(owner).__name__}.{name} must be an integer of at least {least}, not {count!r}"
        )


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
        for name in ("connect", "attempt", "total"):
            if getattr(self, name) is not None:
                _check_seconds(self, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is tried, and how long the waits between are.

    Waits double from ``base_delay`` up to ``max_delay`` and are drawn at random from zero to that bound (full
    jitter). Where the server names a time with ``Retry-After``, the wait is that time plus the jitter. After
    a 429 the call waits for the rate limit instead, where one is kept.

    Attributes:
        attempts: The most attempts, the first included; 1 never tries again.
        base_delay: The bound of the first wait, in seconds.
        max_delay: The bound that waits grow to, in seconds. A longer ``Retry-After`` is still honoured.
    """

    attempts: int = 5
    base_delay: float = 0.5
    max_delay: float = 30.0

    def __post_init__(self) -> None:
        _check_count(self, "attempts")
        _check_seconds(self, "base_delay", least=0.0)
        _check_seconds(self, "max_delay", least=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How the budget of requests is kept that the API gives each token in each category.

    All sessions of a process with the same token, address and limits share their budgets; ``max_wait`` may
    differ. What the server announces replaces ``requests`` and ``window``.

    Attributes:
        requests: How many requests a window holds, in each category, as far as the server says nothing.
        window: The window's length in seconds, as far as the server says nothing.
        max_wait: The most seconds that a single call waits for its turn. One that would wait longer raises
            ``RateLimitWaitExceeded`` at once; ``None`` waits for any time. Streams and bulk work wait for as
            long as ``Timeout.total`` lets them.
        share: The part of the budget to use, more than 0 and up to 1; the rest is left to others with the
            same token.
        reserve: How many requests of a window streams and bulk work leave to single calls; in proportion to
            what remains of the window.
        concurrency: How many requests without a limit, such as searches, may be under way at a time.
    """

    requests: int = 100
    window: float = 900.0
    max_wait: float | None = 60.0
    share: float = 1.0
    reserve: int = 0
    concurrency: int = 8

    def __post_init__(self) -> None:
        _check_count(self, "requests")
        _check_seconds(self, "window")
        if self.max_wait is not None:
            _check_seconds(self, "max_wait", least=0.0)
        _check_seconds(self, "share")
        if self.share > 1:
            raise ValueError(f"RateLimits.share must be more than 0 and at most 1, not {self.share!r}")
        _check_count(self, "reserve", least=0)
        _check_count(self, "concurrency")

    @staticmethod
    def shared(
        url: str,
        *,
        requests: int = 100,
        window: float = 900.0,
        max_wait: float | None = 60.0,
        share: float = 1.0,
        reserve: int = 0,
        concurrency: int = 8,
        on_store_error: OnStoreError = "local",
        store_timeout: float = 0.25,
    ) -> SharedRateLimits:
        """Return limits whose budgets are shared by all processes and hosts that use the same store.

        It needs the extra ``redis``: ``pip install sessionboard-async[redis]``.

        Args:
            url: A Redis or Valkey: ``redis://``, ``rediss://`` or ``unix://``.
            requests: As for ``RateLimits``, like all that follow it and are not named here.
            window: In seconds.
            max_wait: In seconds.
            share: More than 0, up to 1.
            reserve: Requests of a window.
            concurrency: In each process.
            on_store_error: What to do while the store does not answer: ``"local"`` keeps the limits in each
                process on its own, ``"raise"`` raises ``RateLimitStoreError``.
            store_timeout: The seconds after which a store that does not answer is taken for absent.

        Raises:
            ValueError: If an argument cannot be used.
        """
        return SharedRateLimits(
            requests=requests,
            window=window,
            max_wait=max_wait,
            share=share,
            reserve=reserve,
            concurrency=concurrency,
            url=url,
            on_store_error=on_store_error,
            store_timeout=store_timeout,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRateLimits(RateLimits):
    """Rate limits that processes and hosts keep together; made by ``RateLimits.shared``.

    Attributes:
        url: Where the store is.
        on_store_error: What to do while it does not answer.
        store_timeout: The seconds after which it is taken for absent.
    """

    url: str = field(repr=False)
    on_store_error: OnStoreError = "local"
    store_timeout: float = 0.25

    def __post_init__(self) -> None:
        # A dataclass with slots is made anew: `super()` without arguments would not find it.
        RateLimits.__post_init__(self)
        _check_seconds(self, "store_timeout")
        if self.on_store_error not in get_args(OnStoreError):
            raise ValueError(f"on_store_error must be 'local' or 'raise', not {self.on_store_error!r}")
        # The URL may hold a password: it is never shown.
        if not isinstance(self.url, str) or not self.url.startswith(_STORES):
            raise ValueError("the URL of the store must begin with redis://, rediss:// or unix://")
