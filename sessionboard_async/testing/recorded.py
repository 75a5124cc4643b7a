"""Requests that the embedded server has received, as recorded for assertions."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from multidict import MultiMapping


@dataclass(frozen=True)
class RecordedRequest:
    """A request that reached the server.

    Attributes:
        operation: The ``operationId``; ``None`` if the path belongs to no operation.
        method: The HTTP method.
        path: The path without the query.
        query: The query parameters.
        header_names: The header names in lower case. Values are not recorded, because one is the token.
        body: The body, decoded if it is JSON, else ``bytes``; ``None`` if the request has none.
    """

    operation: str | None
    method: str
    path: str
    query: MultiMapping[str] = field(repr=False)
    header_names: tuple[str, ...]
    body: object = field(repr=False)


def record_request(operation: str | None, request: web.Request, body: bytes) -> RecordedRequest:
    """Return the record of a request."""
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
