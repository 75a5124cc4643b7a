"""A server for all tests of a module, without the faults and requests of the test before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sessionboard_async.testing import EmbeddedServer


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=3).in_thread() as server:
        yield server


@pytest.fixture
def server(running: EmbeddedServer) -> Iterator[EmbeddedServer]:
    yield running
    running.faults.clear()
    running.requests.clear()
