"""An engine over a real transport, without services and rate limits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from sessionboard_async import Retry, Timeout
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import Lifetime
from tests.support.http_server import IMPATIENT, TOKEN

_DEFAULTS = Timeout()


@asynccontextmanager
async def engine_to(
    base_url: str,
    *,
    timeout: Timeout = _DEFAULTS,
    retry: Retry = IMPATIENT,
    pool_size: int = 20,
    max_response_bytes: int = 1 << 20,
    client: aiohttp.ClientSession | None = None,
) -> AsyncGenerator[Engine]:
    """Open an engine that sends to a server, and close it with all its connections."""
    token, lifetime = Token(TOKEN), Lifetime()
    transport = Transport(
        base_url,
        token,
        lifetime,
        pool_size=pool_size,
        max_response_bytes=max_response_bytes,
        user_agent="tests",
        client=client,
    )
    try:
        yield Engine(
            transport,
            lifetime,
            Decoders(),
            limiter=None,
            max_wait=None,
            token=token,
            timeout=timeout,
            retry=retry,
        )
    finally:
        await transport.close()
