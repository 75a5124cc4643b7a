"""Requests as plain data, built from an endpoint and its arguments. No I/O."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from urllib.parse import quote, unquote

import msgspec

from sessionboard_async.core.endpoint import Endpoint
from sessionboard_async.core.http.base_url import refuse_control_characters, validate_upload_url
from sessionboard_async.core.http.transfers.transfer import Transfer
from sessionboard_async.errors import RequestContext

Scalar = str | int | float | bool
QueryValue = Scalar | Iterable[Scalar] | None
"""The value of a query parameter: ``None`` leaves it out, several values repeat it."""

PathValue = str | int | None
"""An id. ``None``, which the id of a record may be, is refused when the request is built."""


_WORD = re.compile(r"[\w-]+", re.ASCII)
"""A text that is the same when it is quoted."""


class Priority(IntEnum):
    """The order of requests that wait for the rate limit: interactive ones go first."""

    INTERACTIVE = 0
    BULK = 1


class Request(msgspec.Struct, frozen=True):
    """A request, with the facts that the engine needs to send it.

    Attributes:
        method: The HTTP method.
        route: The path template, which logs and errors may show.
        target: The quoted path and query.
        body: The bytes to send.
        content_type: The media type of the body.
        operation: The ``operationId``; ``None`` for a request outside the API's document.
        idempotent: Whether it may be sent twice without harm.
        limit: The rate-limit category that it counts against; ``None`` if none is documented.
        daily_quota: Whether it also counts against the daily quota of writes.
        priority: Interactive for a single call, bulk for one of many.
        authenticated: Whether the token is sent with it.
        secrets: Texts that are removed from errors, in case the server echoes them.
        transfer: The streamed content, if body or answer is not held in memory.
        on_attempt: Called before each attempt, once the rate limit lets it pass.
    """

    method: str
    route: str
    target: str
    body: bytes | None = None
    content_type: str | None = None
    operation: str | None = None
    idempotent: bool = False
    limit: str | None = None
    daily_quota: bool = False
    priority: Priority = Priority.INTERACTIVE
    authenticated: bool = True
    secrets: tuple[str, ...] = ()
    transfer: Transfer | None = None
    on_attempt: Callable[[], object] | None = None

    def __repr__(self) -> str:
        # The other fields may have ids, personal data and secrets.
        return f"<Request {self.method} {self.route}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("method", self.method), ("route", self.route)]

    @property
    def goes_to_storage(self) -> bool:
        """Whether it is sent to an upload address instead of the API."""
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
    on_attempt: Callable[[], object] | None = None,
) -> Request:
    """Build the request of an operation.

    Args:
        endpoint: The operation.
        path: The values of the path arguments.
        query: Query parameters. ``None`` leaves one out, several values repeat it.
        body: The value to send as JSON; ``None`` sends no body.
        secrets: Texts that are removed from errors.
        transfer: The streamed content.
        priority: Interactive for a single call, bulk for one of many.
        on_attempt: Called before each attempt, once the rate limit lets it pass.

    Raises:
        ValueError: If a path argument is empty, ``.``, ``..`` or holds control characters.
        TypeError: If a path argument is neither a string nor an integer, or the body cannot become JSON.
    """
    target = endpoint.path.format_map(
        {name: quote_path_argument(name, value) for name, value in path.items()}
    )
    return Request(
        method=endpoint.method,
        route=endpoint.path,
        target=target if query is None else target + encode_query(query),
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
        on_attempt=on_attempt,
    )


def custom_request(
    method: str,
    path: str,
    *,
    query: Mapping[str, QueryValue] | None = None,
    body: object = None,
    idempotent: bool | None = None,
) -> Request:
    """Build a request outside the API's document.

    Args:
        method: The HTTP method.
        path: A quoted path that begins with ``/``, without a query.
        query: Query parameters. ``None`` leaves one out, several values repeat it.
        body: The value to send as JSON; ``None`` sends no body.
        idempotent: Whether it may be sent twice without harm; by default true for GET and HEAD.

    Raises:
        ValueError: If the method is no name, or the path is not quoted or has a query.
    """
    if not re.fullmatch(r"[A-Za-z]+", method):
        raise ValueError("method must be the name of an HTTP method")
    if not re.fullmatch(r"/|(/([!$&'()*+,;=:@\w.~-]|%[0-9A-Fa-f]{2})+)+/?", path, re.ASCII):
        raise ValueError("path must begin with /, be quoted, and have no query: pass query={...}")
    if any(unquote(segment) in {".", ".."} for segment in path.split("/")):
        raise ValueError("path must not have the segments '.' or '..'")
    method = method.upper()
    return Request(
        method=method,
        # The path may have ids, which neither logs nor errors may show.
        route="(a custom path)",
        target=path + encode_query(query),
        body=None if body is None else msgspec.json.encode(body),
        content_type=None if body is None else "application/json",
        idempotent=method in {"GET", "HEAD"} if idempotent is None else idempotent,
    )


def storage_request(method: str, transfer: Transfer) -> Request:
    """Build a request to an upload address.

    Args:
        method: The HTTP method for the address.
        transfer: The content, the address and its headers.

    Raises:
        ValueError: If the address is neither https nor http to this machine, or its ``Content-Length`` is not
            the size of the content.
    """
    validate_upload_url(transfer.address or "")
    lengths = [value for name, value in transfer.headers.items() if name.lower() == "content-length"]
    if transfer.content is not None and lengths and lengths != [str(transfer.content.size)]:
        raise ValueError(
            f"the source has {transfer.content.size} bytes, but the upload was announced with {lengths[0]}"
        )
    return Request(
        method=method.upper(),
        # The address is a secret: it grants the right to write there.
        route="(an upload address)",
        target="",
        # Writing the same bytes to the same address twice has the effect of writing them once.
        idempotent=True,
        authenticated=False,
        transfer=transfer,
    )


def validate_path_argument(name: str, value: PathValue) -> str:
    """Return a path argument as text.

    Raises:
        ValueError: If it is empty, ``.`` or ``..``, which would change the path, or has control characters.
        TypeError: If it is neither a string nor an integer.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError(f"{name} must be a string or an integer, not {type(value).__name__}")
    text = _text(value)
    if text in {"", ".", ".."}:
        raise ValueError(f"{name} must not be empty, '.' or '..'")
    refuse_control_characters(name, text)
    return text


def quote_path_argument(name: str, value: PathValue) -> str:
    """Validate and quote a path argument, so that it stays one segment."""
    if type(value) is int:
        return str(value)
    if type(value) is str and _WORD.fullmatch(value):
        return value
    return _quoted(validate_path_argument(name, value))


def encode_query(query: Mapping[str, QueryValue] | None) -> str:
    """Encode query parameters, with a leading ``?``. Without parameters the result is ``""``."""
    if not query:
        return ""
    pairs = [
        f"{_quoted(name)}={_quoted(_text(value))}"
        for name, values in query.items()
        if values is not None
        for value in _several(values)
    ]
    return "?" + "&".join(pairs) if pairs else ""


def _quoted(text: str) -> str:
    # Most values are words, numbers and ids. `quote` is many times slower than this test.
    return text if _WORD.fullmatch(text) else quote(text, safe="")


def _several(values: Scalar | Iterable[Scalar]) -> Iterable[Scalar]:
    if isinstance(values, (bytes, Mapping)):
        raise TypeError("a query value must be a string, a number, a boolean, or several of them")
    return [values] if isinstance(values, (str, int, float)) else values


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # The methods of the base types: those of an enumeration return the name of the member, not its value.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    raise TypeError(f"a query value must be a string, a number or a boolean, not {type(value).__name__}")


_arrivals = itertools.count()


class Call:
    """A request and the state of its attempts.

    Attributes:
        request: The request.
        order: The position among all calls. A retry goes before calls that began later.
        began: When the call began, by ``time.perf_counter``.
        attempts: How many attempts were begun. Waiting for the rate limit begins none.
        deadline: The time on the monotonic clock by which the call must end; ``None`` for no limit. It moves
            by as long as the call waits for the rate limit.
        timer: Ends the attempt under way, and what comes before it, when it takes too long; ``None`` before.
        is_held_back: Whether the rate limiter delays the next attempt, after a refusal of the last one.
        is_attempt_timed: Whether that timer is set to the end of the attempt, which is before the deadline.
    """

    __slots__ = (
        *("attempts", "began", "deadline", "is_attempt_timed", "is_held_back", "order", "request", "timer"),
    )

    def __init__(self, request: Request, deadline: float | None) -> None:
        self.request: Request = request
        self.order: int = next(_arrivals)
        self.began: float = time.perf_counter()
        self.attempts: int = 0
        self.deadline: float | None = deadline
        self.timer: asyncio.Timeout | None = None
        self.is_attempt_timed: bool = False
        self.is_held_back: bool = False

    @property
    def is_timed_out(self) -> bool:
        """Whether the attempt took longer than it may, before the call did."""
        return self.is_attempt_timed and self.timer is not None and self.timer.expired()

    @property
    def context(self) -> RequestContext:
        """The request as errors name it, with the attempts begun so far."""
        request = self.request
        return RequestContext(request.method, request.route, request.operation, self.attempts)
