"""From an endpoint and its arguments to a request, as plain data. Nothing here does any I/O."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from urllib.parse import quote, unquote

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.base_url import refuse_control_characters, validate_upload_url
from sessionboard_async.core.http.files import Transfer
from sessionboard_async.errors import RequestContext

Scalar = str | int | float | bool
QueryValue = Scalar | Iterable[Scalar] | None
PathValue = str | int | None
"""An id. ``None``, as which an id may come in a record, is refused when the request is built."""


class Priority(IntEnum):
    """Which requests go first where several wait for the rate limit."""

    INTERACTIVE = 0
    BULK = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, and what the engine must know to send it well.

    Attributes:
        method: The HTTP method.
        route: The path template: what logs and errors may name.
        target: The quoted path and query.
        body: The bytes to send.
        content_type: What the body is.
        operation: The ``operationId``; ``None`` for a request outside the API's document.
        idempotent: Whether it may be sent twice without harm.
        limit: The category of the rate limits that it counts against.
        daily_quota: Whether it also counts against the daily quota of writes.
        priority: Whether somebody waits for this one, or it is one of many.
        authenticated: Whether the token goes with it.
        secrets: What no error may repeat, should the server echo it.
        transfer: What it streams, where its body or its answer is not to be in memory.
    """

    method: str
    route: str
    target: str = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    operation: str | None = None
    idempotent: bool = False
    limit: str | None = None
    daily_quota: bool = False
    priority: Priority = Priority.INTERACTIVE
    authenticated: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)
    transfer: Transfer | None = None

    @property
    def goes_to_storage(self) -> bool:
        """Whether it goes to an address that the API gave for an upload, and not to the API."""
        return self.transfer is not None and self.transfer.address is not None


def build_request(
    endpoint: Endpoint[object],
    path: Mapping[str, PathValue],
    *,
    query: Mapping[str, QueryValue] | None = None,
    body: object = None,
    secrets: tuple[str, ...] = (),
    transfer: Transfer | None = None,
    priority: Priority = Priority.INTERACTIVE,
) -> Request:
    """Build the request of an operation.

    Args:
        endpoint: The operation.
        path: The values of the arguments in its path.
        query: Query parameters; ``None`` leaves one out, several values repeat it.
        body: What to send as JSON; ``None`` sends no body.
        secrets: What no error may repeat.
        transfer: What it streams.
        priority: Whether somebody waits for this one, or it is one of many.

    Raises:
        ValueError: If a path argument is empty, ``.``, ``..`` or holds control characters.
        TypeError: If a path argument is neither a string nor an integer.
    """
    quoted = {name: quote_path_argument(name, value) for name, value in path.items()}
    return Request(
        method=endpoint.method,
        route=endpoint.path,
        target=endpoint.path.format_map(quoted) + encode_query(query),
        body=None if body is None else msgspec.json.encode(body),
        content_type=None if body is None else "application/json",
        operation=endpoint.operation_id,
        idempotent=endpoint.idempotent,
        limit=endpoint.limit,
        daily_quota=endpoint.daily_quota,
        priority=priority,
        authenticated=endpoint.authenticated,
        secrets=secrets,
        transfer=transfer,
    )


def custom_request(
    method: str,
    path: str,
    *,
    query: Mapping[str, QueryValue] | None = None,
    body: object = None,
    idempotent: bool | None = None,
) -> Request:
    """Build a request that is no operation of the API's document.

    Args:
        method: The HTTP method.
        path: A path that begins with ``/``, quoted where it needs to be, without a query.
        query: Query parameters.
        body: What to send as JSON; ``None`` sends no body.
        idempotent: Whether it may be sent twice without harm; by default so for GET and HEAD.

    Raises:
        ValueError: If the method or path cannot be sent as it is.
    """
    if not re.fullmatch(r"[A-Za-z]+", method):
        raise ValueError("method must be the name of an HTTP method")
    if not re.fullmatch(r"/|(/([!$&'()*+,;=:@\w.~-]|%[0-9A-Fa-f]{2})+)+/?", path, re.ASCII):
        raise ValueError("path must begin with /, be quoted, and hold no query: pass query={...}")
    if any(unquote(segment) in {".", ".."} for segment in path.split("/")):
        raise ValueError("path must not hold the segments '.' or '..'")
    method = method.upper()
    return Request(
        method=method,
        # The path may hold ids, which neither logs nor errors may show.
        route="(a path of the caller's)",
        target=path + encode_query(query),
        body=None if body is None else msgspec.json.encode(body),
        content_type=None if body is None else "application/json",
        idempotent=method in {"GET", "HEAD"} if idempotent is None else idempotent,
    )


def storage_request(method: str, transfer: Transfer) -> Request:
    """Build a request to an address that the API gave for an upload.

    Args:
        method: The HTTP method that goes with the address.
        transfer: The content, the address, and its headers.

    Raises:
        ValueError: If the address is neither https nor http to this machine, or its headers tell another size
            than the content has.
    """
    validate_upload_url(transfer.address or "")
    lengths = [value for name, value in transfer.headers.items() if name.lower() == "content-length"]
    if transfer.content is not None and lengths and lengths != [str(transfer.content.size)]:
        raise ValueError(f"{lengths[0]} bytes were announced, and the source has {transfer.content.size}")
    return Request(
        method=method.upper(),
        # The address is a secret: whoever has it may write there.
        route="(an upload address)",
        target="",
        # Writing the same bytes to the same place twice leaves them there once.
        idempotent=True,
        authenticated=False,
        transfer=transfer,
    )


def quote_path_argument(name: str, value: PathValue) -> str:
    """Quote one path argument so that it stays one segment, whatever characters it holds.

    Raises:
        ValueError: If it is empty, ``.``, ``..`` or holds control characters: such a segment would name
            another path than the one that was meant.
        TypeError: If it is neither a string nor an integer.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError(f"{name} must be a string or an integer, not {type(value).__name__}")
    text = _text(value)
    if text in {"", ".", ".."}:
        raise ValueError(f"{name} must not be empty, '.' or '..'")
    refuse_control_characters(name, text)
    return _quoted(text)


def encode_query(query: Mapping[str, QueryValue] | None) -> str:
    """Encode query parameters, with the leading ``?``; ``""`` where there are none."""
    pairs = [
        f"{_quoted(name)}={_quoted(_text(value))}"
        for name, values in (query or {}).items()
        if values is not None
        for value in _several(values)
    ]
    return "?" + "&".join(pairs) if pairs else ""


def _quoted(text: str) -> str:
    # Most are words and numbers, which quoting takes many times as long to leave as they are.
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


def _several(values: Scalar | Iterable[Scalar]) -> Iterable[Scalar]:
    if isinstance(values, (bytes, Mapping)):
        raise TypeError("a query value must be a string, a number, a boolean, or several of them")
    return [values] if isinstance(values, (str, int, float)) else values


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # The methods of the base types, since those of an enumeration name the member and not its value.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    raise TypeError(f"a query value must be a string, a number or a boolean, not {type(value).__name__}")


_arrivals = itertools.count()


class Call:
    """One request on its way through its attempts.

    Attributes:
        request: What is sent.
        order: Its place among all calls. A call that is tried again comes before those that began later.
        attempts: How many attempts were begun; one that ended before its turn came is none.
        deadline: When the whole call must have ended, on the monotonic clock; ``None`` for never.
    """

    __slots__ = ("attempts", "deadline", "order", "request")

    def __init__(self, request: Request, deadline: float | None) -> None:
        self.request = request
        self.order = next(_arrivals)
        self.attempts = 0
        self.deadline = deadline

    @property
    def context(self) -> RequestContext:
        """The request as errors name it, with the attempts begun until now."""
        request = self.request
        return RequestContext(request.method, request.route, request.operation, self.attempts)
