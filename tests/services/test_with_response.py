"""Facts about the answers: beside the results of calls, on pages and on errors."""

from __future__ import annotations

import copy
import gzip
import inspect
import pickle
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from sessionboard_async import (
    AsyncSession,
    Cache,
    Consistency,
    DecodeError,
    NotFoundError,
    Page,
    ResponseError,
    ResponseInfo,
    ResponseTooLargeError,
    Retry,
    SessionboardError,
    TransportError,
)
from sessionboard_async.services import load_services
from sessionboard_async.services._with_response import AnsweringServices
from tests.support.http_server import IMPATIENT, TOKEN, Handler, HttpServer

pytestmark = pytest.mark.anyio

Serve = Callable[[Handler], Awaitable[HttpServer]]
HEADERS = {"X-Request-Id": f"req-1 {TOKEN}", "Set-Cookie": "secret=1"}


class Answers:
    """A handler that answers with each of these in turn, and the last one from then on."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = [*answers]

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, body=body, headers=HEADERS, content_type="application/json")


async def test_a_call_returns_its_record_with_the_facts_of_its_last_attempt(serve: Serve) -> None:
    server = await serve(Answers((503, b""), (200, b'{"id": "s", "title": "Keynote"}')))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT) as sb:
        answered = await sb.with_response.sessions.get(1, "s")
        plain = await sb.sessions.get(1, "s")

    assert answered.record == plain
    assert (answered.status, answered.attempts) == (200, 2)
    assert answered.headers["x-request-id"] == HEADERS["X-Request-Id"]
    assert answered.request_id is not None
    assert answered.request_id.startswith("req-1")
    assert TOKEN not in answered.request_id
    assert 0 < answered.seconds < 5
    assert repr(answered).startswith("Answered(record=Session(id='s', title='Keynote'), status=200, ")
    assert "secret" not in repr(answered)
    assert not pickle.loads(pickle.dumps(answered)).headers
    assert pickle.loads(pickle.dumps(answered)).request_id == answered.request_id
    assert copy.copy(answered).headers == answered.headers


async def test_answers_can_be_members_of_a_set(serve: Serve) -> None:
    server = await serve(Answers((200, b'{"id": "s"}')))
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        answer = await sb.with_response.sessions.get(1, "s")
        schema = await sb.with_response.insights.schema()
        response = await sb.request("GET", "/v1/event/1")

    for one in (answer, schema, response):
        assert {one: 1}[copy.copy(one)] == 1
        other = msgspec.structs.replace(one, status=201)
        assert (hash(other) == hash(one), other == one) == (False, False)
    # Of answers that differ in their headers only, the hash is one.
    bare = msgspec.structs.replace(answer, headers={})
    assert (hash(bare) == hash(answer), bare == answer) == (True, False)


async def test_every_call_with_one_answer_is_there_with_its_signature() -> None:
    async with AsyncSession(TOKEN) as sb:
        answering = sb.with_response
    expected, found = {}, {}
    for name, kind in load_services().items():
        for method, function in inspect.getmembers(kind, inspect.iscoroutinefunction):
            if not method.startswith("_"):
                parameters = [*inspect.signature(function).parameters.values()][1:]
                expected[f"{name}.{method}"] = parameters
    for name, service in vars(answering).items():
        for method in vars(type(service)):
            if not method.startswith("_"):
                call = getattr(service, method)
                assert inspect.iscoroutinefunction(call)
                found[f"{name}.{method}"] = [*inspect.signature(call).parameters.values()]
    assert found == expected
    assert isinstance(answering, AnsweringServices)


async def test_a_pager_is_not_there_and_says_where_its_facts_are() -> None:
    async with AsyncSession(TOKEN) as sb:
        sessions = sb.with_response.sessions
    with pytest.raises(AttributeError, match=r"search returns a pager.*page\.response"):
        getattr(sessions, "search")  # noqa: B009  # type checkers know that it is not there
    with pytest.raises(AttributeError, match=r"has no attribute 'serch'; did you mean 'search'\?"):
        getattr(sessions, "serch")  # noqa: B009  # type checkers know that it is not there


async def test_writes_files_and_views_are_answered_too(sessionboard: AsyncSession, tmp_path: Path) -> None:
    talk = (await sessionboard.with_response.sessions.create(4630, title="New")).record
    once = sessionboard.with_options(retry=Retry(attempts=1))
    renamed = await once.with_response.sessions.update(4630, talk, title="Newer")
    nothing = await sessionboard.with_response.sessions.delete(4630, talk)
    file = tmp_path / "report.pdf"
    report = await sessionboard.with_response.content.download_event_document(4630, "event_report", file)
    empty = await sessionboard.with_response.sessions.bulk(4630, [])

    assert renamed.record.title == "Newer"
    assert nothing.record is None
    assert report.record.size == file.stat().st_size > 0
    assert "record=<class" in repr(nothing)
    assert {answer.attempts for answer in (renamed, nothing, report)} == {1}
    assert (empty.status, empty.attempts, empty.record.total) == (0, 0, 0)


async def test_an_answer_from_the_cache_took_no_attempt(serve: Serve) -> None:
    server = await serve(Answers((200, b'{"id": "s"}')))
    async with AsyncSession(TOKEN, base_url=server.base_url, cache=Cache(ttl=60)) as sb:
        first = await sb.with_response.sessions.get(1, "s")
        again = await sb.with_response.sessions.get(1, "s")

    assert (first.attempts, again.attempts) == (1, 0)
    assert first.headers
    assert not again.headers
    assert first.record == again.record


@pytest.mark.parametrize("consistency", ["exact", "pages"])
async def test_every_page_has_the_facts_of_its_answer(
    sessionboard: AsyncSession, consistency: Consistency
) -> None:
    pager = sessionboard.sessions.search(4630, consistency=consistency, page_size=50)
    pages = [page async for page in pager.pages()]

    assert len(pages) > 1
    for page in pages:
        assert page.response is not None
        assert (page.response.status, page.response.attempts) == (200, 1)
        assert page.response.headers["Content-Type"].startswith("application/json")
    assert pages[0] == Page(results=pages[0].results, pagination=pages[0].pagination)
    assert pages[0] != pages[1]
    assert pages[0] != pages[0].results
    assert len({Page(results=("a",)), Page(results=("a",), response=ResponseInfo(status=200))}) == 1


async def error_of(sb: AsyncSession) -> SessionboardError:
    with pytest.raises(SessionboardError) as caught:
        await sb.sessions.get(1, "s")
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b'{"error": "NotFoundError"}', NotFoundError),
        (200, b"[]", DecodeError),
        (200, b'{"id": "' + b"s" * 1000 + b'"}', ResponseTooLargeError),
    ],
)
async def test_every_error_has_the_facts_of_its_answer(
    serve: Serve, status: int, body: bytes, kind: type[SessionboardError]
) -> None:
    server = await serve(Answers((503, b""), (status, body)))
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=IMPATIENT, max_response_bytes=900) as sb:
        error = await error_of(sb)

    assert isinstance(error, kind)
    assert error.response is not None
    assert (error.response.status, error.response.attempts) == (status, 2)
    assert error.response.headers["Set-Cookie"] == "secret=1"
    assert 0 < error.response.seconds < 5
    assert "secret" not in f"{error!r} {vars(error)}"
    assert pickle.loads(pickle.dumps(error)).response is None


async def test_a_failed_download_and_a_broken_compression_have_them_too(serve: Serve, tmp_path: Path) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        if "document" in request.path:
            return web.Response(status=206, body=b"half")
        return web.Response(body=gzip.compress(b"{}")[:-4], headers={"Content-Encoding": "gzip"})

    server = await serve(broken)
    async with AsyncSession(TOKEN, base_url=server.base_url, retry=Retry(attempts=1)) as sb:
        with pytest.raises(ResponseError) as partial:
            await sb.content.download_event_document(1, "event_report", tmp_path / "file")
        error = await error_of(sb)
    assert partial.value.response is not None
    assert partial.value.response.status == 206
    assert error.response is not None
    assert error.response.headers["Content-Encoding"] == "gzip"


async def test_an_error_without_an_answer_has_none(unused_tcp_port_url: str) -> None:
    async with AsyncSession(TOKEN, base_url=unused_tcp_port_url, retry=Retry(attempts=1)) as sb:
        error = await error_of(sb)
    assert isinstance(error, TransportError)
    assert error.response is None


@pytest.fixture
async def unused_tcp_port_url(serve: Serve) -> str:
    """The address of a server that has ended."""
    server = HttpServer(Answers((200, b"{}")))
    async with server.running():
        return server.base_url


async def test_the_result_of_a_request_decodes_its_json(serve: Serve) -> None:
    mark = b"\xef\xbb\xbf"
    server = await serve(
        Answers((200, mark + b'{"a": "\\ud83d"}'), (200, b"<html>private</html>"), (200, b""))
    )
    async with AsyncSession(TOKEN, base_url=server.base_url) as sb:
        assert (await sb.request("GET", "/v1/a")).json() == {"a": "\ufffd"}
        response = await sb.request("GET", "/v1/a")
        assert response.attempts == 1
        with pytest.raises(DecodeError, match="20 bytes of application/json") as caught:
            response.json()
        assert "private" not in str(caught.value)
        assert caught.value.__context__ is None
        with pytest.raises(DecodeError):
            (await sb.request("GET", "/v1/a")).json()
