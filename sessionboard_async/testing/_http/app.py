"""The web application of the embedded server: receives requests, applies faults and sends answers."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from email.utils import formatdate
from functools import lru_cache, partial
from threading import Event
from typing import Final

from aiohttp import HttpVersion11, hdrs, web

from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.services import load_services
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.storage import PATH, Storage
from sessionboard_async.testing._data.tokens import Access
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._http.dispatch import Dispatcher, UnfinishedAnswer, refusal
from sessionboard_async.testing._http.incoming import (
    LARGEST_BODY,
    accepts_gzip,
    decompressed,
    read_body,
    refuse_foreign_host,
    refuse_unknown_expectation,
)
from sessionboard_async.testing._http.responses import Answer, drop_connection, send
from sessionboard_async.testing._writes.requests import HandlerRequest
from sessionboard_async.testing.faults import Fault, FaultCounter
from sessionboard_async.testing.recorded import RecordedRequest, RequestLog, record_request
from sessionboard_async.testing.simulated_time import SimulatedTime

_RECORDED_REQUESTS = 10_000
_RECORDED_BYTES = 64 * 1024 * 1024
_MOST_THREADS = 2


class ServerApp:
    """Receives requests, applies faults and sends the answers of the dispatcher.

    Args:
        dispatcher: Answers API operations.
        storage: Answers storage requests.
        access: The tokens.
        time: The server's time; ``None`` for the system's time.
        faults: The faults to apply.
        latency: Seconds before each answer.
        compress: Answer with gzip to clients that accept it.

    Attributes:
        under_way: The tasks of requests in progress.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        storage: Storage,
        access: Access,
        time: SimulatedTime | None,
        *,
        faults: list[Fault],
        latency: float,
        compress: bool,
    ) -> None:
        self._dispatcher = dispatcher
        self._storage = storage
        self._access = access
        self._time = time
        self._compress = compress
        self._fault_counter = FaultCounter()
        self._answered = itertools.count(1)
        self.faults = faults
        self.latency = latency
        self._log = RequestLog(_RECORDED_REQUESTS, _RECORDED_BYTES)
        self._threads = asyncio.Semaphore(_MOST_THREADS)
        self.under_way: set[asyncio.Task[object]] = set()

    @property
    def requests(self) -> deque[RecordedRequest]:
        """The last requests, the oldest first."""
        return self._log.requests

    def application(self) -> web.Application:
        """Return an application that handles all requests.

        Raises:
            RuntimeError: If an operation has no handler.
        """
        application = web.Application(client_max_size=LARGEST_BODY)
        self._threads = asyncio.Semaphore(_MOST_THREADS)
        application[_SERVER] = self
        application.on_shutdown.append(self._give_up)
        if self._time is not None:
            application.on_response_prepare.append(self._date)
        load_services()  # declares the operations
        if unanswered := sorted(ENDPOINTS.keys() - OPERATIONS.keys()):
            raise RuntimeError(f"the embedded server has no handler for {', '.join(unanswered)}")
        declared = tuple((endpoint.method, endpoint.path, name) for name, endpoint in ENDPOINTS.items())
        for resource in _routes(declared).resources():
            application.router.register_resource(resource)
        return application

    async def _give_up(self, _: web.Application) -> None:
        """Cancel requests in progress: a slow answer must not delay the shutdown."""
        under_way = list(self.under_way)
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        if self._time is not None:
            response.headers[hdrs.DATE] = formatdate(self._time.now(), usegmt=True)

    async def handle(self, operation: str, request: web.Request) -> web.StreamResponse:
        """Answer a request for an operation."""
        with self._answering():
            try:
                body = await self._receive(operation, request)
            except RequestError as error:
                return await self._send(request, refusal(error.status, error.message))
            fault = self._fault_counter.next(self.faults, operation)
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault is not None and fault.kind in {"refuse", "close_before"}:
                return drop_connection(request, reset=fault.kind == "refuse")
            if self._time is not None:
                self._time.pass_request()
            call = HandlerRequest(
                request.match_info, request.query, body, request.headers, self._storage.base_url
            )
            answer = self._dispatcher.answer(operation, call, fault)
            if isinstance(answer, UnfinishedAnswer):
                answer = await self._finish(answer)
            return await self._send(request, answer, fault)

    async def handle_storage(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to the storage."""
        with self._answering():
            try:
                body = await self._receive(None, request)
            except RequestError as error:
                return await self._send(request, refusal(error.status, error.message))
            if self.latency:
                await asyncio.sleep(self.latency)
            answer = self._storage.answer(
                request.method, request.match_info["key"], request.query, request.headers, body
            )
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    @contextmanager
    def _answering(self) -> Generator[None]:
        """Register the current task, so that a shutdown can cancel it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # aiohttp runs every handler in a task
        self.under_way.add(task)
        try:
            yield
        finally:
            self.under_way.discard(task)

    async def answer_unknown(self, request: web.Request) -> web.StreamResponse:
        """Refuse a request that is for no operation."""
        with self._answering():
            try:
                await self._receive(None, request)
                answer = await self._unknown(request)
            except RequestError as error:
                answer = refusal(error.status, error.message)
            return await self._send(request, answer)

    async def _unknown(self, request: web.Request) -> Answer:
        self._access.grant_of(request.headers)
        methods = {
            method
            for resource in request.app.router.resources()
            for method in (await resource.resolve(request))[1]
        } - {hdrs.METH_ANY}
        allow = {"Allow": ",".join(sorted(methods))} if methods else {}
        message = f"there is no {request.method} for this path"
        return refusal(405 if methods else 404, message, allow)

    async def greet(self, request: web.Request) -> web.StreamResponse:
        """Say that this is an embedded server."""
        try:
            refuse_foreign_host(request.headers)
        except RequestError as error:
            return await self._send(request, refusal(error.status, error.message))
        return web.json_response({"service": "embedded Sessionboard API"})

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Ask for the body of a request that waits for it, unless the request is refused without it."""
        try:
            refuse_foreign_host(request.headers)
            refuse_unknown_expectation(request.headers)
        except RequestError as error:
            return await self._send(request, refusal(error.status, error.message))
        if request.version >= HttpVersion11:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            # Not part of the answer, which aiohttp has not begun.
            request.writer.output_size = 0
        return None

    async def _receive(self, operation: str | None, request: web.Request) -> bytes:
        """Return the body of a request, and record the request.

        Raises:
            RequestError: If the request is refused, whatever it asks for.
            ConnectionError: If the client has left.
        """
        refuse_foreign_host(request.headers)
        body = b""
        try:
            body = await read_body(request)
            if operation is not None:
                body = decompressed(body, request.headers)
        finally:
            self._log.add(record_request(operation, request, body))
        return body

    async def _finish(self, answer: UnfinishedAnswer) -> Answer:
        """Compute an answer in a thread, so that other requests are answered meanwhile."""
        given_up = Event()
        try:
            async with self._threads:
                return await asyncio.to_thread(answer.finish, given_up)
        finally:
            given_up.set()

    async def _send(
        self, request: web.Request, answer: Answer, fault: Fault | None = None
    ) -> web.StreamResponse:
        answer.headers["X-Request-Id"] = f"embedded-{next(self._answered):06}"
        gzipped = self._compress and bool(answer.content.body) and accepts_gzip(request.headers)
        return await send(request, answer, gzipped=gzipped, fault=fault)


_SERVER: Final = web.AppKey("server", ServerApp)


@lru_cache(maxsize=1)
def _routes(declared: tuple[tuple[str, str, str], ...]) -> web.UrlDispatcher:
    """Return the routes of operations: method, path and name each.

    Kept for the next server: making them takes longer than the rest of a start.
    """
    routes = web.UrlDispatcher()
    routes.add_get("/", _greet, expect_handler=_expect)
    for method in ("GET", "PUT"):
        routes.add_route(method, f"{PATH}{{key:.+}}", _handle_storage, expect_handler=_expect)
    for method, path, operation in declared:
        handler = partial(_handle, operation)
        for spelling in (path, f"{path}/"):
            routes.add_route(method, spelling, handler, expect_handler=_expect)
    # Not a middleware: aiohttp keeps every application that has one, and this holds all its data.
    routes.add_route(hdrs.METH_ANY, "/{path:.*}", _answer_unknown, expect_handler=_expect)
    return routes


async def _handle(operation: str, request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].handle(operation, request)


async def _handle_storage(request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].handle_storage(request)


async def _answer_unknown(request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].answer_unknown(request)


async def _greet(request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].greet(request)


async def _expect(request: web.Request) -> web.StreamResponse | None:
    return await request.app[_SERVER].expect(request)
