"""A server for all tests of a module, without the faults and requests of the test before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sessionboard_async.testing import EmbeddedServer
from tests.cli.fixed_api import Api


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(sessions=3).in_thread() as server:
        yield server


@pytest.fixture
def server(running: EmbeddedServer) -> Iterator[EmbeddedServer]:
    yield running
    running.faults.clear()
    running.requests.clear()


@pytest.fixture(scope="module")
def running_api() -> Iterator[Api]:
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def api(running_api: Api) -> Api:
    running_api.status, running_api.headers, running_api.body = 200, {}, None
    return running_api
