"""The request that an error is about, without what it carried."""

from __future__ import annotations

import msgspec


class RequestContext(msgspec.Struct, frozen=True):
    """The request that an error is about.

    Attributes:
        method: The HTTP method.
        route: The path template (``/v1/event/{event_id}/sessions``), without the ids of the request.
        operation: The ``operationId`` of the API's document; ``None`` for a request outside it.
        attempts: How many attempts were begun.
    """

    method: str
    route: str
    operation: str | None = None
    attempts: int = 0
