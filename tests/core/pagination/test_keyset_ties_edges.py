"""Records with equal timestamps at the exact bounds: when a pass ends, and when all were returned."""

from __future__ import annotations

from collections.abc import Iterable
from operator import ge

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.core.pagination.keyset_ties import EqualTimestamps, IncompleteTimestampsError


def numbered(numbers: Iterable[int]) -> list[str]:
    return [*map(str, numbers)]


def accept(state: EqualTimestamps, numbers: Iterable[int], total: int, *, unreadable: int = 0) -> None:
    ids = numbered(numbers)
    state.accept(ids, len(ids) + unreadable, total)


def position(state: EqualTimestamps) -> tuple[int, int, bool]:
    return state.page, state.size, state.complete


def test_the_first_page_is_as_large_as_the_api_allows() -> None:
    assert position(EqualTimestamps()) == (1, 100, False)


def test_no_records_are_complete() -> None:
    state = EqualTimestamps()
    accept(state, [], 0)
    assert position(state) == (1, 100, True)


def test_reading_ends_with_the_page_that_completes_the_ids() -> None:
    state = EqualTimestamps()
    accept(state, range(100), 150)
    assert position(state) == (2, 100, False)
    accept(state, range(100, 149), 150)
    assert position(state) == (3, 100, False)
    accept(state, [149], 150)
    assert state.complete


def test_smaller_pages_than_requested_are_read_on() -> None:
    state = EqualTimestamps()
    for start in range(0, 150, 10):
        assert position(state) == (1 + start // 10, 100, False)
        accept(state, range(start, start + 10), 150)
    assert state.complete


def test_an_empty_page_ends_a_pass() -> None:
    state = EqualTimestamps()
    accept(state, range(100), 150)
    accept(state, [], 150)
    assert position(state) == (1, 99, False)


def test_a_full_count_of_rows_without_all_ids_starts_another_pass() -> None:
    state = EqualTimestamps()
    accept(state, range(100), 150)
    accept(state, range(50, 100), 150)
    assert position(state) == (1, 99, False)
    accept(state, range(99), 150)
    assert position(state) == (2, 99, False)
    accept(state, range(99, 150), 150)
    assert state.complete


@pytest.mark.parametrize(("total", "size"), [(98_901, 99), (98_902, 100), (99_850, 100), (99_900, 100)])
def test_another_pass_reaches_every_record_on_the_pages_that_are_served(total: int, size: int) -> None:
    state = EqualTimestamps()
    state.accept(numbered(range(100)), total, total)
    assert position(state) == (1, size, False)
    assert size * 999 >= total


def test_more_records_than_the_api_serves_say_what_to_do() -> None:
    with pytest.raises(IncompleteTimestampsError) as caught:
        accept(EqualTimestamps(), range(100), 99_901)
    assert str(caught.value) == (
        "99901 records have the same timestamp, and the API serves at most 99900: narrow the search by "
        "another filter"
    )


def test_after_sixty_passes_reading_gives_up() -> None:
    state = EqualTimestamps()
    for number in range(59):
        accept(state, [0, 0], 2)
        assert position(state) == (1, 99 - number, False)
    with pytest.raises(IncompleteTimestampsError) as caught:
        accept(state, [0, 0], 2)
    assert str(caught.value) == (
        "only 1 of 2 records with the same timestamp were returned in 60 passes: the API reorders them or "
        "they keep changing; try again"
    )


# Changes


@pytest.mark.parametrize(("second", "has_additions"), [(4, False), (7, True)])
def test_after_a_change_each_record_must_come_before_and_after_one_response(
    second: int, has_additions: bool
) -> None:
    state = EqualTimestamps()
    accept(state, range(5), 6)
    accept(state, [5], second)
    assert state.has_additions is has_additions
    # There are as many ids as records, but one of them may stand for another.
    assert position(state)[2] is False
    while not state.complete:
        accept(state, range(second), second)
    assert state.has_additions is has_additions


def test_additions_among_older_records_are_a_change() -> None:
    known, unknown = EqualTimestamps(has_additions=True), EqualTimestamps()
    for state in (known, unknown):
        accept(state, range(6), 6)
    assert (known.complete, unknown.complete) == (True, True)
    known, unknown = EqualTimestamps(has_additions=True), EqualTimestamps()
    for state in (known, unknown):
        accept(state, range(3), 6)
        accept(state, range(3, 6), 6)
    assert (known.complete, unknown.complete) == (False, True)


def test_more_ids_than_records_are_a_change() -> None:
    state = EqualTimestamps()
    accept(state, range(4), 5)
    accept(state, [4, 5], 5)
    assert (*position(state), state.has_additions) == (1, 99, False, True)


@pytest.mark.parametrize(("pages", "complete"), [(17, False), (18, True)])
def test_while_records_are_removed_twelve_idle_passes_are_all(pages: int, complete: bool) -> None:
    state = EqualTimestamps()
    accept(state, [0], 5)
    accept(state, [1], 4)
    for _ in range(pages):
        assert not state.complete
        accept(state, [0, 1], 3)
    assert state.complete is complete


# A random order


def responses_until_complete(repeated: int, *, has_additions: bool = True, first_total: int = 20) -> int:
    """Read 20 records in pages of ten, which on the first two pages share some ids; return the pages read."""
    state = EqualTimestamps(has_additions=has_additions)
    accept(state, range(10), first_total)
    accept(state, range(10 - repeated, 20 - repeated), 20)
    count = 2
    while not state.complete:
        accept(state, range(10) if count % 2 == 0 else range(10, 20), 20)
        count += 1
    return count


def test_in_a_random_order_with_additions_many_pages_are_read() -> None:
    in_order, at_random = responses_until_complete(5), responses_until_complete(6)
    assert in_order < 10
    # A page of ten misses a record with a chance of 1/2: of 20 records, one is missed by all pages with a
    # chance of 20 / 2**pages, which must be less than one in a million.
    assert 20 / 2**at_random < 1e-6 < 20 / 2 ** (at_random - 1)


def test_in_a_random_order_without_additions_no_more_pages_are_read() -> None:
    assert responses_until_complete(6, has_additions=False, first_total=21) < 10


def test_a_page_with_all_records_misses_none() -> None:
    state = EqualTimestamps(has_additions=True)
    accept(state, range(10), 20)
    accept(state, range(4, 14), 20)
    count = 0
    while not state.complete:
        accept(state, range(12), 12)
        count += 1
    assert count < 4


def test_additions_are_known_from_then_on() -> None:
    state = EqualTimestamps()
    for total in (6, 7, 5):
        accept(state, [0], total)
    assert state.has_additions


PAGES = st.lists(
    st.tuples(st.lists(st.integers(0, 6), max_size=5, unique=True), st.integers(1, 7)), max_size=40
)


@given(PAGES)
def test_changing_records_are_complete_as_in_a_model(pages: list[tuple[list[int], int]]) -> None:
    state = EqualTimestamps()
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    totals: list[int] = []
    idle_rows = rows_of_pass = 0
    is_changing = False
    for ids, total in pages:
        is_new = not first.keys() >= {*ids}
        for id_ in ids:
            first.setdefault(id_, len(totals))
            last[id_] = len(totals)
        totals.append(total)
        is_changing |= len({*totals}) > 1 or len(first) > total
        rows_of_pass += len(ids)
        is_last = not ids or rows_of_pass >= total
        missing = max(0, total - rows_of_pass) if is_last else 0
        idle_rows = 0 if is_new else idle_rows + len(ids) + missing
        around = [sum(first[id_] <= number <= last[id_] for id_ in first) for number in range(len(totals))]
        expected = idle_rows >= 12 * total or any(map(ge, around, totals))
        accept(state, ids, total)
        if is_changing:
            assert state.complete is expected
        if state.complete:
            break
        if is_last:
            rows_of_pass = 0
            assert state.page == 1
        else:
            assert state.page > 1


# Unreadable records


def test_unreadable_records_count_after_three_passes_without_new_ids() -> None:
    state = EqualTimestamps()
    for _ in range(3):
        accept(state, range(3), 4, unreadable=1)
        assert not state.complete
    accept(state, range(3), 4, unreadable=1)
    assert state.complete


def test_unreadable_records_of_all_pages_count() -> None:
    state = EqualTimestamps()
    for _ in range(4):
        for start in (0, 2):
            assert position(state)[2] is False
            accept(state, range(start, start + 2), 6, unreadable=1)
    assert state.complete


def test_readable_records_are_not_awaited_any_longer() -> None:
    state = EqualTimestamps()
    accept(state, range(2), 4)
    accept(state, range(2, 4), 4)
    assert state.complete


def test_ten_pages_of_what_the_pass_has_returned_begin_another_pass() -> None:
    state = EqualTimestamps()
    accept(state, range(100), 5_000)
    for _ in range(9):
        accept(state, range(100), 5_000)
    assert position(state) == (11, 100, False)
    accept(state, range(100), 5_000)
    assert position(state) == (1, 99, False)
    accept(state, range(99), 5_000)
    assert position(state) == (2, 99, False)


def test_a_new_id_or_a_page_of_unreadable_records_is_no_repetition() -> None:
    for others in ([100], []):
        state = EqualTimestamps()
        accept(state, range(100), 5_000)
        for _ in range(9):
            accept(state, range(100), 5_000)
        accept(state, others, 5_000, unreadable=99)
        for _ in range(9):
            accept(state, range(100), 5_000)
        assert position(state) == (21, 100, False)


def test_more_pages_than_are_served_are_an_error() -> None:
    state = EqualTimestamps()
    for number in range(998):
        accept(state, [number], 50_000)
    assert position(state) == (999, 100, False)
    with pytest.raises(IncompleteTimestampsError, match="that the API serves, hold 999 of 50000 records"):
        accept(state, [998], 50_000)
