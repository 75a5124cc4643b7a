"""A page is a value that can be stored, compared and encoded."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

from sessionboard_async.core.page import Page, Pagination, credible_pagination


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


@pytest.mark.parametrize(
    ("rows", "reported", "kept"),
    [
        (100, (1, 100, 3, 250), (1, 100, 3, 250)),
        (100, (1, 100, 1, 100), (1, 100, 1, 100)),
        (0, (1, 100, 0, 0), (1, 100, 0, 0)),
        (0, (1, 100, 3, 250), (1, 100, 3, 250)),
        (100, (1, 100, 0, 0), (1, 100, None, None)),
        (100, (1, 100, 3, 0), (1, 100, None, None)),
        (100, (1, 100, 3, -5), (1, 100, None, None)),
        (0, (1, 100, 3, -5), (1, 100, None, None)),
        (100, (1, 100, 3, 99), (1, 100, None, None)),
        (100, (1, 100, 0, None), (1, 100, None, None)),
        (0, (1, 100, -1, None), (1, 100, None, None)),
        (100, (1, 99, 3, 250), (1, None, 3, 250)),
        (0, (1, 0, 0, 0), (1, None, 0, 0)),
        (100, (1, -1, 3, 250), (1, None, 3, 250)),
        (100, (0, 100, 3, 250), (0, 100, 3, 250)),
        (100, (-1, 100, 3, 250), (-1, 100, 3, 250)),
        (1, (2**53,) * 4, (2**53,) * 4),
        (1, (2**53 + 1, 100, 3, 250), (None, 100, 3, 250)),
        (1, (-(2**53) - 1, 100, 3, 250), (None, 100, 3, 250)),
        (1, (1, 2**53 + 1, 3, 250), (1, None, 3, 250)),
        (1, (1, 100, 2**53 + 1, 250), (1, 100, None, 250)),
        (1, (1, 100, 3, 2**53 + 1), (1, 100, None, None)),
        (0, (1, 100, 3, 2**53 + 1), (1, 100, 3, None)),
    ],
)
def test_numbers_that_the_page_disproves_count_as_not_reported(
    rows: int, reported: tuple[int | None, ...], kept: tuple[int | None, ...]
) -> None:
    names = ("current_page", "page_size", "total_pages", "total_results")
    assert credible_pagination(rows, **dict(zip(names, reported, strict=True))) == Pagination(
        **dict(zip(names, kept, strict=True))
    )


def test_no_credible_number_is_no_pagination() -> None:
    names = ("current_page", "page_size", "total_pages", "total_results")
    assert credible_pagination(1, **dict.fromkeys(names)) is None
    assert credible_pagination(1, **dict.fromkeys(names, 10**400)) is None
