"""Keyset pagination against a model of a server whose data changes between any two responses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.core.pagination.keyset_state import (
    EmptyPageError,
    KeysetPosition,
    KeysetRequest,
    KeysetState,
    KeysetUnsupportedError,
    Observation,
)

pytestmark = pytest.mark.untraced


@dataclass
class Model:
    """A server: ids with timestamps in microseconds, and options for bounds, precision, order, page size."""

    rows: dict[int, int]
    inclusive: bool = False
    microseconds: bool = False
    shuffles: bool = False
    bounds_cut_to: int = 1
    largest_page: int = 100
    unreadable: frozenset[int] = frozenset()
    random: Random = field(default_factory=lambda: Random(1))
    asked: int = 0

    def bound(self, timestamp: int) -> int:
        return timestamp // self.bounds_cut_to * self.bounds_cut_to * 1000

    def answer(self, request: KeysetRequest) -> Observation:
        self.asked += 1
        unit, edge = 1 if self.microseconds else 1000, 0 if self.inclusive else 1
        stored = [(timestamp // unit * unit, id_) for id_, timestamp in self.rows.items()]
        if request.after is not None:
            first = self.bound(request.after) + edge
            stored = [row for row in stored if row[0] >= first]
        if request.before is not None:
            last = self.bound(request.before) - edge
            stored = [row for row in stored if row[0] <= last]
        if self.shuffles:
            found = [(timestamp, self.random.random(), id_) for timestamp, id_ in stored]
        else:
            found = [(timestamp, id_, id_) for timestamp, id_ in stored]
        found.sort()
        size = min(request.size, self.largest_page)
        page = found[(request.number - 1) * size : request.number * size]
        readable = [(stored // 1000, str(id_)) for stored, _, id_ in page if id_ not in self.unreadable]
        return Observation(
            [timestamp for timestamp, _ in readable], [id_ for _, id_ in readable], len(page), len(found)
        )


def change(model: Model, random: Random, gone: dict[int, int], throughout: set[int], count: int) -> None:
    """Delete records, insert some at the end, and restore deleted ones."""
    for _ in range(count):
        what = random.random()
        if what < 0.5 and model.rows:
            id_ = random.choice(list(model.rows))
            gone[id_] = model.rows.pop(id_)
            throughout.discard(id_)
        elif what < 0.75:
            model.rows[max([*model.rows, *gone, 0]) + 1] = max(model.rows.values(), default=0) + 1500
        elif gone:
            id_ = random.choice(list(gone))
            model.rows[id_] = gone.pop(id_)


def read(
    model: Model,
    *,
    size: int,
    depth: int = 1,
    changes: int = 0,
    seed: int = 1,
    stop_after: int | None = None,
    position: KeysetPosition | None = None,
) -> tuple[list[int], set[int], KeysetPosition, bool]:
    """Read to a page or the end; return the ids read, those present throughout, the position, if it ended."""
    random, gone = Random(seed), dict[int, int]()
    throughout, got = set(model.rows), list[int]()
    position = KeysetPosition() if position is None else position
    state = KeysetState(size, position=position, before=None, is_concurrent=depth > 1)
    pending: deque[tuple[KeysetRequest, Observation]] = deque()
    pages = 0
    while not state.done:
        while len(pending) < depth and (request := state.plan()) is not None:
            if model.asked > 40:
                changes = 0
            change(model, random, gone, throughout, changes)
            pending.append((request, model.answer(request)))
            assert model.asked < 2000, "the iteration does not end"
        request, observed = pending.popleft()
        new = state.accept(request, observed)
        if state.pending < len(pending):
            pending.clear()
        if new is not None:
            got += map(int, [*(observed.ids[index] for index in new.indexes), *observed.ids[new.rest :]])
            pages += 1
            if pages == stop_after:
                return got, throughout, state.position, False
    return got, throughout, state.position, True


EXAMPLES = settings().max_examples
"""Examples of a generated test in this run."""

STEPS = st.sampled_from([0, 1, 3, 400, 1000, 1001, 7000, 60_000_000])


@st.composite
def models(draw: st.DrawFn) -> Model:
    timestamp, rows = 1_760_000_000_000_000 + draw(st.integers(0, 999)), dict[int, int]()
    count = draw(st.integers(0, 40))
    for step in draw(st.lists(STEPS, min_size=count, max_size=count)):
        timestamp += step
        rows[len(rows)] = timestamp
    return Model(
        rows,
        inclusive=draw(st.booleans()),
        microseconds=draw(st.booleans()),
        shuffles=draw(st.booleans()),
        largest_page=draw(st.sampled_from([3, 100])),
        random=Random(draw(st.integers(0, 100))),
    )


@given(models(), st.integers(2, 12), st.sampled_from([1, 2, 5]), st.integers(0, 3), st.integers(0, 99))
@settings(max_examples=4 * EXAMPLES)
def test_records_present_throughout_are_returned_once(
    model: Model, size: int, depth: int, changes: int, seed: int
) -> None:
    if changes:
        # Among equal timestamps on several pages, a removal cannot be seen if another record is restored.
        model.largest_page = 100
    got, throughout, _, _ = read(model, size=size, depth=depth, changes=changes, seed=seed)

    assert throughout <= set(got)
    assert len(set(got)) == len(got)


@given(models(), st.integers(2, 12), st.sampled_from([1, 4]), st.integers(1, 12))
@settings(max_examples=2 * EXAMPLES)
def test_an_iteration_resumes_from_its_position(model: Model, size: int, depth: int, stop_after: int) -> None:
    everything = set(model.rows)
    before, _, position, ended = read(model, size=size, depth=depth, stop_after=stop_after)
    if ended:
        return
    after, _, _, _ = read(model, size=size, depth=depth, position=position)

    assert {*before, *after} == everything
    assert not {*before} & {*after}


def test_a_position_is_kept_until_a_page_is_read() -> None:
    position = KeysetPosition(5, frozenset({"a", "b"}))

    assert KeysetState(10, position=position).position == position


def test_a_page_of_unreadable_records_has_no_timestamp() -> None:
    model = Model({number: number * 60_000_000 for number in range(30)}, unreadable=frozenset(range(9, 25)))

    with pytest.raises(KeysetUnsupportedError, match="can be read"):
        read(model, size=5)


@given(models(), st.integers(3, 12))
def test_records_are_returned_in_the_order_of_their_timestamps(model: Model, size: int) -> None:
    got, _, _, _ = read(model, size=size, depth=3)
    timestamps = [model.rows[id_] // 1000 for id_ in got]

    # Records with equal timestamps, read over three milliseconds, keep the order of the API.
    assert all(later >= sooner - 2 for sooner, later in pairwise(timestamps))


@pytest.mark.parametrize("shuffles", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("microseconds", [False, True])
@pytest.mark.parametrize("step", [60_000_000, 1000, 7], ids=["sparse", "one a millisecond", "crowded"])
@pytest.mark.parametrize("ties", [1, 300])
@pytest.mark.parametrize("depth", [pytest.param(1, marks=pytest.mark.slow), 8])
def test_every_kind_of_server_is_read_completely(
    shuffles: bool, inclusive: bool, microseconds: bool, step: int, ties: int, depth: int
) -> None:
    rows = {number: 1_760_000_000_000_123 + number // ties * step for number in range(1500)}
    model = Model(rows, inclusive=inclusive, microseconds=microseconds, shuffles=shuffles)

    got, _, _, _ = read(model, size=100, depth=depth)

    assert set(got) == set(rows)
    assert len(got) == len(rows)


@pytest.mark.parametrize("depth", [1, 2, 8])
@pytest.mark.parametrize("largest_page", [1, 4, 25])
@pytest.mark.parametrize("ties", [1, 60])
def test_pages_smaller_than_requested_are_read_completely(ties: int, largest_page: int, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number // ties * 60_000_000 for number in range(121)}
    model = Model(rows, largest_page=largest_page, shuffles=ties > 1)

    got, _, _, _ = read(model, size=30, depth=depth)

    assert sorted(got) == [*rows]


@pytest.mark.parametrize("depth", [1, 5])
@pytest.mark.parametrize("inclusive", [False, True])
def test_bounds_rounded_to_seconds_return_nothing_twice(inclusive: bool, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number * 300_000 for number in range(60)}
    model = Model(rows, inclusive=inclusive, bounds_cut_to=1000)

    before, _, position, _ = read(model, size=10, depth=depth, stop_after=2)
    after, _, _, _ = read(model, size=10, depth=depth, position=position)

    assert [*before, *after] == [*rows]


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("milliseconds", [0, 500])
def test_equal_timestamps_excluded_by_rounded_bounds_are_an_error(milliseconds: int, inclusive: bool) -> None:
    timestamp = 1_760_000_000_000_000 + milliseconds * 1000
    rows = {number: timestamp + (number >= 40) * 60_000_000 for number in range(50)}
    model = Model(rows, inclusive=inclusive, bounds_cut_to=1000)

    with pytest.raises(KeysetUnsupportedError):
        read(model, size=10)


def test_equal_timestamps_removed_before_they_are_read_are_no_error() -> None:
    model = Model({number: 5_000_000 + (number >= 200) * 60_000_000 for number in range(230)})
    state, got = KeysetState(100, position=KeysetPosition()), set[str]()
    while (request := state.plan()) is not None:
        if state.reads_equal_timestamps:
            model.rows = {number: timestamp for number, timestamp in model.rows.items() if number >= 200}
        observed = model.answer(request)
        state.accept(request, observed)
        got.update(observed.ids)

    assert got >= {str(number) for number in range(200, 230)}


@pytest.mark.parametrize("depth", [1, 5])
@pytest.mark.parametrize("ties", [1, 40])
def test_unreadable_records_do_not_hide_others(ties: int, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number // ties * 60_000_000 for number in range(200)}
    unreadable = frozenset(number for number in rows if number % 10 > 7)
    model = Model(rows, unreadable=unreadable)

    got, _, _, _ = read(model, size=10, depth=depth)

    assert sorted(got) == [number for number in rows if number not in unreadable]


def test_unchanging_data_takes_at_most_two_extra_requests() -> None:
    model = Model({number: number * 60_000_000 for number in range(12_000)})

    got, _, _, _ = read(model, size=100)

    assert got == list(range(12_000))
    assert model.asked <= 122


def test_concurrent_pages_take_few_extra_requests() -> None:
    model = Model({number: number * 60_000_000 for number in range(12_000)})

    got, _, _, _ = read(model, size=100, depth=8)

    assert got == list(range(12_000))
    assert model.asked <= 120 * 1.05


def test_responses_that_ignore_bounds_are_detected() -> None:
    state = KeysetState(2, position=KeysetPosition())
    first = state.plan()
    assert first is not None
    observed = Observation([5_000, 90_000], ["a", "b"], 2, 9)
    assert state.accept(first, observed) is not None
    second = state.plan()
    assert second is not None
    assert second.after == 89_999

    with pytest.raises(KeysetUnsupportedError, match="before the requested time"):
        state.accept(second, observed)


def test_an_empty_page_is_requested_again_a_few_times() -> None:
    state = KeysetState(2, position=KeysetPosition())
    for _ in range(2):
        request = state.plan()
        assert request is not None
        assert state.accept(request, Observation([], [], 0, 9)) is None
    request = state.plan()
    assert request is not None

    with pytest.raises(EmptyPageError):
        state.accept(request, Observation([], [], 0, 9))


def test_nothing_is_read_beyond_the_end() -> None:
    model = Model({number: number * 1000 for number in range(50)})
    state = KeysetState(10, position=KeysetPosition(), before=25)
    got: set[int] = set()
    while (request := state.plan()) is not None:
        observed = model.answer(request)
        state.accept(request, observed)
        got.update(map(int, observed.ids))

    assert got == set(range(25))


def test_records_beyond_the_end_on_the_first_page_end_the_iteration() -> None:
    model = Model({number: number * 1000 for number in range(50)})
    state = KeysetState(10, position=KeysetPosition())
    request = state.plan()
    assert request is not None
    # The end is known only from the first response.
    state.before = 5
    state.accept(request, model.answer(request))

    assert state.done
    assert state.plan() is None


def test_equal_timestamps_at_the_end_are_read() -> None:
    model = Model(dict.fromkeys(range(150), 5_000))
    state = KeysetState(100, position=KeysetPosition(), before=6)
    requests = []
    while (request := state.plan()) is not None:
        requests.append(request)
        state.accept(request, model.answer(request))

    assert [request.before for request in requests] == [6] * len(requests)
    assert all(request.after is None or request.after < 6 for request in requests)


def test_only_consecutive_empty_pages_are_counted() -> None:
    model = Model({number: number * 60_000_000 for number in range(50)})
    state, asked = KeysetState(5, position=KeysetPosition()), 0
    while (request := state.plan()) is not None:
        asked += 1
        state.accept(request, Observation([], [], 0, 9) if asked % 3 == 2 else model.answer(request))

    assert asked > 9


def test_concurrent_pages_stop_at_the_last_served_page() -> None:
    state = KeysetState(100, position=KeysetPosition(), is_concurrent=True)
    first = state.plan()
    assert first is not None
    state.accept(first, Observation([*range(100)], [str(number) for number in range(100)], 100, 200_000))
    pages = [request.number for request in iter(state.plan, None)]

    assert max(pages) == 999


@pytest.mark.parametrize("adds", [False, True])
def test_after_an_addition_equal_timestamps_are_read_twice(adds: bool) -> None:
    model = Model({number: number // 30 * 60_000_000 for number in range(60)}, largest_page=10)
    state, requests = KeysetState(10, position=KeysetPosition()), list[KeysetRequest]()
    while (request := state.plan()) is not None:
        if state.reads_equal_timestamps:
            if adds and len(requests) == 1:
                model.rows[60] = 0
            requests.append(request)
        state.accept(request, model.answer(request))

    later = [request for request in requests if request.after and request.after > 0]
    assert len(later) == (5 if adds else 3)


@pytest.mark.parametrize(("ties", "most_requests"), [(8, 90), (300, 80)])
def test_after_equal_timestamps_pages_are_concurrent_again(ties: int, most_requests: int) -> None:
    start = 1_760_000_000_000_000
    rows = {number: start + number // ties * 60_000_000 for number in range(1800)}
    rows |= {number: start + number * 60_000_000 for number in range(1800, 6000)}
    model = Model(rows)
    state = KeysetState(100, position=KeysetPosition(), is_concurrent=True)
    pending, most = deque[tuple[KeysetRequest, Observation]](), 0
    while not state.done:
        while len(pending) < 8 and (request := state.plan()) is not None:
            pending.append((request, model.answer(request)))
        request, observed = pending.popleft()
        state.accept(request, observed)
        if state.pending < len(pending):
            pending.clear()
        if observed.timestamps[0] > model.rows[4500] // 1000:
            most = max(most, state.pending)

    assert most == 7
    assert model.asked <= most_requests
