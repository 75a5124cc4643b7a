"""What a stream asks for, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.request import Lane, PathValue, QueryValue, Request, build


@dataclass(frozen=True, slots=True)
class Query:
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
    def _pages(self) -> Pages[object]:
        return cast("Pages[object]", self.endpoint.answer)

    def page(self, number: int, size: int) -> Request:
        """Build the request for one page."""
        paging: dict[str, QueryValue] = {}
        if self.paged or number > 1:
            # Some servers answer in pages even where everything at once is documented.
            paging = {"page": number, self._pages.size_parameter or "pageSize": size}
        if self._pages.in_body:
            body = {**cast("Mapping[str, object]", self.body), **paging}
            return build(self.endpoint, self.path, query=self.query, body=body, lane=Lane.BULK)
        return build(self.endpoint, self.path, query={**self.query, **paging}, body=self.body, lane=Lane.BULK)
