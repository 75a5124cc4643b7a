"""Requests that the embedded server has received, as recorded for assertions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from multidict import MultiMapping

_OVERHEAD = 1000
"""The approximate size in bytes of a record without its texts."""


@dataclass(frozen=True)
class RecordedRequest:
    """A request that reached the server.

    Attributes:
        operation: The ``operationId``; ``None`` if the path belongs to no operation.
        method: The HTTP method.
        path: The path without the query.
        query: The query parameters.
        header_names: The header names in lower case. Values are not recorded, because one is the token.
        content: The bytes of the body, decompressed.
    """

    operation: str | None
    method: str
    path: str
    query: MultiMapping[str] = field(repr=False)
    header_names: tuple[str, ...]
    content: bytes = field(repr=False)

    @property
    def body(self) -> object:
        """The body, decoded if it is JSON, else ``bytes``; ``None`` if the request has none."""
        try:
            return msgspec.json.decode(self.content) if self.content else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.content

    @property
    def size(self) -> int:
        """The approximate size in memory, in bytes."""
        texts = (self.path, *self.header_names, *(text for pair in self.query.items() for text in pair))
        return _OVERHEAD + len(self.content) + sum(map(len, texts))


def record_request(operation: str | None, request: web.Request, body: bytes) -> RecordedRequest:
    """Return the record of a request."""
    return RecordedRequest(
        operation=operation,
        method=request.method,
        path=request.path,
        query=request.query,
        header_names=tuple(name.lower() for name in request.headers),
        content=body,
    )


class RequestLog:
    """The last requests, within a number and a size.

    Args:
        number: The maximum number of requests.
        size: The maximum size of all together, in bytes. The last request is kept whatever its size.

    Attributes:
        requests: The requests, the oldest first. It may be cleared.
    """

    def __init__(self, number: int, size: int) -> None:
        self._number = number
        self._most = size
        self._size = 0
        self.requests: deque[RecordedRequest] = deque(maxlen=number)

    def add(self, request: RecordedRequest) -> None:
        """Add a request, and forget the oldest ones that exceed the number or the size."""
        if not self.requests:
            self._size = 0
        self._size += request.size
        while self.requests and (self._size > self._most or len(self.requests) == self._number):
            self._size -= self.requests.popleft().size
        self.requests.append(request)
