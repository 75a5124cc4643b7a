"""The embedded server: a real HTTP server that implements the contract of the Sessionboard API."""

from __future__ import annotations

import asyncio
import math
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from types import TracebackType
from typing import Self

import anyio
from aiohttp import web
from anyio.from_thread import start_blocking_portal

from sessionboard_async.core.rate_limits.registry import forget_limiters
from sessionboard_async.testing._data.clock import Clock
from sessionboard_async.testing._data.dataset import EventData, Organization, Size
from sessionboard_async.testing._data.times import Times
from sessionboard_async.testing._data.tokens import Access, Grant, scopes_of
from sessionboard_async.testing._http.app import ServerApp
from sessionboard_async.testing._http.dispatch import Dispatcher
from sessionboard_async.testing._writes.changing import ChangingData
from sessionboard_async.testing._writes.oauth import Authorization
from sessionboard_async.testing._writes.resources import resource_of
from sessionboard_async.testing.changes import Changes
from sessionboard_async.testing.faults import Fault
from sessionboard_async.testing.rate_limits import Counters, ServerLimits
from sessionboard_async.testing.recorded import RecordedRequest
from sessionboard_async.testing.simulated_time import SimulatedTime

_HOST = "127.0.0.1"
_CLOSING_SECONDS = 5.0
_LINGERING_SECONDS = 0.2
"""Seconds for which ``stop`` waits for the rest of bodies that were refused."""

_ACCEPTING_TURNS = 5
"""Turns of the event loop after which an accepted connection is known to aiohttp."""


class EmbeddedServer:
    """A local server that answers like the Sessionboard API, with the data of an invented conference.

    ::

        async with EmbeddedServer(sessions=300) as server:
            async with AsyncSession(server.token, base_url=server.base_url) as sb:
                talks = await sb.sessions.search(server.event_id).collect()

    Names, texts, ids and times depend only on the seed and the sizes given here. Records are generated on
    demand, so an event may have 100,000 sessions. The server is stricter than the API: it answers 400 to
    filters, query parameters and expansions that an operation does not have, and 415 to bodies that are not
    sent as JSON. Requests whose ``Host`` is neither ``127.0.0.1`` nor ``localhost`` get 421.

    Uploads and downloads use a storage below ``/storage/`` that keeps up to 512 MiB in memory. The storage
    refuses requests that carry a token, and requests without exactly the headers of their address. Faults do
    not apply to it.

    Args:
        events: Number of events. The first, and every second one after it, has translated texts.
        sessions: Sessions per event. Deleted sessions and composition sources come on top.
        speakers: Speakers per event; by default in proportion to the sessions, at most 4,000.
        contacts: Contacts per event, speakers included; by default in proportion.
        sponsors: Sponsors per event; by default in proportion.
        exhibitors: Exhibitors per event; by default in proportion.
        seed: Determines every name, text, id and time.
        light: Reduce sessions to ``id``, ``title``, ``status``, ``is_abstract``, ``created_at`` and
            ``updated_at`` (and ``deleted_at`` in the search by status), so that 150,000 of them need little
            time and memory. There are then no deleted sessions, composition sources or subsessions at the
            start.
        time: The server's time: it dates writes and answers, and drives ``changes`` and ``cached``; ``None``
            for the system's time.
        times: Creation times of sessions, their precision, and how searches treat time bounds and records
            with equal timestamps. ``None`` for a few sessions created together, whole milliseconds, exclusive
            bounds and a stable order.
        changes: Changes that happen without a request; ``None`` for none.
        cached: Seconds for which searches of sessions and reads of one session repeat the same answer to the
            same request, whatever was written meanwhile; 180 with the API itself.
        latency: Seconds before each answer.
        faults: Faults to apply.
        scopes: Scopes of the token, such as ``read:sessions``; ``None`` for all. An empty sequence allows
            every read and no write, as with the API's oldest tokens.
        hide_personal_data: Mask e-mail addresses, phone numbers and the like in answers to the token, as the
            API does for its tokens by default.
        compress: Answer with gzip to clients that accept it.
        limits: Rate limits; ``None`` for no limits and no rate-limit headers.
        clock: Monotonic clock, in seconds, for the windows of the limits.
        port: Port to listen on; 0 takes a free one.

    Attributes:
        token: The token that the server accepts. It is derived from the seed and valid nowhere else.
        port: The port; 0 until the first start if a free one is to be taken.

    Raises:
        ValueError: If a number is out of range.
        TypeError: If ``scopes`` is a string, or ``limits`` is not a ``ServerLimits``.
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
        light: bool = False,
        time: SimulatedTime | None = None,
        times: Times | None = None,
        changes: Changes | None = None,
        cached: float = 0.0,
        latency: float = 0.0,
        faults: Iterable[Fault] = (),
        scopes: Iterable[str] | None = None,
        hide_personal_data: bool = False,
        compress: bool = True,
        limits: ServerLimits | None = None,
        clock: Callable[[], float] = monotonic,
        port: int = 0,
    ) -> None:
        size = Size.of(
            events=events,
            sessions=sessions,
            speakers=speakers,
            contacts=contacts,
            sponsors=sponsors,
            exhibitors=exhibitors,
            light=light,
        )
        if not 0 <= latency < math.inf:
            raise ValueError("latency must be a number of seconds, 0 or more")
        if not 0 <= cached < math.inf:
            raise ValueError("cached must be a number of seconds, 0 or more")
        if limits is not None and not isinstance(limits, ServerLimits):
            raise TypeError(f"limits must be a ServerLimits(...), not {type(limits).__name__}")
        data_clock = Clock() if time is None else Clock(time.now)
        self._organization = Organization(seed, size, data_clock, times)
        self._access = Access(seed, self._organization.part(Authorization).grant_of)
        self._limits = limits
        self._counters = None if limits is None else Counters(limits, clock=clock, wall_clock=data_clock.now)
        changing = None if changes is None else ChangingData(changes, self._event_of(None))
        self._dispatcher = Dispatcher(self._organization, self._access, self._counters, changing, cached)
        self._app = ServerApp(
            self._dispatcher,
            self._organization.storage,
            self._access,
            time,
            faults=list(faults),
            latency=latency,
            compress=compress,
        )
        self._runner: web.AppRunner | None = None
        self._socket: socket.socket | None = None
        self.token: str = self.issue_token(scopes=scopes, hide_personal_data=hide_personal_data)
        self.port: int = port

    @property
    def base_url(self) -> str:
        """The value for ``base_url`` of ``AsyncSession``.

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
        """The rate limits. The counts survive ``stop``."""
        return self._limits

    @property
    def refusals(self) -> int:
        """Number of requests that the limits refused; injected statuses do not count."""
        return 0 if self._counters is None else self._counters.refusals

    @property
    def requests(self) -> deque[RecordedRequest]:
        """The last requests received, the oldest first: at most 10,000, and at most 64 MiB of them."""
        return self._app.requests

    @property
    def faults(self) -> list[Fault]:
        """The faults. They may be changed at any time; a fault counts requests from when it was added."""
        return self._app.faults

    @faults.setter
    def faults(self, faults: Iterable[Fault]) -> None:
        self._app.faults = list(faults)

    @property
    def latency(self) -> float:
        """Seconds before each answer. It may be changed at any time."""
        return self._app.latency

    @latency.setter
    def latency(self, latency: float) -> None:
        self._app.latency = latency

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

    def ids(self, resource: str, event_id: int | None = None, *, status: str | None = None) -> frozenset[str]:
        """Return the ids that a search would return now.

        Args:
            resource: The resource, such as ``"sessions"``, ``"contacts"``, ``"speakers"`` or ``"rooms"``.
            event_id: The event; the first one by default.
            status: Return only sessions with this status; no effect on other resources.

        Raises:
            ValueError: If the resource or the event does not exist.
        """
        records = resource_of(self._event_of(event_id), resource)
        with self._dispatcher.up_to_date():
            return frozenset(records.ids(status))

    def record_versions(self, resource: str, event_id: int | None = None) -> dict[str, str]:
        """Return the ``updated_at`` of each record that a plain search would return now, by id.

        Args:
            resource: As for ``ids``; statuses have no ``updated_at`` and are left out.
            event_id: The event; the first one by default.

        Raises:
            ValueError: If the resource or the event does not exist.
        """
        records = resource_of(self._event_of(event_id), resource)
        with self._dispatcher.up_to_date():
            return {id_: updated for id_, updated in records.versions() if updated is not None}

    def issue_token(
        self,
        *,
        scopes: Iterable[str] | None = None,
        events: Iterable[int] | None = None,
        hide_personal_data: bool = False,
    ) -> str:
        """Create another token that the server accepts.

        Args:
            scopes: The scopes; ``None`` for all, an empty sequence for every read and no write.
            events: Ids of the events that the token may access; ``None`` for all.
            hide_personal_data: Mask personal data in answers to the token.

        Returns:
            The token, which is valid nowhere else.

        Raises:
            TypeError: If ``scopes`` is a string.
        """
        return self._access.issue(
            Grant(scopes_of(scopes), None if events is None else frozenset(events), hide_personal_data)
        )

    def approve(
        self, client_id: str, redirect_uri: str, code_challenge: str, scope: str | None = None
    ) -> str:
        """Approve an OAuth authorization, as a user does on the consent page, which has no operation.

        Args:
            client_id: ``"embedded-client"``, the only registered client.
            redirect_uri: One of the client's registered addresses.
            code_challenge: The SHA-256 hash of the code verifier, in base64url without padding.
            scope: The scopes, separated by spaces; ``None`` for all that the client has.

        Returns:
            The authorization code, valid once and for 10 minutes.

        Raises:
            ValueError: If an argument is wrong.
        """
        authorization = self._organization.part(Authorization)
        return authorization.approve(client_id, redirect_uri, code_challenge, scope)

    def _event_of(self, event_id: int | None) -> EventData:
        """Return an event, the first one if no id is given."""
        event = self._organization.events.get(self.event_id if event_id is None else event_id)
        if event is None:
            raise ValueError(f"event_id must be one of {self.event_ids}, not {event_id}")
        return event

    def __repr__(self) -> str:
        state = "running" if self._runner else "stopped"
        return f"<EmbeddedServer {state}, port {self.port}>"

    async def start(self) -> None:
        """Start listening; after ``stop``, on the same port as before.

        Raises:
            RuntimeError: If the server is already running.
            OSError: If the port is taken.
        """
        if self._runner is not None:
            raise RuntimeError("the server is already running")
        runner = web.AppRunner(
            self._app.application(),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_LINGERING_SECONDS,
            auto_decompress=False,
        )
        try:
            await runner.setup()
            # Closed with the site.
            self._socket = socket.create_server((_HOST, self.port))
            await web.SockSite(runner, self._socket).start()
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
        """Stop listening, cancel requests in progress and close every connection; idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
                await self._accept_no_more()
                await runner.cleanup()

    async def _accept_no_more(self) -> None:
        """Let aiohttp take over the connections accepted so far, which it would leave open otherwise."""
        if self._socket is not None:
            with suppress(NotImplementedError):  # not every event loop can do it
                asyncio.get_running_loop().remove_reader(self._socket)
        for _ in range(_ACCEPTING_TURNS):
            await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @contextmanager
    def in_thread(self) -> Generator[Self]:
        """Run in a thread with its own event loop, for code that is not async or has its own loop.

        Use it as ``with EmbeddedServer().in_thread() as server:``. The server is stopped at the end of the
        block.
        """
        with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(self):
            yield self
