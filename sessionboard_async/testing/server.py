"""The embedded server: a real HTTP server that speaks the contract of the Sessionboard API."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import Self

import anyio
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from anyio.from_thread import start_blocking_portal
from multidict import CIMultiDictProxy

from sessionboard_async.core.endpoint import ENDPOINTS
from sessionboard_async.core.limits import forget_limiters
from sessionboard_async.testing.access import Access, Grant, scopes_of
from sessionboard_async.testing.authorization import Authorization
from sessionboard_async.testing.dataset import Organization, Size
from sessionboard_async.testing.faults import Fault, FaultCounter
from sessionboard_async.testing.operations import Call
from sessionboard_async.testing.problems import RequestError
from sessionboard_async.testing.rate_limits import Counters, ServerLimits
from sessionboard_async.testing.recorded import RecordedRequest, recorded
from sessionboard_async.testing.responder import Responder, refusal
from sessionboard_async.testing.routes import OPERATIONS
from sessionboard_async.testing.sending import Answer, drop_connection, send
from sessionboard_async.testing.storage import PATH

_HOST = "127.0.0.1"
_KEPT_REQUESTS = 10_000
_LARGEST_REQUEST = 64 * 1024 * 1024
_CLOSING_SECONDS = 5.0


class EmbeddedServer:
    """A server on this machine that answers like the Sessionboard API, from an invented conference.

    ::

        async with EmbeddedServer(sessions=300) as server:
            async with AsyncSession(server.token, base_url=server.base_url) as sb:
                talks = await sb.sessions.search(server.event_id).collect()

    Names, texts, ids and times depend on the seed and the numbers given here alone. Records are made when
    asked for, so that an event may have 100,000 sessions. It is stricter than the API in one way: filters,
    query parameters and expansions that an operation does not have are answered with 400. The bounds of time
    filters are exclusive.

    Uploads and downloads lead to a storage of its own, below ``/storage/``, which keeps bytes in memory and
    refuses requests that carry a token, as well as those without exactly the headers of their address. Faults
    do not apply there.

    Args:
        events: How many events there are. The first, and every second after it, has translated texts.
        sessions: How many sessions each event has. Deleted ones and composition sources come on top.
        speakers: How many speakers each event has; in proportion to the sessions, up to 4,000, unless given.
        contacts: How many contacts, speakers included; in proportion unless given.
        sponsors: How many sponsors; in proportion unless given.
        exhibitors: How many exhibitors; in proportion unless given.
        seed: Decides every name, text, id and time.
        latency: Seconds that pass before each answer.
        faults: What goes wrong, and when.
        scopes: The scopes of the token, such as ``read:sessions``; ``None`` for all that there are. An empty
            sequence allows every read and no write, as with the API's oldest tokens.
        hide_personal_data: Whether answers to the token mask e-mail addresses, phone numbers and the like, as
            they do for the API's own tokens unless somebody allows more.
        compress: Whether to answer with gzip those who accept it.
        limits: How requests are limited; ``None`` for not at all, and without headers that speak of limits.
        clock: Tells the seconds by which the windows of the limits pass; it never runs backwards.
        port: The port to listen on; 0 takes a free one.

    Attributes:
        token: The token that it accepts. It is made from the seed and is good for nothing else.
        requests: The last requests that reached it, the oldest first.
        faults: May be changed at any time; counting starts when a fault is first there.
        latency: May be changed at any time.
        port: The port; 0 until the first start where a free one is to be taken.

    Raises:
        ValueError: If a number makes no sense.
        TypeError: If the scopes are one string, or the limits something else than ``ServerLimits``.
    """

    def __init__(
        self,
        *,
        events: int = 2,
        sessions: int = 120,
        speakers: int | None = None,
        contacts: int | None = None,
        sponsors: int | None = None,
        exhibitors: int | None = None,
        seed: int = 1,
        latency: float = 0.0,
        faults: Iterable[Fault] = (),
        scopes: Iterable[str] | None = None,
        hide_personal_data: bool = False,
        compress: bool = True,
        limits: ServerLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        port: int = 0,
    ) -> None:
        size = Size.of(
            events=events,
            sessions=sessions,
            speakers=speakers,
            contacts=contacts,
            sponsors=sponsors,
            exhibitors=exhibitors,
        )
        if latency < 0:
            raise ValueError("latency must not be negative")
        if limits is not None and not isinstance(limits, ServerLimits):
            raise TypeError(f"limits must be a ServerLimits(...), not {type(limits).__name__}")
        self._organization = Organization(seed, size)
        self._access = Access(seed, self._organization.part(Authorization).grant_of)
        self._limits = limits
        self._counters = None if limits is None else Counters(limits, clock=clock)
        self._responder = Responder(self._organization, self._access, self._counters)
        self._compress = compress
        self._fault_counter = FaultCounter()
        self._answered = itertools.count(1)
        self._handling: set[asyncio.Task[object]] = set()
        self._runner: web.AppRunner | None = None
        self.token = self.issue_token(scopes=scopes, hide_personal_data=hide_personal_data)
        self.latency = latency
        self.faults = list(faults)
        self.requests: deque[RecordedRequest] = deque(maxlen=_KEPT_REQUESTS)
        self.port = port

    @property
    def base_url(self) -> str:
        """The address to give to ``AsyncSession``.

        Raises:
            RuntimeError: If the server was never started and has no port yet.
        """
        if not self.port:
            raise RuntimeError(
                "the server has no port before its first start: use `async with EmbeddedServer()`"
            )
        return f"http://{_HOST}:{self.port}"

    @property
    def limits(self) -> ServerLimits | None:
        """How requests are limited. What was counted outlasts ``stop``."""
        return self._limits

    @property
    def refusals(self) -> int:
        """How many requests the limits have refused; injected statuses are not among them."""
        return 0 if self._counters is None else self._counters.refusals

    @property
    def event_ids(self) -> Sequence[int]:
        """The ids of the events."""
        return tuple(self._organization.events)

    @property
    def event_id(self) -> int:
        """The id of the first event."""
        return self.event_ids[0]

    @property
    def org_id(self) -> str:
        """The id of the organization."""
        return self._organization.id

    def issue_token(
        self,
        *,
        scopes: Iterable[str] | None = None,
        events: Iterable[int] | None = None,
        hide_personal_data: bool = False,
    ) -> str:
        """Make one more token that the server accepts.

        Args:
            scopes: Its scopes; ``None`` for all, an empty sequence for every read and no write.
            events: The ids of the events that it may see; ``None`` for all.
            hide_personal_data: Whether answers to it mask personal data.

        Returns:
            The token, which is good for nothing else.

        Raises:
            TypeError: If the scopes are one string.
        """
        return self._access.issue(
            Grant(scopes_of(scopes), None if events is None else frozenset(events), hide_personal_data)
        )

    def approve(
        self, client_id: str, redirect_uri: str, code_challenge: str, scope: str | None = None
    ) -> str:
        """Approve an authorization, as a user does on the page of consent, which has no operation.

        Args:
            client_id: ``authorization.CLIENT.id``; there is no other client.
            redirect_uri: One of the client's.
            code_challenge: The SHA-256 hash of the code verifier, in base64url without padding.
            scope: The scopes, separated by spaces; ``None`` for all that the client has.

        Returns:
            The code, to be exchanged once and within 10 minutes.

        Raises:
            AuthorizationError: If anything in it is wrong.
        """
        authorization = self._organization.part(Authorization)
        return authorization.approve(client_id, redirect_uri, code_challenge, scope)

    def __repr__(self) -> str:
        state = "running" if self._runner else "stopped"
        return f"<EmbeddedServer {state}, port {self.port}>"

    async def start(self) -> None:
        """Listen. After ``stop`` this listens on the same port again.

        Raises:
            RuntimeError: If it runs already.
            OSError: If the port is taken.
        """
        if self._runner is not None:
            raise RuntimeError("the server runs already")
        runner = web.AppRunner(self._application(), access_log=None, handle_signals=False)
        try:
            await runner.setup()
            site = web.TCPSite(runner, _HOST, self.port, reuse_address=True)
            await site.start()
        except BaseException:
            with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
                await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]
        if self._organization.storage.base_url != self.base_url:
            # Another server may have listened here, with counters of its own.
            forget_limiters(self.base_url)
        self._organization.storage.base_url = self.base_url

    async def stop(self) -> None:
        """Stop listening, give up answers under way, and close every connection. Stopping twice is fine."""
        runner, self._runner = self._runner, None
        if runner is not None:
            with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
                await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @contextmanager
    def in_thread(self) -> Generator[Self]:
        """Run in a thread with an event loop of its own, for code that is not async or has its own loop."""
        with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(self):
            yield self

    def _application(self) -> web.Application:
        import_module("sessionboard_async.services")  # declares the operations
        if unanswered := sorted(ENDPOINTS.keys() - OPERATIONS.keys()):
            raise RuntimeError(f"the embedded server does not answer {', '.join(unanswered)}")
        application = web.Application(middlewares=[self._answer_unknown], client_max_size=_LARGEST_REQUEST)
        application.on_shutdown.append(self._give_up)
        application.router.add_get("/", _greet)
        for method in ("GET", "PUT"):
            application.router.add_route(method, f"{PATH}{{key:.+}}", self._handle_storage)
        for operation, endpoint in ENDPOINTS.items():
            handler = partial(self._handle, operation)
            for path in (endpoint.path, f"{endpoint.path}/"):
                application.router.add_route(endpoint.method, path, handler)
        return application

    async def _give_up(self, _: web.Application) -> None:
        """Cancel what is being answered: a slow answer must not hold up the end."""
        handling = list(self._handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)

    async def _handle(self, operation: str, request: web.Request) -> web.StreamResponse:
        with self._under_way():
            body = await request.read()
            self.requests.append(recorded(operation, request, body))
            fault = self._fault_counter.next(self.faults, operation)
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault is not None and fault.kind in {"refuse", "close_before"}:
                return drop_connection(request, reset=fault.kind == "refuse")
            call = Call(request.match_info, request.query, body, request.headers, self.base_url)
            return await self._send(request, self._responder.answer(operation, call, fault), fault)

    async def _handle_storage(self, request: web.Request) -> web.StreamResponse:
        with self._under_way():
            body = await request.read()
            self.requests.append(recorded(None, request, body))
            if self.latency:
                await asyncio.sleep(self.latency)
            answer = self._organization.storage.answer(
                request.method, request.match_info["key"], request.query, request.headers, body
            )
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    @contextmanager
    def _under_way(self) -> Generator[None]:
        """Let the end of the server cancel the task that runs this."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # aiohttp runs every handler in a task
        self._handling.add(task)
        try:
            yield
        finally:
            self._handling.discard(task)

    @web.middleware
    async def _answer_unknown(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            self.requests.append(recorded(None, request, await request.read()))
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            try:
                self._access.grant_of(request.headers)
            except RequestError as denial:
                return await self._send(request, refusal(denial.status, denial.message))
            message = f"there is no {request.method} for this path"
            return await self._send(request, refusal(error.status, message, allow))

    async def _send(
        self, request: web.Request, answer: Answer, fault: Fault | None = None
    ) -> web.StreamResponse:
        answer.headers["X-Request-Id"] = f"embedded-{next(self._answered):06}"
        gzipped = self._compress and bool(answer.content.body) and _accepts_gzip(request.headers)
        return await send(request, answer, gzipped=gzipped, fault=fault)


def _accepts_gzip(headers: CIMultiDictProxy[str]) -> bool:
    accepted = headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(",")
    return any(coding.partition(";")[0].strip() == "gzip" for coding in accepted)


async def _greet(_: web.Request) -> web.StreamResponse:
    return web.json_response({"service": "embedded Sessionboard API"})
