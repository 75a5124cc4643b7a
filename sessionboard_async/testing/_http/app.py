"""The web application of the embedded server: receives requests, applies faults and sends answers."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from email.utils import formatdate
from functools import lru_cache, partial
from typing import Final

from aiohttp import hdrs, web
from multidict import CIMultiDictProxy

from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.services import load_services
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.storage import PATH, Storage
from sessionboard_async.testing._data.tokens import Access
from sessionboard_async.testing._handlers import OPERATIONS
from sessionboard_async.testing._http.dispatch import Dispatcher, refusal
from sessionboard_async.testing._http.responses import Answer, drop_connection, send
from sessionboard_async.testing._writes.requests import HandlerRequest
from sessionboard_async.testing.faults import Fault, FaultCounter
from sessionboard_async.testing.recorded import RecordedRequest, record_request
from sessionboard_async.testing.simulated_time import SimulatedTime

_RECORDED_REQUESTS = 10_000
_LARGEST_REQUEST = 64 * 1024 * 1024


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
        requests: The last requests, the oldest first.
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
        self.requests: deque[RecordedRequest] = deque(maxlen=_RECORDED_REQUESTS)
        self.under_way: set[asyncio.Task[object]] = set()

    def application(self) -> web.Application:
        """Return an application that handles all requests.

        Raises:
            RuntimeError: If an operation has no handler.
        """
        application = web.Application(client_max_size=_LARGEST_REQUEST)
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
            body = await request.read()
            self.requests.append(record_request(operation, request, body))
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
            return await self._send(request, self._dispatcher.answer(operation, call, fault), fault)

    async def handle_storage(self, request: web.Request) -> web.StreamResponse:
        """Answer a request to the storage."""
        with self._answering():
            body = await request.read()
            self.requests.append(record_request(None, request, body))
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
        self.requests.append(record_request(None, request, await request.read()))
        methods = {
            method
            for resource in request.app.router.resources()
            for method in (await resource.resolve(request))[1]
        } - {hdrs.METH_ANY}
        allow = {"Allow": ",".join(sorted(methods))} if methods else {}
        try:
            self._access.grant_of(request.headers)
        except RequestError as denial:
            return await self._send(request, refusal(denial.status, denial.message))
        message = f"there is no {request.method} for this path"
        return await self._send(request, refusal(405 if methods else 404, message, allow))

    async def _send(
        self, request: web.Request, answer: Answer, fault: Fault | None = None
    ) -> web.StreamResponse:
        answer.headers["X-Request-Id"] = f"embedded-{next(self._answered):06}"
        gzipped = self._compress and bool(answer.content.body) and _accepts_gzip(request.headers)
        return await send(request, answer, gzipped=gzipped, fault=fault)


_SERVER: Final = web.AppKey("server", ServerApp)


@lru_cache(maxsize=1)
def _routes(declared: tuple[tuple[str, str, str], ...]) -> web.UrlDispatcher:
    """Return the routes of operations: method, path and name each.

    Kept for the next server: making them takes longer than the rest of a start.
    """
    routes = web.UrlDispatcher()
    routes.add_get("/", _greet)
    for method in ("GET", "PUT"):
        routes.add_route(method, f"{PATH}{{key:.+}}", _handle_storage)
    for method, path, operation in declared:
        handler = partial(_handle, operation)
        for spelling in (path, f"{path}/"):
            routes.add_route(method, spelling, handler)
    # Not a middleware: aiohttp keeps every application that has one, and this holds all its data.
    routes.add_route(hdrs.METH_ANY, "/{path:.*}", _answer_unknown)
    return routes


async def _handle(operation: str, request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].handle(operation, request)


async def _handle_storage(request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].handle_storage(request)


async def _answer_unknown(request: web.Request) -> web.StreamResponse:
    return await request.app[_SERVER].answer_unknown(request)


def _accepts_gzip(headers: CIMultiDictProxy[str]) -> bool:
    accepted = headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(",")
    return any(coding.partition(";")[0].strip() == "gzip" for coding in accepted)


async def _greet(_: web.Request) -> web.StreamResponse:
    return web.json_response({"service": "embedded Sessionboard API"})
