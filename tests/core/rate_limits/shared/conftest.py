"""Fixtures of the tests with a store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.support.redis_server import RedisServer


@pytest.fixture
async def store(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A client of an empty store."""
    async with redis_server.client() as client:
        await client.flushall()
        yield client
