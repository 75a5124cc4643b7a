"""Cached selections of the embedded server, compared with new selections."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from sessionboard_async.testing._data.query import Criteria, select
from sessionboard_async.testing._data.selections import CACHED_SELECTIONS, Selections


class Row(NamedTuple):
    place: tuple[int, ...]
    created: float
    updated: float
    deleted: float | None
    status: str


Content = tuple[float, float, float | None, str]
ATTRIBUTES = ("created", "updated", "deleted")

timestamps = st.integers(0, 6) | st.sampled_from([1.001, 2.5, 2.501])
content = st.tuples(timestamps, timestamps, st.none() | timestamps, st.sampled_from(["accepted", "declined"]))
contents = st.lists(content, max_size=30)
bounds = st.lists(st.tuples(st.sampled_from(ATTRIBUTES), timestamps), max_size=2).map(tuple)
criteria = st.builds(
    Criteria,
    equal=st.sampled_from([(), (("status", "accepted"),)]),
    after=bounds,
    before=bounds,
    order=st.sampled_from(ATTRIBUTES),
    descending=st.booleans(),
    inclusive=st.booleans(),
)


def numbered(contents: list[Content]) -> list[Row]:
    return [Row((place,), *content) for place, content in enumerate(contents)]


@given(contents, st.lists(criteria, min_size=1, max_size=CACHED_SELECTIONS + 2))
def test_bounds_looked_up_find_what_filtering_and_sorting_finds(
    contents: list[Content], wanted: list[Criteria]
) -> None:
    rows = numbered(contents)
    selections = Selections(lambda: rows)
    for each in wanted * 2:
        assert list(selections.find(each)) == select(rows, each)


@given(contents, st.lists(criteria, min_size=1, max_size=4), st.lists(content, max_size=8), st.data())
def test_bounds_hold_while_rows_change(
    contents: list[Content], wanted: list[Criteria], written: list[Content], data: st.DataObject
) -> None:
    rows = numbered(contents)
    selections = Selections(lambda: rows)
    for content in written:
        for each in wanted:
            assert list(selections.find(each)) == select(rows, each)
        place = data.draw(st.integers(0, len(rows)))
        new = Row((place,), *content)
        if place == len(rows):
            selections.change(None, new)
            rows.append(new)
        else:
            selections.change(rows[place], new)
            rows[place] = new
    for each in wanted:
        assert list(selections.find(each)) == select(rows, each)


@given(contents, criteria, st.slices(10))
def test_a_part_of_a_selection_is_read_like_a_list(
    contents: list[Content], wanted: Criteria, part: slice
) -> None:
    rows = numbered(contents)
    found, listed = Selections(lambda: rows).find(wanted), select(rows, wanted)
    assert len(found) == len(listed)
    assert list(found[part]) == listed[part]
    if listed:
        assert (found[0], found[-1]) == (listed[0], listed[-1])


def test_new_bounds_do_not_look_at_all_rows_again() -> None:
    looks: list[int] = []
    rows = numbered([(timestamp, timestamp, None, "accepted") for timestamp in range(100)])

    def look() -> list[Row]:
        looks.append(1)
        return rows

    selections = Selections(look)
    for timestamp in range(50):
        found = selections.find(Criteria(after=(("created", timestamp),), descending=False))
        assert [row.created for row in found] == list(range(timestamp + 1, 100))
    assert len(looks) == 1
