"""The set of seen ids behaves as a set, in a fraction of its memory."""

from __future__ import annotations

import tracemalloc
import uuid
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sessionboard_async.core.pagination.seen_ids import SeenIds

pytestmark = pytest.mark.untraced

PAGES = st.sampled_from(
    [
        st.text(min_size=1),
        st.integers(0, 20).map(str),
        st.uuids().map(str),
        st.integers(),
        st.integers(-3, 3),
    ]
).flatmap(lambda ids: st.lists(st.lists(st.none() | ids, max_size=12).map(tuple), max_size=12))


def _itself(record: Any) -> Any:
    return record


def _model(pages: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Filter with a plain set."""
    seen: set[object] = set()
    delivered = []
    for page in pages:
        new: list[object] = []
        for id_ in page:
            if id_ is None or id_ not in seen:
                new.append(id_)
                seen.add(id_)
        delivered.append(tuple(new))
    return delivered


@given(PAGES)
@example([(0, 1)])
@example([(-1,), (-2,)])
@example([(1, 2**61)])
def test_behaves_as_a_set(pages: list[tuple[object, ...]]) -> None:
    seen = SeenIds()
    assert [seen.filter_new(page, _itself) for page in pages] == _model(pages)
    assert len(seen) == len({id_ for page in pages for id_ in page if id_ is not None})


def test_records_without_an_id_are_always_new() -> None:
    seen = SeenIds()
    assert seen.filter_new((None, None), _itself) == (None, None)
    assert seen.filter_new((None,), _itself) == (None,)
    assert len(seen) == 0


def _id(record: Any) -> Any:
    return record["id"]


@pytest.mark.parametrize("nothing", ["", {}, []])
def test_an_empty_id_is_no_id(nothing: object) -> None:
    records = ({"id": nothing, "title": "One"}, {"id": nothing, "title": "Two"})
    assert SeenIds().filter_new(records, _id) == records


@pytest.mark.parametrize("odd", [["a"], {"a": 1}, 1.5, True])
def test_an_id_of_an_unexpected_type_is_no_id(odd: object) -> None:
    records = ({"id": odd, "title": "One"}, {"id": "a", "title": "Two"})
    assert SeenIds().filter_new(records, _id) == records


def test_returns_records_by_their_ids() -> None:
    records = ({"id": "a", "title": "One"}, {"id": "b"}, {"id": "a", "title": "Again"})
    assert SeenIds().filter_new(records, _id) == records[:2]


def test_keeps_every_id_while_it_grows() -> None:
    seen = SeenIds()
    ids = tuple(range(100_000))
    for start in range(0, len(ids), 100):
        page = ids[start : start + 100]
        assert seen.filter_new(page, _itself) == page
        assert seen.filter_new(ids[:100], _itself) == ()
    assert seen.filter_new(ids, _itself) == ()
    assert len(seen) == len(ids)


@pytest.mark.parametrize("first", [0, 1, 1023])
def test_ids_that_hash_to_one_slot_stay_distinct(first: int) -> None:
    seen = SeenIds()
    ids = tuple(first + 1024 * number for number in range(400))
    assert seen.filter_new(ids, _itself) == ids
    assert seen.filter_new(ids, _itself) == ()
    assert seen.filter_new((first + 1024 * 400,), _itself) == (first + 1024 * 400,)


def test_takes_little_memory() -> None:
    ids = tuple(str(uuid.UUID(int=number)) for number in range(25_000))
    tracemalloc.start()
    try:
        seen = SeenIds()
        for start in range(0, len(ids), 100):
            seen.filter_new(ids[start : start + 100], _itself)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(seen) == len(ids)
    assert kept <= 30 * len(ids)
