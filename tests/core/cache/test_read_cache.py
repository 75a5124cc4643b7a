"""The cache of a client over sockets: which calls share requests, and what drops the answers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, cast

import anyio
import pytest
from aiohttp import web

from sessionboard_async import (
    APIError,
    AsyncSession,
    Cache,
    ClientClosedError,
    Create,
    DeadlineExceededError,
    NotFoundError,
    Retry,
    ServerError,
    SessionboardError,
    Timeout,
    WrongEventLoopError,
)
from sessionboard_async.core.cache.answers import Answers
from sessionboard_async.models import Session
from sessionboard_async.testing import EmbeddedServer, Fault
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]

HOUR = Cache(ttl=3600)
EVENT = 4630


class Place:
    """A server, and a client with a cache."""

    def __init__(self, server: EmbeddedServer, sb: AsyncSession) -> None:
        self.server = server
        self.sb = sb
        self.event = server.event_id

    def ids(self, count: int, resource: str = "sessions") -> list[str]:
        return sorted(self.server.ids(resource))[:count]

    async def costs(self, call: Callable[[], Coroutine[Any, Any, object]]) -> int:
        """Carry out a call, and return the number of requests that it took."""
        before = len(self.server.requests)
        await call()
        return len(self.server.requests) - before


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with (
        EmbeddedServer(sessions=100, light=True) as server,
        AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT, limits=None, cache=HOUR) as sb,
    ):
        yield Place(server, sb)


async def test_a_thousand_gets_of_ten_records_are_ten_requests(place: Place) -> None:
    ids = place.ids(10) * 100
    talks = await asyncio.gather(*(place.sb.sessions.get(place.event, id_) for id_ in ids))
    assert [talk.id for talk in talks] == ids
    assert len(place.server.requests) == 10
    assert talks == [await place.sb.sessions.get(place.event, id_) for id_ in ids]
    assert len(place.server.requests) == 10


async def test_without_a_cache_each_get_is_a_request(place: Place) -> None:
    async with AsyncSession(place.server.token, base_url=place.server.base_url, limits=None) as sb:
        (id_,) = place.ids(1)
        await asyncio.gather(*(sb.sessions.get(place.event, id_) for _ in range(3)))
        await sb.sessions.get(place.event, id_)
    assert len(place.server.requests) == 4


async def test_other_arguments_are_another_answer(place: Place) -> None:
    first, second = place.ids(2)
    gets: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: place.sb.sessions.get(place.event, first),
        lambda: place.sb.sessions.get(place.event, second),
        lambda: place.sb.sessions.get(place.event, first, expand=["translated_fields"]),
        lambda: place.sb.contacts.get(place.event, place.ids(1, "contacts")[0]),
        lambda: place.sb.speakers.get(place.event, place.ids(1, "speakers")[0]),
        lambda: place.sb.insights.event_schema(place.event),
    ]
    assert [await place.costs(get) for get in gets] == [1] * 6
    assert [await place.costs(get) for get in gets] == [0] * 6
    assert await place.costs(lambda: place.sb.sessions.get(str(place.event), first, expand=())) == 0


async def test_a_record_that_a_caller_changes_is_that_callers_own(place: Place) -> None:
    rule = await place.sb.rules.create(place.event, name="a rule", type="x", config={"most": [1]})
    rules = await asyncio.gather(*(place.sb.rules.get(place.event, rule) for _ in range(3)))
    rules.append(await place.sb.rules.get(place.event, rule))
    for one in rules:
        assert one.config == {"most": [1]}
        cast("Any", one.config)["most"].append(2)
    assert (await place.sb.rules.get(place.event, rule)).config == {"most": [1]}
    assert len(place.server.requests) == 2


async def test_searches_lists_and_calls_without_a_method_are_requests(place: Place) -> None:
    (id_,) = place.ids(1)
    reads: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: place.sb.sessions.search(place.event).first(),
        lambda: place.sb.rooms.list(place.event).collect(),
        lambda: place.sb.insights.execute("SELECT title FROM sessions", event_id=place.event).first(),
        lambda: place.sb.request("GET", f"/v1/event/{place.event}/sessions/{id_}"),
        lambda: place.sb.request("HEAD", "/v1/events"),
    ]

    async def get() -> None:
        await place.sb.sessions.get(place.event, id_)

    await get()
    for read in reads:
        with suppress(APIError):  # The server knows no HEAD.
            await read()
        assert await place.costs(read_quietly(read)) >= 1
    assert await place.costs(get) == 0


def read_quietly(
    read: Callable[[], Coroutine[Any, Any, object]],
) -> Callable[[], Coroutine[Any, Any, object]]:
    async def quiet() -> None:
        with suppress(APIError):
            await read()

    return quiet


async def test_every_write_drops_the_answers(place: Place) -> None:
    sb, event = place.sb, place.event
    id_, other = place.ids(2)
    view = sb.with_options(retry=Retry(attempts=2), timeout=Timeout(total=9))
    room = await sb.rooms.create(event, name="A room")
    writes: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "update": lambda: sb.sessions.update(event, id_, title="New"),
        "a write of another family": lambda: sb.rooms.update(event, room, name="Another"),
        "create": lambda: sb.contacts.create(event, email="new@example.net"),
        "delete": lambda: sb.sessions.delete(event, other),
        "restore": lambda: sb.sessions.restore(event, other),
        "bulk": lambda: sb.sessions.bulk(event, [Create({"title": "From a list"})]),
        "by a view": lambda: view.sessions.update(event, id_, title="Newer"),
        "upload": lambda: sb.files.upload(event, id_, b"content", filename="slides.txt"),
        "without a method": lambda: sb.request(
            "PUT", f"/v1/event/{event}/sessions/{id_}", json={"title": "Newest"}, idempotent=True
        ),
        "that fails": lambda: sb.sessions.update(event, "missing", title="x"),
    }
    for name, write in writes.items():
        await sb.sessions.get(event, id_)
        assert await place.costs(lambda: sb.sessions.get(event, id_)) == 0, name
        with suppress(NotFoundError):
            await write()
        talk = None

        async def get() -> None:
            nonlocal talk
            talk = await sb.sessions.get(event, id_)

        assert await place.costs(get) == 1, name
        if name in {"update", "by a view", "without a method"}:
            assert talk is not None
            assert talk.title == {"update": "New", "by a view": "Newer"}.get(name, "Newest")


async def test_errors_are_shared_and_not_kept(place: Place) -> None:
    once = place.sb.with_options(retry=Retry(attempts=1))
    (id_,) = place.ids(1)
    place.server.faults.append(Fault("status", status=503, on=1))
    results = await asyncio.gather(
        *(once.sessions.get(place.event, id_) for _ in range(20)), return_exceptions=True
    )
    assert len(place.server.requests) == 1
    assert len({id(result) for result in results}) == 20
    for result in results:
        assert isinstance(result, ServerError)
        assert (result.status, result.operation, result.attempts) == (503, "get-session", 1)
        assert result.body
    assert (await once.sessions.get(place.event, id_)).id == id_
    assert len(place.server.requests) == 2


async def test_an_answer_that_no_decoder_accepts_is_not_kept(place: Place) -> None:
    once = place.sb.with_options(retry=Retry(attempts=1))
    (id_,) = place.ids(1)
    place.server.faults.append(Fault("truncate", on=1))
    for result in await asyncio.gather(
        *(once.sessions.get(place.event, id_) for _ in range(3)), return_exceptions=True
    ):
        assert isinstance(result, SessionboardError)
    assert (await place.sb.sessions.get(place.event, id_)).id == id_
    place.server.faults.append(Fault("truncate", on=1))
    talks = await asyncio.gather(*(place.sb.sessions.get(place.event, id_) for _ in range(3)))
    assert {talk.id for talk in talks} == {id_}


class HeldServer:
    """Answers each GET with the title at the time it came, when it is released; writes at once."""

    def __init__(self) -> None:
        self.title = "old"
        self.held: list[asyncio.Event] = []
        self.writing = asyncio.Event()
        self.writing.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            await self.writing.wait()
            self.title = "new"
            return web.json_response({"id": "s", "title": "new"})
        title, event = self.title, asyncio.Event()
        self.held.append(event)
        await event.wait()
        return web.json_response({"id": "s", "title": title})

    async def release(self, number: int) -> None:
        await until(lambda: len(self.held) > number)
        self.held[number].set()


async def test_an_answer_from_before_a_write_is_neither_kept_nor_shared_after_it(serve: Serve) -> None:
    held = HeldServer()
    server = await serve(held)
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None) as sb:
        early = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await until(lambda: len(held.held) == 1)
        await sb.sessions.update(EVENT, "s", title="new")
        late = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(1)
        assert (await late).title == "new"
        await held.release(0)
        assert (await early).title == "old"
        assert (await sb.sessions.get(EVENT, "s")).title == "new"
    assert len(server.requests) == 3


async def test_an_answer_requested_before_a_write_is_not_kept_while_it_is_under_way(serve: Serve) -> None:
    held = HeldServer()
    held.writing.clear()
    server = await serve(held)
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None) as sb:
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await until(lambda: len(held.held) == 1)
        write = asyncio.create_task(sb.sessions.update(EVENT, "s", title="new"))
        await until(lambda: len(server.requests) == 2)
        await held.release(0)
        await get
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(1)
        await get
        held.writing.set()
        await write
    # The second get did not find the answer to the first one.
    assert len(server.requests) == 3


async def test_an_answer_that_came_during_a_write_is_dropped_at_its_end(serve: Serve) -> None:
    held = HeldServer()
    held.writing.clear()
    server = await serve(held)
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None) as sb:
        write = asyncio.create_task(sb.sessions.update(EVENT, "s", title="new"))
        await until(lambda: len(server.requests) == 1)
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(0)
        assert (await get).title == "old"
        held.writing.set()
        await write
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(1)
        assert (await get).title == "new"


async def test_a_cancelled_write_drops_the_answers_too(serve: Serve) -> None:
    held = HeldServer()
    server = await serve(held)
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None) as sb:
        held.writing.clear()
        write = asyncio.create_task(sb.sessions.update(EVENT, "s", title="new"))
        await until(lambda: len(server.requests) == 1)
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(0)
        await get
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        get = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await held.release(1)
        await get


async def test_a_view_with_other_options_waits_for_its_own_request_and_shares_the_answers(
    serve: Serve,
) -> None:
    held = HeldServer()
    server = await serve(held)
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None) as sb:
        patient = asyncio.create_task(sb.sessions.get(EVENT, "s"))
        await until(lambda: len(server.requests) == 1)
        hasty = sb.with_options(timeout=Timeout(total=0.05))
        with anyio.fail_after(5), pytest.raises(DeadlineExceededError):
            await hasty.sessions.get(EVENT, "s")
        assert not patient.done()
        same = asyncio.create_task(sb.with_options(timeout=Timeout()).sessions.get(EVENT, "s"))
        await asyncio.sleep(0)
        await held.release(0)
        assert (await patient).title == (await same).title == "old"
        assert len(server.requests) == 2
        assert (await hasty.sessions.get(EVENT, "s")).title == "old"
    assert len(server.requests) == 2


def answers_in_memory() -> int:
    gc.collect()
    return sum(len(answers) for answers in gc.get_objects() if isinstance(answers, Answers))


async def test_closing_the_client_ends_gets_and_refuses_known_ones(serve: Serve) -> None:
    held = HeldServer()
    server = await serve(held)
    sb = AsyncSession(TOKEN, base_url=server.base_url, cache=HOUR, limits=None)
    get = asyncio.create_task(sb.sessions.get(EVENT, "known"))
    await held.release(0)
    await get
    assert answers_in_memory() == 1
    gets = [asyncio.create_task(sb.sessions.get(EVENT, "s")) for _ in range(3)]
    await until(lambda: len(server.requests) == 2)
    await sb.aclose()
    for result in await asyncio.gather(*gets, return_exceptions=True):
        assert isinstance(result, ClientClosedError)
    with pytest.raises(ClientClosedError):
        await sb.sessions.get(EVENT, "known")
    assert answers_in_memory() == 0


async def test_another_event_loop_gets_no_known_answer(place: Place) -> None:
    (id_,) = place.ids(1)
    await place.sb.sessions.get(place.event, id_)

    async def get() -> None:
        await place.sb.sessions.get(place.event, id_)

    with pytest.raises(WrongEventLoopError):
        await asyncio.to_thread(lambda: asyncio.run(get()))


@pytest.mark.parametrize("others", [0, 2])
async def test_a_get_may_be_cancelled_at_every_moment(place: Place, others: int) -> None:
    first: asyncio.Task[Session] | None = None
    for ticks, id_ in enumerate(place.ids(100)):
        before = len(place.server.requests)
        first = asyncio.create_task(place.sb.sessions.get(place.event, id_))
        rest = [asyncio.create_task(place.sb.sessions.get(place.event, id_)) for _ in range(others)]
        for _ in range(ticks):
            await asyncio.sleep(0)
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        assert {talk.id for talk in await asyncio.gather(*rest)} <= {id_}
        assert (await place.sb.sessions.get(place.event, id_)).id == id_
        assert len(place.server.requests) - before <= (1 if others else 2)
        assert place.sb.waits() == []
        if not first.cancelled():
            break
    assert first is not None
    assert not first.cancelled(), "more moments than were tried"
