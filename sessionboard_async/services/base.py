"""What all services have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, Unpack, cast

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.pages import Pager, PagerOptions
from sessionboard_async.core.query import Query
from sessionboard_async.core.request import PathValue, QueryValue, build
from sessionboard_async.services.search import RECORD_SEARCH, SearchKind, search_body

T = TypeVar("T")


class Service:
    """A family of operations, reached as an attribute of the session."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"<{type(self).__name__} service>"

    async def _record(
        self,
        endpoint: Endpoint[T],
        path: Mapping[str, PathValue],
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
    ) -> T:
        return await self._engine.fetch(endpoint, build(endpoint, path, query=query, body=body))

    def _pages(
        self,
        endpoint: Endpoint[T],
        path: Mapping[str, PathValue],
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[T]:
        record = cast("Pages[T]", endpoint.answer).record
        return Pager(self._engine, Query(endpoint, path, query or {}, body), record, **options)

    def _search(
        self,
        endpoint: Endpoint[T],
        path: Mapping[str, PathValue],
        search: Mapping[str, Any],
        more_filters: Mapping[str, object] | None = None,
        *,
        kind: SearchKind = RECORD_SEARCH,
    ) -> Pager[T]:
        body = search_body(kind, search, more_filters)
        options = {name: search[name] for name in search.keys() & PagerOptions.__optional_keys__}
        return self._pages(endpoint, path, body=body, **cast("PagerOptions", options))
