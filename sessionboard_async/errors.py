"""Every error this package raises for its own reasons.

::

    SessionboardError
    ├── ConfigurationError            token, region, base URL or an option cannot be used   (ValueError)
    ├── ClientStateError             the session cannot be used now                        (RuntimeError)
    │   ├── ClientClosedError            it was closed
    │   └── WrongEventLoopError           it belongs to another event loop
    ├── TransportError                no complete answer came back
    │   ├── ConnectError                  no connection: the request surely did not arrive
    │   ├── ConnectionLostError           the connection broke: the request may have arrived
    │   └── AttemptTimeoutError           one attempt took too long                         (TimeoutError)
    ├── BulkInterruptedError          a batch failed after others had been answered
    ├── RateLimitWaitExceeded         the call would wait for the rate limit longer than it may
    ├── RateLimitStoreError           the store of the shared rate limits does not answer
    ├── DeadlineExceededError         the whole call, waits included, took too long         (TimeoutError)
    ├── APIError                      the API answered with a status that is no success
    │   ├── RedirectError                 3xx: redirects are never followed
    │   ├── BadRequestError               400
    │   ├── AuthenticationError           401
    │   ├── PermissionDeniedError         403
    │   ├── NotFoundError                 404
    │   ├── ConflictError                 409
    │   ├── UnprocessableError            422
    │   ├── RateLimitError                429
    │   │   └── DailyQuotaExceeded            the writes of the day are used up
    │   ├── ServerError                   5xx
    │   └── StorageError                  the storage behind an upload address refused, and not the API
    └── ResponseError                 an answer came, and cannot be used
        ├── DecodeError                   it does not fit what the operation promises
        ├── ResponseTooLargeError         it is larger than the session allows
        └── PaginationError               its pages contradict what was asked, or cannot all be reached
            └── EqualTimestampsError          records with equal timestamps could not all be read

A wrong argument (a naive datetime, an unknown sort, an empty id) is a plain ``ValueError`` or ``TypeError``,
raised before any request. Every error here pickles. None holds the token, a query value or a body, but for
the API's own sentence about an error, which is cut to 500 characters and of which the token is blotted out.
"""

from __future__ import annotations

from datetime import datetime

from sessionboard_async.models.bulk import BulkResult


class SessionboardError(Exception):
    """The root of all errors of this package.

    Attributes:
        message: What happened and what to do.
        method: The HTTP method, where a request was involved.
        route: The path template (``/v1/event/{event_id}/sessions``), never the ids in it.
        operation: The ``operationId`` of the API's document, where there is one.
        attempts: How many times the request was sent, or tried to be.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.method = method
        self.route = route
        self.operation = operation
        self.attempts = attempts

    def __str__(self) -> str:
        where = f"{self.method} {self.route}: " if self.method else ""
        notes = ", ".join(self._notes())
        return f"{where}{self.message}" + (f" ({notes})" if notes else "")

    def _notes(self) -> list[str]:
        return [f"after {self.attempts} attempts"] if self.attempts > 1 else []


class ConfigurationError(SessionboardError, ValueError):
    """A token, region, base URL or option that cannot be used."""


class ClientStateError(SessionboardError, RuntimeError):
    """The session cannot be used in the state it is in."""


class ClientClosedError(ClientStateError):
    """The session was closed before this call."""


class WrongEventLoopError(ClientStateError):
    """The session was opened in another event loop than the one that uses it now."""


class TransportError(SessionboardError):
    """No complete answer came back."""


class ConnectError(TransportError):
    """No connection could be made, so the request surely did not arrive.

    Attributes:
        transient: Whether trying again may help; a refused certificate stays refused.
    """

    def __init__(
        self,
        message: str,
        *,
        transient: bool = True,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, method=method, route=route, operation=operation, attempts=attempts)
        self.transient = transient


class ConnectionLostError(TransportError):
    """The connection broke before the answer was complete; the request may have arrived."""


class AttemptTimeoutError(TransportError, TimeoutError):
    """One attempt took longer than ``Timeout.attempt``; the request may have arrived."""


class DeadlineExceededError(SessionboardError, TimeoutError):
    """The whole call took longer than ``Timeout.total``, all attempts and waits together."""


class RateLimitWaitExceeded(SessionboardError):  # noqa: N818  # what happened, and no mistake
    """The call would have to wait for the rate limit longer than it may; nothing was sent for it.

    Attributes:
        category: Whose budget is used up.
        seconds: How long it would have to wait.
        limit: How many requests a window holds.
        reset: When the window has surely ended; ``None`` where that is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        category: str | None = None,
        seconds: float = 0.0,
        limit: int | None = None,
        reset: datetime | None = None,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, method=method, route=route, operation=operation, attempts=attempts)
        self.category = category
        self.seconds = seconds
        self.limit = limit
        self.reset = reset


class RateLimitStoreError(SessionboardError):
    """The store of the shared rate limits does not answer, and ``on_store_error`` is ``"raise"``."""


class BulkInterruptedError(SessionboardError):
    """A batch of a bulk job failed after others had been answered; what failed is its ``__cause__``.

    Attributes:
        result: What became of each operation, as far as it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        result: BulkResult | None = None,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, method=method, route=route, operation=operation, attempts=attempts)
        self.result = BulkResult() if result is None else result


class APIError(SessionboardError):
    """The API answered with a status that is no success.

    Attributes:
        status: The HTTP status.
        code: What the API calls the error (``"NotFoundError"``), where it says so.
        api_message: The API's own sentence about it, where there is one.
        request_id: The id under which the API logged the request, where it sends one.
        retry_after: Seconds after which the API asks to try again, where it says so.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str | None = None,
        api_message: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, method=method, route=route, operation=operation, attempts=attempts)
        self.status = status
        self.code = code
        self.api_message = api_message
        self.request_id = request_id
        self.retry_after = retry_after

    def _notes(self) -> list[str]:
        notes = super()._notes()
        if self.retry_after is not None:
            notes.append(f"the server asks to wait {self.retry_after:g} s")
        if self.request_id:
            notes.append(f"request id {self.request_id}")
        return notes


class RedirectError(APIError):
    """The API answered with a redirect, which is never followed: it could carry the token elsewhere."""


class BadRequestError(APIError):
    """400: the API refused an argument."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or revoked, or belongs to the other region."""


class PermissionDeniedError(APIError):
    """403: the token lacks a scope, or the feature is not enabled for the event or organization."""


class NotFoundError(APIError):
    """404: there is no such event or record, or the token may not see it."""


class ConflictError(APIError):
    """409: the record changed in the meantime, or its state forbids the change."""


class UnprocessableError(APIError):
    """422: the request is well-formed, and cannot be carried out as things stand."""


class RateLimitError(APIError):
    """429: the rate limit or the daily quota is used up."""


class DailyQuotaExceeded(RateLimitError):  # noqa: N818  # what happened, and no mistake
    """429: the writes of the day are used up. It is raised at once, and never waited for.

    Attributes:
        reset: When the quota is renewed; ``None`` where the server did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        reset: datetime | None = None,
        status: int = 429,
        code: str | None = None,
        api_message: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(
            message,
            status=status,
            code=code,
            api_message=api_message,
            request_id=request_id,
            retry_after=retry_after,
            method=method,
            route=route,
            operation=operation,
            attempts=attempts,
        )
        self.reset = reset


class ServerError(APIError):
    """5xx: the API failed."""


class StorageError(APIError):
    """The storage that an upload address leads to refused what was sent."""


class ResponseError(SessionboardError):
    """An answer came, and cannot be used."""


class DecodeError(ResponseError):
    """An answer does not fit what the operation promises, even when read leniently.

    Attributes:
        page: The page it was on, for a paginated operation.
        index: The record's place on that page, from 0.
        record_id: The record's id, where it could be read.
        path: Where in the record: a JSON path such as ``$.speakers[0].order``.
    """

    def __init__(
        self,
        message: str,
        *,
        page: int | None = None,
        index: int | None = None,
        record_id: str | None = None,
        path: str | None = None,
        method: str | None = None,
        route: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, method=method, route=route, operation=operation, attempts=attempts)
        self.page = page
        self.index = index
        self.record_id = record_id
        self.path = path

    def _notes(self) -> list[str]:
        named = (
            ("operation", self.operation),
            ("page", self.page),
            ("index", self.index),
            ("record", self.record_id),
            ("at", self.path),
        )
        return super()._notes() + [f"{name} {value}" for name, value in named if value is not None]


class ResponseTooLargeError(ResponseError):
    """An answer is larger, after decompression, than ``max_response_bytes``."""


class PaginationError(ResponseError):
    """The pages of an answer contradict what was asked, or lie past the last page the API serves."""


class EqualTimestampsError(PaginationError):
    """More records have the same creation time than could be read completely.

    Either the API returned them in another order on every attempt, or there are more than the 99,900 records
    that one search can reach. Try again, or filter (by status, for example) so that fewer match.
    """
