"""Reading more records with equal timestamps than one page holds."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from sessionboard_async.core.pagination.keyset_ties import EqualTimestamps, IncompleteTimestampsError


def numbered(numbers: Iterable[int]) -> list[str]:
    return [*map(str, numbers)]


def test_records_in_a_stable_order_take_one_pass() -> None:
    state, asked = EqualTimestamps(), 0
    while not state.complete:
        asked += 1
        ids = numbered(range((state.page - 1) * state.size, min(state.page * state.size, 250)))
        state.accept(ids, len(ids), 250)

    assert asked == 3


def test_records_that_are_never_all_returned_are_an_error() -> None:
    state = EqualTimestamps()

    def read_on() -> None:
        while True:
            page = range((state.page - 1) * state.size, min(state.page * state.size, 250))
            ids = numbered(number if number != 7 else 8 for number in page)
            state.accept(ids, len(ids), 250)

    with pytest.raises(IncompleteTimestampsError, match="249 of 250"):
        read_on()


def test_records_are_read_anew_after_a_removal() -> None:
    state = EqualTimestamps()
    state.accept(numbered(range(100)), 100, 150)
    # Record 3 is deleted: the ids so far may include it, in place of a missing one.
    state.accept(numbered(range(101, 150)), 49, 149)

    assert not state.complete


def test_records_past_the_last_served_page_are_an_error() -> None:
    with pytest.raises(IncompleteTimestampsError, match="at most 99900: narrow"):
        EqualTimestamps().accept(numbered(range(100)), 100, 99_901)


def test_more_ids_than_records_are_counted_anew() -> None:
    state = EqualTimestamps()
    state.accept(numbered(range(100)), 100, 101)
    # One was removed and another restored in between: the total does not show it.
    state.accept(numbered([100, 101]), 2, 101)

    assert not state.complete


def test_a_second_pass_stays_within_the_pages_that_are_served() -> None:
    state = EqualTimestamps()
    for _ in range(999):
        state.accept(numbered(range(100)), 100, 99_900)

    assert (state.page, state.size) == (1, 100)
    assert not state.complete


def test_records_removed_before_they_were_returned_are_not_awaited() -> None:
    state, sizes = EqualTimestamps(), list[int]()
    state.accept(numbered(range(100)), 100, 150)
    while not state.complete:
        if state.page == 1:
            sizes.append(state.size)
        ids = numbered(range(149))[(state.page - 1) * state.size : state.page * state.size]
        state.accept(ids, len(ids), 149)

    # A cache may return an earlier response to an equal request.
    assert sizes == [*range(99, 99 - len(sizes), -1)]
    assert sizes


def test_an_unreadable_record_is_not_counted_twice() -> None:
    state = EqualTimestamps()
    # Of 150 records, 149 can be read; as the order changes, the unreadable one is on both pages.
    state.accept(numbered(range(99)), 100, 150)
    state.accept(numbered(range(99, 148)), 50, 150)

    passes = 0
    complete_at_once = state.complete
    while not state.complete:
        passes += state.page == 1
        ids = numbered(range(149))[(state.page - 1) * state.size : state.page * state.size]
        state.accept(ids, len(ids) + (state.page == 1), 150)
    assert not complete_at_once
    assert passes > 1


@pytest.mark.parametrize("seed", range(30))
def test_records_that_are_removed_and_restored_are_read_to_the_end(seed: int) -> None:
    random, state, came = Random(seed), EqualTimestamps(), set[str]()
    there, gone = numbered(range(600)), list[str]()
    throughout = set(there)
    while not state.complete:
        random.shuffle(there)
        ids = there[(state.page - 1) * state.size : state.page * state.size]
        came.update(ids)
        state.accept(ids, len(ids), len(there))
        if random.random() < 0.15:
            gone.append(there.pop(random.randrange(len(there))))
            throughout.discard(gone[-1])
        if random.random() < 0.05 and gone:
            there.append(gone.pop(random.randrange(len(gone))))

    assert throughout <= came
