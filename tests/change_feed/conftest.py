"""An API with records of a few resources, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sessionboard_async import AsyncSession
from tests.change_feed.following import record
from tests.support.http_server import IMPATIENT, TOKEN
from tests.support.records_api import RecordsAPI


@pytest.fixture
async def api() -> AsyncIterator[RecordsAPI]:
    api = RecordsAPI(
        sessions=[record(f"s{number}") for number in range(5)],
        contacts=[record(f"c{number}") for number in range(200)],
        rooms=[record(f"r{number}") for number in range(5)],
        statuses=[{"id": f"t{number}", "name": f"Status {number}"} for number in range(5)],
    )
    async with api.running():
        yield api


@pytest.fixture
async def sb(api: RecordsAPI) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(TOKEN, base_url=api.base_url, retry=IMPATIENT) as sb:
        yield sb
