"""The decoders of a client."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sessionboard_async.core.decoding.pages import PageDecoder
from sessionboard_async.core.decoding.records import RecordDecoder
from sessionboard_async.core.endpoint import Endpoint

T = TypeVar("T")


class Decoders:
    """The decoders of a client, each created on first use and then kept."""

    def __init__(self) -> None:
        self._records: dict[str, RecordDecoder[Any]] = {}
        self._pages: dict[tuple[str, object], PageDecoder[Any]] = {}

    def record(self, endpoint: Endpoint[T]) -> RecordDecoder[T]:
        """Return the decoder of an operation that returns one record."""
        decoder = self._records.get(endpoint.operation_id)
        if decoder is None:
            decoder = RecordDecoder(cast("type[T]", endpoint.answer), endpoint)
            self._records[endpoint.operation_id] = decoder
        return decoder

    def pages(self, endpoint: Endpoint[object], type_: type[T]) -> PageDecoder[T]:
        """Return the decoder of an operation's pages, for records of a type."""
        key = (endpoint.operation_id, type_)
        decoder = self._pages.get(key)
        if decoder is None:
            decoder = self._pages[key] = PageDecoder(type_, endpoint)
        return decoder
