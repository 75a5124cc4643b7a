"""The connection to the store: one script, and the messages to and from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import msgspec

from sessionboard_async.core.http.request import Priority
from sessionboard_async.core.options import UNREADABLE_STORE
from sessionboard_async.core.rate_limits.bucket_state import BucketState, Count
from sessionboard_async.core.rate_limits.daily_quota import DAILY, DailyQuotaState
from sessionboard_async.errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger: logging.Logger = logging.getLogger("sessionboard_async")

LEASE_SECONDS = 120.0
"""How long a lease lasts if the end of its request is not reported: twice the default time of an attempt."""

_SHORTEST_OUTAGE, _LONGEST_OUTAGE = 0.5, 30.0
_LONGEST_WINDOW = 6 * 3600.0
_RAW_BYTES = {"decode_responses": False, "encoding": "utf-8", "socket_timeout": None}
"""Options of the client that the store's URL must not change."""

_KEYS = 3
_SCRIPT = Path(__file__).with_name("exchange.lua")


class RequestOutcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The end of one request. In a message, times are seconds relative to its sending.

    Attributes:
        kind: Whether it was answered, has an unknown outcome, or never reached the server.
        at: When it ended.
        sent: When it was admitted.
        lease: The lease that it held; ``None`` if it was admitted without the store.
        refused: Whether it was refused for the rate limit.
        names_no_wait: Whether a refusal names neither a wait nor the end of the window.
        has_headers: Whether the response had rate-limit headers.
        draw: A random number up to 1, which spreads the waits after refusals that name none.
        limit: Requests per window, from the response.
        window: Length of the window in seconds, from the response.
        remaining: Requests left, from the response.
        reset: Seconds until the window ends, from the response.
    """

    kind: Literal["answered", "unanswered", "cancelled"]
    at: float
    sent: float
    lease: str | None = None
    refused: bool = False
    names_no_wait: bool = False
    has_headers: bool = False
    draw: float = 0.0
    limit: int | None = None
    window: float | None = None
    remaining: int | None = None
    reset: float | None = None

    def shifted(self, seconds: float) -> RequestOutcome:
        """Return a copy with its times moved by some seconds."""
        return msgspec.structs.replace(self, at=self.at + seconds, sent=self.sent + seconds)


class StoreRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A message to the store: ended requests, and how many more are to begin.

    Attributes:
        state: The state known here, for a store that has none.
        share: Part of the budget to use.
        reserve: Requests of a window kept for interactive calls.
        documented: Whether a limit is documented.
        is_assumed: Whether the documented limit holds although the server has not announced any.
        outcomes: Requests that ended, oldest first.
        priorities: Priorities of the calls that wait, in their order.
        leases: A name for the lease of each of them.
        lease_seconds: How long a lease lasts.
        now: The time; by default that of the store.
        daily: What is known here about the daily quota; ``None`` for nothing.
        daily_is_new: Whether the store may not have seen it yet.
    """

    state: BucketState
    share: float
    reserve: int
    documented: bool
    is_assumed: bool
    outcomes: list[RequestOutcome]
    priorities: list[Priority]
    leases: list[str]
    # Never left out: the script has no defaults.
    lease_seconds: float
    now: float | None = None
    daily: DailyQuotaState | None = None
    daily_is_new: bool = False


class StoreReply(msgspec.Struct):
    """The store's reply.

    Attributes:
        granted: How many of the leases were granted, the first ones.
        wait: Seconds that the next call must wait; infinite if another request must end first.
        state: The state after the exchange.
        daily: What is known about the daily quota; ``None`` for nothing.
    """

    granted: Count
    wait: Annotated[float, msgspec.Meta(ge=0)]
    state: BucketState
    daily: DailyQuotaState | None = None

    def check(self, message: StoreRequest) -> None:
        """Check that the reply is one to a message.

        Raises:
            ValueError: If it is not.
        """
        asked = len(message.priorities)
        if self.granted > asked or (self.granted < asked and not self.wait):
            raise ValueError("the store neither grants what was asked for, nor names a wait")
        if self.state.window > max(_LONGEST_WINDOW, 2 * message.state.window):
            raise ValueError("the window in the store is longer than any that headers may state")


class StoreUnavailableError(Exception):
    """The store does not answer.

    Attributes:
        seconds: How long to go on without it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds: float = seconds


class RateLimitStore:
    """A Redis or Valkey with the script that does the arithmetic.

    Args:
        url: The store's URL.
        token_digest: A hash of the token, which the keys are made of.
        timeout: Seconds that an exchange may take.
        clock: A monotonic clock in seconds.

    Raises:
        ConfigurationError: If the client for Redis is not installed, or the URL cannot be parsed.
    """

    def __init__(self, url: str, token_digest: str, *, timeout: float, clock: Callable[[], float]) -> None:
        try:
            from redis import asyncio as redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import NoScriptError
        except ImportError:
            raise ConfigurationError(
                "RateLimits.shared needs a client for Redis: install sessionboard-async[redis]"
            ) from None
        self._no_script_error = NoScriptError
        # Its other arguments are not typed.
        connect = cast("Callable[..., Redis]", redis.Redis.from_url)  # pyright: ignore[reportUnknownMemberType]
        client: Redis | None = None
        with suppress(ValueError):
            # With a timeout of the socket the client writes within `asyncio.wait_for`, which in Python 3.11
            # swallows a cancellation that arrives as the write ends. `exchange` bounds the whole.
            client = connect(url, retry=Retry(NoBackoff(), 0))
        if client is None:
            # Not in the context of the client's error, which may show a part of the password.
            raise ConfigurationError(UNREADABLE_STORE)
        self._client = client
        self._client.connection_pool.connection_kwargs.update(_RAW_BYTES)
        # Only a part of the hash: keys are visible to many.
        self._prefix = f"sb:{token_digest[:16]}"
        self._script: Any = self._client.register_script(_SCRIPT.read_bytes())
        self._timeout = timeout
        self._clock = clock
        self._outage = 0.0
        self._unavailable_until = 0.0

    async def exchange(self, category: str, message: StoreRequest, *, insist: bool = False) -> StoreReply:
        """Report ended requests, and ask for leases.

        Args:
            category: Name of the category.
            message: The message.
            insist: Whether to try even if the store did not answer a moment ago.

        Raises:
            StoreUnavailableError: If no reply arrives in time. The store may have carried the message out
                nevertheless.
        """
        now = self._clock()
        if self._outage and now < self._unavailable_until and not insist:
            raise StoreUnavailableError(self._unavailable_until - now)
        key = self.key(category)
        keys = (f"{key}:s", f"{key}:l", self.key(DAILY))
        packed_message = msgspec.msgpack.encode(message)
        failure: StoreUnavailableError | None = None
        reply: StoreReply | None = None
        try:
            async with asyncio.timeout(self._timeout):
                packed = await self._run_script(*keys, packed_message)
            reply = msgspec.msgpack.decode(packed, type=StoreReply)
            reply.check(message)
            reply.state = reply.state.bounded()
            reply.daily = reply.daily and reply.daily.bounded()
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # The client's own, of a task that it awaited.
            failure = self.unavailable(error)
        except Exception as error:  # noqa: BLE001  # an unexpected reply fails with any error of the client
            failure = self.unavailable(error)
        if failure is not None:
            # Not in the context of the client's error, which may show the password.
            try:
                raise failure
            finally:
                # The traceback of the error refers to this frame: without this, they would form a cycle.
                del failure
        assert reply is not None  # noqa: S101  # received, as there is no failure
        if self._outage:
            self._outage = 0.0
            logger.info("the store of the shared rate limits answers again")
        return reply

    def key(self, category: str) -> str:
        """Return what the names of a category's keys begin with."""
        # A cluster demands that one node has all keys of a script: those with the same text in braces.
        return f"{{{self._prefix}}}:{category}"

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _run_script(self, *keys_and_message: str | bytes) -> bytes:
        client: Any = self._client
        try:
            return cast("bytes", await client.evalsha(self._script.sha, _KEYS, *keys_and_message))
        except self._no_script_error:
            # Sent along: between loading and calling it, the store may forget it again.
            return cast("bytes", await client.eval(self._script.script, _KEYS, *keys_and_message))

    def unavailable(self, error: BaseException) -> StoreUnavailableError:
        """Return the error to raise after an exchange that failed, and pause."""
        if not self._outage:
            # Only the kind: the client's messages may show the address, and the password in it.
            logger.warning("the store of the shared rate limits does not answer (%s)", type(error).__name__)
        if self._clock() >= self._unavailable_until:
            self._outage = min(_LONGEST_OUTAGE, 2 * self._outage or _SHORTEST_OUTAGE)
            self._unavailable_until = self._clock() + self._outage
        return StoreUnavailableError(self._unavailable_until - self._clock())
