"""The exceptions of this package.

::

    SessionboardError
    ├── ConfigurationError            the token, region, base URL or an option is invalid   (ValueError)
    ├── ClientStateError              the client cannot be used now                         (RuntimeError)
    │   ├── ClientClosedError             it is closed
    │   └── WrongEventLoopError           it belongs to another event loop
    ├── TransportError                no complete answer arrived
    │   ├── ConnectError                  no connection: the request did not arrive
    │   ├── ConnectionLostError           the connection broke: the request may have arrived
    │   └── AttemptTimeoutError           one attempt took too long                         (TimeoutError)
    ├── BulkInterruptedError          a bulk call failed after earlier batches had been answered
    ├── RateLimitWaitExceeded         the call would wait for the rate limit longer than allowed
    ├── RateLimitStoreError           the store of the shared rate limits does not answer
    ├── DeadlineExceededError         the whole call, retries included, took too long       (TimeoutError)
    ├── StatusError                   an answer has an error status
    │   ├── StorageError                  the storage behind an upload address refused, not the API
    │   └── APIError                      the API refused or failed
    │       ├── RedirectError                 3xx: redirects are never followed
    │       ├── BadRequestError               400
    │       ├── AuthenticationError           401
    │       ├── PermissionDeniedError         403
    │       ├── NotFoundError                 404
    │       ├── ConflictError                 409
    │       ├── UnprocessableError            422
    │       ├── RateLimitError                429
    │       │   └── DailyQuotaExceeded            the daily quota of writes is used up
    │       └── ServerError                   5xx
    └── ResponseError                 an answer arrived that cannot be used
        ├── DecodeError                   it is no JSON, or does not match the operation's schema
        ├── ResponseTooLargeError         it is larger than the client allows
        └── PaginationError               its pages contradict the request, or cannot all be reached
            └── EqualTimestampsError          records with equal timestamps could not all be read

An invalid argument (a naive datetime, an unknown sort, an empty id) is a plain ``ValueError`` or
``TypeError``, raised before any request. Every exception here pickles. None shows the token, a query value, a
control character or a body, except the API's own message, cut to 500 characters and without the token.
"""

from __future__ import annotations

from datetime import datetime

from sessionboard_async._answered import ErrorResponse
from sessionboard_async._printable import printable
from sessionboard_async._request_context import RequestContext as RequestContext
from sessionboard_async.models.bulk import BulkResult


class SessionboardError(Exception):
    """The base class of all exceptions of this package.

    Args:
        message: What happened and what to do.
        context: The request that the error is about, if any.

    Attributes:
        message: What happened and what to do.
        context: The request that the error is about; ``None`` where no request was involved.
        response: Status, headers, request id and time of the answer; ``None`` where none came.
    """

    response: ErrorResponse = ErrorResponse()

    def __init__(self, message: str, *, context: RequestContext | None = None) -> None:
        self.message: str = printable(message)  # It may quote what the API sent.
        super().__init__(self.message)
        self.context: RequestContext | None = context

    @property
    def method(self) -> str | None:
        """The HTTP method; ``None`` where no request was involved."""
        return None if self.context is None else self.context.method

    @property
    def route(self) -> str | None:
        """The path template (``/v1/event/{event_id}/sessions``), without the ids of the request."""
        return None if self.context is None else self.context.route

    @property
    def operation(self) -> str | None:
        """The ``operationId`` of the API's document, where there is one."""
        return None if self.context is None else self.context.operation

    @property
    def attempts(self) -> int:
        """How many attempts were begun."""
        return 0 if self.context is None else self.context.attempts

    def __str__(self) -> str:
        where = f"{self.method} {self.route}: " if self.context else ""
        notes = printable(", ".join(self._notes()))
        return f"{where}{self.message}" + (f" ({notes})" if notes else "")

    def _notes(self) -> list[str]:
        return [f"after {self.attempts} attempts"] if self.attempts > 1 else []


class ConfigurationError(SessionboardError, ValueError):
    """A token, region, base URL or option is invalid."""


class ClientStateError(SessionboardError, RuntimeError):
    """The client cannot be used in its present state."""


class ClientClosedError(ClientStateError):
    """The client is closed."""


class WrongEventLoopError(ClientStateError):
    """The client was opened in another event loop than the running one, or no event loop runs."""


class TransportError(SessionboardError):
    """No complete answer arrived."""


class ConnectError(TransportError):
    """No connection could be made, so the request did not arrive.

    Attributes:
        transient: Whether a retry may help. ``False`` for a refused certificate, for example.
    """

    def __init__(
        self, message: str, *, transient: bool = True, context: RequestContext | None = None
    ) -> None:
        super().__init__(message, context=context)
        self.transient: bool = transient


class ConnectionLostError(TransportError):
    """The connection broke before the answer was complete. The request may have arrived."""


class AttemptTimeoutError(TransportError, TimeoutError):
    """One attempt, or a pause in a transfer, outlasted ``Timeout.attempt``. The request may have arrived."""


class DeadlineExceededError(SessionboardError, TimeoutError):
    """The call took longer than ``Timeout.total``, waits for the rate limit not counted."""


class RateLimitWaitExceeded(SessionboardError):  # noqa: N818  # the public name
    """The call would have to wait for the rate limit longer than allowed. This attempt was not sent.

    Attributes:
        category: The rate-limit category whose budget is used up.
        seconds: The seconds that the call would have to wait.
        limit: How many requests a window allows.
        reset: When the window has ended at the latest; ``None`` where that is not known.
    """

    def __init__(
        self,
        message: str,
        *,
        category: str | None = None,
        seconds: float = 0.0,
        limit: int | None = None,
        reset: datetime | None = None,
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(message, context=context)
        self.category: str | None = category
        self.seconds: float = seconds
        self.limit: int | None = limit
        self.reset: datetime | None = reset


class RateLimitStoreError(SessionboardError):
    """The store of the shared rate limits does not answer, and ``on_store_error`` is ``"raise"``."""


class BulkInterruptedError(SessionboardError):
    """A bulk call failed after earlier batches had been answered. ``__cause__`` is the failure.

    Attributes:
        result: The outcome of each operation, as far as it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        result: BulkResult | None = None,
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(message, context=context)
        self.result: BulkResult = BulkResult() if result is None else result


class StatusError(SessionboardError):
    """An answer with an error status: from the API, or from the storage behind an upload address.

    Attributes:
        status: The HTTP status.
        request_id: The id under which the server logged the request, if it sent one.
        retry_after: The seconds after which the server asks to retry, if it sent them.
    """

    # Not among the variables: pickles, and reports of errors that show those, leave it out.
    __slots__ = ("_body",)

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: bytes = b"",
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(message, context=context)
        self._body: bytes = body
        self.status: int = status
        self.request_id: str | None = request_id
        self.retry_after: float | None = retry_after

    @property
    def body(self) -> bytes:
        """The decompressed bytes of the answer, which may hold anything; a copy or pickle has none."""
        return self._body

    def _notes(self) -> list[str]:
        notes = super()._notes()
        if self.retry_after is not None:
            notes.append(f"the server asks to wait {self.retry_after:g} s")
        if self.request_id:
            notes.append(f"request id {self.request_id}")
        return notes


class StorageError(StatusError):
    """The storage behind an upload address refused the upload. The API was not asked."""


class APIError(StatusError):
    """The API answered with an error status.

    Attributes:
        code: The API's name of the error (``"NotFoundError"``), if it sent one.
        api_message: The API's own message, if it sent one.
        from_api: Whether the answer is a JSON object with ``error``, ``message``, ``code`` or ``errors``. The
            page of a proxy, a firewall or a login is not, and says nothing about the event or record.
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
        from_api: bool = False,
        body: bytes = b"",
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(
            message, status=status, request_id=request_id, retry_after=retry_after, body=body, context=context
        )
        self.code: str | None = code
        self.api_message: str | None = api_message
        self.from_api: bool = from_api


class RedirectError(APIError):
    """3xx: the API answered with a redirect, which is not followed: it could send the token elsewhere."""


class BadRequestError(APIError):
    """400: the API refused an argument."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or revoked, or belongs to the other region."""


class PermissionDeniedError(APIError):
    """403: the token lacks a scope, or the feature is not enabled for the event or organization."""


class NotFoundError(APIError):
    """404: there is no such event or record, or the token may not see it."""


class ConflictError(APIError):
    """409: the record changed since it was read, or its state forbids the change."""


class UnprocessableError(APIError):
    """422: the request is well-formed but cannot be carried out in the present state."""


class RateLimitError(APIError):
    """429: the rate limit or the daily quota is used up."""


class DailyQuotaExceeded(RateLimitError):  # noqa: N818  # the public name
    """429: the daily quota of writes is used up. Raised at once: the client does not wait for the next day.

    Attributes:
        reset: When the quota is renewed; ``None`` where that is not known.
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
        from_api: bool = False,
        body: bytes = b"",
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(
            message,
            status=status,
            code=code,
            api_message=api_message,
            request_id=request_id,
            retry_after=retry_after,
            from_api=from_api,
            body=body,
            context=context,
        )
        self.reset: datetime | None = reset


class ServerError(APIError):
    """5xx: the API failed."""


class ResponseError(SessionboardError):
    """An answer arrived that cannot be used."""


class DecodeError(ResponseError):
    """An answer is no JSON, or does not match the schema of the operation, even with lenient decoding.

    Attributes:
        transient: Whether a retry may help: the answer is no JSON at all, like the page of a proxy or an
            answer that breaks off.
        reports_failure: Whether the answer, in spite of its status, reports that the request failed.
        page: The number of the page, for a paginated operation.
        index: The position of the record on that page, from 0.
        record_id: The id of the record, where it could be read.
        path: The place in the record, as a JSON path such as ``$.speakers[0].order``.
    """

    def __init__(
        self,
        message: str,
        *,
        page: int | None = None,
        index: int | None = None,
        record_id: str | None = None,
        path: str | None = None,
        transient: bool = False,
        reports_failure: bool = False,
        context: RequestContext | None = None,
    ) -> None:
        super().__init__(message, context=context)
        self.transient: bool = transient
        self.reports_failure: bool = reports_failure
        self.page: int | None = page
        self.index: int | None = index
        self.record_id: str | None = record_id
        self.path: str | None = path

    def _notes(self) -> list[str]:
        values = (self.operation, self.page, self.index, self.record_id, self.path)
        named = zip(("operation", "page", "index", "record", "at"), values, strict=True)
        return super()._notes() + [f"{name} {value}" for name, value in named if value is not None]


class ResponseTooLargeError(ResponseError):
    """An answer is larger, after decompression, than ``max_response_bytes``."""


class PaginationError(ResponseError):
    """The pages of an answer contradict the request, or lie past the last page that the API serves."""


class EqualTimestampsError(PaginationError):
    """More records have the same creation time than could be read completely.

    Either the API returned them in another order on every attempt, or there are more than the 99,900 records
    that one search can reach. Try again, or filter (by status, for example) so that fewer match.
    """
