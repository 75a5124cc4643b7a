"""The envelopes of records: those that servers put around pages, and that of a record with its keys."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from sessionboard_async.core.decoding.records import DECODE_ERRORS, decoder_of
from sessionboard_async.core.page import Page, Pagination, credible_pagination

T = TypeVar("T")


class KeyedRecord(msgspec.Struct, Generic[T]):
    """A record of a caller's type, which may hold neither its id nor its timestamp.

    Attributes:
        id: The id; ``None`` if it has none, or none is needed.
        timestamp: The timestamp; ``None`` if it has none, or none is needed.
        record: The record.
    """

    id: object
    timestamp: Any
    record: T


class WirePagination(msgspec.Struct, gc=False):
    """The pagination of a response. The API uses both spellings, and some servers use both at once.

    Other servers report it beside the records, where its names are shorter.
    """

    currentPage: int | None = None  # noqa: N815
    pageSize: int | None = None  # noqa: N815
    totalPages: int | None = None  # noqa: N815
    totalResults: int | None = None  # noqa: N815
    current_page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None
    page: int | None = None
    total: int | None = None

    def to_pagination(self, rows: int) -> Pagination | None:
        """Return the pagination of a page with that many rows."""
        return credible_pagination(
            rows,
            current_page=_first(self.currentPage, self.current_page, self.page),
            page_size=_first(self.pageSize, self.page_size),
            total_pages=_first(self.totalPages, self.total_pages),
            total_results=_first(self.totalResults, self.total_results, self.total),
        )


def _first(value: int | None, second: int | None, third: int | None = None) -> int | None:
    return value if value is not None else second if second is not None else third


class _Envelope(WirePagination, Generic[T], gc=False):
    """A page of records, under either of the two names that the API uses."""

    success: object = None
    ok: object = None
    error: object = None
    errors: object = None
    results: tuple[T, ...] | UnsetType = UNSET
    data: tuple[T, ...] | UnsetType = UNSET
    pagination: WirePagination | None = None

    @property
    def may_report_failure(self) -> bool:
        """Whether it has to be seen in whole: it mentions success or an error beside the records."""
        return bool(self.error or self.errors) or not (
            self.success in (None, True) and self.ok in (None, True)
        )


class StrictPages(Generic[T]):
    """Decodes pages whose records all fit their type.

    Args:
        type_: The type of a record.
    """

    def __init__(self, type_: type[T]) -> None:
        self._array: msgspec.json.Decoder[tuple[T, ...]] = decoder_of(tuple[type_, ...])  # type: ignore[valid-type]  # a type known at run time
        self._envelope: msgspec.json.Decoder[_Envelope[T]] = decoder_of(_Envelope[type_])  # type: ignore[valid-type]  # a type known at run time

    def decode(self, body: bytes) -> Page[T] | None:
        """Decode a page; return ``None`` if anything in it is unusual, or if it may report a failure."""
        try:
            if body[:1] == b"[":
                return Page(results=self._array.decode(body))
            envelope = self._envelope.decode(body)
        except DECODE_ERRORS:
            return None
        if (envelope.results is UNSET and envelope.data is UNSET) or envelope.may_report_failure:
            return None
        # If both are present, the one with records is used.
        results = envelope.results if envelope.results or envelope.data is UNSET else envelope.data
        if results is UNSET:
            results = ()
        pagination = envelope.pagination and envelope.pagination.to_pagination(len(results))
        return Page(results=results, pagination=pagination or envelope.to_pagination(len(results)))
