"""A page of records, its pagination, and the limits of pages."""

from __future__ import annotations

from typing import Final, Generic, TypeVar

import msgspec

T = TypeVar("T")

LARGEST_PAGE: Final = 100
"""The most records on a page."""
LAST_SERVED_PAGE: Final = 999
"""The highest page number that the API accepts."""


class Pagination(msgspec.Struct, kw_only=True, frozen=True, gc=False, rename="camel"):
    """The position of a page among the others, as reported by the API.

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


class Page(msgspec.Struct, Generic[T], kw_only=True, frozen=True, gc=False):
    """One page of records.

    Attributes:
        results: The records, in the order of the API.
        pagination: The position of the page; ``None`` if the API did not report it.
        skipped: The number of its records that could not be decoded and were left out, with
            ``on_invalid="skip"``.
    """

    results: tuple[T, ...] = ()
    pagination: Pagination | None = None
    skipped: int = 0
