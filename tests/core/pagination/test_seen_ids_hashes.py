"""Ids that are added by their hashes, such as those of a checkpoint or of another way of reading."""

from __future__ import annotations

from random import Random

import pytest

from sessionboard_async.core.pagination.seen_ids import SeenIds


def itself(record: object) -> object:
    return record


def test_ids_added_by_their_hashes_are_seen() -> None:
    seen = SeenIds()
    seen.add_hashes([hash("a"), hash("b")])
    assert len(seen) == 2
    assert seen.filter_new(("a", "c", "b", "d"), itself) == ("c", "d")
    seen.add_hashes([hash("c"), hash("e")])
    assert len(seen) == 5
    assert seen.filter_new(("e", "f"), itself) == ("f",)


def test_no_hashes_add_nothing() -> None:
    seen = SeenIds()
    seen.add_hashes([])
    assert len(seen) == 0
    assert seen.filter_new(("a",), itself) == ("a",)


def test_a_hash_that_is_added_twice_is_counted_once() -> None:
    seen = SeenIds()
    seen.add_hashes([7, 7, 8])
    seen.add_hashes([8, 7, 9])
    assert len(seen) == 3


def test_the_hash_zero_is_a_hash() -> None:
    seen = SeenIds()
    seen.add_hashes([0])
    seen.add_hashes([0])
    # It is stored as 1, as that of a record is.
    seen.add_hashes([1])
    assert len(seen) == 1


@pytest.mark.parametrize("step", [1, 64, 4096, -64, 2**40])
def test_hashes_of_one_slot_stay_distinct_while_the_table_grows(step: int) -> None:
    seen = SeenIds()
    for start in range(0, 300, 10):
        hashes = [5 + step * number for number in range(start, start + 10)]
        seen.add_hashes(hashes)
        assert len(seen) == start + 10
        seen.add_hashes(hashes[:5])
        assert len(seen) == start + 10


def test_ids_are_found_at_the_end_of_the_table_and_past_it() -> None:
    seen = SeenIds()
    # All of these share the last slot of a table of any size up to 1,024.
    hashes = [1023 + 1024 * number for number in range(100)]
    seen.add_hashes(hashes)
    assert len(seen) == 100
    seen.add_hashes(hashes)
    assert len(seen) == 100


@pytest.mark.parametrize("seed", range(5))
def test_both_ways_of_adding_agree(seed: int) -> None:
    random = Random(seed)
    seen, model = SeenIds(), set[str]()
    for _ in range(60):
        page = tuple(dict.fromkeys(str(random.randrange(400)) for _ in range(random.randrange(12))))
        if random.random() < 0.5:
            seen.add_hashes([hash(id_) for id_ in page])
        else:
            assert seen.filter_new(page, itself) == tuple(id_ for id_ in page if id_ not in model)
        model.update(page)
        assert len(seen) == len(model)
