"""Asyncio client for the Sessionboard Public API: typed, streaming, within the rate limits.

::

    from sessionboard_async import AsyncSession

    async with AsyncSession("TOKEN", region="eu") as sb:
        async for talk in sb.sessions.search(4630, status="accepted"):
            print(talk.title)
"""

from msgspec import UNSET, UnsetType

from sessionboard_async._version import __version__
from sessionboard_async.client import AsyncSession
from sessionboard_async.core.http.base_url import Region
from sessionboard_async.core.http.files import Download
from sessionboard_async.core.http.response import Response
from sessionboard_async.core.options import RateLimits, Retry, Timeout
from sessionboard_async.core.page import Page, Pagination
from sessionboard_async.core.pagination.checkpoint import Checkpoint
from sessionboard_async.core.pagination.pager import Consistency, Pager, PagerOptions
from sessionboard_async.core.rate_limits.limiter import Budget
from sessionboard_async.core.waits import CallWait
from sessionboard_async.errors import (
    APIError,
    AttemptTimeoutError,
    AuthenticationError,
    BadRequestError,
    BulkInterruptedError,
    ClientClosedError,
    ClientStateError,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DailyQuotaExceeded,
    DeadlineExceededError,
    DecodeError,
    EqualTimestampsError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    RateLimitStoreError,
    RateLimitWaitExceeded,
    RedirectError,
    ResponseError,
    ResponseTooLargeError,
    ServerError,
    SessionboardError,
    StorageError,
    TransportError,
    UnprocessableError,
    WrongEventLoopError,
)
from sessionboard_async.services._common.bulk import Create, Delete, Update
from sessionboard_async.services._common.datetimes import Timestamp
from sessionboard_async.services._common.filters import (
    Expansion,
    FieldSearch,
    RecordSearch,
    SessionStatusName,
    Sort,
    StatusSearch,
    StatusSort,
)
from sessionboard_async.services._common.proof_keys import code_challenge

__all__ = [
    "UNSET",
    "APIError",
    "AsyncSession",
    "AttemptTimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Budget",
    "BulkInterruptedError",
    "CallWait",
    "Checkpoint",
    "ClientClosedError",
    "ClientStateError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "Consistency",
    "Create",
    "DailyQuotaExceeded",
    "DeadlineExceededError",
    "DecodeError",
    "Delete",
    "Download",
    "EqualTimestampsError",
    "Expansion",
    "FieldSearch",
    "NotFoundError",
    "Page",
    "Pager",
    "PagerOptions",
    "Pagination",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimitStoreError",
    "RateLimitWaitExceeded",
    "RateLimits",
    "RecordSearch",
    "RedirectError",
    "Region",
    "Response",
    "ResponseError",
    "ResponseTooLargeError",
    "Retry",
    "ServerError",
    "SessionStatusName",
    "SessionboardError",
    "Sort",
    "StatusSearch",
    "StatusSort",
    "StorageError",
    "Timeout",
    "Timestamp",
    "TransportError",
    "UnprocessableError",
    "UnsetType",
    "Update",
    "WrongEventLoopError",
    "__version__",
    "code_challenge",
]
