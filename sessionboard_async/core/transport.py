"""Bytes out, bytes in: one attempt of one request. The only room that imports aiohttp."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
import warnings
import weakref
from functools import lru_cache

import aiohttp
from yarl import URL

from sessionboard_async import errors
from sessionboard_async.core.auth import Token
from sessionboard_async.core.inflate import ACCEPT_ENCODING, inflate
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import Timeout
from sessionboard_async.core.request import Request
from sessionboard_async.core.response import Response

Ssl = ssl_module.SSLContext | aiohttp.Fingerprint | bool
Client = aiohttp.ClientSession

# A page of 100 sessions is about half a megabyte; with the default of 64 KiB, reading it pauses and resumes
# the socket a dozen times.
_READ_BUFFER = 1 << 20

_LARGER_THAN_PAGES = 4 << 20


class Transport:
    """A connection pool that sends requests to one origin, and the token nowhere else.

    Args:
        base_url: The origin, perhaps with a path, without a slash at its end.
        token: What authenticates each request.
        lifetime: When the transport may be used.
        pool_size: The most connections at a time.
        max_response_bytes: The most bytes that an answer may have once it is decompressed.
        user_agent: The ``User-Agent`` header.
        ssl: As aiohttp takes it; ``True`` verifies certificates in the usual way.
        proxy: The URL of an HTTP proxy.
        client: A client of the caller's to send with; it is never closed here.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        lifetime: Lifetime,
        *,
        pool_size: int,
        max_response_bytes: int,
        user_agent: str,
        ssl: Ssl = True,
        proxy: str | None = None,
        client: Client | None = None,
    ) -> None:
        for name, count in (("pool_size", pool_size), ("max_response_bytes", max_response_bytes)):
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise errors.ConfigurationError(f"{name} must be an integer of at least 1, not {count!r}")
        if ssl is False or not isinstance(ssl, Ssl):
            raise errors.ConfigurationError(
                "ssl must be an ssl.SSLContext, an aiohttp.Fingerprint or True: the token goes to no server "
                "that was not verified"
            )
        if client is not None and not isinstance(client, Client):
            raise errors.ConfigurationError(
                f"client must be an aiohttp.ClientSession, not {type(client).__name__}"
            )
        if not user_agent.isascii() or not user_agent.isprintable():
            raise errors.ConfigurationError("user_agent holds characters that no header can carry")
        if proxy is not None:
            _check_proxy(proxy)
        self._base_url = base_url
        self._token = token
        self._lifetime = lifetime
        self._pool_size = pool_size
        self._max_response_bytes = max_response_bytes
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPT_ENCODING}
        self._ssl = ssl
        self._proxy = proxy
        self._abandoned: weakref.finalize[..., Transport] | None = None
        self._client = client
        # Waiting for a free connection happens here: in aiohttp it would eat the attempt's time.
        self._slots = asyncio.Semaphore(pool_size)

    async def send(self, request: Request, timeout: Timeout) -> Response:
        """Send a request once and read the whole answer.

        Raises:
            SessionClosedError, WrongEventLoopError: If the session cannot be used here and now.
            TransportError: If no complete answer came back.
            ResponseError: If the answer is too large, or its compression is broken.
        """
        client = self._open()
        try:
            async with self._slots:
                return await self._exchange(client, request, timeout)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure: errors.SessionboardError = _failure(error)
        except errors.ResponseError as error:
            failure = error.with_traceback(None)
        except BaseException as error:  # noqa: BLE001  # it is raised again
            # A cancellation goes on as it is, without the frames that hold the token.
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904  # the same error
        # Raised out here, so that the error of aiohttp, which holds the request's headers and with them the
        # token, is not chained to ours.
        failure.method, failure.route, failure.operation = request.method, request.route, request.operation
        try:
            raise failure
        finally:
            # The traceback of the error holds this frame: without this, the frame would hold the error too.
            del failure

    async def _exchange(self, client: Client, request: Request, timeout: Timeout) -> Response:
        headers = self._headers | self._token.headers()
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        async with client.request(
            request.method,
            URL(self._base_url + request.target, encoded=True),
            data=request.body,
            headers=headers,
            allow_redirects=False,
            auto_decompress=False,
            read_bufsize=_READ_BUFFER,
            raise_for_status=False,
            ssl=self._ssl,
            proxy=self._proxy,
            timeout=_client_timeout(timeout),
        ) as answer:
            try:
                body = b"" if request.method == "HEAD" else await self._read(answer)
                body = inflate(body, answer.headers.get("Content-Encoding", ""), self._max_response_bytes)
            except errors.ResponseError:
                if 200 <= answer.status < 300:
                    raise
                # What an error says is worth less than that it is one.
                body = b""
        return Response(answer.status, answer.headers, body)

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = answer.content_length or 0
        if size <= self._max_response_bytes:
            size = 0
            while chunk := await answer.content.readany():
                size += len(chunk)
                if size > self._max_response_bytes:
                    break
                chunks.append(chunk)
            else:
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
        # What is left of the answer would have to be read before the connection could be used again.
        answer.close()
        raise errors.ResponseTooLargeError(
            f"the answer is larger than {self._max_response_bytes} bytes: raise max_response_bytes"
        )

    def _open(self) -> Client:
        self._lifetime.check()
        if self._client is None:
            _keep_freed_memory()
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._pool_size),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
            # Not `__del__`: in a cycle of garbage, that of aiohttp's client might come first, and warn too.
            self._abandoned = weakref.finalize(self, _abandon, self._client)
        elif self._client.closed:
            raise errors.SessionClosedError("the aiohttp.ClientSession that was passed in is closed")
        # aiohttp itself would send a PUT or DELETE again when a connection breaks, and there is no public way
        # to keep it from that.
        self._client._retry_connection = False  # pyright: ignore[reportPrivateUsage]
        return self._client

    async def close(self) -> None:
        """Close every connection, unless the client belongs to the caller. Closing twice is fine."""
        try:
            await self._lifetime.end()
        finally:
            if self._abandoned is not None and self._client is not None:
                self._abandoned.detach()
                await self._client.close()


def _abandon(client: Client) -> None:
    """Close what nobody closed, and say how to do better."""
    warnings.warn(
        "an AsyncSession was never closed: use `async with AsyncSession(...) as sb:`, "
        "or call `await sb.aclose()`",
        ResourceWarning,
        stacklevel=2,
    )
    connector = client.connector
    client.detach()
    if connector is not None:
        # aiohttp offers no public way to close from outside a coroutine.
        connector._close()  # pyright: ignore[reportPrivateUsage]


def _keep_freed_memory() -> None:
    """Keep glibc from giving the memory of each answer back, to have it mapped anew for the next.

    It gives back what is free above twice the size of the largest block that it ever mapped and saw freed
    (mallopt(3), M_TRIM_THRESHOLD). Mapping pages of half a megabyte again and again costs a fifth of the time
    that a stream takes; one large block, never touched and freed at once, raises the bound.
    """
    bytes(_LARGER_THAN_PAGES)


def _check_proxy(proxy: str) -> None:
    try:
        usable = URL(proxy).scheme in {"http", "https"} and bool(URL(proxy).host)
    except ValueError:
        usable = False
    if not usable:
        # Without the address, which may hold a password.
        raise errors.ConfigurationError("proxy must be the URL of an HTTP proxy: http://host:port")


@lru_cache(maxsize=32)
def _client_timeout(timeout: Timeout) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=timeout.attempt, sock_connect=timeout.connect)


def _failure(error: BaseException) -> errors.TransportError:
    """Say in our own words what went wrong; the words of aiohttp may hold an address with its query."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            failure: errors.TransportError = errors.ConnectError(
                "the server's certificate was refused: check the base URL, the system's clock and `ssl`",
                transient=False,
            )
        case aiohttp.ClientSSLError():
            failure = errors.ConnectError(
                "no TLS connection could be made: check the base URL and `ssl`", transient=False
            )
        case aiohttp.ServerFingerprintMismatch():
            failure = errors.ConnectError(
                "the server's certificate has another fingerprint than `ssl` names", transient=False
            )
        case aiohttp.ConnectionTimeoutError():
            failure = errors.ConnectError("no connection within Timeout.connect")
        case aiohttp.ClientHttpProxyError():
            failure = errors.ConnectError(f"the proxy refused the connection with status {error.status}")
        case aiohttp.ClientConnectorError():
            failure = errors.ConnectError(f"no connection could be made ({_reason(error.os_error)})")
        case TimeoutError():
            failure = errors.AttemptTimeoutError("no complete answer within Timeout.attempt")
        case aiohttp.ClientPayloadError():
            failure = errors.ConnectionLostError("the answer was cut short")
        case aiohttp.ClientResponseError():
            failure = errors.ConnectionLostError("the answer was not HTTP")
        case aiohttp.ServerDisconnectedError():
            failure = errors.ConnectionLostError("the server closed the connection without an answer")
        case _:
            failure = errors.ConnectionLostError(f"the connection broke ({_reason(error)})")
    return failure


def _reason(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__
