"""What the embedded server remembers of the requests that reached it."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from multidict import MultiMapping


@dataclass(frozen=True)
class RecordedRequest:
    """A request that reached the server.

    Attributes:
        operation: Its ``operationId``; ``None`` where the path belongs to no operation.
        method: The HTTP method.
        path: The path, without the query.
        query: The query parameters.
        header_names: The names of its headers in lower case; their values are not kept, as one is the token.
        body: The body, from JSON where it is JSON; ``None`` where there is none.
    """

    operation: str | None
    method: str
    path: str
    query: MultiMapping[str] = field(repr=False)
    header_names: tuple[str, ...]
    body: object = field(repr=False)


def record_request(operation: str | None, request: web.Request, body: bytes) -> RecordedRequest:
    """Return what is remembered of a request."""
    try:
        content = msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        content = body
    return RecordedRequest(
        operation=operation,
        method=request.method,
        path=request.path,
        query=request.query,
        header_names=tuple(name.lower() for name in request.headers),
        body=content,
    )
