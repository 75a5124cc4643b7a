"""Reading by time, against a model of a server whose data changes between any two answers."""

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
    NotByTimeError,
    Position,
    Sight,
    Span,
    Timeline,
)


@dataclass
class Model:
    """A server: ids with their microseconds, and what it makes of bounds, precision, ties and page sizes."""

    rows: dict[int, int]
    inclusive: bool = False
    microseconds: bool = False
    shuffles: bool = False
    bounds_cut_to: int = 1
    largest_page: int = 100
    unreadable: frozenset[int] = frozenset()
    random: Random = field(default_factory=lambda: Random(1))
    asked: int = 0

    def stored(self, moment: int) -> int:
        return moment if self.microseconds else moment // 1000 * 1000

    def bound(self, moment: int) -> int:
        return moment // self.bounds_cut_to * self.bounds_cut_to * 1000

    def answer(self, span: Span) -> Sight:
        self.asked += 1
        found = []
        for id_, moment in self.rows.items():
            stored = self.stored(moment)
            after = None if span.after is None else self.bound(span.after)
            before = None if span.before is None else self.bound(span.before)
            if after is not None and (stored < after or (stored == after and not self.inclusive)):
                continue
            if before is not None and (stored > before or (stored == before and not self.inclusive)):
                continue
            found.append((stored, self.random.random() if self.shuffles else id_, id_))
        found.sort()
        size = min(span.size, self.largest_page)
        page = found[(span.page - 1) * size : span.page * size]
        readable = [(stored // 1000, str(id_)) for stored, _, id_ in page if id_ not in self.unreadable]
        return Sight([moment for moment, _ in readable], [id_ for _, id_ in readable], len(page), len(found))


def change(model: Model, random: Random, gone: dict[int, int], throughout: set[int], count: int) -> None:
    """Delete, insert at the end, and restore what was deleted, some records each."""
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
    position: Position | None = None,
) -> tuple[list[int], set[int], Position, bool]:
    """Read up to a page or the end; return what came, what was there throughout, where it is, if it ended."""
    random, gone = Random(seed), dict[int, int]()
    throughout, got = set(model.rows), list[int]()
    position = Position() if position is None else position
    timeline = Timeline(size, position=position, before=None, side_by_side=depth > 1)
    under_way: deque[tuple[Span, Sight]] = deque()
    pages = 0
    while not timeline.done:
        while len(under_way) < depth and (span := timeline.plan()) is not None:
            if model.asked > 40:
                changes = 0
            change(model, random, gone, throughout, changes)
            under_way.append((span, model.answer(span)))
            assert model.asked < 2000, "it does not come to an end"
        span, sight = under_way.popleft()
        new = timeline.accept(span, sight)
        if timeline.under_way < len(under_way):
            under_way.clear()
        if new is not None:
            got += map(int, [*(sight.ids[index] for index in new.some), *sight.ids[new.rest :]])
            pages += 1
            if pages == stop_after:
                return got, throughout, timeline.position, False
    return got, throughout, timeline.position, True


STEPS = st.sampled_from([0, 1, 3, 400, 1000, 1001, 7000, 60_000_000])


@st.composite
def models(draw: st.DrawFn) -> Model:
    moment, rows = 1_760_000_000_000_000 + draw(st.integers(0, 999)), dict[int, int]()
    count = draw(st.integers(0, 40))
    for step in draw(st.lists(STEPS, min_size=count, max_size=count)):
        moment += step
        rows[len(rows)] = moment
    return Model(
        rows,
        inclusive=draw(st.booleans()),
        microseconds=draw(st.booleans()),
        shuffles=draw(st.booleans()),
        largest_page=draw(st.sampled_from([3, 100])),
        random=Random(draw(st.integers(0, 100))),
    )


@given(models(), st.integers(2, 12), st.sampled_from([1, 2, 5]), st.integers(0, 3), st.integers(0, 99))
@settings(max_examples=400)
def test_whatever_is_there_throughout_comes_and_nothing_twice(
    model: Model, size: int, depth: int, changes: int, seed: int
) -> None:
    if changes:
        # In a tie that takes several pages, one that goes while another comes back is not seen to go.
        model.largest_page = 100
    got, throughout, _, _ = read(model, size=size, depth=depth, changes=changes, seed=seed)

    assert throughout <= set(got)
    assert len(set(got)) == len(got)


@given(models(), st.integers(2, 12), st.sampled_from([1, 4]), st.integers(1, 12))
@settings(max_examples=200)
def test_a_reading_goes_on_from_its_position(model: Model, size: int, depth: int, stop_after: int) -> None:
    everything = set(model.rows)
    before, _, position, ended = read(model, size=size, depth=depth, stop_after=stop_after)
    if ended:
        return
    after, _, _, _ = read(model, size=size, depth=depth, position=position)

    assert {*before, *after} == everything
    assert not {*before} & {*after}


def test_a_position_is_kept_until_something_is_read() -> None:
    position = Position(5, frozenset({"a", "b"}))

    assert Timeline(10, position=position).position == position


def test_a_page_of_which_nothing_can_be_read_tells_no_time() -> None:
    model = Model({number: number * 60_000_000 for number in range(30)}, unreadable=frozenset(range(9, 25)))

    with pytest.raises(NotByTimeError, match="can be read"):
        read(model, size=5)


@given(models(), st.integers(3, 12))
def test_records_come_in_the_order_of_their_times(model: Model, size: int) -> None:
    got, _, _, _ = read(model, size=size, depth=3)
    moments = [model.stored(model.rows[id_]) // 1000 for id_ in got]

    # Those of a tie, which reaches over three milliseconds, come as the API gives them.
    assert all(later >= sooner - 2 for sooner, later in pairwise(moments))


@pytest.mark.parametrize("shuffles", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("microseconds", [False, True])
@pytest.mark.parametrize("step", [60_000_000, 1000, 7], ids=["sparse", "one a millisecond", "crowded"])
@pytest.mark.parametrize("ties", [1, 300])
@pytest.mark.parametrize("depth", [1, 8])
def test_every_kind_of_server_is_read_whole(
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
def test_pages_smaller_than_asked_for_are_read_whole(ties: int, largest_page: int, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number // ties * 60_000_000 for number in range(121)}
    model = Model(rows, largest_page=largest_page, shuffles=ties > 1)

    got, _, _, _ = read(model, size=30, depth=depth)

    assert sorted(got) == [*rows]


@pytest.mark.parametrize("depth", [1, 5])
@pytest.mark.parametrize("inclusive", [False, True])
def test_bounds_that_are_cut_to_seconds_bring_nothing_twice(inclusive: bool, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number * 300_000 for number in range(60)}
    model = Model(rows, inclusive=inclusive, bounds_cut_to=1000)

    before, _, position, _ = read(model, size=10, depth=depth, stop_after=2)
    after, _, _, _ = read(model, size=10, depth=depth, position=position)

    assert [*before, *after] == [*rows]


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("milliseconds", [0, 500])
def test_a_tie_that_bounds_leave_out_is_not_taken_for_read(milliseconds: int, inclusive: bool) -> None:
    moment = 1_760_000_000_000_000 + milliseconds * 1000
    rows = {number: moment + (number >= 40) * 60_000_000 for number in range(50)}
    model = Model(rows, inclusive=inclusive, bounds_cut_to=1000)

    with pytest.raises(NotByTimeError):
        read(model, size=10)


def test_a_tie_that_is_removed_before_it_is_read_is_no_error() -> None:
    model = Model({number: 5_000_000 + (number >= 200) * 60_000_000 for number in range(230)})
    timeline, got = Timeline(100, position=Position()), set[str]()
    while (span := timeline.plan()) is not None:
        if timeline.is_tied:
            model.rows = {number: moment for number, moment in model.rows.items() if number >= 200}
        sight = model.answer(span)
        timeline.accept(span, sight)
        got.update(sight.ids)

    assert got >= {str(number) for number in range(200, 230)}


@pytest.mark.parametrize("depth", [1, 5])
@pytest.mark.parametrize("ties", [1, 40])
def test_what_cannot_be_read_does_not_hide_others(ties: int, depth: int) -> None:
    rows = {number: 1_760_000_000_000_000 + number // ties * 60_000_000 for number in range(200)}
    unreadable = frozenset(number for number in rows if number % 10 > 7)
    model = Model(rows, unreadable=unreadable)

    got, _, _, _ = read(model, size=10, depth=depth)

    assert sorted(got) == [number for number in rows if number not in unreadable]


def test_data_at_rest_costs_one_request_in_a_hundred_more() -> None:
    model = Model({number: number * 60_000_000 for number in range(12_000)})

    got, _, _, _ = read(model, size=100)

    assert got == list(range(12_000))
    assert model.asked <= 122


def test_pages_side_by_side_cost_little_more() -> None:
    model = Model({number: number * 60_000_000 for number in range(12_000)})

    got, _, _, _ = read(model, size=100, depth=8)

    assert got == list(range(12_000))
    assert model.asked <= 120 * 1.05


def test_answers_that_heed_no_bounds_are_found_out() -> None:
    timeline = Timeline(2, position=Position())
    first = timeline.plan()
    assert first is not None
    sight = Sight([5_000, 90_000], ["a", "b"], 2, 9)
    assert timeline.accept(first, sight) is not None
    second = timeline.plan()
    assert second is not None
    assert second.after == 89_999

    with pytest.raises(NotByTimeError, match="before the time"):
        timeline.accept(second, sight)


def test_an_empty_page_is_asked_for_again_and_not_for_ever() -> None:
    timeline = Timeline(2, position=Position())
    for _ in range(2):
        span = timeline.plan()
        assert span is not None
        assert timeline.accept(span, Sight([], [], 0, 9)) is None
    span = timeline.plan()
    assert span is not None

    with pytest.raises(EmptyPageError):
        timeline.accept(span, Sight([], [], 0, 9))


def test_nothing_is_read_beyond_the_end() -> None:
    model = Model({number: number * 1000 for number in range(50)})
    timeline = Timeline(10, position=Position(), before=25)
    got: set[int] = set()
    while (span := timeline.plan()) is not None:
        sight = model.answer(span)
        timeline.accept(span, sight)
        got.update(map(int, sight.ids))

    assert got == set(range(25))


def test_what_lies_beyond_the_end_on_the_first_page_ends_the_reading() -> None:
    model = Model({number: number * 1000 for number in range(50)})
    timeline = Timeline(10, position=Position())
    span = timeline.plan()
    assert span is not None
    # The end is known only from the first answer.
    timeline.before = 5
    timeline.accept(span, model.answer(span))

    assert timeline.done
    assert timeline.plan() is None


def test_a_tie_at_the_end_is_the_end() -> None:
    model = Model(dict.fromkeys(range(150), 5_000))
    timeline = Timeline(100, position=Position(), before=6)
    spans = []
    while (span := timeline.plan()) is not None:
        spans.append(span)
        timeline.accept(span, model.answer(span))

    assert [span.before for span in spans] == [6] * len(spans)
    assert all(span.after is None or span.after < 6 for span in spans)


def test_empty_pages_count_only_in_a_row() -> None:
    model = Model({number: number * 60_000_000 for number in range(50)})
    timeline, asked = Timeline(5, position=Position()), 0
    while (span := timeline.plan()) is not None:
        asked += 1
        timeline.accept(span, Sight([], [], 0, 9) if asked % 3 == 2 else model.answer(span))

    assert asked > 9


def test_pages_side_by_side_reach_no_further_than_the_last_that_is_served() -> None:
    timeline = Timeline(100, position=Position(), side_by_side=True)
    first = timeline.plan()
    assert first is not None
    timeline.accept(first, Sight([*range(100)], [str(number) for number in range(100)], 100, 200_000))
    pages = [span.page for span in iter(timeline.plan, None)]

    assert max(pages) == 999


@pytest.mark.parametrize(("ties", "most_requests"), [(8, 90), (300, 80)])
def test_after_a_crowd_pages_are_asked_for_side_by_side_again(ties: int, most_requests: int) -> None:
    start = 1_760_000_000_000_000
    rows = {number: start + number // ties * 60_000_000 for number in range(1800)}
    rows |= {number: start + number * 60_000_000 for number in range(1800, 6000)}
    model = Model(rows)
    timeline = Timeline(100, position=Position(), side_by_side=True)
    under_way, most = deque[tuple[Span, Sight]](), 0
    while not timeline.done:
        while len(under_way) < 8 and (span := timeline.plan()) is not None:
            under_way.append((span, model.answer(span)))
        span, sight = under_way.popleft()
        timeline.accept(span, sight)
        if timeline.under_way < len(under_way):
            under_way.clear()
        if sight.moments[0] > model.rows[4500] // 1000:
            most = max(most, timeline.under_way)

    assert most == 7
    assert model.asked <= most_requests
