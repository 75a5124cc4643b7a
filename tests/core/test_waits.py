"""Waits of calls, for answers and before retries, as a client reports them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Retry, ServerError, Timeout
from sessionboard_async.core.waits import CallWait, Waits
from sessionboard_async.errors import RequestContext
from tests.support.http_server import TOKEN, Handler, HttpServer, until
from tests.support.virtual_time import run

Serve = Callable[[Handler], Awaitable[HttpServer]]


class Waiting:
    """A call after its first attempt."""

    def __init__(self, operation: str | None) -> None:
        self.context: RequestContext = RequestContext("GET", "/v1/tags", operation, attempts=1)


def test_a_call_waits_for_what_it_began_to_wait_for_last() -> None:
    async def main() -> None:
        waits, call, other = Waits(), Waiting("list-tags"), Waiting(None)
        assert waits.snapshot() == []
        waits.begin(call)
        await asyncio.sleep(2)
        waits.begin(other, 10.0, "503")
        (answer, retry) = waits.snapshot()
        now = datetime.now(UTC)
        assert (answer.operation, answer.attempts, answer.until, answer.cause) == ("list-tags", 1, None, "")
        assert (retry.operation, retry.cause) == ("GET /v1/tags", "503")
        assert retry.until is not None
        moment = timedelta(seconds=0.5)
        assert abs(now - answer.since - timedelta(seconds=2)) < moment
        assert abs(now - retry.since) < moment
        assert abs(retry.until - now - timedelta(seconds=10)) < moment
        await asyncio.sleep(9.999)
        assert len(waits.snapshot()) == 2
        await asyncio.sleep(0.002)
        # From here on it would wait for the rate limit.
        assert [wait.operation for wait in waits.snapshot()] == ["list-tags"]
        waits.begin(other)
        waits.end(call)
        waits.end(call)
        assert [(wait.operation, wait.until) for wait in waits.snapshot()] == [("GET /v1/tags", None)]

    run(main())


@pytest.mark.anyio
async def test_a_client_reports_its_waits_until_they_end(serve: Serve) -> None:
    answered = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await answered.wait()
        return web.json_response({"message": "back at noon"}, status=503, headers={"Retry-After": "3600"})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=2)) as sb:
        assert sb.waits() == []
        patient = sb.with_options(timeout=Timeout(total=None))
        call = asyncio.ensure_future(patient.events.list().collect())
        await until(lambda: server.under_way == 1)
        (wait,) = sb.waits()
        assert (wait.operation, wait.attempts, wait.until) == ("list-events", 1, None)
        answered.set()

        def retries() -> list[CallWait]:
            return [wait for wait in sb.waits() if wait.until is not None]

        await until(lambda: bool(retries()))
        (wait,) = patient.waits()
        assert wait.cause == "503: back at noon"
        assert wait.until is not None
        assert 3595 < (wait.until - datetime.now(UTC)).total_seconds() <= 3601
        call.cancel()
        await asyncio.wait({call})
        assert sb.waits() == []
        once = sb.with_options(retry=Retry(attempts=1))
        with pytest.raises(ServerError):
            await once.events.list().collect()
        assert sb.waits() == []
