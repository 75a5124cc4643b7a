"""A fixture that pytest-asyncio runs; registered by the pytest plugin when a test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio


@pytest_asyncio.fixture(loop_scope="function")
async def _sessionboard_asyncio_loop() -> AsyncIterator[None]:
    """Keep the event loop of the test open. Those of wider scopes are open for longer than any fixture."""
    yield
