"""The transport over aiohttp: sends one attempt of a request and reads the answer."""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
import weakref
from collections.abc import Callable
from contextlib import aclosing

import aiohttp
from yarl import URL

from sessionboard_async import errors
from sessionboard_async._answered import ResponseInfo
from sessionboard_async.core.http.auth import Token
from sessionboard_async.core.http.bodies import Upload, body_chunks, connect_timeout, form_of, transport_error
from sessionboard_async.core.http.compression import ACCEPT_ENCODING, inflate
from sessionboard_async.core.http.connection_safety import (
    Client,
    Ssl,
    storage_client,
    validate_client,
    validate_path_to,
    validate_proxy,
    validate_ssl,
)
from sessionboard_async.core.http.documents import checked_file
from sessionboard_async.core.http.request import Call
from sessionboard_async.core.http.response import Response, info_of
from sessionboard_async.core.http.transfers.local_errors import LocalFileError
from sessionboard_async.core.http.transfers.sink import Sink
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.core.lifetime import Lifetime
from sessionboard_async.core.options import Timeout, validate_count

# With the default of 64 KiB, reading a page of 100 sessions pauses and resumes the socket many times.
_READ_BUFFER = 1 << 20

_LARGER_THAN_PAGES = 4 << 20

_OK = 200

logger: logging.Logger = logging.getLogger("sessionboard_async")

_opened: weakref.WeakValueDictionary[int, Transport] = weakref.WeakValueDictionary()
"""The transports of this process that have opened connections."""

_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")


class Transport:
    """A connection pool. Sends the token to one origin only.

    Args:
        base_url: The origin and an optional path, without a trailing slash.
        token: The token.
        lifetime: The lifetime of the client.
        pool_size: The most simultaneous connections.
        max_response_bytes: The most bytes that an answer may have after decompression.
        user_agent: The ``User-Agent`` header.
        ssl: As for aiohttp; ``True`` verifies certificates.
        proxy: The URL of an HTTP proxy.
        client: The caller's own ``aiohttp.ClientSession`` to send with. It is never closed here.
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
        try:
            validate_count("pool_size", pool_size)
            validate_count("max_response_bytes", max_response_bytes)
        except (TypeError, ValueError) as error:
            raise errors.ConfigurationError(str(error)) from None
        validate_ssl(ssl)
        if client is not None:
            validate_client(client, ssl)
        if not isinstance(user_agent, str) or not (user_agent.isascii() and user_agent.isprintable()):
            raise errors.ConfigurationError("user_agent must be a string of printable ASCII characters")
        if proxy is not None:
            validate_proxy(proxy)
        validate_path_to(base_url, proxy, client)
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
        # Calls wait for a free connection here: waiting in aiohttp would count against `Timeout.attempt`.
        self._slots = asyncio.Semaphore(pool_size)

    async def send(self, call: Call, timeout: Timeout) -> Response:
        """Send a request once and read the whole answer.

        Raises:
            ClientClosedError, WrongEventLoopError: If the client cannot be used here and now.
            TransportError: If no complete answer arrived.
            ResponseError: If the answer is too large, or its compression is invalid.
        """
        client = self._open()
        failure: Exception
        try:
            await self._slots.acquire()
            try:
                if call.request.transfer is None:
                    return await self._exchange(client, call, timeout)
                return await self._stream(client, call, call.request.transfer, timeout)
            finally:
                self._slots.release()
        except LocalFileError as error:
            failure = error.error
        except errors.SessionboardError as error:
            failure = error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = transport_error(error, call.context)
        except BaseException as error:  # noqa: BLE001  # it is raised again
            # A cancellation is passed on without the frames that hold the token.
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904  # the same error
        # Raised outside of the except clause: otherwise our error would be chained to that of aiohttp, which
        # holds the headers of the request and so the token.
        try:
            raise failure.with_traceback(None)
        finally:
            # The traceback of the error refers to this frame: without this, they would form a cycle.
            del failure

    async def _exchange(self, client: Client, call: Call, timeout: Timeout) -> Response:
        request = call.request
        headers = self._headers.copy()
        if request.authenticated:
            headers |= self._token.headers()
        if request.content_type is not None:
            headers["Content-Type"] = request.content_type
        if timeout.attempt is not None and call.timer is not None:
            # aiohttp's own limit would set a timer of the event loop for every attempt.
            call.is_attempt_timed = self._lifetime.deadlines.bring_forward(call.timer, timeout.attempt)
        answer = await client.request(
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
            timeout=connect_timeout(timeout.connect),
        )
        try:
            body = await self._content(answer, call)
        finally:
            # Not by `async with`, whose two more coroutines are a notable part of a small call.
            answer.release()
        return _response(answer, body, call)

    async def _stream(self, client: Client, call: Call, transfer: Transfer, timeout: Timeout) -> Response:
        """Send or receive a file; ``timeout.attempt`` limits the time in which no bytes move."""
        request = call.request
        idle = asyncio.timeout(timeout.attempt)

        def moved() -> None:
            if timeout.attempt is not None:
                idle.reschedule(asyncio.get_running_loop().time() + timeout.attempt)

        body = None if transfer.content is None else Upload(transfer.content, moved)
        try:
            async with idle:
                if transfer.address is None:
                    headers = self._headers | (self._token.headers() if request.authenticated else {})
                    headers["Accept-Encoding"] = "identity"
                    if request.content_type is not None:
                        headers["Content-Type"] = request.content_type
                    url = self._base_url + request.target
                    return await self._stream_with(client, call, url, headers, body, timeout, moved)
                async with storage_client(client, transfer.address, self._proxy) as bare:
                    bare._retry_connection = False  # pyright: ignore[reportPrivateUsage]
                    return await self._stream_with(
                        bare, call, transfer.address, dict(transfer.headers), body, timeout, moved
                    )
        except TimeoutError as error:
            if idle.expired():
                failure: Exception = errors.AttemptTimeoutError(
                    "no bytes were sent or received for Timeout.attempt", context=call.context
                )
            else:
                failure = error
        except aiohttp.ClientError as error:
            # aiohttp reports a failure to read the content as a failure of the connection.
            failure = error if body is None or body.failure is None else body.failure
        finally:
            if body is not None:
                await body.wait_released()
        raise failure

    async def _stream_with(
        self,
        client: Client,
        call: Call,
        url: str,
        headers: dict[str, str],
        body: Upload | None,
        timeout: Timeout,
        moved: Callable[[], None],
    ) -> Response:
        request, transfer = call.request, call.request.transfer
        assert transfer is not None  # noqa: S101  # checked by the caller
        is_storage = transfer.address is not None
        data: object = request.body if body is None else body
        if body is not None and transfer.form is not None:
            data = form_of(transfer, transfer.form, body)
        async with client.request(
            request.method,
            URL(url, encoded=True),
            data=data,
            headers=headers,
            skip_auto_headers=_ADDED_BY_AIOHTTP if is_storage else None,
            allow_redirects=False,
            # That of aiohttp takes a body that breaks off for a complete one.
            auto_decompress=False,
            raise_for_status=False,
            # A fingerprint is that of the API's certificate, not that of the storage.
            ssl=True if is_storage and isinstance(self._ssl, aiohttp.Fingerprint) else self._ssl,
            proxy=None if is_storage else self._proxy,
            timeout=connect_timeout(timeout.connect),
        ) as answer:
            if transfer.sink is not None and 200 <= answer.status < 300:
                await self._save(answer, transfer.sink, call, moved)
                return _response(answer, b"", call)
            moved()
            content = await self._content(answer, call)
        if body is not None and not body.complete and 200 <= answer.status < 300:
            raise body.failure or errors.ConnectionLostError(
                "the server answered before the whole body was sent", context=call.context
            )
        return _response(answer, content, call)

    async def _save(
        self, answer: aiohttp.ClientResponse, sink: Sink, call: Call, moved: Callable[[], None]
    ) -> None:
        """Receive the file that an answer holds."""
        try:
            if answer.status != _OK:
                raise errors.ResponseError(
                    f"the answer to a download has status {answer.status}, which is not the whole file",
                    context=call.context,
                )
            if not _has_an_end(answer):
                logger.warning(
                    "%s: the server announced no length: a download that is cut short looks complete",
                    call.request.operation,
                )
            secrets = (self._token.reveal(), *call.request.secrets)
            chunks = body_chunks(answer, moved, call.context)
            media_type = answer.headers.get("Content-Type")
            async with aclosing(checked_file(chunks, media_type, call.context, secrets)) as parts:
                await sink.take(parts)
        except errors.ResponseError as error:
            error.response = self._info(answer, call)
            raise

    def _info(self, answer: aiohttp.ClientResponse, call: Call) -> ResponseInfo:
        return info_of(_response(answer, b"", call), (self._token.reveal(), *call.request.secrets))

    async def _content(self, answer: aiohttp.ClientResponse, call: Call) -> bytes:
        """Read the body of an answer, and decompress it; an empty one if that of an error cannot be read."""
        if call.request.method == "HEAD":
            return b""
        try:
            # The whole of a small body mostly arrives with the headers.
            has_arrived = answer.content.is_eof()
            body = answer.content.read_nowait() if has_arrived else await self._read(answer, call)
            if len(body) > self._max_response_bytes:
                raise self._too_large(call)
            if coding := answer.headers.get("Content-Encoding"):
                return inflate(body, coding, self._max_response_bytes, call.context)
        except errors.ResponseError as error:
            if 200 <= answer.status < 300:
                error.response = self._info(answer, call)
                raise
            # The status of an error matters more than its body.
            return b""
        return body

    async def _read(self, answer: aiohttp.ClientResponse, call: Call) -> bytes:
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
        # The rest of the answer would have to be read before the connection could be used again.
        answer.close()
        raise self._too_large(call)

    def _too_large(self, call: Call) -> errors.ResponseTooLargeError:
        return errors.ResponseTooLargeError(
            f"the answer is larger than {self._max_response_bytes} bytes: raise max_response_bytes",
            context=call.context,
        )

    def _open(self) -> Client:
        self._lifetime.check()
        if self._client is None:
            _keep_freed_memory()
            # The list of references is made at once: another thread may open a client meanwhile.
            for reference in _opened.valuerefs():
                if (other := reference()) is not None:
                    other._release_if_stopped()
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._pool_size),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
            # Not `__del__`: in a reference cycle, that of aiohttp's client could run first and warn too.
            self._abandoned = weakref.finalize(self, _abandon, self._client)
            _opened[id(self)] = self
        elif self._client.closed:
            raise errors.ClientClosedError("the aiohttp.ClientSession that was passed in is closed")
        # aiohttp retries a PUT or DELETE by itself when a connection breaks, and has no public option to turn
        # that off.
        self._client._retry_connection = False  # pyright: ignore[reportPrivateUsage]
        return self._client

    def _release_if_stopped(self) -> None:
        """Release the connections of requests in flight if the event loop was closed.

        The exception of a signal handler, for example, ends a loop like that. Its requests never end, and
        refer to their connection and to the client, which could not be collected otherwise.
        """
        loop = self._lifetime.loop
        if loop is not None and loop.is_closed() and self._client is not None and self._client.connector:
            self._client.connector._close()  # pyright: ignore[reportPrivateUsage]

    async def close(self) -> None:
        """Close every connection, unless the client belongs to the caller. Closing twice is fine."""
        try:
            await self._lifetime.end()
        finally:
            if self._abandoned is not None and self._client is not None:
                self._abandoned.detach()
                await self._client.close()


def _has_an_end(answer: aiohttp.ClientResponse) -> bool:
    """Return whether a body that breaks off can be noticed."""
    headers = answer.headers
    chunked = headers.get("Transfer-Encoding", "").strip().lower().endswith("chunked")
    compressed = headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}
    return chunked or compressed or "Content-Length" in headers


def _abandon(client: Client) -> None:
    """Close an abandoned client and warn about it."""
    warnings.warn(
        "an AsyncSession was never closed: use `async with AsyncSession(...) as sb:`, "
        "or call `await sb.aclose()`",
        ResourceWarning,
        stacklevel=2,
    )
    connector = client.connector
    client.detach()
    if connector is not None:
        # aiohttp has no public way to close a connector outside of a coroutine.
        connector._close()  # pyright: ignore[reportPrivateUsage]


def _response(answer: aiohttp.ClientResponse, body: bytes, call: Call) -> Response:
    return Response(answer.status, answer.headers, body, call.attempts, time.perf_counter() - call.began)


def _keep_freed_memory() -> None:
    """Keep glibc from returning the memory of each answer to the system and mapping it again for the next.

    glibc returns free memory above twice the size of the largest mapped block that was ever freed (see
    M_TRIM_THRESHOLD in mallopt(3)). Allocating and freeing one large, untouched block raises that threshold.
    """
    bytes(_LARGER_THAN_PAGES)
