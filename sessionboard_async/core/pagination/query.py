"""Paginated queries: an operation with its arguments, and the requests for single pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

import msgspec

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.http.request import PathValue, Priority, QueryValue, Request, build_request
from sessionboard_async.core.pagination.keyset_state import EARLIEST, LATEST, KeysetRequest
from sessionboard_async.core.timestamps import format_milliseconds, to_milliseconds


class TimeOrder(msgspec.Struct, frozen=True):
    """A timestamp of records by which a search can be filtered and sorted.

    Attributes:
        name: Its name in filters and sorts.
        attribute: Its name in records.
        moves: Whether a record that changes moves to the end, perhaps again and again.
    """

    name: str
    attribute: str
    moves: bool


_CREATED = TimeOrder("createdAt", "created_at", moves=False)
_TIME_ORDERS = {
    "createdAt": _CREATED,
    "updatedAt": TimeOrder("updatedAt", "updated_at", moves=True),
    "deletedAt": TimeOrder("deletedAt", "deleted_at", moves=True),
}


class PagedQuery(msgspec.Struct, frozen=True):
    """An operation with all its arguments except the page.

    Attributes:
        endpoint: The operation.
        path: The path arguments.
        query: The query parameters.
        body: The JSON body: filters, sort and expansions of a search.
    """

    endpoint: Endpoint[object]
    path: Mapping[str, PathValue]
    query: Mapping[str, QueryValue]
    body: object

    def __repr__(self) -> str:
        # The arguments may be personal data, such as the words of a search.
        return f"<PagedQuery of {self.endpoint.operation_id}>"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("endpoint", self.endpoint)]

    @property
    def is_paginated(self) -> bool:
        """Whether the operation is documented to return pages, and not everything at once."""
        return self._pages.size_parameter is not None

    @property
    def has_ids(self) -> bool:
        """Whether each record has a unique ``id``."""
        return self._pages.identified

    def is_own_type(self, record: object) -> bool:
        """Return whether records of a type are full ones, in any form, and not of a caller's type."""
        return any(record == form for form in (self._pages.record, dict[str, Any], msgspec.Raw))

    @property
    def search(self) -> Mapping[str, Any]:
        """The filters, sort and expansions, under the API's names."""
        return cast("Mapping[str, Any]", self.body or {})

    @property
    def is_sorted(self) -> bool:
        """Whether the caller chose an order."""
        return "sort" in self.search

    @property
    def time_order(self) -> TimeOrder | None:
        """The timestamp for keyset pagination; ``None`` if the operation or the order does not allow it."""
        if not self._pages.dated:
            return None
        sort: dict[str, str] | None = self.search.get("sort")
        if sort is None:
            return _CREATED
        return _TIME_ORDERS[sort["order"]] if sort["sort"] == "asc" else None

    def sorted_by(self, order: TimeOrder, direction: Literal["asc", "desc"] = "asc") -> PagedQuery:
        """Return the same query in the order of a timestamp."""
        return msgspec.structs.replace(
            self, body={**self.search, "sort": {"order": order.name, "sort": direction}}
        )

    def keyset_page(self, order: TimeOrder, page: KeysetRequest) -> Request:
        """Build the request for a page of a range of timestamps, within the caller's own bounds."""
        filters: dict[str, Any] = self.search.get("filters", {})
        given: dict[str, str] = filters.get(order.name, {})
        bounds = dict(given)
        # A bound outside the calendar has no text form. No record lies beyond it.
        after = min(page.after, LATEST) if page.after is not None and page.after >= EARLIEST else None
        before = max(page.before, EARLIEST) if page.before is not None and page.before <= LATEST else None
        if after is not None and ("after" not in given or _parse(given["after"]) < after):
            bounds["after"] = format_milliseconds(after)
        if before is not None and ("before" not in given or _parse(given["before"]) > before):
            bounds["before"] = format_milliseconds(before)
        body = dict(self.search)
        if bounds:
            body["filters"] = {**filters, order.name: bounds}
        return self._page(page.number, page.size, body)

    def page(self, number: int, size: int) -> Request:
        """Build the request for a page."""
        return self._page(number, size, self.body)

    @property
    def _pages(self) -> Pages[object]:
        return cast("Pages[object]", self.endpoint.answer)

    def _page(self, number: int, size: int, body: object) -> Request:
        paging: dict[str, QueryValue] = {}
        if self.is_paginated or number > 1:
            # Some servers return pages even where the documentation promises everything at once.
            paging = {"page": number, self._pages.size_parameter or "pageSize": size}
        if self._pages.in_body:
            body = {**cast("Mapping[str, object]", body), **paging}
            return build_request(
                self.endpoint, self.path, query=self.query, body=body, priority=Priority.BULK
            )
        return build_request(
            self.endpoint, self.path, query={**self.query, **paging}, body=body, priority=Priority.BULK
        )


def _parse(text: str) -> int:
    return to_milliseconds(datetime.fromisoformat(text))
