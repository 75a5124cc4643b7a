"""How many pages there are, from what they report and what they hold."""

from __future__ import annotations

import math

import pytest

from sessionboard_async.core.page import Pagination
from sessionboard_async.core.page_count import PageCount, Rows

FULL = Rows(10, 10)
NOTHING = Rows(0, 0)


def count(*, delivered: int = 0, ends_without_report: bool = False) -> PageCount:
    return PageCount(10, delivered=delivered, ends_without_report=ends_without_report)


def report(total: int | None = None, pages: int | None = None, size: int | None = None) -> Pagination:
    return Pagination(total_results=total, total_pages=pages, page_size=size)


@pytest.mark.parametrize(
    ("pagination", "rows", "last"),
    [
        (report(total=25), FULL, 3),
        (report(total=30), FULL, 3),
        (report(total=31), FULL, 4),
        (report(pages=3), FULL, 3),
        (report(total=25, pages=3), FULL, 3),
        # The number of pages does not consider that they are smaller than requested.
        (report(total=25, pages=3), Rows(5, 5), 5),
        (report(total=25, pages=5), Rows(5, 5), 5),
        # The total is too low for the number of pages.
        (report(total=10, pages=4), FULL, 4),
        (report(total=0, pages=0), NOTHING, 0),
        (report(total=25, pages=3), NOTHING, 3),
        (None, FULL, math.inf),
        (Pagination(page_size=10), FULL, math.inf),
    ],
)
def test_the_last_page_is_known_from_the_first(
    pagination: Pagination | None, rows: Rows, last: float
) -> None:
    pages = count()
    pages.add(1, pagination, rows, is_last=not rows.new)
    assert pages.last == last
    assert pages.is_guessed is (last == math.inf)
    assert pages.is_reported is (last != math.inf)


def test_a_page_without_new_records_is_the_last_without_a_report() -> None:
    pages = count()
    pages.add(1, None, FULL, is_last=False)
    assert pages.last == math.inf
    pages.add(2, None, Rows(10, 0), is_last=True)
    assert (pages.last, pages.is_guessed, pages.delivered) == (2, True, 10)


@pytest.mark.parametrize(("pagination", "last"), [(None, 1), (Pagination(page_size=10), math.inf)])
def test_a_list_without_pagination_is_one_page(pagination: Pagination | None, last: float) -> None:
    pages = count(ends_without_report=True)
    pages.add(1, pagination, FULL, is_last=False)
    assert pages.last == last


def test_a_total_below_what_came_is_no_evidence() -> None:
    pages = count()
    pages.add(1, report(total=15, pages=2), FULL, is_last=False)
    assert pages.last == 2
    pages.add(2, report(total=15, pages=2), FULL, is_last=False)
    assert (pages.last, pages.is_guessed) == (math.inf, True)
    pages.add(3, report(total=15, pages=2), NOTHING, is_last=True)
    assert (pages.last, pages.missing) == (3, 0)


def test_a_total_that_equals_what_came_is_the_end() -> None:
    pages = count()
    pages.add(1, report(total=20), FULL, is_last=False)
    pages.add(2, report(total=20), FULL, is_last=False)
    assert (pages.last, pages.is_guessed, pages.missing) == (2, False, 0)


def test_an_empty_page_past_the_reported_ones_is_the_last() -> None:
    pages = count()
    pages.add(1, report(total=30, pages=2), Rows(5, 5), is_last=False)
    pages.add(2, report(total=30, pages=2), Rows(5, 5), is_last=False)
    assert pages.last == 6
    pages.add(3, report(total=30, pages=2), NOTHING, is_last=True)
    assert (pages.last, pages.missing) == (3, 20)


def test_an_empty_page_before_the_last_is_not_the_last() -> None:
    pages = count()
    pages.add(1, report(total=30, pages=3), FULL, is_last=False)
    pages.add(2, report(total=30, pages=3), NOTHING, is_last=True)
    assert pages.last == 3


@pytest.mark.parametrize(
    ("number", "own", "expected"),
    [
        (2, None, True),
        (3, None, True),
        (4, None, False),
        (3, report(total=0, pages=0), False),
        (4, report(total=40), False),
        (4, report(total=40, pages=4), False),
    ],
)
def test_new_records_are_expected_up_to_the_reported_last_page(
    number: int, own: Pagination | None, expected: bool
) -> None:
    pages = count()
    pages.add(1, report(total=30, pages=3), FULL, is_last=False)
    assert pages.expects_new_records(number, own) is expected


@pytest.mark.parametrize(
    ("number", "own", "expected"),
    [
        (1, None, False),
        (1, report(total=0), False),
        (1, report(total=1), True),
        (1, report(total=1, pages=0), False),
        (1, report(pages=1), False),
        (1, report(pages=2), True),
        (3, report(total=20), False),
        (3, report(total=21), True),
    ],
)
def test_the_first_page_read_is_judged_by_its_own_report(
    number: int, own: Pagination | None, expected: bool
) -> None:
    assert count().expects_new_records(number, own) is expected


def test_nothing_is_expected_once_everything_came() -> None:
    pages = count(delivered=29)
    pages.add(1, report(total=30, pages=9), NOTHING, is_last=True)
    assert pages.expects_new_records(2, None)
    pages.add(2, report(total=30, pages=9), Rows(1, 1), is_last=False)
    assert not pages.expects_new_records(3, None)


@pytest.mark.parametrize(
    ("pagination", "rows", "fits", "lacks_a_page"),
    [
        (report(total=25, pages=2, size=10), FULL, False, True),
        (report(total=20, pages=2, size=10), FULL, True, True),
        (report(total=19, pages=2, size=10), FULL, True, False),
        # A record is hidden, and the size of the pages is not reported.
        (report(total=10, pages=1), Rows(9, 9), True, False),
        (report(total=18, pages=1), Rows(9, 9), False, True),
        (report(total=10, pages=1, size=10), Rows(9, 9), True, False),
        (report(total=11, pages=1, size=10), Rows(9, 9), False, False),
    ],
)
def test_whether_the_total_fits_on_the_pages(
    pagination: Pagination, rows: Rows, fits: bool, lacks_a_page: bool
) -> None:
    pages = count()
    pages.add(1, pagination, rows, is_last=False)
    assert (pages.fits, pages.lacks_a_page) == (fits, lacks_a_page)


def test_the_highest_total_counts_for_what_is_missing() -> None:
    pages = count()
    pages.add(1, report(total=20), FULL, is_last=False)
    assert pages.is_stable
    pages.add(2, report(total=12), Rows(2, 2), is_last=False)
    assert (pages.missing, pages.is_stable) == (8, False)
    assert pages.delivered_of_total == "12 of 20 records were returned"


def test_totals_that_grow_are_not_stable() -> None:
    pages = count()
    pages.add(1, report(total=20), FULL, is_last=False)
    pages.add(2, report(total=21), FULL, is_last=False)
    assert (pages.missing, pages.is_stable, pages.last) == (1, False, 3)


def test_a_page_read_again_counts_without_its_number() -> None:
    pages = count(delivered=10)
    pages.add_again(report(total=20), FULL)
    assert (pages.delivered, pages.missing, pages.last) == (20, 0, math.inf)


def test_pages_without_a_total_are_named() -> None:
    pages = count()
    pages.add(1, report(pages=3), FULL, is_last=False)
    assert pages.lacks_a_page
    assert not pages.has_total
    assert pages.delivered_of_total == "10 records on 3 pages were returned"


@pytest.mark.parametrize(
    ("pagination", "last"),
    [
        (None, 0),
        (report(total=25), 3),
        (report(total=25, pages=4), 4),
        (report(pages=2), 2),
        (report(0, 0), 0),
    ],
)
def test_the_reported_last_page(pagination: Pagination | None, last: int) -> None:
    pages = count()
    assert (pages.reported_last, pages.is_guessed) == (0, True)
    pages.add(1, pagination, FULL if last else NOTHING, is_last=not last)
    assert pages.reported_last == last
