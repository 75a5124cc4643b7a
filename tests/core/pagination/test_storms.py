"""Exact reading loses nothing while the data changes; page numbers do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.pagination.changing_data import ALL_CHANGES, SCENARIOS, SERVERS, ChangingData, search

pytestmark = [pytest.mark.anyio, pytest.mark.untraced, pytest.mark.usefixtures("nothing_left")]

BY_NUMBER = {"sort": "created_at", "consistency": "pages"}
_CROWDED = "exclusive, milliseconds, random, one every 7 microseconds"
SOME_SERVERS = [*list(SERVERS)[::8], _CROWDED]
EXACT = pytest.mark.parametrize("options", [{}, {"prefetch": 8}], ids=["exact", "exact, prefetch=8"])


@EXACT
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_exact_reading_loses_and_repeats_nothing(scenario: str, options: dict[str, Any]) -> None:
    data = SCENARIOS[scenario]
    outcome = await search(replace(data, sessions=data.sessions // 8), 1, **options)

    assert (outcome.lost, outcome.repeated) == (0, 0)


@pytest.mark.slow
@EXACT
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_exact_reading_of_many_pages_loses_and_repeats_nothing(
    scenario: str, seed: int, options: dict[str, Any]
) -> None:
    data = SCENARIOS[scenario]
    outcome = await search(replace(data, sessions=data.sessions // 3), seed, **options)

    assert (outcome.lost, outcome.repeated) == (0, 0)


async def test_page_numbers_lose_records_that_follow_a_deletion() -> None:
    outcome = await search(replace(SCENARIOS["20 deletes a second"], sessions=1500), 1, **BY_NUMBER)

    assert outcome.lost > 0
    assert outcome.repeated == 0


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_page_numbers_lose_records_in_every_scenario(scenario: str) -> None:
    outcome = await search(SCENARIOS[scenario], 1, **BY_NUMBER)

    assert outcome.lost > 0
    assert outcome.repeated == 0


@EXACT
@pytest.mark.parametrize("server", SOME_SERVERS)
async def test_some_kinds_of_servers_are_read_completely(server: str, options: dict[str, Any]) -> None:
    outcome = await search(ChangingData(ALL_CHANGES, SERVERS[server], sessions=750), 1, **options)

    assert (outcome.lost, outcome.repeated) == (0, 0)


@pytest.mark.slow
@EXACT
@pytest.mark.parametrize("server", SERVERS)
async def test_every_kind_of_server_is_read_completely(server: str, options: dict[str, Any]) -> None:
    outcome = await search(ChangingData(ALL_CHANGES, SERVERS[server], sessions=1000), 1, **options)

    assert (outcome.lost, outcome.repeated) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "most"), [({"prefetch": 1}, 1.03), ({}, 1.05), ({"prefetch": 8}, 1.06)], ids=str
)
async def test_exact_reading_of_unchanging_data_takes_few_extra_requests(
    options: dict[str, Any], most: float
) -> None:
    data = ChangingData({})

    by_number = await search(data, 1, **BY_NUMBER)
    exact = await search(data, 1, **options)

    assert exact.records == by_number.records == data.sessions
    assert exact.requests <= most * by_number.requests
