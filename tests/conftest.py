"""What all tests share."""

from __future__ import annotations

import pytest

from sessionboard_async.core.rate_limits.limiter import forget_limiters


@pytest.fixture
def anyio_backend() -> str:
    """Run the asynchronous tests on asyncio, which aiohttp needs."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _budgets_of_its_own() -> None:
    """Begin with no budget known: the port of a server may have been that of an earlier test's server."""
    forget_limiters()
