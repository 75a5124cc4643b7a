"""One page of an answer."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

LARGEST_PAGE = 100
"""The most records that the API puts on a page."""
LAST_SERVED_PAGE = 999
"""The highest page number that the API accepts."""


class Pagination(msgspec.Struct, kw_only=True, frozen=True, gc=False, rename="camel"):
    """Where a page stands among the others, as the API reported it.

    Attributes:
        current_page: The page's number, from 1.
        page_size: The most records on a page.
        total_pages: How many pages there are.
        total_results: How many records there are on all pages.
    """

    current_page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    total_results: int | None = None


class Page(msgspec.Struct, Generic[T], kw_only=True, frozen=True, gc=False):
    """One page of records.

    Attributes:
        results: The records, in the API's order.
        pagination: Where the page stands; ``None`` where the API did not say.
        skipped: How many of its records could not be read and were left out on the caller's wish.
    """

    results: tuple[T, ...] = ()
    pagination: Pagination | None = None
    skipped: int = 0
