"""The embedded server: a real HTTP server that speaks the contract of the Sessionboard API."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from time import monotonic
from types import TracebackType
from typing import Self

import anyio
from aiohttp import web
from anyio.from_thread import start_blocking_portal

from sessionboard_async.core.rate_limits.limiter import forget_limiters
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


class EmbeddedServer:
    """A server on this machine that answers like the Sessionboard API, from an invented conference.

    ::

        async with EmbeddedServer(sessions=300) as server:
            async with AsyncSession(server.token, base_url=server.base_url) as sb:
                talks = await sb.sessions.search(server.event_id).collect()

    Names, texts, ids and times depend on the seed and the numbers given here alone. Records are made when
    asked for, so that an event may have 100,000 sessions. It is stricter than the API in one way: filters,
    query parameters and expansions that an operation does not have are answered with 400.

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
        light: Whether sessions have nothing but ``id``, ``title``, ``status``, ``is_abstract``,
            ``created_at`` and ``updated_at`` (and ``deleted_at``, in the search by status, where they are
            deleted), so that 150,000 of them need little time and memory. None are deleted ones, composition
            sources or subsessions then.
        time: The time of the server: it dates what is written and every answer, and by it ``changes`` happen
            and ``cached`` ends; ``None`` for that of the system.
        times: When sessions were created, how exactly they are dated, and how searches treat bounds of time
            and ties; ``None`` for some that were created together, whole milliseconds, exclusive bounds and a
            stable order.
        changes: What changes by itself; ``None`` for nothing.
        cached: For how many seconds the search of sessions, and the read of a single one, give the same
            answer again to the same question, whatever was written meanwhile: 180 with the API itself.
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
        self.token = self.issue_token(scopes=scopes, hide_personal_data=hide_personal_data)
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
    def requests(self) -> deque[RecordedRequest]:
        """The last requests that reached it, the oldest first."""
        return self._app.requests

    @property
    def faults(self) -> list[Fault]:
        """What goes wrong. It may be changed at any time; counting starts when a fault is first there."""
        return self._app.faults

    @faults.setter
    def faults(self, faults: Iterable[Fault]) -> None:
        self._app.faults = list(faults)

    @property
    def latency(self) -> float:
        """Seconds that pass before each answer. It may be changed at any time."""
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
        """Return the ids that a search would find now.

        Args:
            resource: Such as ``"sessions"``, ``"contacts"``, ``"speakers"``, ``"sponsors"`` or ``"rooms"``.
            event_id: The event; the first one unless given.
            status: Only sessions with this status; nothing to other resources.

        Raises:
            ValueError: If there is no such resource or event.
        """
        records = resource_of(self._event_of(event_id), resource)
        with self._dispatcher.up_to_date():
            return frozenset(records.ids(status))

    def record_versions(self, resource: str, event_id: int | None = None) -> dict[str, str]:
        """Return by id when each record that a plain search would find now was last changed, as it shows it.

        Args:
            resource: As for ``ids``; statuses do not show it, and are left out.
            event_id: The event; the first one unless given.

        Raises:
            ValueError: If there is no such resource or event.
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

    def _event_of(self, event_id: int | None) -> EventData:
        """Return an event, the first one where no id is given."""
        event = self._organization.events.get(self.event_id if event_id is None else event_id)
        if event is None:
            raise ValueError(f"event_id must be one of {self.event_ids}, not {event_id}")
        return event

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
        runner = web.AppRunner(self._app.application(), access_log=None, handle_signals=False)
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
