"""Reading more records with equal timestamps than one page holds."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from sessionboard_async.core.pagination.keyset_ties import EqualTimestamps, IncompleteTimestampsError

pytestmark = pytest.mark.untraced


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


def test_an_addition_that_stands_for_a_missing_record_is_seen_with_any_other_change() -> None:
    state = EqualTimestamps()
    state.accept(numbered(range(100)), 100, 250)
    # One is removed, which the total shows. Then one more is removed, and another is restored.
    state.accept(numbered(range(100, 200)), 100, 249)
    state.accept(numbered([*range(200, 248), 900]), 49, 249)

    passes, complete_at_once = 0, state.complete
    while not state.complete:
        passes += state.page == 1
        ids = numbered([*range(2, 250), 900])[(state.page - 1) * state.size : state.page * state.size]
        state.accept(ids, len(ids), 249)
    assert not complete_at_once
    # Both passes return each record; between them lies the response that counted as many.
    assert passes == 2


@pytest.mark.parametrize("has_additions", [False, True])
def test_known_additions_take_a_second_pass(has_additions: bool) -> None:
    state, asked = EqualTimestamps(has_additions=has_additions), 0
    while not state.complete:
        asked += 1
        ids = numbered(range(150))[(state.page - 1) * state.size : state.page * state.size]
        state.accept(ids, len(ids), 150)

    assert asked == (4 if has_additions else 2)
    assert state.has_additions is has_additions


@pytest.mark.parametrize("seed", range(5))
def test_a_random_order_with_additions_is_read_until_no_record_can_be_hidden(seed: int) -> None:
    # A record that was away for a moment is counted although it was not there.
    random, state, chance = Random(seed), EqualTimestamps(has_additions=True), 300.0
    rows = numbered(range(300))
    while not state.complete:
        random.shuffle(rows)
        ids = rows[(state.page - 1) * state.size : state.page * state.size]
        chance *= 1 - len(ids) / 300
        state.accept(ids, len(ids), 300)

    assert chance < 1e-5


def test_an_addition_is_remembered() -> None:
    removed, added = EqualTimestamps(), EqualTimestamps()
    for state, total in ((removed, 149), (added, 151)):
        state.accept(numbered(range(100)), 100, 150)
        state.accept(numbered(range(100, total)), total - 100, total)

    assert not removed.has_additions
    assert added.has_additions


@pytest.mark.parametrize("hidden", [1, 30, 149])
def test_records_that_are_counted_and_never_returned_are_not_awaited_for_long(hidden: int) -> None:
    state, asked = EqualTimestamps(), 0
    rows = numbered(range(150 - hidden))
    while not state.complete:
        asked += 1
        ids = rows[(state.page - 1) * state.size : state.page * state.size]
        state.accept(ids, len(ids), 150)

    assert asked <= 12


def test_an_empty_page_is_no_proof_that_records_are_hidden() -> None:
    state, came = EqualTimestamps(), set[str]()
    for asked in range(30):
        ids = numbered(range(150))[(state.page - 1) * state.size : state.page * state.size]
        ids = [] if asked in (1, 3) else ids
        came.update(ids)
        state.accept(ids, len(ids), 150)
        if state.complete:
            break

    assert state.complete
    assert len(came) == 150


def test_the_pages_of_a_second_pass_hold_all_records_that_are_served() -> None:
    state = EqualTimestamps()
    for first in range(0, 999 * 99, 99):
        state.accept(numbered(range(first, first + 100)), 100, 99_850)

    assert state.page == 1
    assert state.size * 999 >= 99_850


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
    for first in range(0, 999 * 99, 99):
        state.accept(numbered(range(first, first + 100)), 100, 99_900)

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
