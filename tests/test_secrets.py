"""No log, error, repr, pickle or traceback shows the token, a body or a query value."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web

from sessionboard_async import AsyncSession, Cache, ConfigurationError, Retry, SessionboardError, Timeout
from tests.support.canaries import chain
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer, RawHandler, read_request

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

Serve = Callable[[Handler], Awaitable[HttpServer]]
ServeBytes = Callable[[RawHandler], Awaitable[str]]

ID, WORDS, SENT, ANSWERED = "planted-id-1", "planted words 2", "planted sent 3", "planted answer 4"
VALUES = (TOKEN, quote(TOKEN, safe=""), ID, WORDS, quote(WORDS), SENT, ANSWERED)

PACKAGE = "sessionboard_async"


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything logged by any logger at any level, with arguments and exceptions."""
    caplog.set_level(logging.DEBUG)
    for name in (PACKAGE, "aiohttp", "aiohttp.client", "asyncio", "backoff"):
        caplog.set_level(logging.DEBUG, name)

    def logged() -> str:
        return "\n".join(
            " ".join(map(repr, (record.msg, record.args, record.getMessage(), record.__dict__)))
            + "".join(traceback.format_exception(*record.exc_info) if record.exc_info else ())
            for record in caplog.records
        )

    return logged


def shown_by(error: BaseException) -> str:
    """Every text of an error: its own, those of chained errors, its pickle and its traceback."""
    parts = ["".join(traceback.format_exception(error)), repr(pickle.dumps(error))]
    for one in chain(error):
        parts += [str(one), repr(one), repr(one.args), repr(vars(one)), repr(getattr(one, "object", ""))]
    return "\n".join(parts)


def locals_of_ours(error: BaseException) -> str:
    """The local variables of the package's frames in a traceback."""
    frames: list[str] = []
    for one in chain(error):
        stack = traceback.TracebackException.from_exception(one, capture_locals=True).stack
        frames += [f"{frame.name}: {frame.locals}" for frame in stack if f"/{PACKAGE}/" in frame.filename]
    return "\n".join(frames)


def check(error: BaseException, logged: str) -> None:
    for value in VALUES:
        assert value not in shown_by(error), value
        assert value not in logged, value
    assert TOKEN not in locals_of_ours(error)


async def answer_401(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": "UnauthorizedError", "message": "no"}, status=401)


async def echo_token(request: web.Request) -> web.StreamResponse:
    message = f"the token {request.headers['x-access-token']} is bad"
    return web.json_response({"error": message, "message": message, "code": message}, status=403)


async def echo_token_elsewhere(request: web.Request) -> web.StreamResponse:
    token = request.headers["x-access-token"]
    return web.json_response({}, status=400, headers={"X-Request-Id": token, "X-Token": token})


async def echo_as_html(request: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text=f"<p>{request.headers['x-access-token']} {ANSWERED}</p>")


async def not_json(_: web.Request) -> web.StreamResponse:
    return web.Response(text=f"<p>{ANSWERED}</p>")


async def no_text(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b'[{"id": "x", "title": "\xff' + ANSWERED.encode() + b'"}]')


async def no_record(_: web.Request) -> web.StreamResponse:
    return web.json_response([{"id": {"deep": ANSWERED}, "title": {"deep": ANSWERED}, "starts_at": ANSWERED}])


async def wrong_page(_: web.Request) -> web.StreamResponse:
    pagination = {"currentPage": 7, "totalPages": 9}
    return web.json_response({"results": [{"id": "x", "title": ANSWERED}], "pagination": pagination})


async def redirect(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": f"http://127.0.0.1:1/?{quote(ANSWERED)}"})


async def too_large(_: web.Request) -> web.StreamResponse:
    return web.Response(text=ANSWERED * 1000)


async def broken_gzip(_: web.Request) -> web.StreamResponse:
    return web.Response(body=ANSWERED.encode(), headers={"Content-Encoding": "gzip"})


async def never(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    raise AssertionError


FAILURES: list[Handler] = [
    answer_401,
    echo_token,
    echo_token_elsewhere,
    echo_as_html,
    not_json,
    no_text,
    no_record,
    wrong_page,
    redirect,
    too_large,
    broken_gzip,
    never,
]


@pytest.mark.parametrize("fail", FAILURES, ids=lambda fail: fail.__name__)
@pytest.mark.untraced
async def test_no_failure_shows_a_secret(
    serve: Serve, fail: Handler, everything_logged: Callable[[], str]
) -> None:
    server = await serve(fail)
    asyncio.get_running_loop().set_debug(True)
    async with AsyncSession(
        TOKEN,
        base_url=server.base_url,
        retry=IMPATIENT,
        timeout=Timeout(attempt=0.05),
        max_response_bytes=5000,
        cache=Cache(ttl=9),
    ) as sb:
        for call in (
            lambda: sb.sessions.list(ID, search=WORDS).collect(),
            lambda: sb.sessions.list(ID, search=WORDS, prefetch=3).collect(),
            lambda: sb.sessions.list(ID, search=WORDS).pages().__anext__(),
        ):
            with pytest.raises(SessionboardError) as caught:
                await call()
            check(caught.value, everything_logged())
        for error in await asyncio.gather(
            *(sb.sessions.get(ID, quote(WORDS)) for _ in range(2)), return_exceptions=True
        ):
            if isinstance(error, BaseException):
                check(error, everything_logged())
        try:
            await sb.request("POST", f"/v1/event/{ID}/x", query={"q": WORDS}, json={"title": SENT})
        except SessionboardError as error:
            check(error, everything_logged())
    asyncio.get_running_loop().set_debug(False)
    assert "/v1/event/{event_id}/sessions" in everything_logged()


BREAKS: dict[str, bytes] = {
    "nothing": b"",
    "garbage": ANSWERED.encode() + b"\r\n\r\n",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + ANSWERED.encode(),
    "a bad header": b"HTTP/1.1 200 OK\r\n" + ANSWERED.encode() + b"\r\n\r\n",
    "a bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + ANSWERED.encode() + b"\r\n",
}


@pytest.mark.parametrize("data", BREAKS.values(), ids=BREAKS)
async def test_no_broken_connection_shows_a_secret(
    serve_bytes: ServeBytes, data: bytes, everything_logged: Callable[[], str]
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(data)
        await writer.drain()

    async with AsyncSession(TOKEN, base_url=await serve_bytes(answer), retry=IMPATIENT) as sb:
        for method in ("GET", "POST"):
            with pytest.raises(SessionboardError) as caught:
                await sb.request(method, f"/v1/{ID}", query={"q": WORDS}, json={"title": SENT})
            check(caught.value, everything_logged())


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
@pytest.mark.parametrize("proxy", [None, "http://127.0.0.1:1"])
async def test_no_refused_connection_shows_a_secret(
    base_url: str, proxy: str | None, everything_logged: Callable[[], str]
) -> None:
    async with AsyncSession(TOKEN, base_url=base_url, proxy=proxy, retry=IMPATIENT) as sb:
        with pytest.raises(SessionboardError) as caught:
            await sb.sessions.list(ID, search=WORDS).collect()
        check(caught.value, everything_logged())


async def test_a_call_after_the_end_or_out_of_time_shows_nothing(
    serve: Serve, everything_logged: Callable[[], str]
) -> None:
    server = await serve(never)
    sb = AsyncSession(TOKEN, base_url=server.base_url, timeout=Timeout(total=0.05), retry=Retry(attempts=1))
    with pytest.raises(SessionboardError) as late:
        await sb.sessions.list(ID, search=WORDS).collect()
    check(late.value, everything_logged())
    await sb.aclose()
    with pytest.raises(SessionboardError) as closed:
        await sb.sessions.list(ID, search=WORDS).collect()
    check(closed.value, everything_logged())


@pytest.mark.parametrize(
    "options",
    [
        {"region": "mars"},
        {"base_url": "http://example.com"},
        {"base_url": f"https://user:{TOKEN}@example.com"},
        {"base_url": f"https://example.com/?token={TOKEN}"},
    ],
    ids=["region", "no https", "a password", "a query"],
)
async def test_a_client_that_cannot_be_created_shows_no_token(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncSession(TOKEN, **options)
    assert TOKEN not in shown_by(caught.value)
    if TOKEN not in options.get("base_url", ""):
        assert TOKEN not in locals_of_ours(caught.value)


@pytest.mark.parametrize("token", [TOKEN + "\nx: y", TOKEN + "\u00e4", TOKEN + "\x7f"])
async def test_a_token_with_invalid_characters_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncSession(token)
    assert TOKEN not in shown_by(caught.value)
    assert TOKEN not in locals_of_ours(caught.value)


async def test_a_half_created_client_has_a_repr() -> None:
    """Debuggers and test runners show the local variables of a constructor that failed."""
    assert repr(object.__new__(AsyncSession))


async def test_no_part_of_a_client_shows_the_token(serve: Serve) -> None:
    async def empty(_: web.Request) -> web.StreamResponse:
        return web.json_response([])

    server = await serve(empty)
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        response = await sb.request("GET", "/v1/a", query={"q": WORDS})
        pager = sb.sessions.list(ID, search=WORDS)
        shown = [repr(thing) for thing in (sb, response, pager, aiter(pager), pager.pages(), sb.sessions)]
        shown += [repr(vars(part)) for part in (sb, *vars(sb).values()) if hasattr(part, "__dict__")]
        with pytest.raises(TypeError):
            pickle.dumps(sb)
    assert not [value for value in VALUES for text in shown if value in text]


async def test_the_log_identifies_a_request(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, PACKAGE)
    failures = [503]

    async def answer(_: web.Request) -> web.StreamResponse:
        status = failures.pop() if failures else 200
        return web.json_response([], status=status, headers={"X-Request-Id": f"req-{status}"})

    server = await serve(answer)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        await sb.sessions.list(ID, search=WORDS).collect()
    records = [record for record in caplog.records if record.name == PACKAGE]
    first, second = (record.getMessage() for record in records)
    names = ("method", "route", "operation", "attempt", "status", "error", "request_id")
    assert [[vars(record)[name] for name in names] for record in records] == [
        ["GET", "/v1/event/{event_id}/sessions", "list-sessions", attempt, status, None, f"req-{status}"]
        for attempt, status in ((1, 503), (2, 200))
    ]
    assert first.startswith("GET /v1/event/{event_id}/sessions: 503, attempt 1, ")
    assert first.endswith(" ms, request id req-503")
    assert second.startswith("GET /v1/event/{event_id}/sessions: 200, attempt 2, ")


async def test_nothing_is_sent_to_another_origin(serve: Serve) -> None:
    async def empty(_: web.Request) -> web.StreamResponse:
        return web.json_response([])

    elsewhere = await serve(empty)

    async def away(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=int(request.query.get("page", 1)) + 300,
            headers={"Location": elsewhere.base_url, "Refresh": f"0; {elsewhere.base_url}"},
        )

    server = await serve(away)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        for call in (sb.events.list().collect, sb.sessions.search(1).collect, sb.sessions.search(1).count):
            with pytest.raises(SessionboardError):
                await call()
        for path in (f"//{elsewhere.base_url[7:]}/x", f"/@{elsewhere.base_url[7:]}/x"):
            with pytest.raises((SessionboardError, ValueError)):
                await sb.request("GET", path)
    assert elsewhere.requests == []
