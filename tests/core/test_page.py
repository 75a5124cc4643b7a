"""A page is a value that can be stored, compared and encoded."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from sessionboard_async.core.page import Page, Pagination


def test_an_empty_page_has_no_pagination() -> None:
    assert Page[str]() == Page[str](results=(), pagination=None, skipped=0)


def test_is_a_value() -> None:
    page = Page(results=("a",), pagination=Pagination(current_page=1, total_pages=2), skipped=3)
    assert pickle.loads(pickle.dumps(page)) == copy.deepcopy(page) == page
    assert page != Page(results=("a",))
    with pytest.raises(AttributeError):
        page.skipped = 0  # type: ignore[misc]  # the assignment under test


def test_is_written_in_the_spelling_of_the_api() -> None:
    pagination = Pagination(current_page=1, page_size=100, total_pages=2, total_results=150)
    written = b'{"currentPage":1,"pageSize":100,"totalPages":2,"totalResults":150}'
    assert msgspec.json.encode(pagination) == written
    assert msgspec.json.decode(written, type=Pagination) == pagination
