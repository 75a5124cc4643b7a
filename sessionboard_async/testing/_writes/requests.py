"""Requests and replies of the handlers of the embedded server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event
from typing import Any, TypeVar

from multidict import CIMultiDict, MultiDict, MultiMapping

from sessionboard_async.testing._data.agenda import SessionRow
from sessionboard_async.testing._data.dataset import EventData, Organization
from sessionboard_async.testing._data.errors import RequestError
from sessionboard_async.testing._data.fields import Record
from sessionboard_async.testing._data.json_values import read_object
from sessionboard_async.testing._data.query import whole_number
from sessionboard_async.testing._data.tokens import Grant

T = TypeVar("T")

PAGING = ("page", "pageSize")


@dataclass(frozen=True)
class HandlerRequest:
    """One request.

    Attributes:
        path: The path arguments.
        query: The query.
        body: The body.
        headers: The headers.
        base_url: The address of the server, for links in an answer.
        grant: The permissions of the token.
    """

    path: Mapping[str, str]
    query: MultiMapping[str] = field(default_factory=MultiDict[str], repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: MultiMapping[str] = field(default_factory=CIMultiDict[str], repr=False)
    base_url: str = ""
    grant: Grant = Grant()  # noqa: RUF009  # it never changes

    def json(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        return read_object(self.body)


@dataclass(frozen=True)
class HandlerReply:
    """A reply other than JSON with status 200.

    Attributes:
        content: Data to send as JSON; ``bytes`` are sent unchanged, ``None`` as an empty body.
        status: The HTTP status.
        content_type: The media type of ``bytes``.
        changes: Whether stored data changed although the operation only reads.
    """

    content: object = None
    status: int = HTTPStatus.OK
    content_type: str = "application/octet-stream"
    changes: bool = False


@dataclass(frozen=True)
class DeferredReply:
    """A reply that takes long to compute, and no longer needs the data of the organization.

    Attributes:
        compute: Returns the content or a ``HandlerReply``, in another thread. It gives up once the event is
            set, and raises ``RequestError`` as a handler does.
    """

    compute: Callable[[Event], object]


Handler = Callable[[Organization, HandlerRequest], object]
"""Handles a request.

Returns a ``HandlerReply``, a ``DeferredReply``, or data to send as JSON with status 200.
"""


def event_of(organization: Organization, call: HandlerRequest) -> EventData:
    """Return the event in the path."""
    number = whole_number(call.path["event_id"])
    event = None if number is None else organization.events.get(number)
    if event is None:
        raise RequestError(404, "there is no such event")
    return event


def session_of(event: EventData, call: HandlerRequest) -> SessionRow:
    """Return the session or subsession in the path."""
    row = event.session(call.path["session_id"])
    if row is None:
        raise RequestError(404, "there is no such session")
    return row


def search_reply(results: Sequence[object], pagination: Record) -> Record:
    """Return a page in the form of most searches."""
    return {"results": results, "pagination": pagination}


Values = Mapping[str, type | tuple[type, ...]]
"""The properties of a body and their types in Python."""


def read_values(values: Mapping[str, Any], known: Values, *, required: Sequence[str] = ()) -> Record:
    """Check the values of a write.

    Args:
        values: The body.
        known: The properties to check. Others pass, since the API accepts more than its document lists.
        required: The properties that must be present and not null.

    Raises:
        RequestError: With 400, naming the first property that is missing or of the wrong type.
    """
    for name in required:
        if values.get(name) in (None, ""):
            raise RequestError(400, f"{name} is required")
    for name, value in values.items():
        types = known.get(name)
        if value is None or types is None:
            continue
        allowed = types if isinstance(types, tuple) else (types,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise RequestError(400, f"{name} must be of another type")
        if isinstance(value, list) and None in value:
            raise RequestError(400, f"{name} must not contain null")
    return dict(values)
