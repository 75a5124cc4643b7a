"""A page of records, its pagination, and the limits of pages."""

from __future__ import annotations

from typing import Final, Generic, TypeVar, cast

import msgspec

from sessionboard_async._answered import ResponseInfo

T = TypeVar("T")

LARGEST_PAGE: Final = 100
"""The most records on a page."""
LAST_SERVED_PAGE: Final = 999
"""The highest page number that the API accepts."""
_MOST_COUNTED: Final = 2**53
"""No larger number is a count: floats, in which others may calculate, do not hold it."""


class Pagination(msgspec.Struct, kw_only=True, frozen=True, gc=False, rename="camel"):
    """The position of a page among the others, as reported by the API.

    A number that its own page disproves, such as a total of 0 on a page with records, is not kept.

    Attributes:
        current_page: The number of the page, from 1.
        page_size: The most records on a page.
        total_pages: The number of pages.
        total_results: The number of records on all pages.
    """

    current_page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None


def credible_pagination(
    rows: int,
    *,
    current_page: int | None,
    page_size: int | None,
    total_pages: int | None,
    total_results: int | None,
) -> Pagination | None:
    """Return the reported pagination of a page, without the numbers that its rows disprove.

    Args:
        rows: The number of rows on the page.
        current_page: As reported, like all others.
        page_size: As reported.
        total_pages: As reported.
        total_results: As reported.

    Returns:
        ``None`` if no number is left.
    """
    if total_results is not None and not rows <= total_results <= _MOST_COUNTED:
        if rows or total_results < 0:
            # The number of pages was most likely derived from it.
            total_pages = None
        total_results = None
    if total_results is not None and total_results == rows and (total_pages or 0) > 1:
        # It counts the rows of this page: there would be no other page.
        total_results = None
    if total_pages is not None and not (rows > 0) <= total_pages <= _MOST_COUNTED:
        total_pages = None
    if page_size is not None and not max(rows, 1) <= page_size <= _MOST_COUNTED:
        page_size = None
    if current_page is not None and abs(current_page) > _MOST_COUNTED:
        current_page = None
    pagination = Pagination(
        current_page=current_page, page_size=page_size, total_pages=total_pages, total_results=total_results
    )
    return None if pagination == _NO_PAGINATION else pagination


_NO_PAGINATION = Pagination()


class UnreadableField(msgspec.Struct, frozen=True, gc=False):
    """A value of a record that could not be read: it is ``None`` there, or left out of its array.

    Attributes:
        record_id: The id of the record; ``None`` if it has none.
        path: The place in the record, as a JSON path such as ``$.speakers[0].order``.
    """

    record_id: str | None
    path: str


class Page(msgspec.Struct, Generic[T], kw_only=True, frozen=True, gc=False):
    """One page of records.

    Attributes:
        results: The records, in the order of the API.
        pagination: The position of the page; ``None`` if the API did not report it.
        skipped: The number of its records that could not be decoded and were left out, with
            ``on_invalid="skip"``.
        unreadable: The values of its records that could not be read.
        response: Status, headers, request id and time of the answer that brought it. Pages are equal if all
            else is.
    """

    results: tuple[T, ...] = ()
    pagination: Pagination | None = None
    skipped: int = 0
    unreadable: tuple[UnreadableField, ...] = ()
    response: ResponseInfo | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Page):
            return NotImplemented
        return self._content() == cast("Page[object]", other)._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def _content(self) -> tuple[object, ...]:
        return (self.results, self.pagination, self.skipped, self.unreadable)
