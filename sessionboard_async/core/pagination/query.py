"""What a stream asks for, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import msgspec

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.http.request import PathValue, Priority, QueryValue, Request, build_request
from sessionboard_async.core.pagination.keyset_state import Span
from sessionboard_async.core.timestamps import format_milliseconds, to_milliseconds


class TimeOrder(msgspec.Struct, frozen=True):
    """One of the times of records, by which a search can be filtered and sorted.

    Attributes:
        name: What the API calls it in filters and sorts.
        attribute: What records call it.
        slack: By how many milliseconds the end of a reading lies after its beginning.
    """

    name: str
    attribute: str
    slack: int


_CREATED = TimeOrder("createdAt", "created_at", slack=300_000)
"""A record may be dated by another clock than answers are: nothing that was there shall count as new."""

# What is changed while it is read comes again at the end, and again: here reading ends where it began, which
# answers tell in whole seconds, cut off.
_TIME_ORDERS = {
    "createdAt": _CREATED,
    "updatedAt": TimeOrder("updatedAt", "updated_at", slack=1000),
    "deletedAt": TimeOrder("deletedAt", "deleted_at", slack=1000),
}


class PagedQuery(msgspec.Struct, frozen=True):
    """What is searched for: an operation with all its arguments but the page."""

    endpoint: Endpoint[object]
    path: Mapping[str, PathValue]
    query: Mapping[str, QueryValue]
    body: object

    @property
    def paged(self) -> bool:
        """Whether the operation is documented to answer in pages, and not with everything at once."""
        return self._pages.size_parameter is not None

    @property
    def identified(self) -> bool:
        """Whether an ``id`` tells the records apart."""
        return self._pages.identified

    @property
    def search(self) -> Mapping[str, Any]:
        """Filters, sort and expansions, as the API takes them."""
        return cast("Mapping[str, Any]", self.body or {})

    @property
    def is_sorted(self) -> bool:
        """Whether the caller chose an order."""
        return "sort" in self.search

    @property
    def time_order(self) -> TimeOrder | None:
        """The time by which it can be read; ``None`` where it cannot, or the order is another one."""
        if not self._pages.dated:
            return None
        sort: dict[str, str] | None = self.search.get("sort")
        if sort is None:
            return _CREATED
        return _TIME_ORDERS[sort["order"]] if sort["sort"] == "asc" else None

    def in_order(self, order: TimeOrder) -> PagedQuery:
        """Return the same query, sorted."""
        return msgspec.structs.replace(
            self, body={**self.search, "sort": {"order": order.name, "sort": "asc"}}
        )

    def within(self, order: TimeOrder, span: Span) -> Request:
        """Build the request for one page of a span, within the bounds that the caller gave."""
        filters: dict[str, Any] = self.search.get("filters", {})
        given: dict[str, str] = filters.get(order.name, {})
        bounds = dict(given)
        if span.after is not None and ("after" not in given or _moment(given["after"]) < span.after):
            bounds["after"] = format_milliseconds(span.after)
        if span.before is not None and ("before" not in given or _moment(given["before"]) > span.before):
            bounds["before"] = format_milliseconds(span.before)
        body = dict(self.search)
        if bounds:
            body["filters"] = {**filters, order.name: bounds}
        return self._page(span.page, span.size, body)

    def page(self, number: int, size: int) -> Request:
        """Build the request for one page."""
        return self._page(number, size, self.body)

    @property
    def _pages(self) -> Pages[object]:
        return cast("Pages[object]", self.endpoint.answer)

    def _page(self, number: int, size: int, body: object) -> Request:
        paging: dict[str, QueryValue] = {}
        if self.paged or number > 1:
            # Some servers answer in pages even where everything at once is documented.
            paging = {"page": number, self._pages.size_parameter or "pageSize": size}
        if self._pages.in_body:
            body = {**cast("Mapping[str, object]", body), **paging}
            return build_request(
                self.endpoint, self.path, query=self.query, body=body, priority=Priority.BULK
            )
        return build_request(
            self.endpoint, self.path, query={**self.query, **paging}, body=body, priority=Priority.BULK
        )


def _moment(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text))
