"""A small server whose records have a time of creation, for tests of keyset pagination."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.support.http_server import Handler

START = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int, seconds: float) -> dict[str, Any]:
    created = START + timedelta(seconds=seconds)
    return {"id": f"s{number}", "created_at": created.isoformat(timespec="milliseconds")}


def searching(
    records: list[dict[str, Any]],
    *,
    applies_bounds: bool = True,
    dated: bool = True,
    total: int | None = None,
) -> Handler:
    """Serve a search like the API, or one that ignores bounds, or sends no usable ``Date``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        bounds = (await request.json()).get("filters", {}).get("createdAt", {}) if applies_bounds else {}
        after, before = (
            None if text is None else datetime.fromisoformat(text)
            for text in (bounds.get("after"), bounds.get("before"))
        )
        found = [
            record
            for record in records
            if "created_at" not in record
            or (
                (after is None or datetime.fromisoformat(record["created_at"]) > after)
                and (before is None or datetime.fromisoformat(record["created_at"]) < before)
            )
        ]
        number, size = int(request.query["page"]), int(request.query["pageSize"])
        response = web.json_response(
            {
                "results": found[(number - 1) * size : number * size],
                "pagination": {
                    "currentPage": number,
                    "pageSize": size,
                    "totalPages": -(-len(found) // size),
                    "totalResults": len(found) if total is None else total,
                },
            }
        )
        if not dated:
            response.headers["Date"] = "soon"
        return response

    return answer
