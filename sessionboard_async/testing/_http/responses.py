"""Sending of answers over the connection, with or without a fault."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import web

from sessionboard_async.testing._http.response_cache import EncodedAnswer, compress
from sessionboard_async.testing.faults import Fault

HTML_PAGE = b"<!doctype html><title>Bad gateway</title><p>The service could not be reached.</p>"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DEFAULT_INTERVAL = 0.1
_PIECES = 10


@dataclass(frozen=True)
class Answer:
    """An answer before it is sent.

    Attributes:
        content: The body and the status.
        headers: The headers, apart from those of the content.
    """

    content: EncodedAnswer
    headers: dict[str, str] = field(default_factory=dict[str, str])


def drop_connection(request: web.Request, *, reset: bool) -> web.StreamResponse:
    """Close the connection without answering.

    Args:
        request: The request that arrived on it.
        reset: Reset the connection (RST) instead of closing it cleanly.
    """
    transport = request.transport
    if transport is not None:
        if reset:
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
            )
            transport.abort()
        else:
            transport.close()
    return web.Response()


async def send(
    request: web.Request, answer: Answer, *, gzipped: bool, fault: Fault | None
) -> web.StreamResponse:
    """Send an answer.

    Args:
        request: The request to answer.
        answer: The answer.
        gzipped: Whether to send it as gzip.
        fault: The fault to apply; ``None`` for none.
    """
    headers = {**answer.headers, "Content-Type": answer.content.content_type}
    encode: Callable[[bytes], bytes] = compress if gzipped else bytes
    body = answer.content.gzipped if gzipped else answer.content.body
    kind = None if fault is None else fault.kind
    if kind == "wrong_content_type":
        headers["Content-Type"] = "text/html; charset=utf-8"
    elif kind == "invalid_json":
        body = encode(HTML_PAGE)
    elif kind == "truncate":
        body = encode(answer.content.body[: len(answer.content.body) // 2])
    if not answer.content.body:
        del headers["Content-Type"]
    if gzipped:
        headers["Content-Encoding"] = "gzip"
    if kind == "close_midway":
        return await _half(request, answer.content.status, headers, body)
    if fault is not None and fault.kind == "slow":
        interval = _DEFAULT_INTERVAL if fault.interval is None else fault.interval
        return await _trickle(request, answer.content.status, headers, body, interval)
    return web.Response(status=answer.content.status, headers=headers, body=body)


async def _begin(request: web.Request, response: web.StreamResponse, length: int) -> None:
    response.content_length = length
    await response.prepare(request)


async def _half(
    request: web.Request, status: int, headers: dict[str, str], body: bytes
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    if not body:
        # Nothing is missing, so the client must not send its next request on this connection.
        response.force_close()
    await _begin(request, response, len(body))
    with suppress(ConnectionError):  # the client has left
        await response.write(body[: len(body) // 2])
    drop_connection(request, reset=False)
    return response


async def _trickle(
    request: web.Request, status: int, headers: dict[str, str], body: bytes, interval: float
) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    await _begin(request, response, len(body))
    step = max(1, -(-len(body) // _PIECES))
    with suppress(ConnectionError):  # the client has left
        for start in range(0, len(body), step):
            await asyncio.sleep(interval)
            await response.write(body[start : start + step])
        await response.write_eof()
    return response
