"""The client: owns the engine, one attribute per service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import anyio
import msgspec

from sessionboard_async import services
from sessionboard_async._version import __version__
from sessionboard_async.core.confirmations import is_web_page
from sessionboard_async.core.decoding.decoders import Decoders
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.auth import TokenType, credentials_of
from sessionboard_async.core.http.base_url import Region, base_url_of
from sessionboard_async.core.http.connection_safety import Client, Ssl
from sessionboard_async.core.http.request import QueryValue, custom_request, storage_request
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.http.transfers.source import FileContent, Source
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.core.http.transport import Transport
from sessionboard_async.core.lifetime import ClosedByAwaiting, Lifetime
from sessionboard_async.core.options import (
    UNCHANGED,
    Cache,
    RateLimits,
    Retry,
    SharedRateLimits,
    Timeout,
    Unchanged,
    validate_option,
)
from sessionboard_async.core.rate_limits.limiter import Limiter, Limits
from sessionboard_async.core.rate_limits.registry import limiter_for
from sessionboard_async.core.waits import CallWait
from sessionboard_async.errors import ConfigurationError, DecodeError
from sessionboard_async.services import load_service
from sessionboard_async.services._attribute import ServiceAttribute

if TYPE_CHECKING:
    from sessionboard_async.core.cache.read_cache import ReadCache
    from sessionboard_async.core.rate_limits.shared import SharedLimiter
    from sessionboard_async.models.uploads import UploadAddress
    from sessionboard_async.services._common.service import Service
    from sessionboard_async.services._with_response import AnsweringServices


_CLOSING_SECONDS = 5.0


class AsyncSession(ClosedByAwaiting):
    """A client of the Sessionboard Public API: one connection pool, one set of rate limits, one token.

    Make one per token and event loop, and keep it; it connects with the first request. Use it as
    ``async with AsyncSession(...) as sb:``, or call ``await sb.aclose()`` when done. The services are the
    classes of ``sessionboard_async.services``: see ``help("sessionboard_async.services.Contacts")``.

    Args:
        token: An API token of the organization; by default the environment variable
            ``SESSIONBOARD_TOKEN``.
        token_type: ``"Bearer"`` for an access token from ``oauth.exchange_code`` or ``oauth.refresh``;
            ``"none"`` for a client of ``oauth`` alone, which needs no token.
        region: ``"us"`` or ``"eu"``, in upper or lower case: the data region of the organization. It is
            ``"eu"`` if the admin pages are on ``appv2-eu.sessionboard.com``. By default the environment
            variable ``SESSIONBOARD_REGION``, else ``"us"``.
        base_url: Another address instead of the region's; by default the environment variable
            ``SESSIONBOARD_BASE_URL``. https, or http to this machine.
        pool_size: The most connections, and so requests in flight, at a time.
        timeout: The most seconds that an attempt and a whole call may take; by default ``Timeout()``.
        retry: How often a request is tried, and the delays between attempts; by default ``Retry()``.
        limits: The rate limits to keep; ``None`` keeps none. Clients of this process with the same token,
            address and limits share them.
        cache: How long to keep the answers to GETs of single records; ``None`` keeps none.
        max_response_bytes: The largest answer, in bytes after decompression. It does not bound downloads,
            which are written as they arrive.
        strict: Whether a value of another type than the model's is a ``DecodeError``. By default, such values
            are converted where nothing is lost, and fields that cannot be read are ``None``; each is logged
            once, and ``Page.unreadable`` names the latter. Fields that a model does not know are ignored in
            both cases.
        ssl: As for aiohttp: an ``ssl.SSLContext`` that verifies certificates and host names, an
            ``aiohttp.Fingerprint``, or ``True``.
        proxy: The URL of an HTTP proxy; for http to this machine, only one on this machine.
        user_agent: The ``User-Agent`` header.
        client: Your own ``aiohttp.ClientSession`` to send with; never closed here. It no longer repeats a
            PUT or DELETE by itself when a connection breaks. Its connector must verify servers too.

    Raises:
        ConfigurationError: If there is no token, or an argument cannot be used.
        TypeError: If ``timeout``, ``retry``, ``limits`` or ``cache`` has the wrong type, such as a number.
    """

    events: ServiceAttribute[services.Events] = ServiceAttribute()
    sessions: ServiceAttribute[services.Sessions] = ServiceAttribute()
    speakers: ServiceAttribute[services.Speakers] = ServiceAttribute()
    contacts: ServiceAttribute[services.Contacts] = ServiceAttribute()
    org_contacts: ServiceAttribute[services.OrgContacts] = ServiceAttribute()
    sponsors: ServiceAttribute[services.Sponsors] = ServiceAttribute()
    exhibitors: ServiceAttribute[services.Exhibitors] = ServiceAttribute()
    fields: ServiceAttribute[services.Fields] = ServiceAttribute()
    rooms: ServiceAttribute[services.Rooms] = ServiceAttribute()
    tracks: ServiceAttribute[services.Tracks] = ServiceAttribute()
    tags: ServiceAttribute[services.Tags] = ServiceAttribute()
    formats: ServiceAttribute[services.Formats] = ServiceAttribute()
    levels: ServiceAttribute[services.Levels] = ServiceAttribute()
    languages: ServiceAttribute[services.Languages] = ServiceAttribute()
    statuses: ServiceAttribute[services.Statuses] = ServiceAttribute()
    agenda_drafts: ServiceAttribute[services.AgendaDrafts] = ServiceAttribute()
    rules: ServiceAttribute[services.Rules] = ServiceAttribute()
    personas: ServiceAttribute[services.Personas] = ServiceAttribute()
    dashboards: ServiceAttribute[services.Dashboards] = ServiceAttribute()
    widgets: ServiceAttribute[services.Widgets] = ServiceAttribute()
    queries: ServiceAttribute[services.Queries] = ServiceAttribute()
    insights: ServiceAttribute[services.Insights] = ServiceAttribute()
    content: ServiceAttribute[services.ContentPacks] = ServiceAttribute()
    transcriptions: ServiceAttribute[services.Transcriptions] = ServiceAttribute()
    recordings: ServiceAttribute[services.Recordings] = ServiceAttribute()
    media: ServiceAttribute[services.Media] = ServiceAttribute()
    files: ServiceAttribute[services.Files] = ServiceAttribute()
    gdpr: ServiceAttribute[services.GDPR] = ServiceAttribute()
    oauth: ServiceAttribute[services.OAuth] = ServiceAttribute()

    def __init__(
        self,
        token: str | None = None,
        *,
        token_type: TokenType = "api",  # noqa: S107  # a type, not a secret
        region: Region | None = None,
        base_url: str | None = None,
        pool_size: int = 20,
        timeout: Timeout | None = None,
        retry: Retry | None = None,
        limits: RateLimits | None = RateLimits(),  # noqa: B008  # immutable
        cache: Cache | None = None,
        max_response_bytes: int = 64 * 1024 * 1024,
        strict: bool = False,
        ssl: Ssl = True,
        proxy: str | None = None,
        user_agent: str = f"sessionboard_async/{__version__}",
        client: Client | None = None,
    ) -> None:
        self._lifetime = Lifetime()
        credentials = credentials_of(token, token_type, os.environ)
        # Removed from this frame, which the traceback of a later error would keep.
        del token
        if isinstance(credentials, ConfigurationError):
            raise credentials
        self._token = credentials
        self._base_url = base_url_of(region, base_url, os.environ)
        self._timeout = validate_option("timeout", Timeout() if timeout is None else timeout, Timeout)
        self._retry = validate_option("retry", Retry() if retry is None else retry, Retry)
        # Views share it: two views with the same limits have the same limiter.
        self._shared: dict[SharedRateLimits, SharedLimiter] = {}
        self._set_limits(limits)
        self._cache = None if cache is None else self._new_cache(validate_option("cache", cache, Cache))
        self._decoders = Decoders(is_strict=strict)
        self._is_view = False
        self._transport = Transport(
            self._base_url,
            self._token,
            self._lifetime,
            pool_size=pool_size,
            max_response_bytes=max_response_bytes,
            ssl=ssl,
            proxy=proxy,
            user_agent=user_agent,
            client=client,
        )
        self._engine = self._new_engine()
        self._services: dict[str, Service] = {}

    def _set_limits(self, limits: RateLimits | None) -> None:
        if limits is None:
            self._limiter: Limiter | None = None
            self._max_wait: float | None = None
            self._bulk_max_wait: float | None = None
            return
        limits = validate_option("limits", limits, RateLimits)
        self._max_wait, self._bulk_max_wait = limits.max_wait, limits.bulk_max_wait
        if isinstance(limits, SharedRateLimits):
            key = msgspec.structs.replace(limits, max_wait=None, bulk_max_wait=None)
            if key not in self._shared:
                # Imported here, since most programs run in one process.
                from sessionboard_async.core.rate_limits.shared import SharedLimiter

                self._shared[key] = SharedLimiter(limits, self._token.digest())
            self._limiter = self._shared[key].limiter
        else:
            self._limiter = limiter_for(self._token.digest(), self._base_url, limits)

    def _new_cache(self, options: Cache) -> ReadCache:
        # Imported here, since most programs have no cache.
        from sessionboard_async.core.cache.read_cache import ReadCache

        return ReadCache(options, self._lifetime)

    def _new_engine(self) -> Engine:
        engine = Engine(
            self._transport,
            self._lifetime,
            self._decoders,
            limiter=self._limiter,
            max_wait=self._max_wait,
            bulk_max_wait=self._bulk_max_wait,
            token=self._token,
            timeout=self._timeout,
            retry=self._retry,
        )
        return engine if self._cache is None else self._cache.engine(engine)

    def _service(self, name: str) -> Service:
        service = self._services.get(name)
        if service is None:
            # Threads that use a service at the same time get the same one.
            service = self._services.setdefault(name, load_service(name)(self._engine))
        return service

    def __repr__(self) -> str:
        # Debuggers show a client while it is being made.
        state = ", closed" if "_lifetime" in vars(self) and self.closed else ""
        return f"<AsyncSession of {vars(self).get('_base_url', 'nowhere yet')}{state}>"

    @property
    def base_url(self) -> str:
        """The address that requests are sent to."""
        return self._base_url

    @property
    def limits(self) -> Limits:
        """The rate limits; ``await sb.limits.snapshot()`` returns the ``Budget`` of each category in use."""
        return Limits(self._limiter)

    def waits(self) -> list[CallWait]:
        """Return the waits of the calls under way, those of views too: for answers, and before next attempts.

        ``limits.snapshot()`` reports the waits for the rate limits. Call it in the event loop of the client.
        """
        return self._lifetime.waits.snapshot()

    @property
    def closed(self) -> bool:
        """Whether the client is closed."""
        return self._lifetime.closed

    async def __aenter__(self) -> Self:
        self._lifetime.check()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection, and end the calls and streams under way. Closing twice is allowed.

        On a view made by ``with_options`` this does nothing: close the client that the view was made from.

        Raises:
            WrongEventLoopError: If the client was opened in another event loop.
        """
        if self._is_view or self.closed:
            return
        self._lifetime.check()
        # A cancelled caller must not leave connections open, nor a slow transport the stores unclosed.
        if self._cache is not None:
            self._cache.answers.drop()
        for close in (self._transport.close, *(limiter.aclose for limiter in self._shared.values())):
            with anyio.move_on_after(_CLOSING_SECONDS, shield=True):
                await close()

    def with_options(
        self,
        *,
        timeout: Timeout | None = None,
        retry: Retry | None = None,
        limits: RateLimits | Unchanged | None = UNCHANGED,
    ) -> AsyncSession:
        """Return a view of this client with other options; options that are not passed stay.

        A view shares the connection pool, the token and the cache, and also the rate limits, unless
        ``limits`` differ in more than ``max_wait`` and ``bulk_max_wait``. Making one is cheap. Closing it
        closes nothing.

        Args:
            timeout: The most seconds that an attempt and a whole call may take; ``None`` leaves it as it is.
            retry: How often a request is tried, and the delays between attempts; ``None`` leaves it as it is.
            limits: The rate limits to keep; ``None`` keeps none.

        Returns:
            The view.

        Raises:
            TypeError: If an option has the wrong type, such as a number.
        """
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._is_view = True
        view._timeout = validate_option("timeout", self._timeout if timeout is None else timeout, Timeout)
        view._retry = validate_option("retry", self._retry if retry is None else retry, Retry)
        if not isinstance(limits, Unchanged):
            view._set_limits(limits)
        view._engine = view._new_engine()
        view._services = {}
        return view

    @property
    def with_response(self) -> AnsweringServices:
        """The services whose calls return an ``Answered``: the record, and facts about the answer.

        ``answered = await sb.with_response.sessions.get(4630, id)`` has ``record``, ``status``, ``headers``,
        ``request_id``, ``attempts`` and ``seconds``. Pages have them as ``page.response``, and errors as
        ``error.response``.
        """
        # Imported here, since most programs need no more than the records.
        from sessionboard_async.services._with_response import AnsweringServices

        return AnsweringServices(self._engine)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, QueryValue] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
    ) -> Response:
        """Send a request for which there is no method, with the same connections, retries and errors.

        The scope is that of the operation; no rate-limit category applies.

        Args:
            method: The HTTP method, such as ``"GET"``, in upper or lower case.
            path: A quoted path of the API, beginning with ``/``, without a query.
            query: Query parameters. ``None`` leaves one out, several values repeat it.
            json: The value to send as JSON; ``None`` sends no body.
            idempotent: Whether it may be sent twice without harm; by default true for GET and HEAD. Other
                requests are retried only if the first one was not carried out.

        Returns:
            The status, headers and bytes of a successful answer.

        Raises:
            ValueError: If the method is no name, or the path is not quoted or has a query.
            TypeError: If ``json`` cannot be encoded as JSON, or an argument has another type.
            SessionboardError: As for every other call.
        """
        return await self._engine.send(
            custom_request(method, path, query=query, body=json, idempotent=idempotent)
        )

    async def send_file(self, upload: UploadAddress | None, source: Source) -> str | None:
        """Send a file to its upload address: the step between announcing and completing an upload.

        Only the headers of the upload are sent to the address, no token and no cookie: no scope and no rate
        limit apply. The source is read in chunks, and from its start again for a retry. ``Timeout.attempt``
        limits the time in which no bytes move; ``Timeout.total`` does not apply.

        Args:
            upload: The ``upload`` of an announced file or recording, or one of the ``addresses`` of the parts
                of a media upload.
            source: Bytes, the path of a file, or a seekable binary file, from its position.

        Returns:
            The ``ETag`` of the stored bytes, which completing a media upload requires; ``None`` if the
            storage sent none.

        Raises:
            StorageError: If the storage refused the upload, for example because the address has expired.
            ValueError: If there is no address, or it is neither https nor http to this machine, or the source
                is not seekable or has another size than announced.
            TypeError: If the upload or the source has another type.
            OSError: If the source cannot be read.
            SessionboardError: As for every call.
        """
        # Imported here, since most programs upload nothing.
        from sessionboard_async.models.uploads import UploadAddress

        if upload is not None and not isinstance(cast("object", upload), UploadAddress):
            raise TypeError(f"upload must be an UploadAddress, not {type(upload).__name__}")
        if upload is None or upload.url is None:
            raise ValueError("there is no upload address: announce the file first")
        transfer = Transfer(content=FileContent(source), address=upload.url, headers=upload.headers or {})
        response = await self._engine.send(storage_request(upload.method or "PUT", transfer), _stored)
        return response.headers.get("ETag")


def _stored(response: Response) -> Response:
    if response.body and is_web_page(response.body, response.headers.get("Content-Type")):
        message = "a web page came instead of the storage's answer, as from a proxy or a sign-in"
        raise DecodeError(message, transient=True)
    return response
