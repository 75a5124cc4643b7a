"""A small server of searches by time that may report anything wrongly, over records that may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

Record = dict[str, Any]


def is_within(text: str | None, bounds: dict[str, str], *, inclusive: bool) -> bool:
    """Return whether a time lies between bounds; a missing one lies in no range."""
    if text is None:
        return not bounds
    time = datetime.fromisoformat(text)
    if inclusive and time in map(datetime.fromisoformat, bounds.values()):
        return True
    return ("after" not in bounds or time > datetime.fromisoformat(bounds["after"])) and (
        "before" not in bounds or time < datetime.fromisoformat(bounds["before"])
    )


def unchanged(total: int) -> object:
    return total


def nothing(number: int) -> None:
    """Change nothing before a request."""


@dataclass
class LyingSearch:
    """A search.

    Attributes:
        records: The records; a test may change them.
        date: The ``Date`` of the responses; ``None`` for the right one.
        nulls_first: Whether records without a time are sorted before the others.
        largest_page: The most rows on a page, whatever was requested.
        inclusive: Whether a time that equals a bound matches.
        ignores_numbers: Whether every page is the first one.
        hidden: The ids of records that are counted and not returned.
        hides_rows: Whether a hidden record leaves a gap on its page.
        total: Returns the reported total, from the right one.
        before: Called with the number of each request, from 1, before it is answered.
        requests: The body and query of each request.
    """

    records: list[Record]
    date: str | None = None
    nulls_first: bool = False
    largest_page: int = 100
    inclusive: bool = False
    ignores_numbers: bool = False
    hidden: frozenset[str] = frozenset()
    hides_rows: bool = False
    total: Callable[[int], object] = unchanged
    before: Callable[[int], None] = nothing
    requests: list[tuple[Record, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append((body, dict(request.query)))
        self.before(len(self.requests))
        response = web.json_response(self.page(body, request.query))
        if self.date is not None:
            response.headers["Date"] = self.date
        return response

    def page(self, body: Record, query: Any) -> Record:
        """Return the answer to a request."""
        order = body["sort"]["order"]
        name = {"createdAt": "created_at", "updatedAt": "updated_at"}[order]
        bounds = body.get("filters", {}).get(order, {})
        rows = [one for one in self.records if is_within(one[name], bounds, inclusive=self.inclusive)]
        dated = sorted((one for one in rows if one[name]), key=lambda one: datetime.fromisoformat(one[name]))
        undated = [one for one in rows if not one[name]]
        rows = [*undated, *dated] if self.nulls_first else [*dated, *undated]
        if body["sort"]["sort"] == "desc":
            rows.reverse()
        total = len(rows)
        if not self.hides_rows:
            rows = [one for one in rows if one["id"] not in self.hidden]
        number, size = 1 if self.ignores_numbers else int(query["page"]), int(query["pageSize"])
        size = min(size, self.largest_page)
        page = rows[(number - 1) * size : number * size]
        return {
            "results": [one for one in page if one["id"] not in self.hidden],
            "pagination": {"currentPage": int(query["page"]), "totalResults": self.total(total)},
        }
