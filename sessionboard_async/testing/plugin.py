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
        f"{_MARKER}(**options): what the fixture {_MARKER} passes to EmbeddedServer, such as sessions=10",
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

    It opens with its first request. A test that is not async closes it itself, in the loop that it used.
    """
    from sessionboard_async import AsyncSession

    session = AsyncSession(sessionboard_server.token, base_url=sessionboard_server.base_url)
    with pytest.MonkeyPatch.context() as patch:
        # A fixture that is not async fits every runner, but ends when the test's loop is closed already:
        # so the test itself has to close the session.
        if iscoroutinefunction(request.node.obj):
            patch.setattr(request.node, "obj", _then_close(request.node.obj, session))
        yield session


def _then_close(
    test: Callable[..., Awaitable[object]], session: AsyncSession
) -> Callable[..., Awaitable[object]]:
    @wraps(test)
    async def test_then_close(*arguments: object, **fixtures: object) -> object:
        try:
            return await test(*arguments, **fixtures)
        finally:
            await session.aclose()

    return test_then_close
