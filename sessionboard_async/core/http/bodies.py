"""What the transport needs around aiohttp: bodies that stream, time limits, and errors in our own words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import lru_cache

import aiohttp
import anyio
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter

from sessionboard_async import errors
from sessionboard_async.core.http.files import FileContent, LocalFileError, Transfer
from sessionboard_async.core.options import Timeout

_LETTING_GO_SECONDS = 5.0


@lru_cache(maxsize=32)
def client_timeout(timeout: Timeout) -> aiohttp.ClientTimeout:
    """Return the time limits of one attempt as aiohttp takes them."""
    return aiohttp.ClientTimeout(total=timeout.attempt, sock_connect=timeout.connect)


class Upload(aiohttp.Payload):
    """Content as aiohttp sends it: with its size, in pieces, and with its failure kept apart.

    Args:
        content: What is sent.
        moved: Called with every piece that was sent.

    Attributes:
        failure: Why the content could not be read.
    """

    _autoclose = True

    def __init__(self, content: FileContent, moved: Callable[[], None]) -> None:
        super().__init__(content)
        self._size = content.size
        self._content = content
        self._moved = moved
        self._let_go: anyio.Event | None = None
        self.failure: LocalFileError | None = None
        self._left = content.size

    @property
    def complete(self) -> bool:
        """Whether all was handed on; nothing more than that can have arrived."""
        return self._left == 0

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refuse: the whole is never in memory."""
        raise TypeError("what is streamed has no text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send the content, piece by piece."""
        self._let_go = anyio.Event()
        # Taken now, since aiohttp forgets it as it closes the connection.
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
            # A connection that is merely closed lingers until the server has taken what is in its buffer.
            if transport is not None:
                transport.abort()
            raise
        finally:
            self._let_go.set()

    async def let_go(self) -> None:
        """Wait until nothing reads the content any more.

        aiohttp sends in a task of its own, which it cancels without waiting for it when a request fails. It
        may still read then, and must not while the content is sent again.
        """
        if self._let_go is not None:
            with anyio.move_on_after(_LETTING_GO_SECONDS, shield=True):
                await self._let_go.wait()


def form_of(transfer: Transfer, fields: Mapping[str, str], content: Upload) -> aiohttp.MultipartWriter:
    """Return a form of some fields and a file, as which the content is sent."""
    form = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        form.append(value).set_content_disposition("form-data", quote_fields=False, name=name)
    file_name = transfer.content.file_name if transfer.content is not None else None
    part = form.append_payload(content)
    part.headers["Content-Type"] = transfer.content_type or "application/octet-stream"
    # Names in plain UTF-8, as browsers send them: RFC 7578 forbids the other way, which aiohttp defaults to.
    part.set_content_disposition("form-data", quote_fields=False, name="file", filename=file_name or "file")
    return form


async def pieces(answer: aiohttp.ClientResponse, moved: Callable[[], None]) -> AsyncGenerator[bytes]:
    """Yield the body of an answer as it comes.

    Args:
        answer: The answer.
        moved: Called with every piece that came.
    """
    async for piece in answer.content.iter_any():
        moved()
        yield piece


def transport_error(error: BaseException, context: errors.RequestContext) -> errors.TransportError:
    """Return our error for one of aiohttp's, whose message may hold an address with its query."""
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
            message = f"the proxy refused the connection with status {error.status}"
            return errors.ConnectError(message, context=context)
        case aiohttp.ClientConnectorError():
            message = f"no connection could be made ({_reason(error.os_error)})"
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
