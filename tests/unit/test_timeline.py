"""Reading by time, against a model of a server whose data changes between any two answers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionboard_async.core.tie import Tie, UnsettledError
from sessionboard_async.core.timeline import (
    EmptyPageError,
    NotByTimeError,
    Position,
    Sight,
    Span,
    Timeline,
)


@dataclass
class Model:
    """A server: ids with their microseconds, and what it makes of bounds, precision and ties."""

    rows: dict[int, int]
    inclusive: bool = False
    microseconds: bool = False
    shuffles: bool = False
    random: Random = field(default_factory=lambda: Random(1))
    asked: int = 0

    def stored(self, moment: int) -> int:
        return moment if self.microseconds else moment // 1000 * 1000

    def answer(self, span: Span) -> Sight:
        self.asked += 1
        found = []
        for id_, moment in self.rows.items():
            stored = self.stored(moment)
            after = None if span.after is None else span.after * 1000
            before = None if span.before is None else span.before * 1000
            if after is not None and (stored < after or (stored == after and not self.inclusive)):
                continue
            if before is not None and (stored > before or (stored == before and not self.inclusive)):
                continue
            found.append((stored, self.random.random() if self.shuffles else id_, id_))
        found.sort()
        page = found[span.rows_before : span.rows_before + span.size]
        return Sight(
            [stored // 1000 for stored, _, _ in page], [id_ for _, _, id_ in page], len(page), len(found)
        )


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
) -> tuple[list[object], set[int], Position, bool]:
    """Read up to a page or the end; return what came, what was there throughout, where it is, if it ended."""
    random, gone = Random(seed), dict[int, int]()
    throughout, got = set(model.rows), list[object]()
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
            got += [sight.ids[index] for index in new.some] + [*sight.ids[new.rest :]]
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
        random=Random(draw(st.integers(0, 100))),
    )


@given(models(), st.integers(2, 12), st.sampled_from([1, 2, 5]), st.integers(0, 3), st.integers(0, 99))
@settings(max_examples=400)
def test_whatever_is_there_throughout_comes_and_nothing_twice(
    model: Model, size: int, depth: int, changes: int, seed: int
) -> None:
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


@given(models(), st.integers(3, 12))
def test_records_come_in_the_order_of_their_times(model: Model, size: int) -> None:
    got, _, _, _ = read(model, size=size, depth=3)
    moments = [model.stored(model.rows[id_]) // 1000 for id_ in got if isinstance(id_, int)]

    # Those of a tie, which is two milliseconds wide, come as the API gives them.
    assert all(later >= sooner - 1 for sooner, later in pairwise(moments))


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
    got: set[object] = set()
    while (span := timeline.plan()) is not None:
        sight = model.answer(span)
        timeline.accept(span, sight)
        got.update(sight.ids)

    assert got == set(range(25))


def test_a_tie_that_comes_in_order_takes_one_pass() -> None:
    tie, asked = Tie(), 0
    while not tie.settled:
        asked += 1
        ids = range((tie.page - 1) * tie.size, min(tie.page * tie.size, 250))
        tie.accept(ids, len(ids), 250)

    assert asked == 3


def test_a_tie_that_never_comes_whole_is_given_up() -> None:
    tie = Tie()

    def read_on() -> None:
        while True:
            page = range((tie.page - 1) * tie.size, min(tie.page * tie.size, 250))
            ids = [number if number != 7 else 8 for number in page]
            tie.accept(ids, len(ids), 250)

    with pytest.raises(UnsettledError, match="249 of 250") as caught:
        read_on()
    assert not caught.value.too_large


def test_a_tie_in_which_something_changes_is_read_anew() -> None:
    tie = Tie()
    tie.accept(range(100), 100, 150)
    # Record 3 is deleted: all that was seen might hold it, in place of one that was not.
    tie.accept(range(101, 150), 49, 149)

    assert not tie.settled


def test_a_tie_past_the_last_page_is_too_large() -> None:
    with pytest.raises(UnsettledError, match="99900") as caught:
        Tie().accept(range(100), 100, 99_901)
    assert caught.value.too_large
