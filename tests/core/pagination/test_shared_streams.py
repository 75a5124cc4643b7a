"""A stream used by several tasks, whose calls may fail or be cancelled, returns each record once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Checkpoint, Consistency, Pager, Retry, ServerError
from sessionboard_async.core.pagination.streams import RecordStream
from sessionboard_async.models import Session
from tests.core.pagination.searches import record, searching
from tests.support.http_server import TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.untraced, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

COUNT = 60
RECORDS = [record(number, number) for number in range(COUNT)]
IDS = [f"s{number}" for number in range(COUNT)]
PAGE_SIZE = 7
DATA = {
    "records with times": RECORDS[:20],
    "records without times": [{"id": id_} for id_ in IDS[:20]],
    "records without times in the middle": RECORDS[:11] + [{"id": id_} for id_ in IDS[11:20]],
}

WAYS = pytest.mark.parametrize("consistency", ["exact", "pages"])
PREFETCH = pytest.mark.parametrize("prefetch", [0, 8, pytest.param(None, marks=pytest.mark.slow)])


class Server:
    """A search whose responses take a few turns of the loop.

    Attributes:
        failing: The number of the request that fails, counted from 1; 0 for all of them.
        requests: The number of requests so far.
    """

    def __init__(self, data: list[dict[str, Any]] = RECORDS, failing: int | None = None) -> None:
        self.failing = failing
        self.requests = 0
        self._handler = searching(data)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.failing in (0, self.requests):
            return web.json_response({"message": "out of order"}, status=500)
        for _ in range(3):
            await asyncio.sleep(0)
        return await self._handler(request)


class Search:
    """A search of a server by a client that does not retry."""

    def __init__(self, client: AsyncSession, consistency: Consistency, prefetch: int | None) -> None:
        self._client = client
        self._options: dict[str, Any] = {"consistency": consistency, "prefetch": prefetch}

    def __call__(self, resume: Checkpoint | None = None) -> Pager[Session]:
        return self._client.sessions.search(1, page_size=PAGE_SIZE, resume=resume, **self._options)


Connect = Callable[[Server, Consistency, "int | None"], Awaitable[Search]]


@pytest.fixture
async def connect(serve: Serve) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def start(server: Server, consistency: Consistency, prefetch: int | None) -> Search:
            base_url = (await serve(server)).base_url
            client = AsyncSession(TOKEN, base_url=base_url, retry=Retry(attempts=1), limits=None)
            return Search(await stack.enter_async_context(client), consistency, prefetch)

        yield start


@WAYS
@PREFETCH
@pytest.mark.parametrize("workers", [3, COUNT + 5])
async def test_each_record_goes_to_one_of_the_tasks(
    connect: Connect, consistency: Consistency, prefetch: int | None, workers: int
) -> None:
    stream = aiter((await connect(Server(), consistency, prefetch))())
    got: list[str | None] = []
    ended_after: list[int] = []

    async def work() -> None:
        async for talk in stream:
            got.append(talk.id)
            await asyncio.sleep(0)
        ended_after.append(len(got))

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())

    assert got == IDS
    assert ended_after == [COUNT] * workers


@WAYS
@PREFETCH
async def test_each_page_goes_to_one_of_the_tasks(
    connect: Connect, consistency: Consistency, prefetch: int | None
) -> None:
    pages = (await connect(Server(), consistency, prefetch))().pages()
    got: list[str | None] = []

    async def work() -> None:
        async for page in pages:
            got.extend(talk.id for talk in page.results)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(work())

    assert got == IDS


@WAYS
@PREFETCH
@pytest.mark.parametrize("data", DATA)
async def test_a_call_that_is_cancelled_at_any_point_loses_nothing(
    connect: Connect, consistency: Consistency, prefetch: int | None, data: str
) -> None:
    search = await connect(Server(DATA[data]), consistency, prefetch)
    everything = len(DATA[data])
    got: list[str | None] = []
    cancelled, checkpoint = 0, search().checkpoint()
    for turns in range(45):
        pager = search()
        stream = aiter(pager)
        # Each page of a stream is cancelled once, some turns of the loop after it was requested.
        got.clear()
        while len(got) < everything:
            if len(got) % PAGE_SIZE == 0:
                call = asyncio.ensure_future(anext(stream))
                for _ in range(turns):
                    await asyncio.sleep(0)
                call.cancel()
                await asyncio.wait({call})
                if call.cancelled():
                    cancelled += 1
                    checkpoint = pager.checkpoint()
                else:
                    got.append(call.result().id)
                    continue
            got.append((await anext(stream)).id)
        assert got == IDS[:everything]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        # Exact reading cannot resume among records without times.
        if turns % 15 == 0 and "middle" not in data:
            resumed = [talk.id async for talk in search(checkpoint)]
            assert resumed == got[-len(resumed) :]
    # The number of awaits in a call depends on the version of Python.
    assert cancelled > 20


@WAYS
@PREFETCH
async def test_cancelled_tasks_leave_the_rest_to_the_others(
    connect: Connect, consistency: Consistency, prefetch: int | None
) -> None:
    stream = aiter((await connect(Server(), consistency, prefetch))())
    got: list[str | None] = []

    async def work() -> None:
        async for talk in stream:
            got.append(talk.id)
            await asyncio.sleep(0)

    staying = [asyncio.ensure_future(work()) for _ in range(2)]
    for turns in range(40):
        leaving = [asyncio.ensure_future(work()) for _ in range(2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for worker in leaving:
            worker.cancel()
        await asyncio.wait(leaving)
    await asyncio.gather(*staying)

    assert got == IDS


@WAYS
@PREFETCH
@pytest.mark.parametrize("failing", range(1, 10))
async def test_after_an_error_the_next_call_continues(
    connect: Connect, consistency: Consistency, prefetch: int | None, failing: int
) -> None:
    stream = aiter((await connect(Server(failing=failing), consistency, prefetch))())
    got: list[str | None] = []

    async def work() -> None:
        async for talk in stream:
            got.append(talk.id)
            await asyncio.sleep(0)

    outcomes = await asyncio.gather(work(), work(), work(), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if outcome is not None] == [ServerError]
    assert got == IDS


@WAYS
@PREFETCH
async def test_an_error_that_lasts_ends_every_task(
    connect: Connect, consistency: Consistency, prefetch: int | None
) -> None:
    server = Server()
    stream = aiter((await connect(server, consistency, prefetch))())
    for _ in range(7):
        await anext(stream)
    server.failing = 0

    async def work() -> None:
        async for _ in stream:
            pass

    outcomes = await asyncio.gather(*(work() for _ in range(4)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [ServerError] * 4


@WAYS
@PREFETCH
async def test_closing_ends_every_task(
    connect: Connect, consistency: Consistency, prefetch: int | None
) -> None:
    server = Server()
    search = await connect(server, consistency, prefetch)
    for turns in range(0, 60, 3):
        stream = aiter(search())
        await anext(stream)

        async def work(stream: RecordStream[Session] = stream) -> int:
            return len([talk async for talk in stream])

        workers = [asyncio.ensure_future(work()) for _ in range(3)]
        for _ in range(turns):
            await asyncio.sleep(0)
        await stream.aclose()
        with anyio.fail_after(5):
            assert sum(await asyncio.gather(*workers)) < COUNT
