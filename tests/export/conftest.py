"""An embedded server with several pages of sessions, and a client of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessionboard_async import AsyncSession
from sessionboard_async.export.resources import RESOURCES
from sessionboard_async.testing import EmbeddedServer
from tests.support.http_server import IMPATIENT


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedServer]:
    async with EmbeddedServer(sessions=230, events=2) as server:
        yield server


@pytest.fixture
async def sb(server: EmbeddedServer) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(server.token, base_url=server.base_url, retry=IMPATIENT) as sb:
        yield sb


@pytest.fixture(params=["empty", "older export"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A target folder: an empty one, and one with an older export."""
    if request.param != "empty":
        for name in (*(f"{resource}.jsonl" for resource in RESOURCES), "manifest.json"):
            (tmp_path / name).write_bytes(f"older {name}\n".encode())
    return tmp_path
