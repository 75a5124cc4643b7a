"""All calls, made once against an embedded server, with their requests and responses."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import anyio

from sessionboard_async import AsyncSession, Retry
from sessionboard_async.services import SERVICES
from sessionboard_async.testing import EmbeddedServer
from tests.contract import (
    calls_content,
    calls_insights,
    calls_oauth,
    calls_planning,
    calls_records,
    calls_settings,
)
from tests.contract.exchanges import Exchange, RecordingProxy

Family = Callable[[AsyncSession, EmbeddedServer, Path], Awaitable[None]]

FAMILIES: dict[str, Family] = {
    name: function
    for module in (
        calls_content,
        calls_insights,
        calls_oauth,
        calls_planning,
        calls_records,
        calls_settings,
    )
    for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}


@dataclass(frozen=True)
class MethodCall:
    """A call of a service's method, and the number of exchanges before it."""

    service: str
    verb: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    exchanges_before: int


@dataclass
class Recorded:
    """The calls of a family, their exchanges, and the error that ended them."""

    calls: list[MethodCall] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    failure: Exception | None = None


class _RecordingService:
    """A service that records each call of a method before making it."""

    def __init__(self, name: str, service: object, recorded: Recorded) -> None:
        self._name = name
        self._service = service
        self._recorded = recorded

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._service, verb)

        def recording(*arguments: Any, **keywords: Any) -> Any:
            before = len(self._recorded.exchanges)
            self._recorded.calls.append(MethodCall(self._name, verb, arguments, keywords, before))
            return method(*arguments, **keywords)

        return recording


class _RecordingClient:
    """A client whose services record their calls."""

    def __init__(self, client: AsyncSession, recorded: Recorded) -> None:
        for name in SERVICES:
            setattr(self, name, _RecordingService(name, getattr(client, name), recorded))
        self.send_file = client.send_file


async def _make(family: Family) -> Recorded:
    recorded = Recorded()
    with TemporaryDirectory() as folder:
        async with (
            EmbeddedServer(sessions=40, compress=False) as server,
            RecordingProxy(server, recorded.exchanges).running() as proxy,
            AsyncSession(server.token, base_url=proxy.base_url, retry=Retry(attempts=1)) as client,
        ):
            sb = cast("AsyncSession", _RecordingClient(client, recorded))
            try:
                await family(sb, server, Path(folder))
            except Exception as error:  # noqa: BLE001  # the family's own test raises it
                recorded.failure = error
    return recorded


@cache
def recorded(family: str) -> Recorded:
    """Return the calls of a family, made once for all tests."""
    # In a thread of its own: a fixture of a test that runs in an event loop may ask first.
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(anyio.run, _make, FAMILIES[family]).result()


def exchanges_of(operation_id: str) -> list[Exchange]:
    """Return the exchanges of an operation."""
    return [
        exchange
        for family in FAMILIES
        for exchange in recorded(family).exchanges
        if exchange.operation.id == operation_id
    ]
