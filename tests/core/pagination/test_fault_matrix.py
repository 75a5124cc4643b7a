"""Any fault on any page: what was delivered and what comes afterwards is everything, or there is an error."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Checkpoint, Consistency, Retry, SessionboardError, Timeout
from tests.core.pagination.searches import record, searching
from tests.support import virtual_time
from tests.support.http_server import TOKEN, HttpServer

pytestmark = pytest.mark.untraced

PAGES = 10
SIZE = 2
RECORDS = [record(number, number) for number in range(PAGES * SIZE)]
IDS = [one["id"] for one in RECORDS]

INVALID = {"id": "bad", "speakers": "none"}

Answer = Callable[[dict[str, Any]], web.StreamResponse]


def body(change: Callable[[dict[str, Any]], object]) -> Answer:
    return lambda page: web.json_response(change(page))


def raw(data: bytes, **options: Any) -> Answer:
    return lambda _: web.Response(body=data, **options)


def with_total(total: object, *, pages: object) -> Callable[[dict[str, Any]], object]:
    return lambda page: {
        **page,
        "pagination": {**page["pagination"], "totalResults": total, "totalPages": pages},
    }


FAULTS: dict[str, Answer] = {
    "500": lambda _: web.json_response({"error": "InternalError"}, status=500),
    "502 of a proxy": lambda _: web.Response(text="<html>Bad Gateway</html>", status=502),
    "503": lambda _: web.json_response({"error": "Unavailable"}, status=503, headers={"Retry-After": "0"}),
    "cut": lambda page: web.Response(body=json.dumps(page)[:-30].encode(), content_type="application/json"),
    "a page of HTML": raw(b"<html>Welcome</html>", content_type="text/html"),
    "bytes that are no text": raw(b'{"results": [{"id": "\xff"}]}', content_type="application/json"),
    "nothing": raw(b"", content_type="application/json"),
    "null": raw(b"null", content_type="application/json"),
    "null instead of the list": body(lambda page: {**page, "results": None}),
    "an object instead of the list": body(lambda page: {**page, "results": {"id": "s0"}}),
    "no list": body(lambda page: {"pagination": page["pagination"]}),
    "an invalid record": body(lambda page: {**page, "results": [*page["results"][1:], INVALID]}),
    "an empty page": body(lambda page: {**page, "results": []}),
    "an empty page without pagination": body(lambda _: {"results": []}),
    "a short page": body(lambda page: {**page, "results": page["results"][1:]}),
    "a total of 0": body(with_total(0, pages=0)),
    "a negative total": body(with_total(-1, pages=-1)),
    "a total of 400 digits": body(with_total(10**400, pages=1)),
    "no total": body(with_total(None, pages=None)),
    "another page": body(lambda page: {**page, "pagination": {**page["pagination"], "currentPage": 77}}),
    "page 1 again": body(lambda page: {**page, "results": RECORDS[:SIZE]}),
    "nothing left": body(
        lambda page: {"results": [], "pagination": {**page["pagination"], "totalResults": 0, "totalPages": 0}}
    ),
}
"""Answers in place of a page."""

UNDETECTABLE_AT_FIRST = {"an empty page without pagination", "nothing left"}
"""The faults that are true of a search without results."""

TIMEOUTS = "no answer"


class FaultyServer:
    """A search with a fault in one of its answers.

    Attributes:
        fault: The fault.
        place: The number of the request that it meets, counted from 1; it is met once.
        met: How often it was met.
    """

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.place = 0
        self.met = 0
        self._search = searching(RECORDS)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        answer = await self._search(request)
        self.place -= 1
        if self.place:
            return answer
        self.met += 1
        if self.fault == TIMEOUTS:
            await asyncio.Event().wait()
        assert isinstance(answer, web.Response)
        assert answer.text is not None
        return FAULTS[self.fault](json.loads(answer.text))


async def read(stream: Any, got: list[str]) -> SessionboardError | None:
    try:
        async for talk in stream:
            got.append(talk.id)  # noqa: PERF401  # the records before an error count
    except SessionboardError as error:
        return error
    return None


async def check(
    server: FaultyServer,
    base_url: str,
    place: int,
    prefetch: int,
    consistency: Consistency,
    has_warning: Callable[[], bool],
) -> None:
    search: dict[str, Any] = {"page_size": SIZE, "prefetch": prefetch, "consistency": consistency}
    async with AsyncSession(
        TOKEN, base_url=base_url, retry=Retry(attempts=1), limits=None, timeout=Timeout(attempt=5, total=9)
    ) as sb:
        server.place = place
        pager = sb.sessions.search(1, **search)
        stream = aiter(pager)
        got: list[str] = []
        error = await read(stream, got)
        if error is None:
            assert (
                sorted(got) == sorted(IDS)
                or has_warning()
                or (place == 1 and server.fault in UNDETECTABLE_AT_FIRST)
            )
            assert len({*got}) == len(got)
            return
        checkpoint = Checkpoint.from_json(pager.checkpoint().to_json())
        continued, resumed = [*got], [*got]
        again = [
            await read(stream, continued),
            await read(sb.sessions.search(1, resume=checkpoint, **search), resumed),
        ]
    for ids, next_error in zip((continued, resumed), again, strict=True):
        assert len({*ids}) == len(ids)
        assert sorted(ids) == sorted(IDS) or next_error is not None


PLACES = pytest.mark.parametrize(
    "places", [(1, 3, PAGES), pytest.param((2, 4, 5, 6, 7, 8, 9), marks=pytest.mark.slow)], ids=str
)
PREFETCH = pytest.mark.parametrize("prefetch", [0, 8])
WAYS = pytest.mark.parametrize("consistency", ["exact", "pages"])


@pytest.mark.anyio
@pytest.mark.usefixtures("nothing_left")
@PLACES
@PREFETCH
@WAYS
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_on_any_page_loses_nothing(
    serve: Callable[[FaultyServer], Awaitable[HttpServer]],
    fault: str,
    consistency: Consistency,
    prefetch: int,
    places: tuple[int, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = FaultyServer(fault)
    base_url = (await serve(server)).base_url
    for place in places:
        caplog.clear()
        with anyio.fail_after(20), caplog.at_level(logging.WARNING, "sessionboard_async"):
            await check(server, base_url, place, prefetch, consistency, lambda: bool(caplog.messages))
    assert server.met == len(places)


@PREFETCH
@WAYS
def test_a_timeout_on_any_page_loses_nothing(consistency: Consistency, prefetch: int) -> None:
    async def main() -> None:
        faulty = FaultyServer(TIMEOUTS)
        async with HttpServer(faulty).running() as server:
            for place in range(1, PAGES + 1):
                await check(faulty, server.base_url, place, prefetch, consistency, lambda: False)
            assert faulty.met == PAGES

    virtual_time.run(main())
