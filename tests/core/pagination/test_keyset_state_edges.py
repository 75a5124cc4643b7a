"""The requests of keyset pagination one by one, and responses at their exact bounds."""

from __future__ import annotations

import pytest

from sessionboard_async.core.pagination.keyset_state import (
    EmptyPageError,
    KeysetPosition,
    KeysetRequest,
    KeysetState,
    KeysetUnsupportedError,
    NewRecords,
    Observation,
)

START = KeysetPosition()


def begun(
    size: int = 10,
    position: KeysetPosition = START,
    *,
    before: int | None = None,
    concurrent: bool = False,
) -> KeysetState:
    return KeysetState(size, position=position, before=before, is_concurrent=concurrent)


def page(*timestamps: int, total: int = 1_000, rows: int | None = None, ids: str = "") -> Observation:
    """A response whose records have their timestamps for ids, unless others are given."""
    return Observation(
        timestamps,
        ids.split() if ids else [*map(str, timestamps)],
        len(timestamps) if rows is None else rows,
        total,
    )


def is_stuck(state: KeysetState) -> bool:
    return state.reads_equal_timestamps


def planned(state: KeysetState) -> KeysetRequest:
    request = state.plan()
    assert request is not None
    return request


def read(state: KeysetState, observed: Observation) -> NewRecords | None:
    """Request the next page and accept its response."""
    return state.accept(planned(state), observed)


# One page after the other


def test_reading_begins_with_the_first_page_of_everything() -> None:
    state = begun()
    assert not state.reads_equal_timestamps
    assert (state.pending, state.pending_rows) == (0, 0)
    assert planned(state) == KeysetRequest(None, None, 1, 10, 0)
    assert (state.pending, state.pending_rows, state.done) == (1, 10, False)
    assert state.plan() is None


def test_each_page_begins_a_millisecond_before_the_newest_record() -> None:
    state = begun()
    assert read(state, page(*range(100, 110))) == NewRecords([], 0)
    assert (state.pending, state.pending_rows) == (0, 0)
    assert state.position == KeysetPosition(108, frozenset({"108", "109"}))
    request = planned(state)
    assert request == KeysetRequest(108, None, 1, 12, 8)
    assert state.accept(request, page(108, 109, *range(110, 120))) == NewRecords([], 2)
    assert state.position == KeysetPosition(118, frozenset({"118", "119"}))


def test_a_page_is_never_larger_than_the_api_allows() -> None:
    state = begun(100)
    assert planned(state).size == 100
    state.accept(KeysetRequest(None, None, 1, 100, 0), page(*range(100)))
    assert planned(state).size == 100


def test_the_end_is_the_page_with_the_last_row() -> None:
    state = begun()
    read(state, page(*range(100, 110), total=12))
    assert not state.done
    # Of the three records after 108, two are known.
    assert read(state, page(108, 109, 111, total=3)) == NewRecords([], 2)
    assert (state.done, state.pending, state.plan()) == (True, 0, None)


def test_nothing_to_read_is_the_end() -> None:
    state = begun()
    assert read(state, page(total=0)) == NewRecords([], 0)
    assert state.done
    assert state.position == START


def test_a_stream_can_be_stopped_before_its_end() -> None:
    state = begun()
    planned(state)
    state.stop()
    assert (state.done, state.pending, state.plan()) == (True, 0, None)


@pytest.mark.parametrize(("newest", "done"), [(150, False), (151, True)])
def test_reading_ends_with_a_record_after_the_last_time(newest: int, done: bool) -> None:
    state = begun(before=150)
    request = planned(state)
    assert request.before == 150
    state.accept(request, page(100, newest))
    assert state.done is done


def test_a_resumed_stream_begins_where_it_ended_and_leaves_out_what_was_delivered() -> None:
    state = begun(position=KeysetPosition(108, frozenset({"108", "109"})))
    request = planned(state)
    assert request == KeysetRequest(108, None, 1, 12, 0)
    assert state.accept(request, page(108, 109, 110, 111, total=9)) == NewRecords([], 2)
    assert state.position == KeysetPosition(110, frozenset({"110", "111"}))


def test_delivered_ids_are_awaited_until_they_are_seen() -> None:
    state = begun(position=KeysetPosition(108, frozenset({"a", "b"})))
    observed = page(108, 109, 110, ids="x a y")
    assert read(state, observed) == NewRecords([0, 2], 3)
    assert state.position.recent_ids == {"b", "a", "y"}


def test_older_records_are_new_only_from_the_confirmed_time_on() -> None:
    state = begun()
    read(state, page(*range(100, 110)))
    observed = page(107, 108, 108, 109, 110, ids="old back 108 109 110")
    assert read(state, observed) == NewRecords([1], 4)


# Responses that do not follow the timestamps


def test_a_page_of_which_no_record_can_be_read_is_unsupported() -> None:
    with pytest.raises(KeysetUnsupportedError) as caught:
        read(begun(), page(rows=3))
    assert str(caught.value) == "no record of a page can be read"


@pytest.mark.parametrize(("oldest", "newest"), [(-893, 120), (-892, 107)])
def test_records_from_before_the_requested_time_are_unsupported(oldest: int, newest: int) -> None:
    state = begun()
    read(state, page(*range(100, 110)))
    request = planned(state)
    assert request.after == 108
    with pytest.raises(KeysetUnsupportedError) as caught:
        state.accept(request, page(oldest, newest))
    assert str(caught.value) == "the API returned records from before the requested time"


def test_bounds_cut_to_whole_seconds_are_supported() -> None:
    state = begun()
    read(state, page(*range(100, 110)))
    assert read(state, page(-892, 108, 120)) == NewRecords([], 2)


def test_three_empty_pages_in_a_row_are_an_error() -> None:
    state = begun()
    assert read(state, page()) is None
    assert (state.pending, state.pending_rows, state.done) == (0, 0, False)
    assert read(state, page()) is None
    with pytest.raises(EmptyPageError):
        read(state, page())


def test_a_page_with_records_ends_the_row_of_empty_pages() -> None:
    state = begun()
    for newest in (101, 201, 301):
        assert read(state, page()) is None
        assert read(state, page()) is None
        assert read(state, page(newest - 1, newest)) is not None


# Several pages at once


def test_further_pages_are_requested_while_one_is_awaited() -> None:
    state = begun(concurrent=True)
    assert planned(state) == KeysetRequest(None, None, 1, 10, 0)
    assert state.plan() is None, "how many there are is not known yet"
    state.accept(KeysetRequest(None, None, 1, 10, 0), page(*range(100, 110), total=40))
    # Pages of 13 rows that overlap by three: the anchor in row 7 is the first of the second page.
    assert planned(state) == KeysetRequest(106, None, 1, 13, 7)
    assert planned(state) == KeysetRequest(103, None, 2, 13, 17)
    assert planned(state) == KeysetRequest(100, None, 3, 13, 27)
    assert (state.pending, state.pending_rows) == (3, 30)
    assert state.plan() is None, "these are all 40 rows"


def test_pages_that_overlap_follow_each_other() -> None:
    state = begun(concurrent=True)
    read(state, page(*range(100, 110), total=30))
    second, third = planned(state), planned(state)
    assert state.accept(second, page(*range(107, 120), total=23)) == NewRecords([], 3)
    assert (state.pending, state.pending_rows) == (1, 10)
    assert third.number == 2
    assert state.accept(third, page(*range(117, 130), total=26)) == NewRecords([], 3)
    assert state.done


@pytest.mark.parametrize(("first", "follows"), [(118, True), (119, False)])
def test_a_page_counts_only_if_it_begins_before_the_end_of_the_previous_one(
    first: int, follows: bool
) -> None:
    state = begun(concurrent=True)
    read(state, page(*range(100, 110), total=50))
    second, third = planned(state), planned(state)
    state.accept(second, page(*range(107, 120), total=43))
    new = state.accept(third, page(*range(first, 131), total=46))
    assert (new is not None) is follows
    if not follows:
        assert (state.pending, state.pending_rows) == (0, 0)


def test_after_a_gap_pages_overlap_by_twice_as_many_rows() -> None:
    state = begun(20, concurrent=True)
    read(state, page(*range(100, 120), total=200))
    second, third = planned(state), planned(state)
    assert (second.size, second.start, third.start) == (23, 17, 37)
    state.accept(second, page(*range(117, 140), total=183))
    assert state.accept(third, page(*range(140, 160), total=180)) is None
    again = planned(state)
    assert (again.size, again.start) == (26, 34)


def answered(request: KeysetRequest, *, later: int = 0) -> Observation:
    """The response of a server with 500 records, one in each millisecond from 100."""
    rows = range(100 + request.start + later, 100 + request.start + later + request.size)
    return page(*rows, total=500 - request.start + request.rows_before)


@pytest.mark.parametrize(("size", "together"), [(6, True), (5, False)])
def test_where_pages_cannot_overlap_by_more_rows_they_are_read_one_by_one(size: int, together: bool) -> None:
    state = begun(size, concurrent=True)
    first = planned(state)
    state.accept(first, answered(first))
    requests = [planned(state) for _ in range(5)]
    for request in requests:
        if request.number > 1:
            break
        assert state.accept(request, answered(request)) is not None
    assert state.accept(request, answered(request, later=50)) is None
    planned(state)
    assert (state.plan() is not None) is together


def test_pages_that_are_smaller_than_requested_are_read_one_by_one_for_sixteen_pages() -> None:
    state = begun(concurrent=True)
    read(state, page(*range(100, 109), total=5_000))
    newest = 108
    for _ in range(16):
        request = planned(state)
        assert state.plan() is None
        assert request.number == 1
        rows = range(newest - 1, newest - 1 + request.size)
        state.accept(request, page(*rows, total=4_000))
        newest = rows[-1]
    planned(state)
    assert state.plan() is not None


def test_an_empty_page_makes_reading_sequential_for_sixteen_pages() -> None:
    state = begun(concurrent=True)
    read(state, page(*range(100, 110), total=5_000))
    planned(state)
    second = planned(state)
    assert state.accept(second, page()) is None
    planned(state)
    assert state.plan() is None


# More records with equal timestamps than a page holds


def stuck(*, before: int | None = None) -> KeysetState:
    """A state after two pages of records of one millisecond."""
    state = begun(3, before=before)
    read(state, page(100, 101, 101, ids="a b c", total=9))
    request = planned(state)
    assert request == KeysetRequest(100, before, 1, 6, 0)
    observed = page(101, 101, 101, 101, 101, 101, ids="b c d e f g", total=8)
    assert state.accept(request, observed) == NewRecords([2, 3, 4, 5], 6)
    return state


def test_pages_of_one_millisecond_are_read_by_their_numbers() -> None:
    state = stuck()
    assert is_stuck(state)
    request = planned(state)
    assert request == KeysetRequest(100, 103, 1, 100, 6)
    assert state.plan() is None
    observed = page(*[101] * 8, ids="b c d e f g h i")
    observed = Observation(observed.timestamps, observed.ids, 8, 8)
    assert state.accept(request, observed) == NewRecords([6, 7], 8)
    assert not is_stuck(state)
    assert not state.done
    # Both milliseconds are complete: the next record is one after them.
    assert state.position == KeysetPosition(102, frozenset())
    assert planned(state) == KeysetRequest(102, None, 1, 3, 6)


def test_the_end_bounds_the_records_with_equal_timestamps_too() -> None:
    state = stuck(before=102)
    request = planned(state)
    assert request.before == 102
    observed = page(*[101] * 8, ids="b c d e f g h i", total=8)
    assert state.accept(request, observed) is not None
    assert state.done


def test_bounds_that_exclude_the_records_themselves_are_unsupported() -> None:
    state = stuck()
    nothing = page(total=0)
    assert state.accept(planned(state), nothing) == NewRecords([], 0)
    assert not is_stuck(state)
    # Perhaps all of them were removed: reading again shows whether they are there.
    request = planned(state)
    assert request.after == 100
    observed = page(*[101] * request.size, ids=" ".join(f"x{number}" for number in range(request.size)))
    state.accept(request, observed)
    assert is_stuck(state)
    with pytest.raises(KeysetUnsupportedError) as caught:
        state.accept(planned(state), nothing)
    assert str(caught.value) == "the API rounds the bounds of times to more than milliseconds"


def test_equal_timestamps_that_are_never_found_end_the_reading_although_they_alternate() -> None:
    state = begun()
    read(state, page(*range(1, 11)))
    for timestamp in (9, 10):
        read(state, page(timestamp, ids=f"other{timestamp}"))
        assert is_stuck(state)
        if timestamp == 9:
            read(state, page(total=0))
    with pytest.raises(KeysetUnsupportedError, match="rounds the bounds"):
        read(state, page(total=0))
