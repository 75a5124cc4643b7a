"""Responses with rate-limit headers, as an HTTP client receives them."""

from __future__ import annotations

from datetime import UTC, datetime

from multidict import CIMultiDict, CIMultiDictProxy

ANSWERED = datetime(2026, 8, 9, 12, tzinfo=UTC)
DATE = "Sun, 09 Aug 2026 12:00:00 GMT"
EPOCH = int(ANSWERED.timestamp())
FORTY_DAYS = 40 * 86400
PREFIXES = ["RateLimit", "X-RateLimit", "X-Rate-Limit"]


def received(*headers: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([("Date", DATE), ("Content-Type", "application/json"), *headers]))


def three(limit: str, remaining: str, reset: str, prefix: str = "RateLimit") -> list[tuple[str, str]]:
    return [(f"{prefix}-Limit", limit), (f"{prefix}-Remaining", remaining), (f"{prefix}-Reset", reset)]


def triple(limit: str, remaining: str, reset: str, prefix: str = "RateLimit") -> CIMultiDictProxy[str]:
    return received(*three(limit, remaining, reset, prefix))
