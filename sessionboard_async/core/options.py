"""Options of a client, as frozen values that can be shared and compared."""

from __future__ import annotations

import math
from enum import Enum
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec

from sessionboard_async.errors import ConfigurationError

T = TypeVar("T")

Assume = Literal["documented"]
"""The limits that hold although the server has not announced any."""

OnStoreError = Literal["local", "raise"]
"""The behaviour while the store of the shared rate limits does not answer."""


class Unchanged(Enum):
    """The default of an option for which ``None`` has a meaning of its own."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED

UNREADABLE_STORE = (
    "the URL of the store of shared rate limits cannot be read: write it as "
    "redis://user:password@host:6379/0, with user and password quoted"
)
_STORES = ("redis://", "rediss://", "unix://")


def validate_option(name: str, value: object, kind: type[T]) -> T:
    """Return an option if it has the right type.

    Raises:
        TypeError: If it has another type, such as a plain number.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}(...), not {type(value).__name__}")
    return value


def validate_count(name: str, value: object, least: int = 1, most: int | None = None) -> None:
    """Check an integer.

    Args:
        name: The name of the argument, for the message.
        value: The argument.
        least: The smallest valid value.
        most: The largest valid value; ``None`` for no bound.

    Raises:
        TypeError: If it is no integer. Booleans are refused too.
        ValueError: If it is out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {bounds}, not {value}")


def _validate_seconds(name: str, value: object, *, least: float = math.ulp(0.0)) -> None:
    if not isinstance(value, (int, float)) or not least <= value < math.inf:
        bound = "more than 0" if least else "0 or more"
        raise ValueError(f"{name} must be {bound} and finite, not {value!r}")


class Timeout(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits, in seconds. ``None`` sets no limit.

    Attributes:
        connect: For making one connection.
        attempt: For one attempt, from connecting to the last byte read. Waiting for a free connection of the
            pool or for the rate limit does not count. For uploads and downloads of files, the longest time in
            which no bytes move.
        total: For all attempts of a call together, with the waits for a free connection and between attempts.
            Waiting for the rate limit does not count, up to ``RateLimits.max_wait``, which bounds it. It does
            not apply to uploads and downloads of files.

    Raises:
        ValueError: If a value is no number, not more than 0, or not finite.
    """

    connect: float | None = 10.0
    attempt: float | None = 60.0
    total: float | None = 300.0

    def __post_init__(self) -> None:
        for name, seconds in (("connect", self.connect), ("attempt", self.attempt), ("total", self.total)):
            if seconds is not None:
                _validate_seconds(f"Timeout.{name}", seconds)


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request is tried, and the delays between attempts.

    The upper bound of the delay doubles from ``base_delay`` up to ``max_delay``, and each delay is drawn at
    random between zero and that bound (full jitter). If the server sends ``Retry-After``, the delay is that
    time plus the jitter. After a 429 the call waits for the rate limit instead, unless ``limits=None``.

    Attributes:
        attempts: The most attempts, the first included; 1 disables retries.
        base_delay: The upper bound of the first delay, in seconds.
        max_delay: The largest upper bound, in seconds. A longer ``Retry-After`` is still honoured.

    Raises:
        ValueError: If ``attempts`` is less than 1, or a delay is no number, negative or not finite.
        TypeError: If ``attempts`` is no integer.
    """

    attempts: int = 5
    base_delay: float = 0.5
    max_delay: float = 30.0

    def __post_init__(self) -> None:
        validate_count("Retry.attempts", self.attempts)
        _validate_seconds("Retry.base_delay", self.base_delay, least=0.0)
        _validate_seconds("Retry.max_delay", self.max_delay, least=0.0)


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """How long the answers to GETs of single records are kept, and how many.

    Gets of the same record with the same arguments share one request while it is under way, and its answer
    until ``ttl`` seconds after the request was sent. Each call returns a record of its own. Errors are not
    kept: only the calls that wait at that moment share them. Streams, searches, lists, files,
    ``AsyncSession.request`` and calls without the token do not use the cache. Views share it, but those with
    another timeout, retry or limits do not wait for each other's requests.

    Every write of the client and its views drops all answers, when it begins and when it ends, with or
    without success; any request other than a GET, a search or a query counts as a write. Changes by other
    clients, processes and people show after ``ttl`` at the latest, and so does a write that the server
    carries out after the client gave it up. The API itself may answer with a copy of a session that is up to
    three minutes old, and then the ages add up.

    Attributes:
        ttl: How long an answer is kept, in seconds from the time its request was sent.
        size: The most answers kept. Those that were not used for the longest time are dropped first.
        max_bytes: The most bytes that these answers may have together. A larger one is not kept.

    Raises:
        ValueError: If ``ttl`` is no number, not more than 0 or not finite, or another value is less than 1.
        TypeError: If ``size`` or ``max_bytes`` is no integer.
    """

    ttl: float
    size: int = 1000
    max_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        _validate_seconds("Cache.ttl", self.ttl)
        validate_count("Cache.size", self.size)
        validate_count("Cache.max_bytes", self.max_bytes)


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How the client keeps within the API's rate limits, which apply to each token in each category.

    All clients of a process with the same token, base URL and limits share one budget; ``max_wait`` and
    ``bulk_max_wait`` may differ. Rate-limit headers of the server replace ``requests`` and ``window``.

    Attributes:
        requests: The documented number of requests in a window, in each category, until the server sends
            headers.
        window: The documented length of the window in seconds, until the server sends headers.
        max_wait: The most seconds that a single call waits for the rate limit. A call that would wait longer
            raises ``RateLimitWaitExceeded`` at once; ``None`` waits for any time. ``Timeout.total`` does not
            bound this wait.
        bulk_max_wait: The same for each request of a stream or a bulk call, which by default wait for any
            time.
        assume: ``"documented"`` keeps the documented limits, ``requests`` and ``window``, while the server
            announces none. By default requests are then counted, and none is held back until the server
            announces a limit or refuses a request.
        share: The fraction of the budget to use, more than 0 and at most 1. The rest is left to other
            programs with the same token.
        reserve: The requests of a window that streams and bulk calls leave to single calls, in proportion to
            the time left in the window.
        concurrency: The most simultaneous requests of operations without a documented limit, such as
            searches. A stream uses 8 of them at most, unless its ``prefetch`` says otherwise.

    Raises:
        ValueError: If a value is out of bounds.
        TypeError: If a count is no integer.
    """

    requests: int = 100
    window: float = 900.0
    max_wait: float | None = 60.0
    bulk_max_wait: float | None = None
    assume: Assume | None = None
    share: float = 1.0
    reserve: int = 0
    concurrency: int = 16

    def __post_init__(self) -> None:
        validate_count("RateLimits.requests", self.requests)
        _validate_seconds("RateLimits.window", self.window)
        for name, seconds in (("max_wait", self.max_wait), ("bulk_max_wait", self.bulk_max_wait)):
            if seconds is not None:
                _validate_seconds(f"RateLimits.{name}", seconds, least=0.0)
        if self.assume is not None and self.assume not in get_args(Assume):
            raise ValueError(f"RateLimits.assume must be 'documented' or None, not {self.assume!r}")
        _validate_seconds("RateLimits.share", self.share)
        if self.share > 1:
            raise ValueError(f"RateLimits.share must be more than 0 and at most 1, not {self.share!r}")
        validate_count("RateLimits.reserve", self.reserve, least=0)
        validate_count("RateLimits.concurrency", self.concurrency)

    @staticmethod
    def shared(
        url: str,
        *,
        requests: int = 100,
        window: float = 900.0,
        max_wait: float | None = 60.0,
        bulk_max_wait: float | None = None,
        assume: Assume | None = None,
        share: float = 1.0,
        reserve: int = 0,
        concurrency: int = 16,
        on_store_error: OnStoreError = "local",
        store_timeout: float = 0.25,
    ) -> SharedRateLimits:
        """Return limits whose budgets are shared by all processes and hosts that use the same store.

        Requires the extra ``redis``: ``pip install sessionboard-async[redis]``. Without it, making a client
        with these limits is a ``ConfigurationError``.

        Args:
            url: The address of a Redis or Valkey server: ``redis://``, ``rediss://`` or ``unix://``.
            requests: As for ``RateLimits``.
            window: As for ``RateLimits``, in seconds.
            max_wait: As for ``RateLimits``, in seconds.
            bulk_max_wait: As for ``RateLimits``, in seconds.
            assume: As for ``RateLimits``.
            share: As for ``RateLimits``: more than 0, at most 1.
            reserve: As for ``RateLimits``.
            concurrency: As for ``RateLimits``, in each process.
            on_store_error: The behaviour while the store does not answer: ``"local"`` keeps the limits in
                each process separately, ``"raise"`` raises ``RateLimitStoreError``.
            store_timeout: The seconds after which the store is considered unavailable.

        Returns:
            The limits, for the argument ``limits`` of ``AsyncSession``.

        Raises:
            ConfigurationError: If the URL has another scheme or cannot be parsed.
            ValueError: If another argument is out of bounds.
            TypeError: If a count is no integer.
        """
        return SharedRateLimits(
            requests=requests,
            window=window,
            max_wait=max_wait,
            bulk_max_wait=bulk_max_wait,
            assume=assume,
            share=share,
            reserve=reserve,
            concurrency=concurrency,
            url=url,
            on_store_error=on_store_error,
            store_timeout=store_timeout,
        )


class SharedRateLimits(RateLimits, frozen=True, kw_only=True):
    """Rate limits shared by processes and hosts. Made by ``RateLimits.shared``.

    Attributes:
        url: The address of the store.
        on_store_error: The behaviour while the store does not answer.
        store_timeout: The seconds after which the store is considered unavailable.
    """

    url: str
    on_store_error: OnStoreError = "local"
    store_timeout: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        _validate_seconds("RateLimits.store_timeout", self.store_timeout)
        if self.on_store_error not in get_args(OnStoreError):
            raise ValueError(f"on_store_error must be 'local' or 'raise', not {self.on_store_error!r}")
        # The messages leave out the URL, which may hold a password.
        if not isinstance(self.url, str) or not self.url.startswith(_STORES):
            raise ConfigurationError("the URL of the store must begin with redis://, rediss:// or unix://")
        if not _is_parsable(self.url):
            raise ConfigurationError(UNREADABLE_STORE)

    def __repr__(self) -> str:
        return f"SharedRateLimits({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # Without the URL, which may hold a password.
        return [(name, getattr(self, name)) for name in self.__struct_fields__ if name != "url"]


def _is_parsable(url: str) -> bool:
    try:
        port = urlsplit(url).port
    except ValueError:
        return False
    return port != 0
