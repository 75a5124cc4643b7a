"""The base class of all services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, Unpack, cast

from sessionboard_async.core.endpoint import Endpoint, Pages
from sessionboard_async.core.engine import Engine
from sessionboard_async.core.http.request import (
    PathValue,
    Priority,
    QueryValue,
    build_request,
)
from sessionboard_async.core.http.transfers.sink import Sink, Target
from sessionboard_async.core.http.transfers.transfer import Download, Transfer
from sessionboard_async.core.pagination.pager import Pager, PagerOptions
from sessionboard_async.core.pagination.query import PagedQuery
from sessionboard_async.models.bulk import BulkAnswer, BulkResult
from sessionboard_async.services._common.bulk.operations import BulkValues, Encoded, Operations
from sessionboard_async.services._common.bulk.outcomes import BulkOutcomes
from sessionboard_async.services._common.bulk.run import run_bulk
from sessionboard_async.services._common.filters import RECORD_SEARCH, SearchKind, search_body
from sessionboard_async.services._common.ids.arguments import validate_path
from sessionboard_async.services._common.payloads import Extra, payload
from sessionboard_async.services._common.signatures import show_keywords

T = TypeVar("T")


class Service:
    """A family of operations; an attribute of the client."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        show_keywords(cls)

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
        secrets: tuple[str, ...] = (),
    ) -> T:
        request = build_request(endpoint, path, query=query, body=body, secrets=secrets)
        return await self._engine.send(request, self._engine.decoder(endpoint))

    async def _write(
        self,
        endpoint: Endpoint[T],
        path: Mapping[str, PathValue],
        kind: type[Any],
        values: Mapping[str, Any],
        extra: Extra | None,
    ) -> T:
        return await self._record(endpoint, path, body=payload(kind, values, extra))

    async def _upload(self, endpoint: Endpoint[T], path: Mapping[str, PathValue], transfer: Transfer) -> T:
        request = build_request(endpoint, path, transfer=transfer)
        return await self._engine.send(request, self._engine.decoder(endpoint))

    async def _download(
        self,
        endpoint: Endpoint[Any],
        path: Mapping[str, PathValue],
        to: Target,
        query: Mapping[str, QueryValue] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
    ) -> Download:
        sink = Sink(to)
        response = await self._engine.send(
            build_request(endpoint, path, query=query, body=body, transfer=Transfer(sink=sink))
        )
        return Download(sink.size, response.headers.get("Content-Type"))

    async def _bulk(
        self,
        endpoint: Endpoint[BulkAnswer],
        path: Mapping[str, PathValue],
        operations: Operations,
        values: BulkValues,
        outcomes: BulkOutcomes | None,
        *,
        allow_masked: bool = True,
    ) -> BulkResult:
        async def send(batch: list[Encoded], on_attempt: Callable[[], object]) -> BulkAnswer:
            body = {"operations": batch}
            request = build_request(endpoint, path, body=body, priority=Priority.BULK, on_attempt=on_attempt)
            return await self._engine.send(request, self._engine.decoder(endpoint))

        validate_path(path)  # Before anything is taken from an iterator.
        return await run_bulk(operations, values, send, outcomes=outcomes, allow_masked=allow_masked)

    def _pages(
        self,
        endpoint: Endpoint[T],
        path: Mapping[str, PathValue],
        query: Mapping[str, QueryValue] | None = None,
        body: object = None,
        **options: Unpack[PagerOptions],
    ) -> Pager[T]:
        record = cast("Pages[T]", endpoint.answer).record
        return Pager(self._engine, PagedQuery(endpoint, path, query or {}, body), record, **options)

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
