"""What all tests share."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from types import TracebackType

import pytest
from hypothesis import settings

from sessionboard_async.core.rate_limits.registry import forget_limiters
from tests.support.canaries import WATCH
from tests.support.http_server import Handler, HttpServer, RawHandler, byte_server, tasks
from tests.support.redis_server import RedisServer, program

# A busy machine is slow, which is no failure.
# Each run generates others: three Pythons together try 150 of a test.
settings.register_profile("project", deadline=None, max_examples=50)
settings.register_profile("fast", settings.get_profile("project"), max_examples=20)
settings.load_profile("project")

# Declares all operations too: tests that look at them must not depend on the services used before.
pytest_plugins = ["tests.support.coverage_hooks"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this project's tests."""
    parser.addoption(
        "--endurance",
        type=float,
        metavar="SECONDS",
        help="run tests/endurance for so long, with its counts every minute",
    )


@pytest.fixture(scope="session", autouse=True)
def _canaries_watched() -> Iterator[None]:
    """Search all log records, and all errors that tests expect, for secrets and personal data."""
    leave = pytest.RaisesExc.__exit__

    def search_and_leave(
        context: pytest.RaisesExc[BaseException],
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is not None:
            WATCH.search_error(error)
        return leave(context, kind, error, trace)

    logging.getLogger().addHandler(WATCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.RaisesExc, "__exit__", search_and_leave)
        yield
    logging.getLogger().removeHandler(WATCH)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that lets a secret or personal data out, on purpose only where it is marked."""
    report = yield
    if report.when == "teardown":  # It has the output of the setup and of the test too.
        WATCH.search("the output", report.capstdout + report.capstderr)
    found = WATCH.take()
    if found and report.passed and not item.get_closest_marker("shows_canaries"):
        report.outcome = "failed"
        report.longrepr = "\n".join(("Secrets or personal data came out:", *found))
    return report


@pytest.fixture
def unchanged_logging() -> Iterator[None]:
    """Undo what a web framework changes of the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def anyio_backend() -> str:
    """Run the asynchronous tests on asyncio, which aiohttp needs."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _budgets_of_its_own() -> None:
    """Begin with no budget known: the port of a server may have been that of an earlier test's server."""
    forget_limiters()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[HttpServer]]]:
    """Start a server that answers with a handler; it stops with the test."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> HttpServer:
            return await stack.enter_async_context(HttpServer(handler).running())

        yield start


@pytest.fixture
async def serve_bytes() -> AsyncIterator[Callable[[RawHandler], Awaitable[str]]]:
    """Start a server that reads and writes bytes as it likes, and return its base URL."""
    async with AsyncExitStack() as stack:

        async def start(handler: RawHandler) -> str:
            return await stack.enter_async_context(byte_server(handler))

        yield start


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """Fail a test that leaves a task, an unclosed resource, or a complaint of the event loop behind."""
    loop = asyncio.get_running_loop()
    before = tasks()
    complaints: list[str] = []
    loop.set_exception_handler(lambda _, context: complaints.append(str(context)))
    gc.freeze()  # so that the collection below looks only at what the test made
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    gc.unfreeze()
    loop.set_exception_handler(None)
    assert tasks() - before == set()
    assert [str(warning.message) for warning in caught] == []
    assert complaints == []


@pytest.fixture(scope="session")
def running_stores() -> Iterator[dict[str, RedisServer]]:
    """The stores that tests have started, by the names of their programs."""
    servers: dict[str, RedisServer] = {}
    yield servers
    for server in servers.values():
        server.kill()


@pytest.fixture
def redis_server(
    request: pytest.FixtureRequest,
    running_stores: dict[str, RedisServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> RedisServer:
    """A store for shared limits, which all tests use with tokens of their own."""
    name: str | None = getattr(request, "param", None) or program()
    if name is None or shutil.which(name) is None:
        pytest.skip(f"no {name or 'redis-server or valkey-server'} on this system")
    server = running_stores.get(name)
    if server is None:
        server = RedisServer(tmp_path_factory.mktemp(name), name)
        server.start()
        running_stores[name] = server
    return server


@pytest.fixture
def far_from_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a test in a local time that is nine hours ahead."""
    if not hasattr(time, "tzset"):
        pytest.skip("the local time cannot be changed on this system")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()
