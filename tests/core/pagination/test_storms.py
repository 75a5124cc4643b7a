"""Nothing is lost of data that changes while it is read; the benchmarks run the same with more seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.storms import CHANGES, COMBINATIONS, EXACT, STORMS, Storm, weather

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nothing_left")]

SEEDS = [1, 2]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", EXACT)
@pytest.mark.parametrize("storm", STORMS)
async def test_by_time_nothing_is_lost_and_nothing_comes_twice(storm: str, way: str, seed: int) -> None:
    outcome = await weather(STORMS[storm], way, seed)

    assert (outcome.lost, outcome.twice) == (0, 0)


@pytest.mark.parametrize("storm", STORMS)
async def test_by_page_numbers_something_is_lost(storm: str) -> None:
    outcome = await weather(STORMS[storm], "page 1, 2, 3, oldest first", 1)

    assert outcome.lost > 0
    assert outcome.twice == 0


@pytest.mark.parametrize("way", EXACT)
@pytest.mark.parametrize("kind", COMBINATIONS)
async def test_every_kind_of_server_is_read_whole(kind: str, way: str) -> None:
    outcome = await weather(Storm(CHANGES, COMBINATIONS[kind], sessions=1500), way, 1)

    assert (outcome.lost, outcome.twice) == (0, 0)


@pytest.mark.parametrize(("way", "most"), [("exact", 1.03), ("exact, prefetch=8", 1.06)])
async def test_data_at_rest_costs_little_more_than_page_numbers(way: str, most: float) -> None:
    calm = replace(STORMS["20 deletes a second"], changes={})

    by_number = await weather(calm, "page 1, 2, 3, oldest first", 1)
    by_time = await weather(calm, way, 1)

    assert by_time.records == by_number.records == calm.sessions
    assert by_time.requests <= most * by_number.requests
