"""Asyncio client for the Sessionboard Public API: typed, streaming, within the rate limits.

::

    from sessionboard_async import AsyncSession

    async with AsyncSession("TOKEN", region="eu") as sb:
        async for talk in sb.sessions.search(4630, status="accepted"):
            print(talk.title)
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sessionboard_async._lazy import lazy_names
from sessionboard_async._printable import escape_record
from sessionboard_async._version import __version__

if TYPE_CHECKING:
    from msgspec import UNSET, UnsetType

    from sessionboard_async._answered import Answered, ResponseInfo
    from sessionboard_async._request_context import RequestContext
    from sessionboard_async.client import AsyncSession
    from sessionboard_async.core.decoding.pages import OnInvalid
    from sessionboard_async.core.http.base_url import Region
    from sessionboard_async.core.http.response import Response
    from sessionboard_async.core.http.transfers.transfer import Download
    from sessionboard_async.core.options import Cache, RateLimits, Retry, SharedRateLimits, Timeout
    from sessionboard_async.core.page import Page, Pagination, UnreadableField
    from sessionboard_async.core.pagination.checkpoints.checkpoint import Checkpoint
    from sessionboard_async.core.pagination.pager import Consistency, Pager, PagerOptions
    from sessionboard_async.core.pagination.prefetch import PrefetchDepth
    from sessionboard_async.core.pagination.streams import PageStream, RecordStream
    from sessionboard_async.core.rate_limits.budget import Budget
    from sessionboard_async.core.rate_limits.limiter import Limits
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
        StatusError,
        StorageError,
        TransportError,
        UnprocessableError,
        WrongEventLoopError,
    )
    from sessionboard_async.models.bulk import BulkResult
    from sessionboard_async.services._common.bulk.operations import Create, Delete, Update
    from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes
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
    from sessionboard_async.services._with_response import AnsweringServices

__all__ = [
    "UNSET",
    "APIError",
    "Answered",
    "AnsweringServices",
    "AsyncSession",
    "AttemptTimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Budget",
    "BulkInterruptedError",
    "BulkOutcomes",
    "BulkResult",
    "Cache",
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
    "Limits",
    "NotFoundError",
    "OnInvalid",
    "Page",
    "PageStream",
    "Pager",
    "PagerOptions",
    "Pagination",
    "PaginationError",
    "PermissionDeniedError",
    "PrefetchDepth",
    "RateLimitError",
    "RateLimitStoreError",
    "RateLimitWaitExceeded",
    "RateLimits",
    "RecordSearch",
    "RecordStream",
    "RedirectError",
    "Region",
    "RequestContext",
    "Response",
    "ResponseError",
    "ResponseInfo",
    "ResponseTooLargeError",
    "Retry",
    "ServerError",
    "SessionStatusName",
    "SessionboardError",
    "SharedRateLimits",
    "Sort",
    "StatusError",
    "StatusSearch",
    "StatusSort",
    "StorageError",
    "Timeout",
    "Timestamp",
    "TransportError",
    "UnprocessableError",
    "UnreadableField",
    "UnsetType",
    "Update",
    "WrongEventLoopError",
    "__version__",
    "code_challenge",
]

_MODULES = {
    "APIError": "errors",
    "Answered": "_answered",
    "AnsweringServices": "services._with_response",
    "AsyncSession": "client",
    "AttemptTimeoutError": "errors",
    "AuthenticationError": "errors",
    "BadRequestError": "errors",
    "Budget": "core.rate_limits.budget",
    "BulkInterruptedError": "errors",
    "BulkOutcomes": "services._common.bulk.outcomes",
    "BulkResult": "models.bulk",
    "Cache": "core.options",
    "CallWait": "core.waits",
    "Checkpoint": "core.pagination.checkpoints.checkpoint",
    "ClientClosedError": "errors",
    "ClientStateError": "errors",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "ConnectError": "errors",
    "ConnectionLostError": "errors",
    "Consistency": "core.pagination.pager",
    "Create": "services._common.bulk.operations",
    "DailyQuotaExceeded": "errors",
    "DeadlineExceededError": "errors",
    "DecodeError": "errors",
    "Delete": "services._common.bulk.operations",
    "Download": "core.http.transfers.transfer",
    "EqualTimestampsError": "errors",
    "Expansion": "services._common.filters",
    "FieldSearch": "services._common.filters",
    "Limits": "core.rate_limits.limiter",
    "NotFoundError": "errors",
    "OnInvalid": "core.decoding.pages",
    "Page": "core.page",
    "PageStream": "core.pagination.streams",
    "Pager": "core.pagination.pager",
    "PagerOptions": "core.pagination.pager",
    "Pagination": "core.page",
    "PaginationError": "errors",
    "PermissionDeniedError": "errors",
    "PrefetchDepth": "core.pagination.prefetch",
    "RateLimitError": "errors",
    "RateLimitStoreError": "errors",
    "RateLimitWaitExceeded": "errors",
    "RateLimits": "core.options",
    "RecordSearch": "services._common.filters",
    "RecordStream": "core.pagination.streams",
    "RedirectError": "errors",
    "RequestContext": "_request_context",
    "Region": "core.http.base_url",
    "Response": "core.http.response",
    "ResponseError": "errors",
    "ResponseInfo": "_answered",
    "ResponseTooLargeError": "errors",
    "Retry": "core.options",
    "ServerError": "errors",
    "SessionStatusName": "services._common.filters",
    "SessionboardError": "errors",
    "SharedRateLimits": "core.options",
    "Sort": "services._common.filters",
    "StatusSearch": "services._common.filters",
    "StatusSort": "services._common.filters",
    "StatusError": "errors",
    "StorageError": "errors",
    "Timeout": "core.options",
    "Timestamp": "services._common.datetimes",
    "TransportError": "errors",
    "UNSET": "services._common.payloads",
    "UnprocessableError": "errors",
    "UnreadableField": "core.page",
    "UnsetType": "services._common.payloads",
    "Update": "services._common.bulk.operations",
    "WrongEventLoopError": "errors",
    "code_challenge": "services._common.proof_keys",
}

_SUBMODULES = ("client", "core", "errors", "models", "services", "types")

# pytest imports this package, for its plugin, in every project of an environment; most of them do not use it.
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_names(__name__, _MODULES, _SUBMODULES)

# Here, before any record is logged: each module logs to this logger.
logging.getLogger(__name__).addFilter(escape_record)
