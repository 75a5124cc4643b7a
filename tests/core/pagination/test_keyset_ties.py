"""Reading records of one moment, of which there are more than a page holds."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from sessionboard_async.core.pagination.keyset_ties import Tie, UnsettledError


def numbered(numbers: Iterable[int]) -> list[str]:
    return [*map(str, numbers)]


def test_a_tie_that_comes_in_order_takes_one_pass() -> None:
    tie, asked = Tie(), 0
    while not tie.settled:
        asked += 1
        ids = numbered(range((tie.page - 1) * tie.size, min(tie.page * tie.size, 250)))
        tie.accept(ids, len(ids), 250)

    assert asked == 3


def test_a_tie_that_never_comes_whole_is_given_up() -> None:
    tie = Tie()

    def read_on() -> None:
        while True:
            page = range((tie.page - 1) * tie.size, min(tie.page * tie.size, 250))
            ids = numbered(number if number != 7 else 8 for number in page)
            tie.accept(ids, len(ids), 250)

    with pytest.raises(UnsettledError, match="249 of 250") as caught:
        read_on()
    assert not caught.value.too_large


def test_a_tie_in_which_something_changes_is_read_anew() -> None:
    tie = Tie()
    tie.accept(numbered(range(100)), 100, 150)
    # Record 3 is deleted: all that was seen might hold it, in place of one that was not.
    tie.accept(numbered(range(101, 150)), 49, 149)

    assert not tie.settled


def test_a_tie_past_the_last_page_is_too_large() -> None:
    with pytest.raises(UnsettledError, match="99900") as caught:
        Tie().accept(numbered(range(100)), 100, 99_901)
    assert caught.value.too_large


def test_more_ids_than_records_are_counted_anew() -> None:
    tie = Tie()
    tie.accept(numbered(range(100)), 100, 101)
    # One was removed and another came back in between: the total does not tell.
    tie.accept(numbered([100, 101]), 2, 101)

    assert not tie.settled


def test_the_largest_tie_is_read_again_within_the_pages_that_are_served() -> None:
    tie = Tie()
    for _ in range(999):
        tie.accept(numbered(range(100)), 100, 99_900)

    assert (tie.page, tie.size) == (1, 100)
    assert not tie.settled


def test_what_went_before_it_was_seen_is_not_waited_for() -> None:
    tie, sizes = Tie(), list[int]()
    tie.accept(numbered(range(100)), 100, 150)
    while not tie.settled:
        if tie.page == 1:
            sizes.append(tie.size)
        ids = numbered(range(149))[(tie.page - 1) * tie.size : tie.page * tie.size]
        tie.accept(ids, len(ids), 149)

    # A cache may give the answer to an equal question again.
    assert sizes == [*range(99, 99 - len(sizes), -1)]
    assert sizes


def test_one_that_cannot_be_read_is_not_taken_for_two() -> None:
    tie = Tie()
    # Of 150 records, 149 can be read; in another order, the one that cannot be comes on both pages.
    tie.accept(numbered(range(99)), 100, 150)
    tie.accept(numbered(range(99, 148)), 50, 150)

    passes = 0
    settled_at_once = tie.settled
    while not tie.settled:
        passes += tie.page == 1
        ids = numbered(range(149))[(tie.page - 1) * tie.size : tie.page * tie.size]
        tie.accept(ids, len(ids) + (tie.page == 1), 150)
    assert not settled_at_once
    assert passes > 1


@pytest.mark.parametrize("seed", range(30))
def test_a_tie_from_which_records_go_and_come_back_is_read_to_its_end(seed: int) -> None:
    random, tie, came = Random(seed), Tie(), set[str]()
    there, gone = numbered(range(600)), list[str]()
    throughout = set(there)
    while not tie.settled:
        random.shuffle(there)
        ids = there[(tie.page - 1) * tie.size : tie.page * tie.size]
        came.update(ids)
        tie.accept(ids, len(ids), len(there))
        if random.random() < 0.15:
            gone.append(there.pop(random.randrange(len(there))))
            throughout.discard(gone[-1])
        if random.random() < 0.05 and gone:
            there.append(gone.pop(random.randrange(len(gone))))

    assert throughout <= came
