"""Records with equal timestamps at the exact bounds: when a pass ends, and when all were returned."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

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


# Unreadable records


def test_unreadable_records_count_after_three_passes_without_new_ids() -> None:
    state = EqualTimestamps()
    for _ in range(3):
        accept(state, range(3), 4, unreadable=1)
        assert not state.complete
    accept(state, range(3), 4, unreadable=1)
    assert state.complete


def test_readable_records_are_not_awaited_any_longer() -> None:
    state = EqualTimestamps()
    accept(state, range(2), 4)
    accept(state, range(2, 4), 4)
    assert state.complete
