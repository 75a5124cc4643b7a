"""Answers with a status of success that are no JSON: reads are retried as after a failure of the server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import product
from typing import Any, get_args

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Consistency, DecodeError, RateLimits, Retry, Timeout
from sessionboard_async.testing import EmbeddedServer, Fault
from sessionboard_async.testing.faults import FaultKind
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
Call = Callable[[AsyncSession], Awaitable[Any]]

PAGE = b"<!doctype html><title>Please wait</title>"
WHOLE = json.dumps({"id": "a", "title": "Keynote", "results": [{"id": "a", "title": "Keynote"}]}).encode()
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

UNREADABLE: dict[str, web.Response] = {
    "a page": web.Response(body=PAGE, content_type="text/html"),
    "a page as JSON": web.Response(body=PAGE, content_type="application/json"),
    "nothing": web.Response(body=b"", content_type="application/json"),
    "no content": web.Response(status=204),
    "a line end": web.Response(body=b"\r\n"),
    "a word": web.Response(body=b"OK"),
    "broken off": web.Response(body=WHOLE[:-9], content_type="application/json"),
    "broken off at a bracket": web.Response(body=WHOLE[:-2], content_type="application/json"),
    "with a page behind it": web.Response(body=WHOLE + PAGE, content_type="application/json"),
    "broken off in gzip": web.Response(body=gzip.compress(WHOLE)[:-12], headers=GZIP),
    "a page as gzip": web.Response(body=PAGE, headers=GZIP),
}

READS: dict[str, Call] = {
    "get": lambda sb: sb.sessions.get(1, "a"),
    "search": lambda sb: sb.sessions.search(1).collect(),
    "search in pages": lambda sb: sb.sessions.search(1, consistency="pages").collect(),
    "list": lambda sb: sb.rooms.list(1).collect(),
    "raw": lambda sb: sb.sessions.search(1).raw().collect(),
    "count": lambda sb: sb.sessions.search(1).count(),
    "open records": lambda sb: sb.dashboards.list().collect(),
}

WRITES: dict[str, Call] = {
    "create": lambda sb: sb.sessions.create(1, title="Keynote"),
    "update": lambda sb: sb.sessions.update(1, "a", title="Keynote"),
    "restore": lambda sb: sb.sessions.restore(1, "a"),
}


def first(answers: int, unreadable: web.Response) -> Handler:
    """Give some unreadable answers to each request, and then one that can be read as any content."""
    given: dict[tuple[str, bytes], int] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        key = (f"{request.method} {request.raw_path}", await request.read())
        given[key] = given.get(key, 0) + 1
        if given[key] > answers:
            return web.Response(body=WHOLE, content_type="application/json")
        return web.Response(
            status=unreadable.status,
            headers=unreadable.headers,
            body=bytes(unreadable.body or b""),  # type: ignore[arg-type]  # bytes, as given above
        )

    return answer


@pytest.mark.parametrize("unreadable", UNREADABLE)
async def test_a_read_is_retried(serve: Serve, unreadable: str) -> None:
    server = await serve(first(1, UNREADABLE[unreadable]))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        for call in READS.values():
            assert await call(sb)
    repeated = [request for request in server.requests if server.requests.count(request) > 1]
    assert len(server.requests) == len(repeated), "every request was sent at least twice"


@pytest.mark.parametrize("unreadable", UNREADABLE)
async def test_after_the_last_attempt_it_is_an_error_of_decoding(serve: Serve, unreadable: str) -> None:
    server = await serve(first(99, UNREADABLE[unreadable]))
    retry = Retry(attempts=3, base_delay=0.0)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=retry) as sb:
        for call in READS.values():
            server.requests.clear()
            with pytest.raises(DecodeError, match="after 3 attempts") as caught:
                await call(sb)
            assert (caught.value.transient, caught.value.attempts) == (True, 3)
            assert caught.value.operation is not None
            assert len(server.requests) == 3


@pytest.mark.parametrize("unreadable", UNREADABLE)
async def test_a_write_is_sent_once(serve: Serve, unreadable: str) -> None:
    server = await serve(first(99, UNREADABLE[unreadable]))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        for call in WRITES.values():
            server.requests.clear()
            # An empty answer is a success.
            with suppress(DecodeError):
                await call(sb)
            assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"null", b"7", b'{"results":7}', b'[{"id":["x"]}]', b'{"id":["x"]}'])
async def test_json_of_another_form_is_not_asked_for_again(serve: Serve, body: bytes) -> None:
    server = await serve(first(99, web.Response(body=body, content_type="application/json")))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        for name in ("get", "search", "search in pages", "list"):
            server.requests.clear()
            with pytest.raises(DecodeError) as caught:
                await READS[name](sb)
            assert (caught.value.transient, caught.value.attempts) == (False, 1)
            assert len(server.requests) == 1


async def test_a_request_without_a_method_of_its_own_returns_any_content(serve: Serve) -> None:
    server = await serve(first(99, UNREADABLE["a page"]))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        assert (await sb.request("GET", "/v1/a")).body == PAGE
    assert len(server.requests) == 1


async def test_no_permit_is_held_while_an_answer_is_decoded_or_a_retry_is_awaited(serve: Serve) -> None:
    server = await serve(first(2, UNREADABLE["a page"]))
    limits = RateLimits(concurrency=1)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT, limits=limits) as sb:
        assert (await sb.sessions.get(1, "a")).title == "Keynote"
        budget = (await sb.limits.snapshot())["entity-reads"]
    assert (budget.in_flight, budget.waiting) == (0, 0)
    assert len(server.requests) == 3


async def test_the_deadline_ends_the_retries(serve: Serve) -> None:
    server = await serve(first(10**9, UNREADABLE["a page"]))
    retry, timeout = Retry(attempts=10**6, base_delay=0.001, max_delay=0.001), Timeout(total=0.1)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=retry, timeout=timeout, limits=None) as sb:
        for name in ("get", "search"):
            with pytest.raises(TimeoutError, match=r"Timeout\.total of 0\.1 s"):
                await READS[name](sb)
    assert len(server.requests) > 4


@pytest.mark.parametrize("kind", ["truncate", "invalid_json", "html"])
@pytest.mark.untraced
async def test_a_long_walk_is_complete(kind: FaultKind) -> None:
    """Every seventh answer is no JSON."""
    async with EmbeddedServer(sessions=30) as server:
        server.faults.append(Fault(kind, every=7, status=200 if kind == "html" else None))
        async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
            for consistency, prefetch in product(get_args(Consistency), (0, None, 8)):
                pager = sb.sessions.search(
                    server.event_id, page_size=2, consistency=consistency, prefetch=prefetch
                )
                ids = [session.id async for session in pager]
                assert len(ids) == len({*ids}) == 30
                assert [msgspec.json.decode(record)["id"] async for record in pager.raw_json()] == ids
