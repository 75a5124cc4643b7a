"""The pytest plugin: the fixtures ``sessionboard_server`` and ``sessionboard``.

pytest imports this file in every project of an environment, so heavy imports happen inside the fixtures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sessionboard_async import AsyncSession
    from sessionboard_async.testing import EmbeddedServer

_MARKER = "sessionboard_server"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for runs with ``--strict-markers``."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): arguments of EmbeddedServer for the fixture {_MARKER}, such as sessions=10",
    )


@pytest.fixture
def sessionboard_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """An embedded server that runs for the duration of the test.

    Each test gets its own server, so requests and faults never leak from one test to another. The server runs
    in a thread with its own event loop, and therefore works with every async runner and with tests that are
    not async. Pass options with the marker::

        @pytest.mark.sessionboard_server(sessions=10, faults=[Fault("close_before", on=2)])
    """
    from sessionboard_async.testing.server import EmbeddedServer

    marker = request.node.get_closest_marker(_MARKER)
    options: dict[str, Any] = marker.kwargs if marker else {}
    with EmbeddedServer(**options).in_thread() as server:
        yield server


@pytest.fixture
def sessionboard(
    request: pytest.FixtureRequest, sessionboard_server: EmbeddedServer
) -> Iterator[AsyncSession]:
    """An ``AsyncSession`` on the embedded server, closed in the test's own event loop when the test ends.

    The client opens with its first request. A test that is not async must close it in the loop that it used.
    """
    from sessionboard_async import AsyncSession

    client = AsyncSession(sessionboard_server.token, base_url=sessionboard_server.base_url)
    with pytest.MonkeyPatch.context() as patch:
        # A fixture that is not async works with every runner, but ends after the test's loop is closed, so
        # the client is closed at the end of the test function.
        if iscoroutinefunction(request.node.obj):
            patch.setattr(request.node, "obj", _then_close(request.node.obj, client))
        yield client


def _then_close(
    test: Callable[..., Awaitable[object]], client: AsyncSession
) -> Callable[..., Awaitable[object]]:
    @wraps(test)
    async def test_then_close(*arguments: object, **fixtures: object) -> object:
        try:
            return await test(*arguments, **fixtures)
        finally:
            await client.aclose()

    return test_then_close
