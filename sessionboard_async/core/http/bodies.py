"""Streamed bodies, time limits and errors in terms of aiohttp."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import lru_cache

import aiohttp
import anyio
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from sessionboard_async import errors
from sessionboard_async.core.http.compression import Inflater
from sessionboard_async.core.http.response import TRANSIENT_STATUSES
from sessionboard_async.core.http.transfers.local_errors import LocalFileError
from sessionboard_async.core.http.transfers.source import FileContent
from sessionboard_async.core.http.transfers.transfer import Transfer

_RELEASE_SECONDS = 5.0


@lru_cache(maxsize=32)
def connect_timeout(seconds: float | None) -> aiohttp.ClientTimeout:
    """Return the time limit of a connection attempt for aiohttp, and none of the whole exchange."""
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds)


class Upload(aiohttp.Payload):
    """The payload of an upload: sends the content in chunks and keeps a failure to read it.

    Args:
        content: The content.
        moved: Called after each chunk that was sent.

    Attributes:
        failure: The reason why the content could not be read, if any.
    """

    _autoclose = True

    def __init__(self, content: FileContent, moved: Callable[[], None]) -> None:
        super().__init__(content)
        self._size = content.size
        self._content = content
        self._moved = moved
        self._released: anyio.Event | None = None
        self.failure: LocalFileError | None = None
        self._left = content.size

    @property
    def complete(self) -> bool:
        """Whether all content was passed to the connection."""
        return self._left == 0

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Raise ``TypeError``: the content is never in memory as a whole."""
        raise TypeError("streamed content cannot be decoded to text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the content in chunks."""
        self._released = anyio.Event()
        # Taken now: aiohttp clears the attribute when it closes the connection.
        transport = writer.transport if isinstance(writer, StreamWriter) else None
        try:
            async with aclosing(self._content.chunks()) as chunks:
                async for chunk in chunks:
                    self._left -= len(chunk)
                    await writer.write(chunk)
                    self._moved()
        except LocalFileError as failure:
            self.failure = failure
            raise
        except BaseException:
            # Merely closing the connection would wait until the server has read the buffered bytes.
            if transport is not None:
                transport.abort()
            raise
        finally:
            self._released.set()

    async def wait_released(self) -> None:
        """Wait until the content is no longer read.

        When a request fails, aiohttp cancels the task that sends the body without waiting for it. That task
        must not read the content while a retry sends it.
        """
        if self._released is not None:
            with anyio.move_on_after(_RELEASE_SECONDS, shield=True):
                await self._released.wait()


def form_of(transfer: Transfer, fields: Mapping[str, str], content: Upload) -> aiohttp.MultipartWriter:
    """Return a multipart form with the fields and the content as a file."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        form.append(value).set_content_disposition("form-data", quote_fields=False, name=name)
    file_name = transfer.content.file_name if transfer.content is not None else None
    part = form.append_payload(content)
    part.headers["Content-Type"] = transfer.content_type or "application/octet-stream"
    # Names in plain UTF-8, as browsers send them. RFC 7578 forbids the encoding that aiohttp defaults to.
    part.set_content_disposition("form-data", quote_fields=False, name="file", filename=file_name or "file")
    return form


async def body_chunks(
    answer: aiohttp.ClientResponse, moved: Callable[[], None], context: errors.RequestContext
) -> AsyncGenerator[bytes]:
    """Yield the body of an answer, decompressed, in chunks.

    Args:
        answer: The answer.
        moved: Called for each chunk that arrived.
        context: The request, which errors name.

    Raises:
        DecodeError: If its compression is invalid or cut short.
        ResponseError: If its compression is unknown.
    """
    inflater = Inflater(answer.headers.get("Content-Encoding", ""), context)
    async for chunk in answer.content.iter_any():
        moved()
        for part in inflater.feed(chunk):
            yield part
    inflater.end()


def transport_error(error: BaseException, context: errors.RequestContext) -> errors.TransportError:
    """Return our error for one of aiohttp, whose own message may show a URL with its query."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            message = "the server's certificate was refused: check the base URL, the system's clock and `ssl`"
            return errors.ConnectError(message, transient=False, context=context)
        case aiohttp.ClientSSLError():
            message = "no TLS connection could be made: check the base URL and `ssl`"
            return errors.ConnectError(message, transient=False, context=context)
        case aiohttp.ServerFingerprintMismatch():
            message = "the server's certificate has another fingerprint than `ssl` names"
            return errors.ConnectError(message, transient=False, context=context)
        case aiohttp.ConnectionTimeoutError():
            return errors.ConnectError("no connection within Timeout.connect", context=context)
        case aiohttp.ClientHttpProxyError():
            message = f"the proxy refused the connection with status {error.status}: check `proxy`"
            transient = error.status in TRANSIENT_STATUSES
            return errors.ConnectError(message, transient=transient, context=context)
        case aiohttp.ClientConnectorError():
            message = f"no connection could be made to {error.host} ({_reason(error.os_error)})"
            return errors.ConnectError(message, context=context)
        case TimeoutError():
            return errors.AttemptTimeoutError("no complete answer within Timeout.attempt", context=context)
        case aiohttp.ClientPayloadError():
            message = "the answer was cut short"
        case aiohttp.ClientResponseError():
            message = "the answer was not HTTP"
        case aiohttp.ServerDisconnectedError():
            message = "the server closed the connection without an answer"
        case _:
            message = f"the connection broke ({_reason(error)})"
    return errors.ConnectionLostError(message, context=context)


def _reason(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__
