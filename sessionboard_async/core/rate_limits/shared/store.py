"""The connection to the store: one script, and what goes to it and comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from sessionboard_async.core.bucket_state import BucketState
from sessionboard_async.core.http.request import Priority
from sessionboard_async.errors import ConfigurationError

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("sessionboard_async")

LEASE_SECONDS = 120.0
"""How long a request is taken to be under way where nothing more is heard of it: twice an attempt's time."""

_SHORTEST_ABSENCE, _LONGEST_ABSENCE = 0.5, 30.0
_SCRIPT = Path(__file__).with_name("exchange.lua")


class RequestOutcome(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a request. Times are seconds from the moment at which this is told.

    Attributes:
        kind: Whether it was answered, is lost, or never reached the server.
        lease: What it was let in with; ``None`` where the store was not asked.
        at: When it ended.
        sent: When it was sent.
        refused: Whether it was refused for the rate limit.
        draw: A number up to 1, drawn for the wait where a refusal names none.
        limit: The limit that the answer announces.
        window: The window that it announces.
        remaining: What it says is left.
        reset: The seconds that it says this window has left.
    """

    kind: Literal["answered", "unanswered", "cancelled"]
    at: float
    sent: float
    lease: str | None = None
    refused: bool = False
    draw: float = 0.0
    limit: int | None = None
    window: float | None = None
    remaining: int | None = None
    reset: float | None = None

    def since(self, now: float) -> RequestOutcome:
        """Return the same with times that are told as seconds from now."""
        return msgspec.structs.replace(self, at=self.at - now, sent=self.sent - now)


class StoreRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a process tells and asks.

    Attributes:
        known: What it knows, for a store that knows nothing.
        share: The part of the budget that it uses.
        reserve: How many requests of a window it leaves to single calls.
        documented: Whether a limit is documented.
        lease_seconds: How long a lease holds.
        reports: What became of its requests, the oldest first.
        priorities: Those who wait, the first first.
        leases: What each of them would be let in with.
        now: The time, where it is not to be that of the store.
    """

    known: BucketState
    share: float
    reserve: int
    documented: bool
    reports: list[RequestOutcome]
    priorities: list[Priority]
    leases: list[str]
    # Never left out: the script has no defaults.
    lease_seconds: float
    now: float | None = None


class StoreReply(msgspec.Struct):
    """What a process is told.

    Attributes:
        granted: How many of those who wait may go.
        wait: The seconds that the next of them must wait; infinite where another request must end first.
        known: What is known now.
    """

    granted: int
    wait: float
    known: BucketState


class StoreUnavailableError(Exception):
    """The store does not answer.

    Attributes:
        seconds: How long to do without it.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class RateLimitStore:
    """A Redis or Valkey, and the script in it.

    Args:
        url: Where it is.
        token_digest: A hash of the token, of which the keys are made.
        timeout: The seconds that an exchange may take.
        clock: The seconds of a monotonic clock.

    Raises:
        ConfigurationError: If what speaks with it is not installed, or the URL cannot be read.
    """

    def __init__(self, url: str, token_digest: str, *, timeout: float, clock: Callable[[], float]) -> None:
        try:
            from redis import asyncio as redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import NoScriptError, RedisError
        except ImportError:
            raise ConfigurationError(
                "RateLimits.shared needs a client for Redis: install sessionboard-async[redis]"
            ) from None
        self._forgotten = NoScriptError
        self._failures = (RedisError, OSError, TimeoutError, msgspec.MsgspecError)
        # What it takes besides the URL is not typed.
        connect = cast("Callable[..., Redis]", redis.Redis.from_url)  # pyright: ignore[reportUnknownMemberType]
        try:
            # With a timeout of its own it writes within `asyncio.wait_for`, and that of Python 3.11 swallows
            # a cancellation that comes as the write ends. `exchange` bounds the whole.
            self._client = connect(url, retry=Retry(NoBackoff(), 0), socket_timeout=None)
        except ValueError:
            # What it says may show a part of the URL, and so of a password.
            raise ConfigurationError("the URL of the store of shared rate limits cannot be read") from None
        # Of the token only a part of its hash: keys are read by many.
        self._prefix = f"sb:{token_digest[:16]}"
        self._script: Any = self._client.register_script(_SCRIPT.read_bytes())
        self._timeout = timeout
        self._clock = clock
        self._absence = 0.0
        self._absent_until = 0.0

    async def exchange(self, category: str, message: StoreRequest, *, insist: bool = False) -> StoreReply:
        """Tell what became of requests, and ask for more.

        Args:
            category: Whose requests.
            message: What is told and asked.
            insist: Whether to try even where the store did not answer a moment ago.

        Raises:
            StoreUnavailableError: If no answer comes in time. It may have been carried out nevertheless.
        """
        now = self._clock()
        if self._absence and now < self._absent_until and not insist:
            raise StoreUnavailableError(self._absent_until - now)
        key = f"{{{self._prefix}:{category}}}"
        try:
            async with asyncio.timeout(self._timeout):
                packed = await self._carry_out(f"{key}:s", f"{key}:l", msgspec.msgpack.encode(message))
            reply = msgspec.msgpack.decode(packed, type=StoreReply)
        except self._failures as error:
            raise self._absent(error) from None
        if self._absence:
            self._absence = 0.0
            logger.info("the store of the shared rate limits answers again")
        return reply

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _carry_out(self, *keys_and_message: str | bytes) -> bytes:
        client: Any = self._client
        try:
            return cast("bytes", await client.evalsha(self._script.sha, 2, *keys_and_message))
        except self._forgotten:
            # Sent along: between loading it and calling it the store may forget it again.
            return cast("bytes", await client.eval(self._script.script, 2, *keys_and_message))

    def _absent(self, error: BaseException) -> StoreUnavailableError:
        if not self._absence:
            # The kind alone: texts of the client may show the address, and the password in it.
            logger.warning("the store of the shared rate limits does not answer (%s)", type(error).__name__)
        if self._clock() >= self._absent_until:
            self._absence = min(_LONGEST_ABSENCE, 2 * self._absence or _SHORTEST_ABSENCE)
            self._absent_until = self._clock() + self._absence
        return StoreUnavailableError(self._absent_until - self._clock())
