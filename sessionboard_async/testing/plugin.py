"""The pytest plugin: the fixtures ``sessionboard_server`` and ``sessionboard``.

pytest imports this file in every project of an environment, so imports happen inside the fixtures.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
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
    """An ``AsyncSession`` on the embedded server, closed after the test and the fixtures that depend on it.

    The client opens with its first request, in a test or a fixture, and is closed in the same event loop.
    A test that runs an event loop of its own must close the client in it.
    """
    from sessionboard_async import AsyncSession

    _keep_loop_open(request)
    client = AsyncSession(sessionboard_server.token, base_url=sessionboard_server.base_url)
    yield client
    loop = client._lifetime.loop  # pyright: ignore[reportPrivateUsage]  # no other code needs it
    if loop is not None and not loop.is_closed():
        loop.run_until_complete(client.aclose())


@pytest.fixture
async def _sessionboard_anyio_loop() -> AsyncIterator[None]:
    """Keep the event loop of anyio's runner open."""
    yield  # noqa: PT022  # open until the fixtures that depend on it have ended


def _keep_loop_open(request: pytest.FixtureRequest) -> None:
    """Keep the event loop of the test's runner open until the requesting fixture has ended.

    A runner closes its loop after the last fixture that runs in it, so this requests one.
    """
    import asyncio

    with suppress(RuntimeError):
        # A test that requests the fixture while it runs would wait for itself.
        asyncio.get_running_loop()
        return
    plugins = request.config.pluginmanager
    pytest_asyncio = sys.modules.get("pytest_asyncio.plugin")
    if "anyio_backend" in request.fixturenames:
        request.getfixturevalue("_sessionboard_anyio_loop")
    elif pytest_asyncio is not None and plugins.is_registered(pytest_asyncio):
        plugins.import_plugin("sessionboard_async.testing._pytest_asyncio")
        request.getfixturevalue("_sessionboard_asyncio_loop")
