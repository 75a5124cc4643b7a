"""A server of numbered pages whose records have no times, for tests of numbered pagination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from tests.support.http_server import Handler

PREFETCH = [0, *(pytest.param(depth, marks=pytest.mark.slow) for depth in (1, 3)), 8, None]
"""Values of the option, each of which must return the same records."""


def records(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"s{number}", "title": f"Talk {number}"} for number in numbers]


def requested(request: web.BaseRequest) -> tuple[int, int]:
    """Return the page number and page size of a request."""
    return int(request.query.get("page", 1)), int(request.query.get("pageSize", 25))


def found(results: list[Any], number: int, size: int, pages: int, total: int) -> web.StreamResponse:
    pagination = {"currentPage": number, "pageSize": size, "totalPages": pages, "totalResults": total}
    return web.json_response({"results": results, "pagination": pagination})


def pages_of(
    total: int, special: Mapping[int, Callable[[int, int], web.StreamResponse]] | None = None
) -> Handler:
    """Serve that many records, with special responses for some pages."""

    async def answer(request: web.Request) -> web.StreamResponse:
        number, size = requested(request)
        if special and number in special:
            return special[number](number, size)
        rows = records(*range((number - 1) * size, min(number * size, total)))
        return found(rows, number, size, -(-total // size), total)

    return answer
