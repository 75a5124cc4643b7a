"""Every writing method against a server that carries out what it gets, and loses or garbles the answer."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest

from sessionboard_async import (
    AsyncSession,
    BulkInterruptedError,
    ConnectError,
    RateLimitError,
    Retry,
    SessionboardError,
    Timeout,
)
from sessionboard_async.models import BulkResult
from tests.contract.calls import MethodCall
from tests.contract.writes import (
    FEW,
    Answer,
    WriteServer,
    make,
    recorded_answers,
    response,
    writing_calls,
)
from tests.support.http_server import TOKEN

pytestmark = [pytest.mark.anyio, pytest.mark.untraced]

Calls = tuple[MethodCall, ...]

PAGE = b"<!doctype html><title>Sign in to Guest Wi-Fi</title>"
RECORD = b'{"id": "abc", "title": "Keynote", "name": "Aula"}'
RETRY = Retry(attempts=4, base_delay=0.0)
SILENCE = 0.25
"""The seconds after which an attempt without an answer ends."""


@pytest.fixture(params=[pytest.param(FEW, id="few"), pytest.param((), id="all", marks=pytest.mark.slow)])
def families(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Families whose writing methods are called: a sample, and all of them."""
    families: tuple[str, ...] = request.param
    return families


@pytest.fixture
def calls(families: tuple[str, ...]) -> Calls:
    """One call of each of their writing methods."""
    return writing_calls(*families)


@pytest.fixture
def answers(families: tuple[str, ...]) -> dict[str, bytes]:
    """The answers of the embedded server, by method and target."""
    return recorded_answers(*families)


def client(server: WriteServer, **options: Any) -> AsyncSession:
    return AsyncSession(TOKEN, base_url=server.base_url, retry=RETRY, limits=None, **options)


async def ends(sb: AsyncSession, calls: Calls) -> dict[str, object]:
    """Make calls at once, and return what each of them returned or raised."""
    made: list[Awaitable[object]] = [make(sb, call) for call in calls]
    ended = await asyncio.gather(*made, return_exceptions=True)
    return {f"{call.service}.{call.verb}": end for call, end in zip(calls, ended, strict=True)}


def keeps(answer: bytes) -> Answer:
    """Answer, and keep the connection."""

    async def write(writer: asyncio.StreamWriter, request: str) -> None:
        writer.write(answer)

    return write


def closes(piece: bytes = b"") -> Answer:
    """Send a piece of an answer, and close the connection."""

    async def write(writer: asyncio.StreamWriter, request: str) -> None:
        writer.write(piece)
        await writer.drain()
        writer.close()

    return write


def stalls(piece: bytes = b"") -> Answer:
    """Send a piece of an answer, and nothing more."""

    async def write(writer: asyncio.StreamWriter, request: str) -> None:
        writer.write(piece)
        await asyncio.sleep(60)

    return write


async def reset(writer: asyncio.StreamWriter, request: str) -> None:
    writer.transport.abort()


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"

LOST: dict[str, Answer] = {
    "closed": closes(),
    "reset": reset,
    "closed in the status line": closes(b"HTTP/1.1 2"),
    "closed in the headers": closes(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "closed in the body": closes(response(RECORD)[:-5]),
    "closed in a chunk": closes(CHUNKED),
    "no HTTP": closes(b"\x15\x03\x01\x00\x02\x02\x28\r\n\r\n"),
    "broken off in gzip": keeps(response(gzip.compress(RECORD)[:-20], "200 OK", "Content-Encoding: gzip")),
    "no answer": stalls(),
    "a stall in the body": stalls(response(RECORD)[:-5]),
    "500": keeps(response(b'{"error": "ServerError", "message": "?"}', "500 Internal Server Error")),
    "504 of a proxy": keeps(response(PAGE, "504 Gateway Time-out", "Retry-After: 0", kind="text/html")),
}
"""What becomes of the answer to a write that was carried out."""

NOT_DONE: dict[str, bytes] = {
    "a login page": response(PAGE, kind="text/html; charset=utf-8"),
    "a page as JSON": response(PAGE),
    "a word": response(b"Unauthorized", kind="text/plain"),
    "JSON that breaks off": response(RECORD[:-5]),
    "success: false": response(b'{"success": false, "message": "cannot do that"}'),
    "an error": response(b'{"error": "ConflictError", "message": "the session has subsessions"}'),
    "an error with parts": response(b'{"error": {"code": "CONFLICT", "message": "no"}}'),
    "success: false and an error": response(b'{"success": false, "error": "no", "data": null}'),
}
"""Answers with status 200 that say that nothing was done, or nothing at all about it."""

DONE: dict[str, bytes] = {
    "nothing": response(b""),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "null": response(b"null"),
    "an empty object": response(b"{}"),
    "success: true": response(b'{"success": true}'),
    "a message": response(b'{"message": "done"}'),
}
"""Answers that say that it was done. A record of the operation is another one."""


def test_all_writing_methods_are_called() -> None:
    assert len(writing_calls()) == 86
    verbs = {call.verb for call in writing_calls(*FEW)}
    assert {"create", "update", "update_fields", "delete", "restore", "bulk", "upload", "abort"} <= verbs


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("way", LOST)
async def test_a_write_whose_answer_is_lost_is_sent_once(way: str, calls: Calls) -> None:
    is_silent = way in ("no answer", "a stall in the body")
    timeout = Timeout(attempt=SILENCE if is_silent else 30.0)
    async with WriteServer(LOST[way]).running() as server, client(server, timeout=timeout) as sb:
        ended = await ends(sb, calls)
    unlike = {
        name: end
        for name, end in ended.items()
        # Refused connections and refusals for the rate limit may be repeated: nothing was carried out.
        if not isinstance(end, SessionboardError)
        or isinstance(end, (ConnectError, RateLimitError, BulkInterruptedError))
        or end.attempts != 1
    }
    assert unlike == {}
    assert len(server.writes) == len(calls), Counter(server.writes).most_common(3)


@pytest.mark.usefixtures("nothing_left")
async def test_a_write_on_a_used_connection_is_sent_once(calls: Calls) -> None:
    """The client cannot know whether the server closed the connection before or after the request came."""
    async with WriteServer(reset).running() as server, client(server) as sb:
        for number, call in enumerate(calls, start=1):
            assert await sb.events.list().collect() == []
            with pytest.raises(SessionboardError):
                await make(sb, call)
            assert len(server.writes) == number


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("form", NOT_DONE)
async def test_what_was_not_done_is_an_error(form: str, calls: Calls) -> None:
    async with WriteServer(keeps(NOT_DONE[form])).running() as server, client(server) as sb:
        ended = await ends(sb, calls)
    assert {name: end for name, end in ended.items() if not isinstance(end, SessionboardError)} == {}
    assert len(server.writes) == len(calls), Counter(server.writes).most_common(3)


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("form", DONE)
async def test_what_was_done_is_a_success(form: str, calls: Calls) -> None:
    async with WriteServer(keeps(DONE[form])).running() as server, client(server) as sb:
        ended = await ends(sb, calls)
    assert {name: end for name, end in ended.items() if isinstance(end, BaseException)} == {}
    assert len(server.writes) == len(calls)
    # The operations of a batch are reported one by one.
    assert {end.succeeded for end in ended.values() if isinstance(end, BulkResult)} == {0}


@pytest.mark.usefixtures("nothing_left")
async def test_a_record_is_a_success(calls: Calls, answers: dict[str, bytes]) -> None:
    async def answer(writer: asyncio.StreamWriter, request: str) -> None:
        writer.write(response(answers[request] or RECORD, "201 Created"))

    async with WriteServer(answer).running() as server, client(server) as sb:
        ended = await ends(sb, calls)
    assert {name: end for name, end in ended.items() if isinstance(end, BaseException)} == {}
    assert all(end.succeeded for end in ended.values() if isinstance(end, BulkResult))
